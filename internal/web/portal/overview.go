package portal

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

type overviewPage struct {
	page.Base
	MayPledge bool
	Due       *duePayment
	Companies []companyPledges
	Withheld  []page.Link // companies that ask for a second factor first
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
	More       string      // address of the older ones, or empty
	Links      []page.Link // to all that the company has
}

// overview serves GET /portal: the companies of the visitor and what became of their
// promises. ?company= shows one of them.
func (p *Portal) overview(c echo.Context) error {
	person, b := visitor(c), page.Of(c)
	posts, err := chosenPosts(person, c.QueryParam("company"))
	if err != nil {
		return err
	}
	o := overviewPage{Base: b, MayPledge: len(payingPosts(person)) > 0}
	for _, post := range person.Withheld {
		o.Withheld = append(o.Withheld, page.Link{Href: companyPath(post.Slug), Text: in(b.Lang, post.Name.UK, post.Name.EN)})
	}
	var next candidate
	for _, post := range posts {
		pledges, err := giving.PledgesOf(c.Request().Context(), p.db, post.CompanyID, person.ID, "")
		if err != nil {
			return err
		}
		payments, err := giving.PaymentsOfAll(c.Request().Context(), p.db, pledges)
		if err != nil {
			return err
		}
		schedules, err := giving.SchedulesOf(c.Request().Context(), p.db, pledges, p.now())
		if err != nil {
			return err
		}
		o.Companies = append(o.Companies, company(b.Lang, post, pledges, schedules, payments, i18n.Year(p.now())))
		if post.Role.MayPay() {
			next = sooner(next, pledges, schedules)
		}
	}
	if next.ID != "" {
		o.Due = due(b.Lang, next, clock.Day(p.now()))
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

// company is one company on the overview: its newest pledges, and the ways to all it has.
func company(l i18n.Lang, post member.CompanyPost, pledges []giving.Pledge, schedules map[string]giving.Schedule, payments map[string][]giving.Payment, year int) companyPledges {
	v := companyPledges{Slug: post.Slug, Name: in(l, post.Name.UK, post.Name.EN), Links: companyTabs(l, post.Slug, false)}
	if len(pledges) == 0 {
		v.Empty = page.Empty{Title: l.T("portal.empty"), Text: l.T("portal.empty_text")}
		if post.Role.MayPay() {
			v.Empty.Link = page.Link{Href: "/portal/pledges/new", Text: l.T("portal.new")}
		}
		return v
	}
	columns, rows := pledgeRows(l, pledges, schedules, payments)
	v.Pledges = page.NewTable("", columns, rows)
	for _, name := range []string{"pledges", "payments", "documents"} {
		v.Links = append(v.Links, page.Link{Href: listPath(post.Slug, name), Text: l.T("portal.list." + name)})
	}
	v.Links = append(v.Links, page.Link{Href: statementPath(post.Slug, year), Text: l.T("portal.statement.link", strconv.Itoa(year))})
	if len(pledges) == giving.PageSize {
		v.More = listPath(post.Slug, "pledges") + "?after=" + pledges[len(pledges)-1].ID
	}
	return v
}

// pledgeRows are pledges as their company sees them.
func pledgeRows(l i18n.Lang, pledges []giving.Pledge, schedules map[string]giving.Schedule, payments map[string][]giving.Payment) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("portal.column.campaign")}, {Text: l.T("portal.column.state")},
		{Text: l.T("portal.figure.promised"), Sum: true}, {Text: l.T("portal.figure.transit"), Sum: true},
		{Text: l.T("portal.figure.received"), Sum: true}, {Text: l.T("portal.figure.left"), Sum: true},
	}
	var rows [][]page.Cell
	for _, pledge := range pledges {
		rows = append(rows, row(l, pledge, schedules[pledge.ID], payments[pledge.ID]))
	}
	return columns, rows
}

func row(l i18n.Lang, pledge giving.Pledge, schedule giving.Schedule, payments []giving.Payment) []page.Cell {
	sum := func(minor int64) *page.Sum {
		s := l.Sum(money.Of(minor, pledge.Amount.Currency))
		return &s
	}
	state := page.Cell{Status: life.Status(l, pledge, schedule)}
	if len(payments) > 0 {
		state.Note = l.T("portal.last_payment", l.Date(payments[0].StartedAt), paymentStatus(l, payments[0]).Text)
	}
	promised := page.Cell{Sum: sum(pledge.Amount.Minor)}
	if pledge.Foreign() {
		promised.Note = l.Money(pledge.InOriginal(pledge.Amount.Minor))
	}
	return []page.Cell{
		{Text: in(l, pledge.Campaign.UK, pledge.Campaign.EN), Href: pledgePath(pledge.ID), Note: l.T("portal.promised_on", l.Date(pledge.MadeAt))},
		state,
		promised, {Sum: sum(pledge.OnItsWay)}, {Sum: sum(pledge.Received)}, {Sum: sum(pledge.Outstanding().Minor)},
	}
}

// candidate is a pledge that may be the one to pay next.
type candidate struct {
	giving.Pledge
	schedule giving.Schedule
	on       time.Time // when its next instalment is due
}

// sooner is the pledge of which something is to be paid first. The zero one is none.
func sooner(best candidate, pledges []giving.Pledge, schedules map[string]giving.Schedule) candidate {
	for _, pledge := range pledges {
		next, waits := schedules[pledge.ID].Next()
		if waits && (best.ID == "" || next.DueOn.Before(best.on)) {
			best = candidate{pledge, schedules[pledge.ID], next.DueOn}
		}
	}
	return best
}

func due(l i18n.Lang, pledge candidate, today time.Time) *duePayment {
	now := pledge.Ask(pledge.schedule.DueNow(today))
	return &duePayment{
		Title:  l.T("portal.due.by", pledge.on),
		Text:   l.T("portal.due.text", in(l, pledge.Campaign.UK, pledge.Campaign.EN), pledge.InOriginal(pledge.Amount.Minor), pledge.MadeAt),
		Button: l.T("portal.pay.button", now),
		Href:   pledgePath(pledge.ID) + "#pay",
		Sum:    l.Sum(now),
	}
}
