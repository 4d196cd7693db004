package portal_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/document"
	"kopiyka/internal/i18n"
)

func kind(k document.Kind) url.Values { return url.Values{"kind": {string(k)}} }

// clerk issues what is due, as the timetable does.
func (r *room) clerk(t *testing.T) {
	t.Helper()
	clerk := &document.Clerk{DB: r.DB, Now: r.Now, URL: "https://help.example.org"}
	if _, err := clerk.IssueAll(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestAnInvoiceIsIssuedAndDownloaded(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	before := r.payer.Get("/portal/pledges/" + pledge).Wants(http.StatusOK)
	before.Says("[action=/portal/pledges/"+pledge+"/documents]", "Issue an invoice for $100.00")
	if before.Has("[aria-labelledby=papers] table") {
		t.Error("there is a document already")
	}
	for range 2 { // a double click is the same invoice
		r.payer.Post("/portal/pledges/"+pledge+"/documents", kind(document.Invoice)).LeadsTo("/portal/pledges/" + pledge + "?notice=issued#papers")
	}
	if n := r.Count("documents"); n != 1 {
		t.Errorf("%d documents", n)
	}
	page := r.payer.Get("/portal/pledges/" + pledge + "?notice=issued").Wants(http.StatusOK)
	page.Says("[aria-labelledby=papers] tbody", "Invoice No. ").Says(".notice", "Document issued")
	href := page.Attr("[aria-labelledby=papers] tbody th a", "href")
	file := r.payer.Get(href).Wants(http.StatusOK)
	if !strings.HasPrefix(file.Body, "%PDF-") || file.Header.Get("Content-Type") != "application/pdf" || !strings.HasSuffix(href, "/en") {
		t.Errorf("%s is %v", href, file.Header)
	}
	if got := file.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=invoice-") || !strings.HasSuffix(got, ".en.pdf") {
		t.Errorf("it is saved as %q", got)
	}
	if got := file.Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("it is kept by %q", got)
	}
	if again := r.payer.Get(href).Body; again != file.Body {
		t.Error("a second download differs")
	}
	other := strings.TrimSuffix(href, "en") + "uk"
	if uk := r.payer.Get(other).Wants(http.StatusOK).Body; uk == file.Body || !strings.HasPrefix(uk, "%PDF-") {
		t.Error("the Ukrainian file is the English one")
	}
	r.payer.Post("/portal/pledges/"+pledge+"/documents", kind(document.Agreement)).Wants(http.StatusSeeOther)
	r.payer.Get("/portal/pledges/"+pledge).Says("[aria-labelledby=papers] tbody", "Donation agreement No.")
}

func TestDocumentsAreForTheCompanyAlone(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	doc, err := document.IssueInvoice(t.Context(), r.DB, r.Now, document.Wish{PledgeID: pledge, PersonID: r.Payer})
	if err != nil {
		t.Fatal(err)
	}
	path := "/portal/documents/" + doc.ID + "/uk"
	r.house.As(r.Viewer).Get(path).Wants(http.StatusOK)
	r.house.As(r.Stranger).Get(path).Wants(http.StatusNotFound)
	r.house.As(r.Coordinator).Get(path).Wants(http.StatusNotFound)
	r.house.As("").Get(path).LeadsTo("/sign-in?next=" + url.QueryEscape(path))
	for _, wrong := range []string{"/portal/documents/" + doc.ID + "/de", "/portal/documents/" + pledge + "/uk", "/portal/documents/x/uk", "/portal/documents/%00/uk"} {
		r.payer.Get(wrong).Wants(http.StatusNotFound)
	}
	r.house.As(r.Stranger).Post("/portal/pledges/"+pledge+"/documents", kind(document.Invoice)).Wants(http.StatusNotFound)
	r.house.As(r.Viewer).Post("/portal/pledges/"+pledge+"/documents", kind(document.Invoice)).Wants(http.StatusForbidden)
	r.payer.Post("/portal/pledges/"+pledge+"/documents", kind(document.Receipt)).Wants(http.StatusUnprocessableEntity)
	r.payer.Post("/portal/pledges/"+pledge+"/documents", url.Values{}).Wants(http.StatusUnprocessableEntity)
	if page := r.house.As(r.Viewer).Get("/portal/pledges/" + pledge).Wants(http.StatusOK); page.Has("[action=/portal/pledges/"+pledge+"/documents]") || !page.Has("[href="+strings.TrimSuffix(path, "uk")+"en]") {
		t.Error("a viewer should see the document and no buttons")
	}
}

func TestAPaymentShowsItsReceipt(t *testing.T) {
	t.Parallel()
	r := open(t)
	payment := r.Paid(10_000)
	returned := "/portal/payments/" + payment.ID + "/return"
	if strings.Contains(r.payer.Get(returned).Wants(http.StatusOK).Text(".buttons"), "Receipt") {
		t.Error("there is a receipt before one was issued")
	}
	r.clerk(t)
	page := r.payer.Get("/portal/pledges/" + payment.PledgeID).Wants(http.StatusOK)
	page.Says("[aria-labelledby=papers] tbody", "Receipt No.").Says("[aria-labelledby=papers] tbody", "$100.00")
	if page.Has("input[value=invoice]") {
		t.Error("an invoice is offered for a pledge that is paid")
	}
	r.payer.Get(returned).Wants(http.StatusOK).Says(".buttons", "Receipt No.")
	r.payer.Post("/portal/pledges/"+payment.PledgeID+"/documents", kind(document.Invoice)).Wants(http.StatusConflict)
}

func TestACompanysYear(t *testing.T) {
	t.Parallel()
	r := open(t)
	year := i18n.Year(r.Now())
	path := "/portal/companies/ganok/statements/" + strconv.Itoa(year)
	r.payer.Get(path).Wants(http.StatusOK).Says("main .empty", "No money came in")
	r.payer.Post(path, url.Values{}).Wants(http.StatusConflict)

	r.Paid(10_000)
	r.clerk(t)
	if got := r.payer.Get("/portal").Attr("[href="+path+"]", "href"); got != path {
		t.Error("the overview does not lead to the statement")
	}
	page := r.payer.Get(path).Wants(http.StatusOK)
	page.Says("h1", "Statement for "+strconv.Itoa(year)).Says("[aria-labelledby=cluster-1] dl", "$100.00").Says("[aria-labelledby=cluster-1] tbody", "Receipt No.")
	for range 2 {
		r.payer.Post(path, url.Values{}).LeadsTo(path + "?notice=issued#papers")
	}
	if n := r.Count("documents WHERE kind = 'statement'"); n != 1 {
		t.Errorf("%d statements", n)
	}
	href := r.payer.Get(path).Attr("[aria-labelledby=papers] tbody th a", "href")
	if body := r.payer.Get(href).Wants(http.StatusOK).Body; !bytes.HasPrefix([]byte(body), []byte("%PDF-")) {
		t.Error("the statement is no PDF")
	}
	viewer := r.house.As(r.Viewer)
	if viewer.Get(path).Wants(http.StatusOK).Has("[action=" + path + "]") {
		t.Error("a viewer is offered to issue")
	}
	viewer.Post(path, url.Values{}).Wants(http.StatusForbidden)
	r.house.As(r.Stranger).Get(path).Wants(http.StatusNotFound)
	r.house.As(r.Stranger).Post(path, url.Values{}).Wants(http.StatusNotFound)
	for _, wrong := range []string{"1999", "9999", "02026", "x", "-1"} {
		r.payer.Get("/portal/companies/ganok/statements/" + wrong).Wants(http.StatusNotFound)
	}
	r.payer.Get("/portal/companies/stranger/statements/" + strconv.Itoa(year)).Wants(http.StatusNotFound)
}
