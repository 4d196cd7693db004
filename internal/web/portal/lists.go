package portal

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// lists adds what a company has: its pledges, its payments and its documents, each with
// its file.
func (p *Portal) lists(g *echo.Group) {
	g.GET("/companies/:slug/pledges", p.pledges)
	g.GET("/companies/:slug/pledges.csv", p.pledgesFile)
	g.GET("/companies/:slug/payments", p.payments)
	g.GET("/companies/:slug/payments.csv", p.paymentsFile)
	g.GET("/companies/:slug/documents", p.papers)
	g.GET("/companies/:slug/documents.csv", p.papersFile)
}

func listPath(slug, name string) string { return "/portal/companies/" + slug + "/" + name }

// companyOf is the company of the address, as the visitor has it.
func companyOf(c echo.Context) (member.CompanyPost, error) {
	posts, err := chosenPosts(visitor(c), c.Param("slug"))
	if err != nil {
		return member.CompanyPost{}, err
	}
	return posts[0], nil
}

// newList begins a list of a company.
func newList(c echo.Context, name string) (page.List, member.CompanyPost, error) {
	post, err := companyOf(c)
	if err != nil {
		return page.List{}, post, err
	}
	l := page.Of(c).Lang
	v, err := page.NewList(c, listPath(post.Slug, name), l.T("portal.list."+name), l.T("portal.list."+name+"_lead"),
		page.Empty{Title: l.T("portal.list." + name + "_none"), Text: l.T("portal.list." + name + "_none_text")})
	v.Back = []page.Link{{Href: "/portal", Text: l.T("common.portal")}, {Href: "/portal?company=" + post.Slug, Text: in(l, post.Name.UK, post.Name.EN)}}
	return v, post, err
}

// narrowed is a file of a list: its company and what was asked.
func narrowed(c echo.Context, name string) (page.Asked, member.CompanyPost, error) {
	post, err := companyOf(c)
	if err != nil {
		return page.Asked{}, post, err
	}
	a, err := page.ReadAsked(c, listPath(post.Slug, name))
	return a, post, err
}

// pledges serves GET /portal/companies/:slug/pledges: what the company has promised, newest
// first.
func (p *Portal) pledges(c echo.Context) error {
	v, post, err := newList(c, "pledges")
	if err != nil {
		return err
	}
	ctx, l := c.Request().Context(), v.Lang
	found, err := giving.FindPledgesOf(ctx, p.db, post.CompanyID, visitor(c).ID, giving.PledgeSearch{Text: v.Asked.Get("q")}, v.Asked.After(), giving.PageSize)
	if err != nil {
		return err
	}
	payments, err := giving.PaymentsOfAll(ctx, p.db, found)
	if err != nil {
		return err
	}
	schedules, err := giving.SchedulesOf(ctx, p.db, found, p.now())
	if err != nil {
		return err
	}
	v.Searching("", v.Word(l.T("portal.list.pledges_search"), l.T("portal.list.pledges_hint")))
	columns, rows := pledgeRows(l, found, schedules, payments)
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	return c.Render(http.StatusOK, "portal/list", v)
}

// pledgesFile serves GET /portal/companies/:slug/pledges.csv.
func (p *Portal) pledgesFile(c echo.Context) error {
	a, post, err := narrowed(c, "pledges")
	if err != nil {
		return err
	}
	ctx, l, person := c.Request().Context(), page.Of(c).Lang, visitor(c).ID
	return page.Export(c, "pledges", life.PledgeHeads(l), func(after string) (rows [][]string, last string, err error) {
		found, err := giving.FindPledgesOf(ctx, p.db, post.CompanyID, person, giving.PledgeSearch{Text: a.Get("q")}, after, page.Chunk)
		if err != nil {
			return nil, "", err
		}
		schedules, err := giving.SchedulesOf(ctx, p.db, found, p.now())
		for _, one := range found {
			last, rows = one.ID, append(rows, life.PledgeRecord(l, one, schedules[one.ID]))
		}
		return rows, last, err
	})
}

// payments serves GET /portal/companies/:slug/payments: every attempt of the company to
// pay, those on its newest pledge first.
func (p *Portal) payments(c echo.Context) error {
	v, post, err := newList(c, "payments")
	if err != nil {
		return err
	}
	l := v.Lang
	found, err := giving.FindPaymentsOf(c.Request().Context(), p.db, post.CompanyID, visitor(c).ID, paymentSearch(v.Asked), v.Asked.After(), giving.PageSize)
	if err != nil {
		return err
	}
	var states []page.Option
	for _, s := range []giving.State{giving.Created, giving.Open, giving.Declined, giving.AwaitingFunds, giving.Processing, giving.Paid, giving.Failed, giving.Expired, giving.RefundedInPart, giving.Refunded, giving.Returned, giving.InDispute, giving.DisputeLost} {
		states = append(states, page.Option{Value: string(s), Text: l.T("portal.payment." + string(s))})
	}
	v.Searching("", v.Word(l.T("portal.list.pledges_search"), l.T("portal.list.payments_hint")), v.Choice("state", l.T("portal.column.state"), l.T("portal.list.any_state"), states...))
	columns := []page.Column{
		{Text: l.T("portal.column.campaign")}, {Text: l.T("portal.column.started")}, {Text: l.T("portal.column.state")}, {Text: l.T("portal.column.method")},
		{Text: l.T("portal.column.amount"), Sum: true}, {Text: l.T("portal.figure.received"), Sum: true},
	}
	var rows [][]page.Cell
	last := ""
	for _, f := range found {
		last = f.ID
		amount, received := l.Sum(f.Amount()), l.Sum(money.Of(f.ReceivedMinor, f.Currency))
		rows = append(rows, []page.Cell{
			{Text: in(l, f.CampaignUK, f.CampaignEN), Href: pledgePath(f.PledgeID), Note: f.Reference.String()}, {When: l.Moment(f.StartedAt)},
			{Status: paymentStatus(l, f.Payment)}, {Text: method(l, f.Payment)}, {Sum: &amount}, {Sum: &received},
		})
	}
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	return c.Render(http.StatusOK, "portal/list", v)
}

func paymentSearch(a page.Asked) giving.Search {
	return giving.Search{Text: a.Get("q"), State: giving.State(a.Get("state"))}
}

// paymentsFile serves GET /portal/companies/:slug/payments.csv.
func (p *Portal) paymentsFile(c echo.Context) error {
	a, post, err := narrowed(c, "payments")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "payment", "pledge", "started", "settled", "campaign", "reference", "state", "method", "currency", "amount", "received", "refunded")
	return page.Export(c, "payments", head, func(after string) (rows [][]string, last string, err error) {
		found, err := giving.FindPaymentsOf(c.Request().Context(), p.db, post.CompanyID, visitor(c).ID, paymentSearch(a), after, page.Chunk)
		for _, f := range found {
			plain := func(minor int64) string { return money.Of(minor, f.Currency).Plain() }
			last = f.ID
			rows = append(rows, []string{
				f.ID, f.PledgeID, stamp(f.StartedAt), stamp(f.SettledAt.Time), in(l, f.CampaignUK, f.CampaignEN), string(f.Reference), paymentStatus(l, f.Payment).Text,
				method(l, f.Payment), string(f.Currency), plain(f.AmountMinor), plain(f.ReceivedMinor), plain(f.RefundedMinor),
			})
		}
		return rows, last, err
	})
}

// papers serves GET /portal/companies/:slug/documents: all that was issued to the company,
// newest first.
func (p *Portal) papers(c echo.Context) error {
	v, post, err := newList(c, "documents")
	if err != nil {
		return err
	}
	l := v.Lang
	found, err := document.OfCompany(c.Request().Context(), p.db, post.CompanyID, visitor(c).ID, paperSearch(v.Asked), v.Asked.After(), document.PageSize)
	if err != nil {
		return err
	}
	v.Searching("", v.Word(l.T("life.papers.number"), l.T("life.papers.number_hint")), life.PaperKinds(&v))
	columns, rows := life.PaperRows(l, found, paperPath)
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	v.Shows(columns, rows, len(found) == document.PageSize, last)
	return c.Render(http.StatusOK, "portal/list", v)
}

func paperSearch(a page.Asked) document.Search {
	return document.Search{No: a.Get("q"), Kind: document.Kind(a.Get("kind"))}
}

// papersFile serves GET /portal/companies/:slug/documents.csv.
func (p *Portal) papersFile(c echo.Context) error {
	a, post, err := narrowed(c, "documents")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	return page.Export(c, "documents", life.PaperHeads(l), func(after string) (rows [][]string, last string, err error) {
		found, err := document.OfCompany(c.Request().Context(), p.db, post.CompanyID, visitor(c).ID, paperSearch(a), after, page.Chunk)
		for _, d := range found {
			last, rows = d.ID, append(rows, life.PaperRecord(l, d))
		}
		return rows, last, err
	})
}

// heads are the column heads of a file.
func heads(l i18n.Lang, names ...string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = l.T("portal.record." + n)
	}
	return all
}

// stamp is a moment as programs and spreadsheets read it; the zero one is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
