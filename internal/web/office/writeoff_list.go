package office

import (
	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// writeOffs serves GET /office/write-offs: those that wait for a second person, or with
// ?state=all every one that was proposed.
func (o *Office) writeOffs(c echo.Context) error {
	v, err := newList(c, "write-offs")
	if err != nil {
		return err
	}
	found, err := o.findWriteOffs(c, v.Asked, v.Asked.After(), giving.PageSize)
	if err != nil {
		return err
	}
	campaigns, err := o.campaignChoice(c, &v)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("office.list.waiting")}, page.Link{Href: "all", Text: l.T("desk.write_off_tab.all")})
	v.Searching("state", campaigns)
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := writeOffRows(l, found)
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	return send(c, v)
}

func (o *Office) findWriteOffs(c echo.Context, a page.Asked, after string, limit int) ([]giving.WriteOff, error) {
	state := a.Get("state")
	if state != "" && state != "all" {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	return giving.FindWriteOffs(c.Request().Context(), o.db, visitor(c).ID, state == "", a.Get("campaign"), after, limit)
}

func writeOffRows(l i18n.Lang, all []giving.WriteOff) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{{Text: l.T("office.write_off.why")}, {Text: l.T("office.column.proposed")}, {Text: l.T("office.column.state")}, {Text: l.T("office.column.amount"), Sum: true}}
	var rows [][]page.Cell
	for _, w := range all {
		sum := l.Sum(w.Amount())
		rows = append(rows, []page.Cell{
			{Text: l.T("life.code." + string(w.Code)), Href: writeOffPath(w.ID), Note: w.Reason}, {Text: w.ProposerName, Note: l.Date(w.ProposedAt)},
			{Status: writeOffStatus(l, w)}, {Sum: &sum},
		})
	}
	return columns, rows
}

// writeOffsFile serves GET /office/write-offs.csv.
func (o *Office) writeOffsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("write-offs"))
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "write_off", "pledge", "code", "reason", "asked", "asked_by", "state", "decided", "decided_by", "note", "currency", "amount")
	return page.Export(c, "write-offs", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findWriteOffs(c, a, after, page.Chunk)
		for _, w := range found {
			last = w.ID
			rows = append(rows, []string{
				w.ID, w.PledgeID, l.T("life.code." + string(w.Code)), w.Reason, stamp(w.ProposedAt), w.ProposerName, writeOffStatus(l, w).Text,
				stamp(w.DecidedAt.Time), w.DeciderName, w.DecisionReason, string(w.Currency), w.Amount().Plain(),
			})
		}
		return rows, last, err
	})
}
