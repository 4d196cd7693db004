package office

import (
	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// undoings serves GET /office/undoings: matches of bank lines that somebody asks to take
// back and that wait for another person, or with ?state=all every one that was asked for.
// Each is decided on the page of its line.
func (o *Office) undoings(c echo.Context) error {
	v, err := newList(c, "undoings")
	if err != nil {
		return err
	}
	found, err := o.findUndoings(c, v.Asked, v.Asked.After(), bank.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("office.list.waiting")}, page.Link{Href: "all", Text: l.T("desk.write_off_tab.all")})
	v.Searching("state", v.Word(l.T("desk.field.undoing"), ""))
	columns := []page.Column{
		{Text: l.T("bank.column.party")}, {Text: l.T("desk.column.asked_by")}, {Text: l.T("desk.column.state")}, {Text: l.T("desk.column.amount"), Sum: true},
	}
	var rows [][]page.Cell
	last := ""
	for _, u := range found {
		last = u.ID
		sum := l.Sum(u.Amount())
		state := page.Cell{Status: undoingStatus(l, u)}
		if u.DecidedAt.Valid {
			state.Note = l.T("office.list.decided_by", u.DeciderName, l.Date(u.DecidedAt.Time))
		}
		rows = append(rows, []page.Cell{
			{Text: partyOf(l, bank.Row{Party: u.Party}), Href: linePath(u.LineID), Note: u.Reason}, {Text: u.AskerName, Note: l.DateTime(u.AskedAt)}, state, {Sum: &sum},
		})
	}
	v.Shows(columns, rows, len(found) == bank.PageSize, last)
	return send(c, v)
}

func undoingStatus(l i18n.Lang, u bank.Undoing) page.Status {
	switch u.Decision {
	case "approved":
		return page.NewStatus(l, page.Closed).Saying(l.T("desk.undoing.approved"))
	case "refused":
		return page.NewStatus(l, page.Closed).Saying(l.T("desk.undoing.refused"))
	}
	return page.NewStatus(l, page.Waits)
}

func (o *Office) findUndoings(c echo.Context, a page.Asked, after string, limit int) ([]bank.Undoing, error) {
	state := a.Get("state")
	if state != "" && state != "all" {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	return bank.Undoings(c.Request().Context(), o.db, visitor(c).ID, state == "", a.Get("q"), after, limit)
}

// undoingsFile serves GET /office/undoings.csv.
func (o *Office) undoingsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("undoings"))
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := append(heads(l, "undoing", "line", "asked", "asked_by", "reason", "state", "decided", "decided_by", "currency", "amount"), l.T("bank.column.party"))
	return page.Export(c, "undoings", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findUndoings(c, a, after, page.Chunk)
		for _, u := range found {
			last = u.ID
			rows = append(rows, []string{
				u.ID, u.LineID, stamp(u.AskedAt), u.AskerName, u.Reason, undoingStatus(l, u).Text, stamp(u.DecidedAt.Time), u.DeciderName, string(u.Currency), u.Amount().Plain(), u.Party,
			})
		}
		return rows, last, err
	})
}
