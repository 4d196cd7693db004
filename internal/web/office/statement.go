package office

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// statementPage is the list of a statement's lines with what it tells of itself above it.
type statementPage struct {
	page.List
	Balances []page.Pair
	Facts    []named
	Proof    page.Proof // that it adds up, where it tells its balances
	Silent   string     // that it does not tell them
}

func statementPath(id string) string { return StatementsPath + "/" + id }

// statement serves GET /office/statements/:id: a statement and the lines that it brought.
func (o *Office) statement(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Of(c).Lang
	s, err := bank.StatementFor(ctx, o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	v, err := page.NewList(c, statementPath(s.ID), l.T("bank.statement.title", l.DateRange(s.From, s.To)), "",
		page.Empty{Title: l.T("bank.statement.nothing_new"), Text: l.T("bank.statement.nothing_new_text")})
	if err != nil {
		return err
	}
	found, err := bank.LinesOf(ctx, o.db, s.ID, v.Asked.Get("q"), v.Asked.After(), bank.PageSize)
	if err != nil {
		return err
	}
	v.Back = []page.Link{{Href: "/office", Text: l.T("common.office")}, {Href: StatementsPath, Text: l.T("desk.title.statements")}}
	v.Notice = bankNotice(l, c.QueryParam("notice"))
	v.Searching("", v.Word(l.T("bank.search"), l.T("bank.search_hint")))
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := lineRows(l, found, false)
	v.Shows(columns, rows, len(found) == bank.PageSize, last)
	if v.Pager.CSV.Href != "" {
		v.Pager.CSV.Href = v.Asked.At(statementPath(s.ID)+"/lines.csv", "after", "")
	}
	return c.Render(http.StatusOK, "office/statement", newStatementPage(v, s))
}

// newStatementPage adds what a statement tells of itself.
func newStatementPage(v page.List, s bank.Listed) statementPage {
	l := v.Lang
	sum := func(name string, minor int64) page.Pair {
		return page.Pair{Text: l.T("bank.column." + name), Sum: l.Sum(money.Of(minor, s.Currency))}
	}
	p := statementPage{Facts: []named{
		{Text: l.T("bank.column.account"), Value: bankName(l, s.BankUK, s.BankEN, s.IBAN)}, {Text: l.T("bank.column.file"), Value: s.FileName},
		{Text: l.T("bank.column.format"), Value: string(s.Format)}, {Text: l.T("bank.column.imported"), Value: l.T("bank.imported_by", importer(l, s), l.DateTime(s.ImportedAt))},
		{Text: l.T("bank.column.lines"), Value: l.T("bank.statement.lines", s.Lines, s.Added)},
	}}
	p.Balances = []page.Pair{sum("moved", s.Sum)}
	if s.Opening.Valid {
		p.Balances = []page.Pair{sum("opening", s.Opening.Int64), p.Balances[0], sum("closing", s.Closing.Int64)}
		p.Proof = page.Proof{Title: l.T("bank.statement.adds_up"), Text: l.T("bank.statement.adds_up_text")}
	} else {
		p.Silent = l.T("bank.statement.silent")
	}
	p.List = v
	return p
}

// linesFile serves GET /office/statements/:id/lines.csv.
func (o *Office) linesFile(c echo.Context) error {
	s, err := bank.StatementFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	a, err := page.ReadAsked(c, statementPath(s.ID))
	if err != nil {
		return err
	}
	return page.Export(c, "lines", lineHeads(page.Of(c).Lang), func(after string) (rows [][]string, last string, err error) {
		found, err := bank.LinesOf(c.Request().Context(), o.db, s.ID, a.Get("q"), after, page.Chunk)
		for _, r := range found {
			last, rows = r.ID, append(rows, lineRecord(r))
		}
		return rows, last, err
	})
}

// lineRows lists lines with what of them is open.
func lineRows(l i18n.Lang, all []bank.Row, account bool) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("bank.column.party")}, {Text: l.T("bank.column.day")}, {Text: l.T("bank.column.details")}, {Text: l.T("bank.column.state")},
		{Text: l.T("bank.column.open"), Sum: true}, {Text: l.T("bank.column.amount"), Sum: true},
	}
	var rows [][]page.Cell
	for _, r := range all {
		amount, open := l.Sum(r.Amount()), l.Sum(r.Rest())
		day := page.Cell{When: l.Day(r.BookedOn)}
		if account {
			day.Note = grouped(r.IBAN)
		}
		rows = append(rows, []page.Cell{
			{Text: partyOf(l, r), Href: linePath(r.ID), Note: grouped(r.PartyIBAN)}, day, {Text: r.Details}, {Status: lineStatus(l, r)}, {Sum: &open}, {Sum: &amount},
		})
	}
	return columns, rows
}

// lineHeads and lineRecord are a line in a file.
func lineHeads(l i18n.Lang) []string {
	return bankHeads(l, "day", "account", "party", "party_iban", "party_id", "details", "reference", "currency", "open", "amount")
}

func lineRecord(r bank.Row) []string {
	return []string{
		r.BookedOn.Format(time.DateOnly), r.IBAN, r.Party, r.PartyIBAN, r.PartyID, r.Details, r.Reference, string(r.Currency), r.Rest().Plain(), r.Amount().Plain(),
	}
}

func bankHeads(l i18n.Lang, names ...string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = l.T("bank.column." + n)
	}
	return all
}

func partyOf(l i18n.Lang, r bank.Row) string {
	if r.Party == "" {
		return l.T("bank.nobody")
	}
	return r.Party
}

func lineStatus(l i18n.Lang, r bank.Row) page.Status {
	switch r.Open {
	case 0:
		return page.NewStatus(l, page.Settled).Saying(l.T("bank.state.explained"))
	case r.Minor:
		return page.NewStatus(l, page.Waits).Saying(l.T("bank.state.open"))
	}
	return page.NewStatus(l, page.Waits).Saying(l.T("bank.state.in_part"))
}
