package office

import (
	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/spending"
	"kopiyka/internal/web/page"
)

// allocations serves GET /office/allocations: those that wait, or with ?state=decided
// those that have a decision, newest first.
func (o *Office) allocations(c echo.Context) error {
	v, err := newList(c, "allocations")
	if err != nil {
		return err
	}
	found, err := o.findAllocations(c, v.Asked, v.Asked.After(), spending.PageSize)
	if err != nil {
		return err
	}
	campaigns, err := o.campaignChoice(c, &v)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("office.list.waiting")}, page.Link{Href: "decided", Text: l.T("office.list.decided")})
	v.Searching("state", v.Word(l.T("desk.field.purpose"), l.T("desk.field.purpose_hint")), campaigns)
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := allocationRows(l, found)
	v.Shows(columns, rows, len(found) == spending.PageSize, last)
	return send(c, v)
}

func (o *Office) findAllocations(c echo.Context, a page.Asked, after string, limit int) ([]spending.Allocation, error) {
	state := a.Get("state")
	if state != "" && state != "decided" {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	s := spending.Search{Waiting: state == "", Text: a.Get("q"), Campaign: a.Get("campaign")}
	return spending.FindAllocations(c.Request().Context(), o.db, visitor(c).ID, s, after, limit)
}

func allocationRows(l i18n.Lang, all []spending.Allocation) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("office.column.purpose")}, {Text: l.T("office.column.campaign")}, {Text: l.T("office.column.proposed")},
		{Text: l.T("office.column.state")}, {Text: l.T("office.column.amount"), Sum: true},
	}
	var rows [][]page.Cell
	for _, a := range all {
		sum := l.Sum(a.Amount())
		state := page.Cell{Status: statusOf(l, a)}
		if a.DecidedAt.Valid {
			state.Note = l.T("office.list.decided_by", a.DeciderName, l.Date(a.DecidedAt.Time))
		}
		rows = append(rows, []page.Cell{
			{Text: forWhat(l, a), Href: allocationPath(a.ID)}, {Text: in(l, a.CampaignUK, a.CampaignEN)},
			{Text: a.ProposerName, Note: l.Date(a.ProposedAt)}, state, {Sum: &sum},
		})
	}
	return columns, rows
}

// allocationsFile serves GET /office/allocations.csv.
func (o *Office) allocationsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("allocations"))
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "allocation", "campaign", "purpose", "reason", "asked", "asked_by", "state", "decided", "decided_by", "note", "currency", "amount")
	return page.Export(c, "allocations", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findAllocations(c, a, after, page.Chunk)
		for _, a := range found {
			last = a.ID
			rows = append(rows, []string{
				a.ID, in(l, a.CampaignUK, a.CampaignEN), forWhat(l, a), a.Reason, stamp(a.ProposedAt), a.ProposerName, statusOf(l, a).Text,
				stamp(a.DecidedAt.Time), a.DeciderName, a.DecisionReason, string(a.Currency), a.Amount().Plain(),
			})
		}
		return rows, last, err
	})
}
