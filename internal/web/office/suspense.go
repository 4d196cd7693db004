package office

import (
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// suspenseOf are the accounts of what nobody has explained, one for each of the person's
// clusters.
func suspenseOf(p member.Person) []string {
	var codes []string
	for _, post := range p.Clusters {
		if code := ledger.Suspense(post.ClusterID, "").Code; !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// suspense serves GET /office/suspense: what the books hold without an explanation, and the
// lines that made it so.
func (o *Office) suspense(c echo.Context) error {
	v, err := newList(c, "suspense")
	if err != nil {
		return err
	}
	codes := suspenseOf(visitor(c))
	after, err := afterNumber(v.Asked.After())
	if err != nil {
		return err
	}
	lines, err := ledger.LinesOf(c.Request().Context(), o.db, codes, sourceAsked(v.Asked), after, suspensePage)
	if err != nil {
		return err
	}
	if after == 0 && len(lines) < suspensePage && v.Asked.Get("q") == "" {
		// A longer list has its sums on the board: they cost as much as the whole list.
		if err := o.addHoldings(c, &v, codes); err != nil {
			return err
		}
	}
	l := v.Lang
	v.Searching("", v.Word(l.T("desk.field.source"), l.T("desk.field.source_hint")))
	columns := []page.Column{{Text: l.T("desk.column.cluster")}, {Text: l.T("desk.column.entry")}, {Text: l.T("desk.column.happened")}, {Text: l.T("desk.column.amount"), Sum: true}}
	var rows [][]page.Cell
	last := ""
	for _, line := range lines {
		last = strconv.FormatInt(line.ID, 10)
		sum := l.Sum(money.Of(line.Amount, line.Currency))
		rows = append(rows, []page.Cell{
			{Text: clusterOf(visitor(c), line.Code, l), Note: line.Source}, {Text: wordOr(l, "desk.entry."+string(line.Kind), string(line.Kind)), Note: "№ " + strconv.FormatInt(line.EntryID, 10)},
			{When: l.Moment(line.HappenedAt)}, {Sum: &sum},
		})
	}
	v.Shows(columns, rows, len(lines) == suspensePage, last)
	return send(c, v)
}

func (o *Office) addHoldings(c echo.Context, v *page.List, codes []string) error {
	holdings, err := ledger.HoldingsOf(c.Request().Context(), o.db, codes...)
	if err != nil {
		return err
	}
	for _, h := range holdings {
		v.Sums = append(v.Sums, page.Pair{Text: clusterOf(visitor(c), h.Code, v.Lang), Sum: v.Lang.Sum(money.Of(h.Balance, h.Currency))})
	}
	return nil
}

// sourceAsked is the cause that is looked for. An id alone is Stripe's.
func sourceAsked(a page.Asked) string {
	if q := a.Get("q"); q != "" && !strings.Contains(q, ":") {
		return "stripe:" + q
	}
	return a.Get("q")
}

// suspensePage is how many lines a page of the list holds.
const suspensePage = 50

// clusterOf names the cluster of an account.
func clusterOf(p member.Person, code string, l i18n.Lang) string {
	for _, post := range p.Clusters {
		if ledger.Suspense(post.ClusterID, "").Code == code {
			return in(l, post.Name.UK, post.Name.EN)
		}
	}
	return code
}

// suspenseFile serves GET /office/suspense.csv.
func (o *Office) suspenseFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("suspense"))
	if err != nil {
		return err
	}
	l, codes := page.Of(c).Lang, suspenseOf(visitor(c))
	head := heads(l, "line", "entry", "kind", "source", "happened", "currency", "amount")
	return page.Export(c, "suspense", head, func(after string) (rows [][]string, last string, err error) {
		id, err := afterNumber(after)
		if err != nil {
			return nil, "", err
		}
		lines, err := ledger.LinesOf(c.Request().Context(), o.db, codes, sourceAsked(a), id, page.Chunk)
		for _, line := range lines {
			last = strconv.FormatInt(line.ID, 10)
			rows = append(rows, []string{
				last, strconv.FormatInt(line.EntryID, 10), wordOr(l, "desk.entry."+string(line.Kind), string(line.Kind)), line.Source, stamp(line.HappenedAt),
				string(line.Currency), money.Of(line.Amount, line.Currency).Plain(),
			})
		}
		return rows, last, err
	})
}
