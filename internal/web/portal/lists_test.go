package portal_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/web/webtest"
)

const lists = "/portal/companies/ganok/"

// file reads a CSV file as a spreadsheet does, without its head.
func file(t *testing.T, a webtest.Answer) [][]string {
	t.Helper()
	a.Wants(http.StatusOK)
	text, marked := strings.CutPrefix(a.Body, "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) == 0 {
		t.Fatalf("no file for a spreadsheet: %v, %v", a.Header, err)
	}
	return rows[1:]
}

func TestWhatACompanyHasIsSearchedPagedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, name := range []string{"pledges", "payments", "documents"} {
		if page := r.payer.Get(lists + name).Wants(http.StatusOK); !page.Has(".empty") || page.Has("main table") {
			t.Errorf("the list of %s is empty and does not say so", name)
		}
	}
	promise := r.Promise(4_200)
	promise.PurchaseOrder = "PO-7"
	pledge, err := giving.MakePledge(t.Context(), r.DB, r.Now, promise)
	if err != nil {
		t.Fatal(err)
	}
	paid := r.Checkout(pledge, 4_200)
	invoice, err := document.IssueInvoice(t.Context(), r.DB, r.Now, document.Wish{PledgeID: pledge, PersonID: r.Payer})
	if err != nil {
		t.Fatal(err)
	}
	var reference giving.Reference
	if err := r.Owner.Get(&reference, `SELECT reference FROM pledges`); err != nil {
		t.Fatal(err)
	}
	for range 51 {
		other := r.Pledge(1_000)
		r.Checkout(other, 1_000)
		if _, err := document.IssueInvoice(t.Context(), r.DB, r.Now, document.Wish{PledgeID: other, PersonID: r.Payer}); err != nil {
			t.Fatal(err)
		}
	}
	for name, found := range map[string]struct {
		link, id string
		queries  []string
	}{
		"pledges":   {"/portal/pledges/" + pledge, pledge, []string{"q=PO-7", "q=" + string(reference), "q=" + pledge}},
		"payments":  {"/portal/pledges/" + pledge, paid.ID, []string{"q=PO-7", "q=" + url.QueryEscape(reference.String()), "q=" + paid.ID + "&state=open"}},
		"documents": {"/portal/documents/" + invoice.ID + "/en", invoice.ID, []string{"q=" + invoice.No(), "kind=invoice&q=" + invoice.No()}},
	} {
		first := r.payer.Get(lists + name).Wants(http.StatusOK)
		second := r.payer.Get(first.Attr("[rel=next]", "href")).Wants(http.StatusOK)
		if link := "main [href=" + found.link + "]"; first.Has(link) || !second.Has(link) || second.Has("[rel=next]") {
			t.Errorf("%s: the second page is not the rest of the first", name)
		}
		if rows := file(t, r.payer.Get(first.Attr("[type=text/csv]", "href"))); len(rows) != 52 || rows[51][0] != found.id {
			t.Errorf("%s: the file has %d rows, the last %v", name, len(rows), rows[len(rows)-1])
		}
		for _, q := range found.queries {
			page := r.payer.Get(lists + name + "?" + q).Wants(http.StatusOK)
			if rows := file(t, r.payer.Get(page.Attr("[type=text/csv]", "href"))); len(rows) != 1 || rows[0][0] != found.id || !page.Has("main [href="+found.link+"]") {
				t.Errorf("%s?%s: found %v", name, q, rows)
			}
		}
		for _, q := range []string{"q=nothing", "q=%25", "q=PO"} {
			r.payer.Get(lists+name+"?"+q).Wants(http.StatusOK).Says(".empty", "Nothing found")
		}
		for _, after := range []string{"nonsense", r.Company} {
			if page := r.payer.Get(lists + name + "?after=" + after); page.Status != http.StatusNotFound && after == "nonsense" {
				t.Errorf("%s?after=%s: %d", name, after, page.Status)
			}
		}
		r.payer.Get(lists + name + "?q=%ff").Wants(http.StatusUnprocessableEntity)
	}
	r.payer.Get("/portal").Wants(http.StatusOK).Says("main nav.pager", "All payments")
}

func TestAnotherCompanysListsAreNotThere(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Pledge(4_200)
	for _, name := range []string{"pledges", "payments", "documents"} {
		for _, file := range []string{"", ".csv"} {
			r.house.As(r.Viewer).Get(lists + name + file).Wants(http.StatusOK)
			r.house.As(r.Stranger).Get(lists + name + file).Wants(http.StatusNotFound)
			r.house.As(r.Coordinator).Get(lists + name + file).Wants(http.StatusNotFound)
		}
	}
}
