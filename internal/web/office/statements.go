package office

import (
	"database/sql"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// statementsPage is the list with the accounts above it.
type statementsPage struct {
	page.List
	New      string // where a file is brought in; empty for who may not
	Accounts page.Table
}

// statements serves GET /office/statements: how each account stands, and the files that
// were brought in, the latest first.
func (o *Office) statements(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	v, err := newList(c, "statements")
	if err != nil {
		return err
	}
	standings, err := bank.Overview(ctx, o.db, person.ID)
	if err != nil {
		return err
	}
	found, err := bank.Statements(ctx, o.db, person.ID, statementSearch(v.Asked), v.Asked.After(), bank.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	p := statementsPage{Accounts: standingTable(l, standings)}
	var accounts []page.Option
	for _, s := range standings {
		accounts = append(accounts, page.Option{Value: s.ID, Text: bankName(l, s.BankUK, s.BankEN, s.IBAN)})
		if explains(person, s.ClusterID) {
			p.New = StatementsPath + "/new"
		}
	}
	v.Searching("", v.Word(l.T("bank.statement.search"), ""), v.Choice("account", l.T("bank.column.account"), l.T("bank.statement.any_account"), accounts...))
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := statementRows(l, found)
	v.Shows(columns, rows, len(found) == bank.PageSize, last)
	p.List = v
	return c.Render(http.StatusOK, "office/statements", p)
}

func statementSearch(a page.Asked) bank.StatementSearch {
	return bank.StatementSearch{File: a.Get("q"), Account: a.Get("account")}
}

// statementsFile serves GET /office/statements.csv.
func (o *Office) statementsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, StatementsPath)
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := bankHeads(l, "statement", "account", "file", "format", "from", "to", "imported", "by", "lines", "added", "currency", "opening", "moved", "closing")
	return page.Export(c, "statements", head, func(after string) (rows [][]string, last string, err error) {
		found, err := bank.Statements(c.Request().Context(), o.db, visitor(c).ID, statementSearch(a), after, page.Chunk)
		for _, s := range found {
			last = s.ID
			rows = append(rows, []string{
				s.ID, s.IBAN, s.FileName, string(s.Format), s.From.Format(time.DateOnly), s.To.Format(time.DateOnly), stamp(s.ImportedAt), s.ImportedBy,
				number(s.Lines), number(s.Added), string(s.Currency), balance(s.Opening, s.Currency), money.Of(s.Sum, s.Currency).Plain(), balance(s.Closing, s.Currency),
			})
		}
		return rows, last, err
	})
}

// balance is a balance that a statement may not tell.
func balance(minor sql.NullInt64, c money.Currency) string {
	if !minor.Valid {
		return ""
	}
	return money.Of(minor.Int64, c).Plain()
}

func standingTable(l i18n.Lang, all []bank.Standing) page.Table {
	columns := []page.Column{
		{Text: l.T("bank.column.account")}, {Text: l.T("bank.column.said")}, {Text: l.T("bank.column.waiting"), Sum: true},
		{Text: l.T("bank.column.books"), Sum: true}, {Text: l.T("bank.column.bank"), Sum: true},
	}
	var rows [][]page.Cell
	for _, s := range all {
		books := l.Sum(money.Of(s.Before.Int64+s.Books, s.Currency))
		said := page.Cell{Text: l.T("bank.said_nothing")}
		closing := page.Cell{}
		if s.Closing.Valid {
			sum := l.Sum(money.Of(s.Closing.Int64, s.Currency))
			closing.Sum = &sum
			said = page.Cell{Status: page.NewStatus(l, page.Settled).Saying(l.T("bank.agrees")), Note: l.Date(s.ClosedOn.Time)}
			if d := s.Differs(); !d.IsZero() {
				said.Status = page.NewStatus(l, page.Failed).Saying(l.T("bank.differs", d))
			}
		}
		rows = append(rows, []page.Cell{
			{Text: in(l, s.BankUK, s.BankEN), Note: grouped(s.IBAN)}, said, {Text: l.Number(int64(s.Waiting))}, {Sum: &books}, closing,
		})
	}
	return page.NewTable("", columns, rows)
}

func statementRows(l i18n.Lang, all []bank.Listed) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("bank.column.days")}, {Text: l.T("bank.column.account")}, {Text: l.T("bank.column.file")},
		{Text: l.T("bank.column.lines"), Sum: true}, {Text: l.T("bank.column.added"), Sum: true}, {Text: l.T("bank.column.moved"), Sum: true},
	}
	var rows [][]page.Cell
	for _, s := range all {
		sum := l.Sum(money.Of(s.Sum, s.Currency))
		rows = append(rows, []page.Cell{
			{Text: l.DateRange(s.From, s.To), Href: StatementsPath + "/" + s.ID}, {Text: in(l, s.BankUK, s.BankEN), Note: grouped(s.IBAN)},
			{Text: s.FileName, Note: l.T("bank.imported_by", importer(l, s), l.DateTime(s.ImportedAt))},
			{Text: l.Number(int64(s.Lines))}, {Text: l.Number(int64(s.Added))}, {Sum: &sum},
		})
	}
	return columns, rows
}

func importer(l i18n.Lang, s bank.Listed) string {
	if s.ImportedBy == "" {
		return l.T("bank.by_command")
	}
	return s.ImportedBy
}
