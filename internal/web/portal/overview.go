package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

type overviewPage struct {
	page.Base
	MayPledge bool
	Due       *duePayment
	Companies []companyPledges
}

// duePayment is what the person had best pay next.
type duePayment struct {
	Title, Text, Button, Href string
	Sum                       page.Sum
}

// companyPledges is what one company has promised, newest first.
type companyPledges struct {
	Slug, Name string
	Pledges    page.Table
	Empty      page.Empty
	More       string // address of the older ones, or empty
	Statement  page.Link
}

// overview serves GET /portal: the companies of the visitor and what became of their
// promises. ?company= shows one of them, ?after= its older pledges.
func (p *Portal) overview(c echo.Context) error {
	person, b := visitor(c), page.Of(c)
	posts, err := chosenPosts(person, c.QueryParam("company"))
	if err != nil {
		return err
	}
	o := overviewPage{Base: b, MayPledge: len(payingPosts(person)) > 0}
	var next giving.Pledge
	for _, post := range posts {
		pledges, err := giving.PledgesOf(c.Request().Context(), p.db, post.CompanyID, person.ID, c.QueryParam("after"))
		if err != nil {
			return err
		}
		payments, err := giving.PaymentsOfAll(c.Request().Context(), p.db, pledges)
		if err != nil {
			return err
		}
		o.Companies = append(o.Companies, p.company(b.Lang, post, pledges, payments))
		if post.Role.MayPay() {
			next = sooner(next, pledges)
		}
	}
	if next.ID != "" {
		o.Due = due(b.Lang, next)
	}
	return c.Render(http.StatusOK, "portal/overview", o)
}

// chosenPosts are all the person's companies, or the one that is asked for.
func chosenPosts(p member.Person, slug string) ([]member.CompanyPost, error) {
	if slug == "" {
		return p.Companies, nil
	}
	for _, post := range p.Companies {
		if post.Slug == slug {
			return []member.CompanyPost{post}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "company.unknown")
}

func (p *Portal) company(l i18n.Lang, post member.CompanyPost, pledges []giving.Pledge, payments map[string][]giving.Payment) companyPledges {
	v := companyPledges{Slug: post.Slug, Name: in(l, post.Name.UK, post.Name.EN)}
	if len(pledges) == 0 {
		v.Empty = page.Empty{Title: l.T("portal.empty"), Text: l.T("portal.empty_text")}
		if post.Role.MayPay() {
			v.Empty.Link = page.Link{Href: "/portal/pledges/new", Text: l.T("portal.new")}
		}
		return v
	}
	columns := []page.Column{
		{Text: l.T("portal.column.campaign")}, {Text: l.T("portal.column.state")},
		{Text: l.T("portal.figure.promised"), Sum: true}, {Text: l.T("portal.figure.transit"), Sum: true},
		{Text: l.T("portal.figure.received"), Sum: true}, {Text: l.T("portal.figure.left"), Sum: true},
	}
	var rows [][]page.Cell
	for _, pledge := range pledges {
		rows = append(rows, p.row(l, pledge, payments[pledge.ID]))
	}
	v.Pledges = page.NewTable("", columns, rows)
	year := i18n.Year(p.now())
	v.Statement = page.Link{Href: statementPath(post.Slug, year), Text: l.T("portal.statement.link", strconv.Itoa(year))}
	if len(pledges) == giving.PageSize {
		v.More = "/portal?" + url.Values{"company": {post.Slug}, "after": {pledges[len(pledges)-1].ID}}.Encode()
	}
	return v
}

func (p *Portal) row(l i18n.Lang, pledge giving.Pledge, payments []giving.Payment) []page.Cell {
	sum := func(minor int64) *page.Sum {
		s := l.Sum(money.Of(minor, pledge.Amount.Currency))
		return &s
	}
	state := page.Cell{Status: p.pledgeStatus(l, pledge)}
	if len(payments) > 0 {
		state.Note = l.T("portal.last_payment", l.Date(payments[0].StartedAt), paymentStatus(l, payments[0]).Text)
	}
	return []page.Cell{
		{Text: in(l, pledge.Campaign.UK, pledge.Campaign.EN), Href: pledgePath(pledge.ID), Note: l.T("portal.promised_on", l.Date(pledge.MadeAt))},
		state,
		{Sum: sum(pledge.Amount.Minor)}, {Sum: sum(pledge.OnItsWay)}, {Sum: sum(pledge.Received)}, {Sum: sum(pledge.Outstanding().Minor)},
	}
}

// pledgeStatus says how far a promise has come: what is still awaited comes first.
func (p *Portal) pledgeStatus(l i18n.Lang, pledge giving.Pledge) page.Status {
	left := pledge.Outstanding()
	switch {
	case left.IsZero() && pledge.OnItsWay > 0:
		return page.NewStatus(l, page.Transit)
	case left.IsZero():
		return page.NewStatus(l, page.Received)
	case p.overdue(pledge):
		return page.NewStatus(l, page.Overdue).Saying(l.T("portal.overdue", pledge.DueOn))
	case !pledge.DueOn.IsZero():
		return page.NewStatus(l, page.Pledged).Saying(l.T("portal.due_by", pledge.DueOn))
	}
	return page.NewStatus(l, page.Pledged)
}

// overdue begins when the promised day is over.
func (p *Portal) overdue(pledge giving.Pledge) bool {
	return !pledge.DueOn.IsZero() && !p.now().Before(pledge.DueOn.AddDate(0, 0, 1))
}

// sooner is the pledge that is to be paid first: what was meant to be paid at once, then by
// the day. The zero Pledge is none.
func sooner(best giving.Pledge, pledges []giving.Pledge) giving.Pledge {
	for _, pledge := range pledges {
		if pledge.Outstanding().IsZero() {
			continue
		}
		if best.ID == "" || day(pledge).Before(day(best)) {
			best = pledge
		}
	}
	return best
}

// day is when a pledge wants to be paid.
func day(p giving.Pledge) time.Time {
	if p.DueOn.IsZero() {
		return p.MadeAt
	}
	return p.DueOn
}

func due(l i18n.Lang, pledge giving.Pledge) *duePayment {
	left := pledge.Outstanding()
	d := &duePayment{
		Title:  l.T("portal.due.now"),
		Text:   l.T("portal.due.text", in(l, pledge.Campaign.UK, pledge.Campaign.EN), pledge.Amount, pledge.MadeAt),
		Button: l.T("portal.pay.button", left),
		Href:   pledgePath(pledge.ID) + "#pay",
		Sum:    l.Sum(left),
	}
	if !pledge.DueOn.IsZero() {
		d.Title = l.T("portal.due.by", pledge.DueOn)
	}
	return d
}
