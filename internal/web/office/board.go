package office

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/spending"
	"kopiyka/internal/web/page"
)

type boardPage struct {
	page.Base
	Notice       page.Notice
	Mine, Others queue
	Tasks        []task
	Drawers      []page.Link
	Campaigns    page.Table
	Joint        page.Table // campaigns of others that the person's clusters joined
	Empty        page.Empty
	Write        page.Link // to a new campaign, for who may write one
}

// queue is what waits for somebody. It holds the newest; the list of all has pages.
type queue struct{ Items []waiting }

// waiting is one proposal that nobody has decided.
type waiting struct {
	Href, Title string
	Sum         page.Sum
	Who         string
	When        page.Moment
}

// board serves GET /office: what waits for whom, what needs somebody at the desk for money,
// and what each campaign has to give out.
func (o *Office) board(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	all, err := spending.Allocations(ctx, o.db, person.ID, true, "")
	if err != nil {
		return err
	}
	purses, err := spending.Purses(ctx, o.db, person.ID)
	if err != nil {
		return err
	}
	v := boardPage{Base: page.Of(c)}
	if c.QueryParam("notice") == "discarded" {
		v.Notice = page.Notice{Title: v.Lang.T("campaign.notice.discarded"), Text: v.Lang.T("campaign.notice.discarded_text"), Live: true}
	}
	v.Drawers = drawers(v.Lang, person)
	if v.Tasks, err = o.tasks(ctx, v.Lang, person); err != nil {
		return err
	}
	for _, a := range all {
		q := &v.Others
		if decides(person, a) {
			q = &v.Mine
		}
		q.Items = append(q.Items, newWaiting(v.Lang, a))
	}
	v.Campaigns = purseTable(v.Lang, person, purses)
	if v.Joint, err = o.joint(ctx, v.Base, person); err != nil {
		return err
	}
	if coordinates(person) {
		v.Write = page.Link{Href: CampaignsPath + "/new", Text: v.Lang.T("campaign.write")}
	}
	if len(purses) == 0 {
		v.Empty = page.Empty{Title: v.Lang.T("office.no_campaigns"), Text: v.Lang.T("campaign.board.none"), Link: v.Write}
		if v.Write.Href == "" {
			v.Empty.Text = v.Lang.T("office.no_campaigns_text")
		}
		v.Write = page.Link{}
	}
	return c.Render(http.StatusOK, "office/board", v)
}

// decides reports whether a proposal waits for this person.
func decides(p member.Person, a spending.Allocation) bool {
	return a.Decision == "" && a.ProposedBy != p.ID && holds(p, a.ClusterID, member.Approver)
}

func newWaiting(l i18n.Lang, a spending.Allocation) waiting {
	return waiting{
		Href:  allocationPath(a.ID),
		Title: l.T("office.queue.title", in(l, a.PurposeUK, a.PurposeEN)),
		Sum:   l.Sum(a.Amount()),
		Who:   l.T("office.queue.who", a.ProposerName, in(l, a.CampaignUK, a.CampaignEN)),
		When:  l.Day(a.ProposedAt),
	}
}

var campaignStates = map[string]page.State{
	"draft": page.Draft, "open": page.Open, "closed": page.Closed, "settled": page.Settled,
}

func purseTable(l i18n.Lang, person member.Person, purses []spending.Purse) page.Table {
	columns := []page.Column{
		{Text: l.T("office.column.campaign")}, {Text: l.T("office.column.state")},
		{Text: l.T("office.column.free"), Sum: true}, {Text: l.T("office.column.asked"), Sum: true},
	}
	acts := func(p spending.Purse) bool { return mayPropose(person, p) || mayFinish(person, p) }
	if slices.ContainsFunc(purses, acts) {
		columns = append(columns, page.Column{Text: l.T("office.column.act")})
	}
	var rows [][]page.Cell
	for _, p := range purses {
		free, asked := l.Sum(p.Free()), l.Sum(money.Of(p.Asked, p.Currency))
		act := page.Cell{}
		if mayFinish(person, p) {
			act = page.Cell{Text: l.T("campaign.board.finish"), Href: campaignPath(p.Slug)}
		}
		if mayPropose(person, p) {
			act = page.Cell{Text: l.T("office.propose"), Href: proposePath(p.Slug) + "/new"}
		}
		rows = append(rows, []page.Cell{
			{Text: cmp.Or(in(l, p.TitleUK, p.TitleEN), p.TitleUK), Href: campaignPath(p.Slug)}, {Status: page.NewStatus(l, campaignStates[p.State])}, {Sum: &free}, {Sum: &asked}, act,
		})
	}
	return page.NewTable("", columns, rows)
}

func mayPropose(person member.Person, p spending.Purse) bool {
	return (p.State == "open" || p.State == "closed") && p.FreeMinor+p.Earmarked > 0 && holds(person, p.ClusterID, member.Coordinator)
}

// mayFinish reports whether a draft waits for this person.
func mayFinish(person member.Person, p spending.Purse) bool {
	return p.State == string(campaign.Draft) && holds(person, p.ClusterID, member.Coordinator)
}

func proposePath(slug string) string {
	return "/office/campaigns/" + url.PathEscape(slug) + "/allocations"
}

func allocationPath(id string) string { return "/office/allocations/" + id }
