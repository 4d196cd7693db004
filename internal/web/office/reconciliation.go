package office

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

type reconciliationPage struct {
	page.Base
	Notice   page.Notice
	Accounts page.Table
	Clusters []proofView
	Run      string // where to compare now; empty for who may not
	Empty    page.Empty
}

// proofView is the last comparison of one cluster's books.
type proofView struct {
	ID, Name    string
	Proof       page.Proof  // green
	Wrong       page.Notice // red
	Differences page.Table
	Checks      []string
}

// reconciliation serves GET /office/reconciliation: whether the books equal what banks and
// Stripe say, as it was compared last.
func (o *Office) reconciliation(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	results, err := bank.Latest(ctx, o.db, person.ID)
	if err != nil {
		return err
	}
	standings, err := bank.Overview(ctx, o.db, person.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	l := b.Lang
	v := reconciliationPage{Base: b, Notice: bankNotice(l, c.QueryParam("notice"))}
	if len(standings) > 0 {
		v.Accounts = standingTable(l, standings)
	}
	if acts(person) {
		v.Run = "/office/reconciliation"
	}
	for _, r := range results {
		v.Clusters = append(v.Clusters, newProofView(l, r))
	}
	if len(results) == 0 {
		v.Empty = page.Empty{Title: l.T("desk.none.reconciliation"), Text: l.T("desk.none_text.reconciliation")}
	}
	return c.Render(http.StatusOK, "office/reconciliation", v)
}

func newProofView(l i18n.Lang, r bank.Result) proofView {
	v := proofView{ID: "cluster-" + r.ClusterID, Name: in(l, r.ClusterUK, r.ClusterEN)}
	switch {
	case len(r.Differences) > 0:
		v.Wrong = page.Notice{Look: "fault", Title: l.N("bank.proof.differs", int64(len(r.Differences))), Text: l.T("bank.proof.compared", l.DateTime(r.RanAt))}
		v.Differences = differenceTable(l, r.Differences)
	case r.ProvenOn.IsZero():
		v.Wrong = page.Notice{Title: l.T("bank.proof.nothing"), Text: l.T("bank.proof.nothing_text", l.DateTime(r.RanAt))}
	default:
		v.Proof = page.Proof{Title: l.T("bank.proof.green"), When: l.Day(r.ProvenOn), Text: l.T("bank.proof.compared", l.DateTime(r.RanAt))}
	}
	for _, p := range r.Checks {
		v.Checks = append(v.Checks, l.N("bank.check."+p.Name, p.Looked))
	}
	return v
}

func differenceTable(l i18n.Lang, all []bank.Difference) page.Table {
	columns := []page.Column{
		{Text: l.T("bank.column.differs")}, {Text: l.T("bank.column.day")}, {Text: l.T("bank.column.where")},
		{Text: l.T("bank.column.books"), Sum: true}, {Text: l.T("bank.column.theirs"), Sum: true},
	}
	var rows [][]page.Cell
	for _, d := range all {
		books, theirs := l.Sum(money.Of(d.Books, d.Currency)), l.Sum(money.Of(d.Theirs, d.Currency))
		where := page.Cell{Text: d.Subject}
		if kind, id, _ := strings.Cut(d.Subject, ":"); kind == "line" {
			where = page.Cell{Text: l.T("bank.column.line"), Href: linePath(id)}
		} else if kind == "account" {
			where = page.Cell{Text: grouped(id)}
		}
		rows = append(rows, []page.Cell{{Text: l.T("bank.difference." + d.Name)}, {When: l.Day(d.Day.Time)}, where, {Sum: &books}, {Sum: &theirs}})
	}
	return page.NewTable("", columns, rows)
}

// reconcileNow serves POST /office/reconciliation: it compares at once what is compared each
// night.
func (o *Office) reconcileNow(c echo.Context) error {
	if _, err := page.Posted(c); err != nil {
		return err
	}
	if !acts(visitor(c)) {
		return fault.New(fault.Forbidden, "role.read_only")
	}
	if _, err := bank.Reconcile(c.Request().Context(), o.db, o.now, o.checks...); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/office/reconciliation?notice=reconciled")
}
