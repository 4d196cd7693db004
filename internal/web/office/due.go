package office

import (
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/web/page"
)

// due serves GET /office/due: instalments whose day has passed and of which something is
// still awaited, or with ?state=all those whose day is yet to come too.
func (o *Office) due(c echo.Context) error {
	v, err := newList(c, "due")
	if err != nil {
		return err
	}
	found, err := o.findDue(c, v.Asked, v.Asked.After(), giving.PageSize)
	if err != nil {
		return err
	}
	campaigns, err := o.campaignChoice(c, &v)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("desk.due_tab.overdue")}, page.Link{Href: "all", Text: l.T("desk.due_tab.all")})
	v.Searching("state", v.Word(l.T("desk.field.pledge"), l.T("desk.field.pledge_hint")), campaigns)
	columns := []page.Column{
		{Text: l.T("desk.column.company")}, {Text: l.T("desk.column.campaign")}, {Text: l.T("desk.column.due")}, {Text: l.T("desk.column.state")},
		{Text: l.T("desk.column.promised"), Sum: true}, {Text: l.T("desk.column.left"), Sum: true},
	}
	var rows [][]page.Cell
	last, today := "", o.today()
	for _, d := range found {
		last = d.InstalmentID
		status := page.NewStatus(l, page.Pledged)
		if d.DueOn.Before(today) {
			status = page.NewStatus(l, page.Overdue)
		}
		promised, left := l.Sum(d.Asks()), l.Sum(d.Left())
		rows = append(rows, []page.Cell{
			{Text: in(l, d.CompanyUK, d.CompanyEN), Href: pledgePath(d.PledgeID), Note: d.Reference.String()},
			{Text: in(l, d.CampaignUK, d.CampaignEN)}, {When: l.Day(d.DueOn)}, {Status: status}, {Sum: &promised}, {Sum: &left},
		})
	}
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	return send(c, v)
}

// today is the present day, as days stand in the database.
func (o *Office) today() time.Time { return clock.Day(o.now()) }

func (o *Office) findDue(c echo.Context, a page.Asked, after string, limit int) ([]giving.Expected, error) {
	s := giving.ExpectedSearch{Text: a.Get("q"), Campaign: a.Get("campaign"), Until: o.today()}
	switch a.Get("state") {
	case "":
	case "all":
		s.Until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	return giving.ExpectedInstalments(c.Request().Context(), o.db, visitor(c).ID, s, after, limit)
}

// dueFile serves GET /office/due.csv.
func (o *Office) dueFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/due")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "pledge", "due", "company", "campaign", "reference", "currency", "promised", "left")
	return page.Export(c, "due", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findDue(c, a, after, page.Chunk)
		for _, d := range found {
			last = d.InstalmentID
			rows = append(rows, []string{
				d.PledgeID, d.DueOn.Format(time.DateOnly), in(l, d.CompanyUK, d.CompanyEN), in(l, d.CampaignUK, d.CampaignEN), string(d.Reference),
				string(d.Currency), d.Asks().Plain(), d.Left().Plain(),
			})
		}
		return rows, last, err
	})
}
