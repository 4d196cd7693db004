package portal_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/stripesim"
)

// What a bank does to a payment afterwards is said to its company in words.
func TestWhatTheBankDidAfterwardsIsSaid(t *testing.T) {
	t.Parallel()
	r := open(t)
	p := r.Paid(10_000)
	id := r.Dispute(p, stripesim.Dispute{Amount: 4_000})
	r.payer.Get(back(p)).Wants(http.StatusOK).Says("h1", "Your bank disputes this payment").Says(".status", "disputed by your bank")
	r.payer.Get("/portal/pledges/"+p.PledgeID).Wants(http.StatusOK).Says(".table tbody", "$40.00 held by your bank’s dispute")
	if err := r.Sim.PartWinDispute(id, 1_000); err != nil {
		t.Fatal(err)
	}
	r.payer.Get(back(p)).Wants(http.StatusOK).Says("h1", "Your bank took this payment back")
	pledge := r.payer.Get("/portal/pledges/" + p.PledgeID).Wants(http.StatusOK)
	pledge.Says(".table tbody", "$30.00 taken back by your bank").Says("#pay .due-sum", "$30.00")

	debit := r.Checkout(r.Pledge(5_000), 5_000)
	r.Pay(debit, stripesim.AccountPays)
	if err := r.Sim.Advance(5 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	debit = r.Sync(debit)
	if err := r.Sim.FailLate(debit.IntentID, "insufficient_funds"); err != nil {
		t.Fatal(err)
	}
	r.payer.Get(back(debit)).Wants(http.StatusOK).Says("h1", "The bank took the payment back").Says(".status", "taken back by the bank")
	r.payer.Get("/portal/pledges/"+debit.PledgeID).Wants(http.StatusOK).Says("#pay .due-sum", "$50.00")
	r.SameBooks()
}

// everyWay offers transfers and invoices beside the payment page.
func everyWay(o *gatewaytest.Options) {
	o.Config = func(c *gateway.Config) { c.Methods = []string{"card", "customer_balance", "invoice"} }
}

// A transfer has a page of ours, which says where to send how much until all of it is here.
func TestTransferShowsWhereToSendTheMoney(t *testing.T) {
	t.Parallel()
	r := open(t, everyWay)
	pledge := r.Pledge(500_000)
	r.payer.Get("/portal/pledges/"+pledge).Wants(http.StatusOK).Says("#pay", "Pay $5,000.00 by bank transfer").Says("#pay", "Get a Stripe invoice for $5,000.00")
	sent := r.payer.Post("/portal/pledges/"+pledge+"/payments", url.Values{"amount": {"5000.00"}, "way": {"stripe-transfer"}}).Wants(http.StatusSeeOther)
	where := r.payer.Get(sent.Location()).Wants(http.StatusOK)
	p := r.onlyPayment(t, pledge)
	where.Says("h1", "We wait for your transfer").Says("dl", p.TransferTo.Reference).Says("dl", p.TransferTo.Account).Says("dl", "$5,000.00")
	r.payer.Get("/portal/pledges/"+pledge).Wants(http.StatusOK).Says(".notice", "We wait for a transfer of $5,000.00")
	r.house.As(r.Stranger).Get(sent.Location()).Wants(http.StatusNotFound)

	if err := r.Sim.FundTransfer(p.IntentID, 200_000); err != nil {
		t.Fatal(err)
	}
	r.payer.Get(sent.Location()).Wants(http.StatusOK).Says(".due-sum", "$3,000.00").Says("dl", "$2,000.00")
	answer := r.payer.Post("/portal/pledges/"+pledge+"/payments", amount("5000.00")).Wants(http.StatusConflict)
	answer.Says("[role=alert]", "A part of your transfer has arrived and $3,000.00 is still to come")
	if err := r.Sim.FundTransfer(p.IntentID, 300_100); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.Events() {
		if err := r.Hear(e); err != nil {
			t.Fatal(err)
		}
	}
	r.payer.Get(sent.Location()).Wants(http.StatusOK).Says("h1", "Your payment is received").Says(".notice", "Stripe keeps $1.00 for your next transfer")
	r.SameBooks()
}

func TestInvoiceLeadsToItsPage(t *testing.T) {
	t.Parallel()
	r := open(t, everyWay)
	pledge := r.Pledge(500_000)
	sent := r.payer.Post("/portal/pledges/"+pledge+"/payments", url.Values{"amount": {"5000.00"}, "way": {"stripe-invoice"}}).Wants(http.StatusSeeOther)
	p := r.onlyPayment(t, pledge)
	ready := r.payer.Get(sent.Location()).Wants(http.StatusOK).Says("h1", "Your invoice is ready")
	if got := ready.Attr("#invoice", "href"); got != p.SessionURL || got == "" {
		t.Errorf("the button leads to %q, the invoice is at %q", got, p.SessionURL)
	}
	r.payer.Get("/portal/pledges/"+pledge).Wants(http.StatusOK).Says(".notice", "An invoice for $5,000.00 waits to be paid")
	if err := r.Sim.PayInvoice(p.InvoiceID, stripesim.CardPays); err != nil {
		t.Fatal(err)
	}
	r.payer.Get(sent.Location()).Wants(http.StatusOK).Says("h1", "Your payment is received")
	r.SameBooks()
}

// Where they are not offered they are refused in words, also to who sends the form by hand.
func TestWaysThatAreNotOfferedAreRefused(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(500_000)
	if page := r.payer.Get("/portal/pledges/" + pledge).Wants(http.StatusOK); page.Has("input[name=way]") {
		t.Error("they are offered")
	}
	for way, words := range map[string]string{"stripe-transfer": "Bank transfers through Stripe are not taken", "stripe-invoice": "Invoices of Stripe’s are not offered"} {
		r.payer.Post("/portal/pledges/"+pledge+"/payments", url.Values{"amount": {"5000.00"}, "way": {way}}).Wants(http.StatusConflict).Says("[role=alert]", words)
	}
}

func (r *room) onlyPayment(t *testing.T, pledge string) giving.Payment {
	t.Helper()
	all, err := giving.PaymentsOf(t.Context(), r.DB, pledge)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d payments, %v", len(all), err)
	}
	return all[0]
}
