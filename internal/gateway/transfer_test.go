package gateway_test

import (
	"testing"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/stripesim"
)

// every offers all ways to pay.
func every(o *gatewaytest.Options) {
	o.Config = func(c *gateway.Config) {
		c.Methods = []string{"card", "us_bank_account", "customer_balance", "invoice"}
	}
}

func transfer(t *testing.T, b *gatewaytest.Bench, pledge string, minor int64) giving.Payment {
	t.Helper()
	p, err := b.Gateway.Transfer(t.Context(), b.Order(pledge, minor))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The money comes in two parts and too much of it. Nothing is received before all of it is
// there, and what is too much is the company's.
func TestCase065TransferInPartsAndInExcess(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	p := transfer(t, b, pledge, 500_000)
	if p.State != giving.AwaitingFunds || p.TransferTo.Reference == "" || p.TransferTo.Account == "" || p.RemainingMinor != 500_000 || p.ReceivedMinor != 0 {
		t.Fatalf("payment = %+v", p)
	}
	if again := transfer(t, b, pledge, 500_000); again.ID != p.ID || again.TransferTo != p.TransferTo {
		t.Errorf("a second click = %+v", again)
	}
	must(t, b.Sim.FundTransfer(p.IntentID, 200_000))
	hearAll(t, b, b.Events())
	if got := b.Payment(p.ID); got.State != giving.AwaitingFunds || got.RemainingMinor != 300_000 || b.Count("ledger.entries") != 0 {
		t.Errorf("after a part: %+v, %d entries", got, b.Count("ledger.entries"))
	}
	must(t, b.Sim.FundTransfer(p.IntentID, 310_000))
	hearAll(t, b, b.Events())
	if got := b.Payment(p.ID); got.State != giving.Paid || got.ReceivedMinor != 500_000 || got.Method != "customer_balance" || got.RemainingMinor != 0 || got.TransferTo != p.TransferTo {
		t.Errorf("after the rest: %+v", got)
	}
	cash, err := giving.CashOf(t.Context(), b.DB, b.Company)
	if err != nil || len(cash) != 1 || cash[0] != b.Amount(10_000) {
		t.Errorf("what is too much = %v, %v", cash, err)
	}
	if n := b.Count("alarms a JOIN audit_acts t ON t.id = a.act_id WHERE t.act = 'stripe.unapplied-cash' AND a.cluster_id = $1", b.Cluster); n == 0 {
		t.Error("nobody was told of what is too much")
	}
	b.SameBooks()

	next := transfer(t, b, b.Pledge(10_000), 10_000) // which the next transfer uses up
	hearAll(t, b, b.Events())
	if next = b.Payment(next.ID); next.State != giving.Paid || next.ReceivedMinor != 10_000 {
		t.Errorf("the next = %+v", next)
	}
	if cash, err = giving.CashOf(t.Context(), b.DB, b.Company); err != nil || len(cash) != 0 {
		t.Errorf("what is left = %v, %v", cash, err)
	}
	b.SameBooks()
}

func TestCase065TransferInEurosHasAnIBAN(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every, func(o *gatewaytest.Options) { o.Currency = "EUR" })
	if p := transfer(t, b, b.Pledge(500_000), 500_000); p.TransferTo.IBAN == "" || p.TransferTo.BIC == "" || p.TransferTo.Holder == "" {
		t.Errorf("payment = %+v", p)
	}
}

// Nothing ever comes: the pledge stays to be paid, and another way closes this one.
func TestCase065TransferThatNeverComesGivesWayToACard(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	p := transfer(t, b, pledge, 500_000)
	card := b.Checkout(pledge, 500_000)
	if p = b.Payment(p.ID); p.State != giving.Expired || card.ID == p.ID {
		t.Errorf("the transfer is %s", p.State)
	}
	b.Pay(card, stripesim.CardPays)
	if card = b.Sync(card); card.State != giving.Paid {
		t.Errorf("the card is %s", card.State)
	}
	b.SameBooks()
}

// A part has come: another way would pay it twice.
func TestCase065TransferUnderWayIsNotClosed(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	p := transfer(t, b, pledge, 500_000)
	must(t, b.Sim.FundTransfer(p.IntentID, 1))
	_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000))
	wantFault(t, err, fault.Conflict, "payment.transfer_under_way")
	if p = b.Sync(p); p.State != giving.AwaitingFunds || p.RemainingMinor != 499_999 {
		t.Errorf("payment = %+v", p)
	}
}

func TestTransferIsRefusedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	_, err := b.Gateway.Transfer(t.Context(), b.Order(b.Pledge(500_000), 500_000))
	wantFault(t, err, fault.Conflict, "payment.no_transfers")
	_, err = b.Gateway.Invoice(t.Context(), b.Order(b.Pledge(500_000), 500_000))
	wantFault(t, err, fault.Conflict, "payment.no_invoices")
	if b.Count("payments") != 0 {
		t.Error("a payment was written")
	}
}

// Stripe's answer is lost, and its event finds the payment all the same.
func TestCase031TransferWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	b.Before(losing("/v1/payment_intents"))
	_, err := b.Gateway.Transfer(t.Context(), b.Order(pledge, 500_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
	b.Up()
	hearAll(t, b, b.Events())
	p := transfer(t, b, pledge, 500_000)
	if p.State != giving.AwaitingFunds || b.Count("payments") != 1 || len(b.Sim.Books().Payments) != 1 {
		t.Errorf("payment = %+v, %d rows, %d intents", p, b.Count("payments"), len(b.Sim.Books().Payments))
	}
}

func invoice(t *testing.T, b *gatewaytest.Bench, pledge string, minor int64) giving.Payment {
	t.Helper()
	p, err := b.Gateway.Invoice(t.Context(), b.Order(pledge, minor))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCase112InvoicePaidByCardReachesTheBooks(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	p := invoice(t, b, pledge, 500_000)
	if p.State != giving.Open || p.InvoiceID == "" || p.SessionURL == "" || !p.DueAt.Valid {
		t.Fatalf("payment = %+v", p)
	}
	if again := invoice(t, b, pledge, 500_000); again.ID != p.ID || again.InvoiceID != p.InvoiceID {
		t.Errorf("a second click = %+v", again)
	}
	must(t, b.Sim.PayInvoice(p.InvoiceID, stripesim.CardPays))
	hearAll(t, b, b.Events())
	if p = b.Payment(p.ID); p.State != giving.Paid || p.ReceivedMinor != 500_000 || p.Method != "card" {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
	must(t, b.Gateway.Refund(t.Context(), refundOf(t, b, p, 1_000).ID))
	if p = b.Payment(p.ID); p.RefundedMinor != 1_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

func TestCase112InvoicePaidByDebitIsOnItsWayFirst(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	p := invoice(t, b, b.Pledge(500_000), 500_000)
	must(t, b.Sim.PayInvoice(p.InvoiceID, stripesim.AccountPays))
	if p = b.Sync(p); p.State != giving.Processing || p.ReceivedMinor != 0 {
		t.Errorf("payment = %+v", p)
	}
	must(t, b.Sim.Advance(5*24*time.Hour))
	hearAll(t, b, b.Events())
	if p = b.Payment(p.ID); p.State != giving.Paid || p.ReceivedMinor != 500_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// Somebody at Stripe's dashboard calls it paid, by cheque or by a wire to the bank. No
// money has moved at Stripe, so none is in the books, and a person is told to look.
func TestCase114InvoicePaidOutOfBandIsNoMoneyHere(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	p := invoice(t, b, pledge, 500_000)
	b.Post("/v1/invoices/"+p.InvoiceID+"/pay", map[string][]string{"paid_out_of_band": {"true"}}, nil)
	for range 2 {
		hearAll(t, b, b.Events())
	}
	if p = b.Payment(p.ID); p.State != giving.Expired || p.ReceivedMinor != 0 || b.Count("ledger.entries") != 0 || b.Acts("payment.paid-out-of-band") != 1 {
		t.Errorf("payment = %+v, %d entries, %d alarms", p, b.Count("ledger.entries"), b.Acts("payment.paid-out-of-band"))
	}
	if promise, err := giving.PledgeOf(t.Context(), b.DB, pledge, b.Payer); err != nil || promise.Outstanding().Minor != 500_000 {
		t.Errorf("outstanding %v, %v", promise.Outstanding(), err)
	}
}

func TestCase115InvoiceThatIsVoidedOrGivenUpAndThenPaid(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	p := invoice(t, b, b.Pledge(500_000), 500_000)
	b.Post("/v1/invoices/"+p.InvoiceID+"/void", nil, nil)
	hearAll(t, b, b.Events())
	if p = b.Payment(p.ID); p.State != giving.Expired {
		t.Errorf("void: %s", p.State)
	}
	q := invoice(t, b, b.Pledge(500_000), 500_000)
	b.Post("/v1/invoices/"+q.InvoiceID+"/mark_uncollectible", nil, nil)
	hearAll(t, b, b.Events())
	if q = b.Payment(q.ID); q.State != giving.Failed {
		t.Errorf("given up: %s", q.State)
	}
	must(t, b.Sim.PayInvoice(q.InvoiceID, stripesim.CardPays))
	hearAll(t, b, b.Events())
	if q = b.Payment(q.ID); q.State != giving.Paid || q.ReceivedMinor != 500_000 {
		t.Errorf("paid after all: %+v", q)
	}
	b.SameBooks()
}

// The company pays by card meanwhile: the invoice is void before the page opens.
func TestInvoiceGivesWayToACard(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	pledge := b.Pledge(500_000)
	p := invoice(t, b, pledge, 500_000)
	card := b.Checkout(pledge, 500_000)
	if p = b.Payment(p.ID); p.State != giving.Expired || card.ID == p.ID {
		t.Errorf("the invoice is %s", p.State)
	}
	if err := b.Sim.PayInvoice(p.InvoiceID, stripesim.CardPays); err == nil {
		t.Error("the invoice can be paid as well")
	}
}

// Answers are lost after each of the three calls: one invoice over the amount is out.
func TestCase037InvoiceCutOffAnywhereIsOneInvoice(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/customers", "/v1/invoices", "/v1/invoiceitems"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t, every)
			pledge := b.Pledge(500_000)
			b.Before(losing(path))
			_, err := b.Gateway.Invoice(t.Context(), b.Order(pledge, 500_000))
			wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
			b.Up()
			p := invoice(t, b, pledge, 500_000)
			must(t, b.Sim.PayInvoice(p.InvoiceID, stripesim.CardPays))
			if p = b.Sync(p); p.ReceivedMinor != 500_000 || b.Count("payments") != 1 {
				t.Errorf("payment = %+v", p)
			}
			b.SameBooks()
		})
	}
}

// An id that a browser brings cannot move money from one payment to another.
func TestCase056IntentOfAnotherPaymentIsRefused(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	p, q := transfer(t, b, b.Pledge(500_000), 500_000), transfer(t, b, b.Pledge(500_000), 500_000)
	if _, err := b.Owner.Exec(`UPDATE payments SET payment_intent_id = NULL WHERE id = $1`, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Owner.Exec(`UPDATE payments SET payment_intent_id = NULL WHERE id = $1`, q.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Owner.Exec(`UPDATE payments SET payment_intent_id = $2 WHERE id = $1`, p.ID, q.IntentID); err != nil {
		t.Fatal(err)
	}
	if err := b.Gateway.Sync(t.Context(), p.ID, ""); err == nil {
		t.Error("it was taken")
	}
	if got := b.Payment(p.ID).Amount(); got != money.Of(500_000, "USD") {
		t.Errorf("amount = %v", got)
	}
}
