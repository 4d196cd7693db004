package site

import (
	"context"
	"html/template"
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

type campaignPage struct {
	page.Base
	Title, About, Meta string
	State              page.Status
	Days               string
	Cluster            page.Link
	Joined             []page.Link // the other clusters of a joint campaign
	Pledge             string      // where to pledge; empty once the campaign takes none
	Ended              string      // why it takes none
	Note               page.Notice
	Preview            page.Notice // of a draft alone

	Received   page.Sum
	Glance     string
	Bands      page.Bands
	Shortfall  page.Notice
	Books      string
	Originals  string     // what of it came in other currencies
	Proof      page.Proof // the zero one until the books were compared with the banks
	AllPledged string
	Goals      []goalBefore
	Updated    page.Moment
	Data       string

	Shares      page.Table // by cluster, of a joint campaign
	SharesUnder string

	Story         template.HTML
	Gifts         page.Gifts
	NoGifts       string
	Unnamed       string // what the totals hold of anonymous gifts
	Donors        page.Link
	Allocations   []allocation
	NoAllocations string
	Purposes      []purpose
}

type allocation struct {
	Purpose    string
	Sum        page.Sum
	Status     page.Status
	When       page.Moment
	Reason     string
	ReasonLang i18n.Lang
	Seal       page.Seal
}

type purpose struct {
	ID, Title, About string
	Aside            page.Status
	Needs            page.Table
}

// campaign serves GET /:lang/campaigns/:slug: what was promised, what came, what became of
// it, and who gave.
func (s *Site) campaign(c echo.Context) error {
	slug := c.Param("slug")
	return s.show(c, "site/campaign", campaignAddress(slug), func(ctx context.Context, b page.Base) (page.Model, error) {
		r, err := s.report.Campaign(ctx, slug)
		if err != nil {
			return nil, err
		}
		return whole(b, r)
	})
}

// whole is the page of a campaign, from its report.
func whole(b page.Base, r report.Campaign) (p campaignPage, err error) {
	b.Nav = "campaigns"
	p = opening(b, r)
	p.figures(r.Summary)
	p.Shares, p.SharesUnder, p.Joined = shares(b, r.Summary)
	p.Goals = goalsBefore(b.Lang, r)
	p.Shares, p.SharesUnder, p.Joined = shares(b, r.Summary)
	p.Proof = proof(b.Lang, r.Proof)
	if p.Story, err = story(in(b, r.Story)); err != nil {
		return p, err
	}
	p.Gifts, p.NoGifts = gifts(b, r.Gifts), noGifts(b.Lang, r.State)
	p.Unnamed = unnamed(b.Lang, r.Unnamed)
	p.Donors = page.Link{Href: b.In(campaignAddress(r.Slug) + "/donors"), Text: b.Lang.T("site.campaign.all_gifts", r.Pledges)}
	p.NoAllocations = noAllocations(b.Lang, r.Totals)
	for _, a := range r.Allocations {
		p.Allocations = append(p.Allocations, toAllocation(b, r.Totals.Currency, a))
	}
	for _, u := range r.Purposes {
		p.Purposes = append(p.Purposes, toPurpose(b, r.Totals.Currency, u))
	}
	return p, nil
}

// opening is what stands above the figures.
func opening(b page.Base, r report.Campaign) campaignPage {
	t := r.Totals
	p := campaignPage{
		Base: b, Title: in(b, r.Title), About: in(b, r.About),
		State:   page.NewStatus(b.Lang, page.State(r.State)).Saying(b.Lang.T("site.state." + string(r.State))),
		Days:    days(b.Lang, r.Summary),
		Cluster: page.Link{Href: b.In(clusterAddress(r.Cluster.Slug)), Text: in(b, r.Cluster.Name)},
	}
	p.Meta = b.Lang.T("site.campaign.meta", in(b, r.Cluster.Name), money.Of(t.Received, t.Currency),
		b.Lang.MoneyWhole(money.Of(t.Goal, t.Currency)), money.Of(t.Allocated, t.Currency))
	if r.State == report.Open {
		p.Pledge = "/portal/pledges/new?" + url.Values{"campaign": {r.Slug}}.Encode()
	} else {
		p.Ended = b.Lang.T("site.campaign." + string(r.State))
	}
	if note := in(b, r.Note); note != "" {
		p.Note = page.Notice{Title: b.Lang.T("site.campaign.note"), Text: note}
	}
	return p
}

func days(l i18n.Lang, c report.Summary) string {
	switch {
	case !c.ClosesOn.IsZero():
		return l.DateRange(c.OpensOn, c.ClosesOn)
	case c.State == report.Closed, c.State == report.Settled:
		return l.T("site.campaign.opened", c.OpensOn)
	}
	return l.T("site.campaign.from", c.OpensOn)
}

// figures are the sums, and the proof that they hold together.
func (p *campaignPage) figures(r report.Summary) {
	l, t := p.Lang, r.Totals
	p.Received, p.Glance = sum(l, t.Received, t.Currency), glance(l, r)
	p.Bands = page.NewBands(l, totals(t))
	if t.Received != 0 {
		p.Books = books(l, t)
		p.Originals = originals(l, t.Currency, r.Originals)
	}
	if t.Shortfall != 0 {
		p.Shortfall = page.Notice{Look: "fault", Title: l.T("site.books.shortfall_title", money.Of(t.Shortfall, t.Currency)), Text: l.T("site.books.shortfall_text")}
	}
	if t.Pledged != 0 {
		p.AllPledged = l.T("site.books.all_pledged", money.Of(t.Pledged, t.Currency))
	}
	p.Updated, p.Data = l.Moment(t.UpdatedAt), "/api/v1"+campaignAddress(r.Slug)
}

func noGifts(l i18n.Lang, s report.State) string {
	if s == report.Open {
		return l.T("site.campaign.no_gifts")
	}
	return l.T("site.campaign.no_gifts_closed")
}

// unnamed says what the totals hold of anonymous gifts. Where their sum would give somebody
// away, it says the same as where there are none.
func unnamed(l i18n.Lang, u *report.Unnamed) string {
	if u == nil {
		return l.T("site.unnamed.counted")
	}
	return l.N("site.unnamed.sum", int64(u.Gifts), u.Pledged)
}

func noAllocations(l i18n.Lang, t report.Totals) string {
	if t.Received == 0 {
		return l.T("site.campaign.no_allocations_no_money")
	}
	return l.T("site.campaign.no_allocations")
}

func toAllocation(b page.Base, c money.Currency, a report.Allocation) allocation {
	l, reason := b.Lang, a.Reason
	if l == i18n.EN && a.ReasonEN != "" {
		reason = a.ReasonEN
	}
	return allocation{
		Purpose: in(b, a.Purpose), Sum: sum(l, a.Amount, c), Status: page.NewStatus(l, page.Aside), When: l.Day(a.ApprovedAt),
		Reason: i18n.Tie(reason), ReasonLang: spokenIn(reason),
		Seal: page.Seal{Signed: []page.Signature{
			{Act: l.T("site.allocation.proposed"), Who: l.T("site.allocation.proposer"), When: l.Moment(a.ProposedAt)},
			{Act: l.T("site.allocation.approved"), Who: l.T("site.allocation.approver"), When: l.Moment(a.ApprovedAt)},
		}},
	}
}

func toPurpose(b page.Base, c money.Currency, u report.Purpose) purpose {
	l := b.Lang
	p := purpose{ID: "purpose-" + u.Slug, Title: in(b, u.Title), About: in(b, u.About)}
	p.Aside = page.NewStatus(l, page.Waits).Saying(l.T("site.campaign.not_set_aside"))
	if u.Allocated > 0 {
		p.Aside = page.NewStatus(l, page.Aside).Saying(l.T("site.campaign.set_aside", money.Of(u.Allocated, c)))
	}
	columns := []page.Column{{Text: l.T("site.campaign.need")}, {Text: l.T("site.campaign.recipient")}, {Text: l.T("site.campaign.quantity"), Sum: true}}
	var rows [][]page.Cell
	for _, n := range u.Needs {
		rows = append(rows, []page.Cell{
			{Text: in(b, n.Item)}, {Text: in(b, n.Recipient)},
			{Text: l.Number(n.Quantity) + "\u00a0" + in(b, n.Unit)},
		})
	}
	p.Needs = page.NewTable("", columns, rows)
	return p
}
