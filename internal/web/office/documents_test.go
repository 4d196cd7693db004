package office_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/document"
)

func TestWhatWasIssuedIsOpenedByTheClustersPeople(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.coordinator.Get("/office/documents").Wants(http.StatusOK).Says(".empty", "No documents yet")
	paid := d.Paid(12_345)
	clerk := &document.Clerk{DB: d.DB, Now: d.Now, URL: "https://help.example.org"}
	if _, err := clerk.IssueAll(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	invoice, err := document.IssueInvoice(t.Context(), d.DB, d.Now, document.Wish{PledgeID: d.Pledge(700), PersonID: d.Payer})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := document.IssueStatements(t.Context(), d.DB, d.Now, "ganok", d.Payer, d.Now().Year()); err != nil {
		t.Fatal(err)
	}
	list := d.auditor(t).Get("/office/documents").Wants(http.StatusOK)
	list.Says("main tbody", "Receipt No.").Says("main tbody", "Invoice No.").Says("main tbody", "Statement No.").Says("main tbody", "Ganok")
	for address, link := range map[string]string{"/office/payments/" + paid.ID: "Receipt No.", "/office/pledges/" + paid.PledgeID: "Receipt No.", "/office/pledges/" + invoice.PledgeID: "Invoice No."} {
		d.approver.Get(address).Wants(http.StatusOK).Says("[aria-labelledby=papers] tbody", link)
	}
	path := "/office/documents/" + invoice.ID
	file := d.approver.Get(path + "/uk").Wants(http.StatusOK)
	if !strings.HasPrefix(file.Body, "%PDF-") || file.Header.Get("Cache-Control") != "private, no-store" || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment; filename=invoice-") {
		t.Errorf("the file is %v", file.Header)
	}
	if _, same, err := document.File(t.Context(), d.DB, d.Now, invoice.ID, d.Payer, "uk"); err != nil || string(same) != file.Body {
		t.Errorf("the company has another file: %v", err)
	}
	stranger := d.house.As(d.Stranger)
	stranger.Get("/office/documents").Wants(http.StatusOK).Says(".empty", "No documents yet")
	for _, wrong := range []string{path + "/de", "/office/documents/" + paid.ID + "/uk", "/office/documents/x/uk"} {
		d.approver.Get(wrong).Wants(http.StatusNotFound)
	}
	stranger.Get(path + "/uk").Wants(http.StatusNotFound)
}

func TestDocumentsAreSearchedPagedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	var first document.Document
	for n := range 52 {
		doc, err := document.IssueInvoice(t.Context(), d.DB, d.Now, document.Wish{PledgeID: d.Pledge(700), PersonID: d.Payer})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = doc
		}
	}
	link := "main [href=/office/documents/" + first.ID + "/en]"
	page := d.approver.Get("/office/documents").Wants(http.StatusOK)
	next := d.approver.Get(page.Attr("[rel=next]", "href")).Wants(http.StatusOK)
	if page.Has(link) || !next.Has(link) || next.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
	if rows := file(t, d.approver.Get(page.Attr("[type=text/csv]", "href"))); len(rows) != 53 || rows[52][0] != first.ID || rows[52][8] != "7.00" {
		t.Errorf("the file has %d rows, the last %v", len(rows), rows[len(rows)-1])
	}
	found := d.approver.Get("/office/documents?company=ГАНОК&kind=invoice&q=" + first.No()).Wants(http.StatusOK)
	if rows := file(t, d.approver.Get(found.Attr("[type=text/csv]", "href"))); len(rows) != 2 || !found.Has(link) || found.Attr("#company", "value") != "ГАНОК" {
		t.Errorf("found %v", rows)
	}
	for _, q := range []string{"q=1", "q=2026-07", "q=2026-9999", "q=2026-99999999999", "q=-1", "kind=receipt", "kind=none", "company=nobody", "company=%25"} {
		d.approver.Get("/office/documents?"+q).Wants(http.StatusOK).Says(".empty", "Nothing found")
	}
	if rows := file(t, d.house.As(d.Stranger).Get("/office/documents.csv")); len(rows) != 1 {
		t.Errorf("another cluster gets %v", rows[1:])
	}
}
