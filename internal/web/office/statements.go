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

type statementsPage struct {
	page.Base
	Title, Lead string
	New         string // where a file is brought in; empty for who may not
	Accounts    page.Table
	Table       page.Table
	Empty       page.Empty
	Pager       page.Pager
}

// statements serves GET /office/statements: how each account stands, and the files that
// were brought in, the latest first.
func (o *Office) statements(c echo.Context) error {
	a, err := readAsked(c, StatementsPath)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	standings, err := bank.Overview(ctx, o.db, person.ID)
	if err != nil {
		return err
	}
	found, err := bank.Statements(ctx, o.db, person.ID, a.get("after"))
	if err != nil {
		return err
	}
	b := page.Of(c)
	l := b.Lang
	v := statementsPage{Base: b, Title: l.T("desk.title.statements"), Lead: l.T("desk.lead.statements"), Accounts: standingTable(l, standings), Table: statementTable(l, found)}
	v.Pager.Label = l.T("desk.list.pages")
	for _, s := range standings {
		if explains(person, s.ClusterID) {
			v.New = StatementsPath + "/new"
		}
	}
	if a.get("after") != "" {
		v.Pager.Newest = StatementsPath
	}
	switch {
	case len(found) == bank.PageSize:
		v.Pager.Older = a.with("after", found[len(found)-1].ID)
	case len(found) == 0:
		v.Empty = page.Empty{Title: l.T("desk.none.statements"), Text: l.T("desk.none_text.statements")}
	}
	return c.Render(http.StatusOK, "office/statements", v)
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
			said = page.Cell{When: l.Day(s.ClosedOn.Time), Status: page.NewStatus(l, page.Settled).Saying(l.T("bank.agrees"))}
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

func statementTable(l i18n.Lang, all []bank.Listed) page.Table {
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
	return page.NewTable("", columns, rows)
}

func importer(l i18n.Lang, s bank.Listed) string {
	if s.ImportedBy == "" {
		return l.T("bank.by_command")
	}
	return s.ImportedBy
}

type statementPage struct {
	page.Base
	Notice page.Notice
	Title  string
	Facts  []named
	Sums   []pair
	Proof  page.Proof // that it adds up, where it tells its balances
	Silent string     // that it does not tell them
	Table  page.Table
	Empty  page.Empty
	Pager  page.Pager
}

// statement serves GET /office/statements/:id: a statement and the lines that it brought.
func (o *Office) statement(c echo.Context) error {
	a, err := readAsked(c, StatementsPath+"/"+c.Param("id"))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	s, err := bank.StatementFor(ctx, o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	lines, err := bank.LinesOf(ctx, o.db, s.ID, a.get("after"))
	if err != nil {
		return err
	}
	b := page.Of(c)
	l := b.Lang
	v := statementPage{
		Base: b, Notice: bankNotice(l, c.QueryParam("notice")), Title: l.T("bank.statement.title", l.DateRange(s.From, s.To)), Table: lineTable(l, lines, false),
		Facts: []named{
			{Text: l.T("bank.column.account"), Value: bankName(l, s.BankUK, s.BankEN, s.IBAN)}, {Text: l.T("bank.column.file"), Value: s.FileName},
			{Text: l.T("bank.column.format"), Value: string(s.Format)}, {Text: l.T("bank.column.imported"), Value: l.T("bank.imported_by", importer(l, s), l.DateTime(s.ImportedAt))},
			{Text: l.T("bank.column.lines"), Value: l.T("bank.statement.lines", s.Lines, s.Added)},
		},
	}
	v.Pager.Label = l.T("desk.list.pages")
	v.Sums = []pair{{l.T("bank.column.moved"), l.Sum(money.Of(s.Sum, s.Currency))}}
	if s.Opening.Valid {
		v.Sums = []pair{{l.T("bank.column.opening"), l.Sum(money.Of(s.Opening.Int64, s.Currency))}, v.Sums[0], {l.T("bank.column.closing"), l.Sum(money.Of(s.Closing.Int64, s.Currency))}}
		v.Proof = page.Proof{Title: l.T("bank.statement.adds_up"), Text: l.T("bank.statement.adds_up_text")}
	} else {
		v.Silent = l.T("bank.statement.silent")
	}
	if a.get("after") != "" {
		v.Pager.Newest = a.with("after", "")
	}
	switch {
	case len(lines) == bank.PageSize:
		v.Pager.Older = a.with("after", lines[len(lines)-1].ID)
	case len(lines) == 0:
		v.Empty = page.Empty{Title: l.T("bank.statement.nothing_new"), Text: l.T("bank.statement.nothing_new_text")}
	}
	return c.Render(http.StatusOK, "office/statement", v)
}

// lineTable lists lines with what of them is open.
func lineTable(l i18n.Lang, all []bank.Row, account bool) page.Table {
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
	return page.NewTable("", columns, rows)
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

type progressPage struct {
	page.Base
	Title     string
	File      string
	Wait      int    // seconds until the page asks again; 0: it does not
	Percent   int64  // of the file
	Text      string // how far it is, or what became of it
	Wrong     page.ErrorSummary
	Statement page.Link
	Again     string // where to bring a file in
}

// progress serves GET /office/imports/:id: how far an import is, and then what it brought.
func (o *Office) progress(c echo.Context) error {
	s, err := bank.ImportFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	b := page.Of(c)
	v := newProgress(b, s, o.now())
	if s.State == "done" {
		notice := "imported"
		if s.Known {
			notice = "known"
		}
		v.Statement = page.Link{Href: StatementsPath + "/" + s.StatementID.String + "?notice=" + notice, Text: b.Lang.T("bank.progress.to_statement")}
	}
	return c.Render(http.StatusOK, "office/import", v)
}

func newProgress(b page.Base, s bank.Shown, now time.Time) progressPage {
	l := b.Lang
	v := progressPage{Base: b, File: s.FileName}
	switch {
	case s.State == "done":
		v.Title, v.Percent = l.T("bank.progress.done"), 100
		v.Text = l.N("bank.progress.lines", s.Lines)
	case s.State == "failed":
		v.Title, v.Again = l.T("bank.progress.failed"), StatementsPath+"/new"
		form, _ := page.NewForm(l, s.Fault()) // a fault is always taken
		v.Wrong = form.Summary(nil)
		for i := range v.Wrong.Items {
			v.Wrong.Items[i].Href = "" // the field is on another page
		}
		v.Text = l.T("bank.progress.nothing")
	case s.CutOff(now):
		v.Title, v.Text, v.Again = l.T("bank.progress.cut"), l.T("bank.progress.nothing"), StatementsPath+"/new"
	default:
		v.Title, v.Wait = l.T("bank.progress.running"), 1
		v.Percent = min(s.Done*100/max(s.Bytes, 1), 99)
		v.Text = l.N("bank.progress.lines", s.Lines)
	}
	return v
}
