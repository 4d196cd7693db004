package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// pledgesPage is the list with the write-offs that nobody has decided above it.
type pledgesPage struct {
	page.List
	Waiting page.Table
}

// pledges serves GET /office/pledges: what companies have promised to the visitor's
// clusters, newest first, and the write-offs that wait for a decision.
func (o *Office) pledges(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	v, err := newList(c, "pledges")
	if err != nil {
		return err
	}
	found, err := giving.FindPledges(ctx, o.db, person.ID, pledgeSearch(v.Asked), v.Asked.After(), giving.PageSize)
	if err != nil {
		return err
	}
	schedules, err := giving.SchedulesOf(ctx, o.db, found, o.now())
	if err != nil {
		return err
	}
	campaigns, err := o.campaignChoice(c, &v)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Searching("", v.Word(l.T("desk.field.pledge"), l.T("desk.field.pledge_hint")), campaigns)
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := pledgeRows(l, found, schedules)
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	p := pledgesPage{List: v}
	if v.Search.Clear.Href == "" && v.Asked.After() == "" {
		waiting, err := giving.WaitingWriteOffs(ctx, o.db, person.ID)
		if err != nil {
			return err
		}
		columns, rows := writeOffRows(l, waiting)
		p.Waiting = page.NewTable("", columns, rows)
	}
	return c.Render(http.StatusOK, "office/pledges", p)
}

func pledgeSearch(a page.Asked) giving.PledgeSearch {
	return giving.PledgeSearch{Text: a.Get("q"), Campaign: a.Get("campaign")}
}

func pledgeRows(l i18n.Lang, all []giving.Pledge, schedules map[string]giving.Schedule) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("office.column.company")}, {Text: l.T("office.column.state")}, {Text: l.T("office.column.pledged"), Sum: true},
		{Text: l.T("office.column.received"), Sum: true}, {Text: l.T("office.column.left"), Sum: true},
	}
	var rows [][]page.Cell
	for _, p := range all {
		pledged, received, left := l.Sum(p.Amount), l.Sum(money.Of(p.Received-p.Refunded, p.Amount.Currency)), l.Sum(schedules[p.ID].Left())
		rows = append(rows, []page.Cell{
			{Text: life.In(l, p.Company), Href: pledgePath(p.ID), Note: l.T("office.pledges.made", life.In(l, p.Campaign), p.MadeAt)},
			{Status: life.Status(l, p, schedules[p.ID])}, {Sum: &pledged}, {Sum: &received}, {Sum: &left},
		})
	}
	return columns, rows
}

// pledgesFile serves GET /office/pledges.csv.
func (o *Office) pledgesFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("pledges"))
	if err != nil {
		return err
	}
	ctx, person, l := c.Request().Context(), visitor(c).ID, page.Of(c).Lang
	return page.Export(c, "pledges", life.PledgeHeads(l), func(after string) (rows [][]string, last string, err error) {
		found, err := giving.FindPledges(ctx, o.db, person, pledgeSearch(a), after, page.Chunk)
		if err != nil {
			return nil, "", err
		}
		schedules, err := giving.SchedulesOf(ctx, o.db, found, o.now())
		for _, p := range found {
			last, rows = p.ID, append(rows, life.PledgeRecord(l, p, schedules[p.ID]))
		}
		return rows, last, err
	})
}
