package office

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/spending"
	"kopiyka/internal/web/page"
)

func newRateForm(l i18n.Lang, clusters []member.ClusterPost, t typedRate, form page.Form) rateForm {
	field := func(name, value string) page.Field {
		return page.Field{ID: name, Name: name, Label: l.T("desk.rate." + name), Hint: l.T("desk.rate." + name + "_hint"), Error: form.Error(name), Value: value, Autocomplete: "off"}
	}
	f := rateForm{
		From: field("from", t.from), To: field("to", t.to), Rate: field("rate", t.rate), Source: field("source", t.source), Day: field("day", t.day),
		Sure: tick{Name: "sure", Label: l.T("desk.rate.sure"), Error: form.Error("sure"), Ticked: t.sure},
	}
	f.From.MaxLength, f.To.MaxLength, f.Rate.Decimal, f.Day.Type = 3, 3, true, "date"
	if len(clusters) == 1 {
		f.ClusterID = clusters[0].ClusterID
		return f
	}
	f.Cluster = page.Field{ID: "cluster", Name: "cluster", Label: l.T("desk.rate.cluster"), Error: form.Error("cluster")}
	for _, post := range clusters {
		f.Cluster.Options = append(f.Cluster.Options, page.Option{Value: post.ClusterID, Text: in(l, post.Name.UK, post.Name.EN), Chosen: post.ClusterID == t.cluster})
	}
	return f
}

// acceptedPage is the form of the currencies that a campaign accepts.
type acceptedPage struct {
	page.Base
	Errors     page.ErrorSummary
	Notice     page.Notice
	Campaign   string
	Lead       string
	Action     string
	Currencies page.Field
	May        bool
	Rates      []named // of those that are accepted, what each counts as
}

// accepted serves GET /office/campaigns/:slug/currencies.
func (o *Office) accepted(c echo.Context) error {
	purse, known, err := o.accepting(c)
	if err != nil {
		return err
	}
	v, err := o.newAcceptedPage(c, purse, known, codes(known), page.Form{})
	if err != nil {
		return err
	}
	if c.QueryParam("notice") == "accepted" {
		v.Notice = page.Notice{Title: v.Lang.T("desk.notice.currencies"), Text: v.Lang.T("desk.notice.currencies_text"), Live: true}
	}
	return c.Render(http.StatusOK, "office/currencies", v)
}

// accept serves POST /office/campaigns/:slug/currencies.
func (o *Office) accept(c echo.Context) error {
	purse, known, err := o.accepting(c)
	if err != nil {
		return err
	}
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	typed := form.Get("currencies")
	wanted := campaign.Acceptance{Slug: purse.Slug, PersonID: visitor(c).ID}
	for _, code := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }) {
		wanted.Currencies = append(wanted.Currencies, readCode(code))
	}
	err = campaign.Accept(c.Request().Context(), o.db, o.now, wanted)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, currenciesPath(purse.Slug)+"?notice=accepted")
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	v, err := o.newAcceptedPage(c, purse, known, typed, wrong)
	if err != nil {
		return err
	}
	return c.Render(wrong.Status(), "office/currencies", v)
}

// accepting is the campaign of the address and what it accepts, for somebody of its cluster.
func (o *Office) accepting(c echo.Context) (spending.Purse, []money.Currency, error) {
	purses, err := spending.Purses(c.Request().Context(), o.db, visitor(c).ID)
	if err != nil {
		return spending.Purse{}, nil, err
	}
	i := slices.IndexFunc(purses, func(p spending.Purse) bool { return p.Slug == c.Param("slug") })
	if i < 0 {
		return spending.Purse{}, nil, fault.New(fault.NotFound, "campaign.unknown", c.Param("slug"))
	}
	known, err := campaign.Currencies(c.Request().Context(), o.db, purses[i].CampaignID)
	return purses[i], known, err
}

func codes(all []money.Currency) string {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = string(c)
	}
	return strings.Join(texts, ", ")
}

func (o *Office) newAcceptedPage(c echo.Context, p spending.Purse, known []money.Currency, typed string, form page.Form) (acceptedPage, error) {
	b := page.Of(c)
	b.Path = currenciesPath(p.Slug)
	l := b.Lang
	v := acceptedPage{
		Base: b, Campaign: in(l, p.TitleUK, p.TitleEN), Lead: l.T("desk.currencies.lead", string(p.Currency)), Action: currenciesPath(p.Slug),
		May: holds(visitor(c), p.ClusterID, member.Coordinator),
		Currencies: page.Field{
			ID: "currencies", Name: "currencies", Label: l.T("desk.currencies.field"), Hint: l.T("desk.currencies.hint"), Error: form.Error("currencies"), Value: typed, Autocomplete: "off",
		},
	}
	v.Errors = form.Summary(map[string]string{"currencies": v.Currencies.Label})
	for _, from := range known {
		r, err := exchange.InForce(c.Request().Context(), o.db, p.ClusterID, from, p.Currency, o.now())
		if err != nil {
			return v, err
		}
		said := l.T("desk.currencies.no_rate")
		if !r.None() {
			said = l.T("desk.currencies.rate", r.Value, string(p.Currency), r.Source, r.Day)
		}
		v.Rates = append(v.Rates, named{Text: string(from), Value: said})
	}
	return v, nil
}
