package office

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/spending"
	"kopiyka/internal/web/page"
)

// ratesPage lists the exchange rates, with the form to enter one.
type ratesPage struct {
	page.List
	Form      *rateForm // nil: this visitor enters none
	Campaigns []page.Link
}

type rateForm struct {
	Cluster   page.Field // with Options when there are several
	ClusterID string     // when there is one
	From, To  page.Field
	Rate      page.Field
	Source    page.Field
	Day       page.Field
	Sure      tick // asked when the rate is far from the last
}

// tick is a box to tick.
type tick struct {
	Name, Label, Error string
	Ticked             bool
}

// typedRate is the form as it came, right or wrong.
type typedRate struct {
	cluster, from, to, rate, source, day string
	sure                                 bool
}

// currencies adds the addresses of exchange rates and of what campaigns accept.
func (o *Office) currencies(g *echo.Group) {
	g.GET("/rates", o.rates)
	g.POST("/rates", o.enterRate)
	g.GET("/rates.csv", o.ratesFile)
	g.GET("/campaigns/:slug/currencies", o.accepted)
	g.POST("/campaigns/:slug/currencies", o.accept)
}

// rates serves GET /office/rates: what was entered, the last first.
func (o *Office) rates(c echo.Context) error {
	v, err := o.newRatesPage(c, typedRate{day: o.today().Format(time.DateOnly)}, page.Form{})
	if err != nil {
		return err
	}
	if c.QueryParam("notice") == "entered" {
		v.Notice = page.Notice{Title: v.Lang.T("desk.notice.rate_entered"), Text: v.Lang.T("desk.notice.rate_entered_text"), Live: true}
	}
	return c.Render(http.StatusOK, "office/rates", v)
}

// enterRate serves POST /office/rates.
func (o *Office) enterRate(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	t := typedRate{
		cluster: form.Get("cluster"), from: form.Get("from"), to: form.Get("to"), rate: form.Get("rate"), source: page.Text(form, "source"), day: form.Get("day"),
		sure: form.Get("sure") == "yes",
	}
	e, err := t.read(visitor(c).ID, o.now())
	if err == nil {
		_, err = exchange.Enter(c.Request().Context(), o.db, o.now, e)
	}
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/office/rates?notice=entered")
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	v, err := o.newRatesPage(c, t, wrong)
	if err != nil {
		return err
	}
	return c.Render(wrong.Status(), "office/rates", v)
}

// read turns what was typed into a rate, or says all that is wrong with it.
func (t typedRate) read(person string, now time.Time) (exchange.Entry, error) {
	var form fault.Form
	e := exchange.Entry{
		ClusterID: t.cluster, PersonID: person, From: readCode(t.from), To: readCode(t.to), Source: t.source, Sure: t.sure,
	}
	var err error
	if e.Value, err = exchange.Parse(t.rate); err != nil {
		if err := form.Add("rate", err); err != nil {
			return e, err
		}
		e.Value = 1 // so that Check says nothing of it
	}
	if e.Day, err = time.Parse(time.DateOnly, strings.TrimSpace(t.day)); err != nil {
		e.Day = time.Time{} // Check asks for it
	}
	if err := e.Check(now); err != nil {
		var more fault.Form
		if !errors.As(err, &more) {
			return e, err
		}
		form = append(form, more...)
	}
	return e, form.Err()
}

func readCode(typed string) money.Currency {
	return money.Currency(strings.ToUpper(strings.TrimSpace(typed)))
}

func (o *Office) newRatesPage(c echo.Context, t typedRate, form page.Form) (ratesPage, error) {
	list, err := newList(c, "rates")
	if err != nil {
		return ratesPage{}, err
	}
	l, person := list.Lang, visitor(c)
	v := ratesPage{List: list}
	found, err := exchange.List(c.Request().Context(), o.db, person.ID, v.Asked.After(), exchange.PageSize)
	if err != nil {
		return v, err
	}
	columns := []page.Column{
		{Text: l.T("desk.rate.pair")}, {Text: l.T("desk.rate.value"), Sum: true}, {Text: l.T("desk.rate.source")}, {Text: l.T("desk.rate.day")}, {Text: l.T("desk.rate.entered")},
	}
	var rows [][]page.Cell
	last := ""
	for _, r := range found {
		last = r.ID
		rows = append(rows, []page.Cell{
			{Text: l.T("desk.rate.pair_of", string(r.From), string(r.To))}, {Text: l.Decimal(r.Value.String())}, {Text: r.Source}, {When: l.Day(r.Day)},
			{When: l.Moment(r.EnteredAt), Note: r.EnteredBy},
		})
	}
	v.Shows(columns, rows, len(found) == exchange.PageSize, last)
	if clusters := enters(person); len(clusters) > 0 {
		f := newRateForm(l, clusters, t, form)
		v.Form = &f
		v.Errors = form.Summary(map[string]string{
			"cluster": f.Cluster.Label, "from": f.From.Label, "to": f.To.Label, "rate": f.Rate.Label, "source": f.Source.Label, "day": f.Day.Label, "sure": f.Sure.Label,
		})
	}
	purses, err := spending.Purses(c.Request().Context(), o.db, person.ID)
	for _, p := range purses {
		v.Campaigns = append(v.Campaigns, page.Link{Href: currenciesPath(p.Slug), Text: in(l, p.TitleUK, p.TitleEN)})
	}
	return v, err
}

// enters are the clusters for which a person may enter rates.
func enters(p member.Person) []member.ClusterPost {
	var all []member.ClusterPost
	for _, post := range p.Clusters {
		if (post.Role == member.Coordinator || post.Role == member.Treasurer) &&
			!slices.ContainsFunc(all, func(o member.ClusterPost) bool { return o.ClusterID == post.ClusterID }) {
			all = append(all, post)
		}
	}
	return all
}

// ratesFile serves GET /office/rates.csv.
func (o *Office) ratesFile(c echo.Context) error {
	head := heads(page.Of(c).Lang, "rate_from", "rate_to", "rate", "rate_source", "rate_day", "rate_by", "rate_at")
	return page.Export(c, "rates", head, func(after string) (rows [][]string, last string, err error) {
		found, err := exchange.List(c.Request().Context(), o.db, visitor(c).ID, after, page.Chunk)
		for _, r := range found {
			last = r.ID
			rows = append(rows, []string{string(r.From), string(r.To), r.Value.String(), r.Source, r.Day.Format(time.DateOnly), r.EnteredBy, stamp(r.EnteredAt)})
		}
		return rows, last, err
	})
}

func currenciesPath(slug string) string {
	return "/office/campaigns/" + url.PathEscape(slug) + "/currencies"
}
