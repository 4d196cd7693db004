package office

import (
	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/web/page"
)

// unmatched serves GET /office/unmatched: money on the cluster's accounts of which nobody
// has said, or not in full, what it is.
func (o *Office) unmatched(c echo.Context) error {
	v, err := newList(c, "unmatched")
	if err != nil {
		return err
	}
	found, err := bank.Unmatched(c.Request().Context(), o.db, visitor(c).ID, v.Asked.Get("q"), v.Asked.After(), bank.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Searching("", v.Word(l.T("bank.search"), l.T("bank.search_hint")))
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].Cursor()
	}
	columns, rows := lineRows(l, found, true)
	v.Shows(columns, rows, len(found) == bank.PageSize, last)
	return send(c, v)
}

// unmatchedFile serves GET /office/unmatched.csv.
func (o *Office) unmatchedFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/unmatched")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	return page.Export(c, "unmatched", lineHeads(l), func(after string) (rows [][]string, last string, err error) {
		found, err := bank.Unmatched(c.Request().Context(), o.db, visitor(c).ID, a.Get("q"), after, page.Chunk)
		for _, r := range found {
			last, rows = r.Cursor(), append(rows, lineRecord(r))
		}
		return rows, last, err
	})
}
