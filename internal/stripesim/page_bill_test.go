package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

func (l *lab) post(path string, form url.Values) shown {
	l.t.Helper()
	return l.do(l.request("POST", path, form.Encode()))
}

func (l *lab) get(path string) shown {
	l.t.Helper()
	return l.do(l.request("GET", path, ""))
}

// everyWay lets a session be paid in euros in every way that takes euros.
func everyWay(customer string) func(*stripe.CheckoutSessionParams) {
	return func(p *stripe.CheckoutSessionParams) {
		byTransfer(customer, "eur")(p)
		p.PaymentMethodTypes = stripe.StringSlice([]string{"card", "sepa_debit", "customer_balance"})
	}
}

func TestPageTakesIBANs(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session(everyWay(l.customer()))
	form := url.Values{"method": {"sepa_debit"}, "iban": {"DE89 3704 0044 0532 0130 01"}, "payer": {"Олена Ткач"}}
	got := l.submit(cs.ID, form)
	d := parsePage(t, got)
	if got.status != http.StatusUnprocessableEntity || attr(d.one("id", "iban"), "value") != "DE89 3704 0044 0532 0130 01" || attr(d.one("id", "iban"), "aria-invalid") != "true" {
		t.Errorf("a foreign IBAN: %d", got.status)
	}
	form.Set("iban", "de89 3704 0044 0532 0130 00")
	if got := l.submit(cs.ID, form); got.status != http.StatusSeeOther || !strings.Contains(got.header.Get("Location"), "/pay/return") {
		t.Errorf("a test IBAN: %d to %s", got.status, got.header.Get("Location"))
	}
	if pi := l.look(cs.ID).PaymentIntent; pi.Status != "processing" {
		t.Errorf("the intent is %s", pi.Status)
	}
	d = parsePage(t, l.page(l.session(everyWay(l.customer())).ID, "?lang=en&try="+stripesim.IBANDisputed))
	if got := attr(d.one("id", "iban"), "value"); got != "DE35 3704 0044 0532 0130 02" {
		t.Errorf("filled in: %q", got)
	}
}

func TestPageOfATransfer(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	cs := l.session(everyWay(cus))
	if got := l.submit(cs.ID, url.Values{"method": {"customer_balance"}}); got.status != http.StatusSeeOther {
		t.Fatalf("asking for bank details: %d %s", got.status, got.body)
	}
	to := l.look(cs.ID).PaymentIntent.NextAction.DisplayBankTransferInstructions
	path := strings.TrimPrefix(to.HostedInstructionsURL, l.url)
	if note := l.page(cs.ID, "?lang=en"); !strings.Contains(note.body, path) {
		t.Error("the session's page does not lead to the bank details")
	}
	for lang, want := range map[string]string{"uk": "5\u00a0000,00\u00a0€", "en": "€5,000.00"} {
		got := l.get(path + "?lang=" + lang)
		if got.status != http.StatusOK || !strings.Contains(got.body, to.Reference) || text(parsePage(t, got).find("class", "sum")[0]) != want {
			t.Errorf("%s: %d, without the reference or %s", lang, got.status, want)
		}
	}
	for typed, want := range map[string]int{"": 422, "many": 422, "1,234.5": 422, "0": 422, "0.001": 422, "99999999999999999999": 422, "-5": 422} {
		got := l.post(path+"?lang=en", url.Values{"amount": {typed}})
		if got.status != want || attr(parsePage(t, got).one("id", "amount"), "value") != typed {
			t.Errorf("%q: %d", typed, got.status)
		}
	}
	if got := l.post(path+"?lang=uk", url.Values{"amount": {"1 250,50"}}); got.status != http.StatusSeeOther || got.header.Get("Location") != path+"?lang=uk" {
		t.Errorf("a part: %d to %s", got.status, got.header.Get("Location"))
	}
	if rest := l.look(cs.ID).PaymentIntent.NextAction.DisplayBankTransferInstructions.AmountRemaining; rest != 500_000-125_050 {
		t.Errorf("%d are lacking", rest)
	}
	l.post(path, url.Values{"amount": {"5000"}})
	got := l.get(path + "?lang=en")
	if l.look(cs.ID).PaymentStatus != "paid" || !strings.Contains(got.body, "Already paid") || !strings.Contains(got.body, "/pay/return") {
		t.Errorf("after too much: %s, %d", l.look(cs.ID).PaymentStatus, got.status)
	}
	if got := l.get("/transfer/pi_none"); got.status != http.StatusNotFound {
		t.Errorf("nobody's transfer: %d", got.status)
	}
}

func TestPageOfAnInvoice(t *testing.T) {
	t.Parallel()
	l := open(t)
	draft := l.draft()
	if got := l.get("/i/" + draft.ID); got.status != http.StatusNotFound {
		t.Errorf("the page of a draft: %d", got.status)
	}
	inv := l.sent(invoicedBy("card", "us_bank_account", "customer_balance"), func(p *stripe.InvoiceParams) { p.AddMetadata("lang", "en") })
	path := strings.TrimPrefix(inv.HostedInvoiceURL, l.url)
	got := l.get(path)
	for _, piece := range []string{"SANDBOX", "$5,000.00", "Ventilators", "$4,000.00", inv.Number, "pay@example.com", "4\u00a0April\u00a02024"} {
		if !strings.Contains(got.body, piece) {
			t.Errorf("the page does not show %q", piece)
		}
	}
	if got := l.post(path, goodCard(stripesim.CardDeclined)); got.status != http.StatusPaymentRequired {
		t.Errorf("a declined card: %d", got.status)
	}
	// Who has asked for bank details may change their mind.
	if got := l.post(path, url.Values{"method": {"customer_balance"}}); got.status != http.StatusSeeOther || got.header.Get("Location") != path {
		t.Errorf("asking for bank details: %d to %s", got.status, got.header.Get("Location"))
	}
	if got := l.get(path); !strings.Contains(got.body, "/transfer/pi_") {
		t.Error("the page does not lead to the bank details")
	}
	if got := l.post(path, goodCard(stripesim.CardPays)); got.status != http.StatusSeeOther || l.invoice(inv.ID).Status != "paid" {
		t.Errorf("a card: %d, the invoice is %s", got.status, l.invoice(inv.ID).Status)
	}
	if got := l.get(path); got.status != http.StatusOK || !strings.Contains(got.body, "Already paid") {
		t.Errorf("afterwards: %d", got.status)
	}
	voided := l.sent()
	_, err := l.api.Invoices.VoidInvoice(voided.ID, nil)
	l.must(err)
	if got := l.get("/i/" + voided.ID); got.status != http.StatusGone {
		t.Errorf("the page of a void invoice: %d", got.status)
	}
}
