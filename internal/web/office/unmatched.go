package office

import (
	"time"

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
	found, err := bank.Unmatched(c.Request().Context(), o.db, visitor(c).ID, v.asked.get("q"), v.asked.get("after"))
	if err != nil {
		return err
	}
	l := v.Lang
	v.searching("", page.Field{ID: "q", Name: "q", Label: l.T("bank.search"), Hint: l.T("bank.search_hint"), Value: v.asked.get("q"), MaxLength: 200})
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].Cursor()
	}
	table := lineTable(l, found, true)
	v.shows(nil, nil, false, "")
	v.Table = table
	if len(found) > 0 {
		v.Empty = page.Empty{}
		v.Pager.CSV = page.Link{Href: v.asked.at(v.asked.path+".csv", "after", ""), Text: l.T("desk.list.csv")}
	}
	if len(found) == bank.PageSize {
		v.Pager.Older = v.asked.with("after", last)
	}
	return v.send(c)
}

// unmatchedFile serves GET /office/unmatched.csv.
func (o *Office) unmatchedFile(c echo.Context) error {
	a, err := readAsked(c, "/office/unmatched")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	var head []string
	for _, name := range []string{"day", "account", "party", "party_iban", "party_id", "details", "reference", "currency", "open", "amount"} {
		head = append(head, l.T("bank.column."+name))
	}
	after, over := "", false
	return page.SendCSV(c, "unmatched.csv", head, func() ([][]string, error) {
		if over {
			return nil, nil
		}
		found, err := bank.Unmatched(c.Request().Context(), o.db, visitor(c).ID, a.get("q"), after)
		var rows [][]string
		for _, r := range found {
			after = r.Cursor()
			rows = append(rows, []string{
				r.BookedOn.Format(time.DateOnly), r.IBAN, r.Party, r.PartyIBAN, r.PartyID, r.Details, r.Reference, string(r.Currency), r.Rest().Plain(), r.Amount().Plain(),
			})
		}
		over = len(found) < bank.PageSize
		return rows, err
	})
}
