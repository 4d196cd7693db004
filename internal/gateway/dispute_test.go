package gateway_test

import (
	"testing"
	"time"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/stripesim"
)

// held is where a campaign's money stands beside its free money.
type held struct{ Free, Shortfall, Disputed, Lost, Fee int64 }

func heldIn(b *gatewaytest.Bench) held {
	return held{
		Free: b.Free(), Shortfall: b.Shortfall(),
		Disputed: b.Balance(ledger.Disputed(b.Campaign, b.Currency)),
		Lost:     b.Balance(ledger.Loss(b.Campaign, b.Currency)),
		Fee:      b.Balance(ledger.Fee(b.Campaign, b.Currency)),
	}
}

func wantHeld(t *testing.T, b *gatewaytest.Bench, want held) {
	t.Helper()
	if got := heldIn(b); got != want {
		t.Errorf("the money stands at %+v, want %+v", got, want)
	}
	b.SameBooks()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// From its opening to its end a dispute is told by events alone, each heard as it comes.
func TestCase082DisputesReachTheBooksByTheirEvents(t *testing.T) {
	t.Parallel()
	const fee, charge = 1_500, 320
	for name, c := range map[string]struct {
		end   func(*gatewaytest.Bench, string) error
		state giving.State
		want  held
	}{
		"opened":           {func(*gatewaytest.Bench, string) error { return nil }, giving.InDispute, held{Shortfall: charge + fee, Disputed: 10_000, Fee: charge + fee}},
		"case 83 won":      {func(b *gatewaytest.Bench, id string) error { return b.Sim.WinDispute(id) }, giving.Paid, held{Free: 10_000 - charge - fee, Fee: charge + fee}},
		"case 84 lost":     {func(b *gatewaytest.Bench, id string) error { return b.Sim.LoseDispute(id) }, giving.DisputeLost, held{Shortfall: charge + fee, Lost: 10_000, Fee: charge + fee}},
		"case 85 part won": {func(b *gatewaytest.Bench, id string) error { return b.Sim.PartWinDispute(id, 4_000) }, giving.DisputeLost, held{Free: 4_000 - charge - fee, Lost: 6_000, Fee: charge + fee}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			p := b.Paid(10_000)
			id := b.Dispute(p, stripesim.Dispute{})
			must(t, c.end(b, id))
			hearAll(t, b, only(b.Events(), "charge.dispute"))
			if p = b.Payment(p.ID); p.State != c.state {
				t.Errorf("the payment is %s, want %s", p.State, c.state)
			}
			wantHeld(t, b, c.want)
			n := b.Count("ledger.entries")
			hearAll(t, b, b.Events())
			if again := b.Count("ledger.entries"); again != n {
				t.Errorf("hearing all again made %d entries of %d", again, n)
			}
		})
	}
}

// Stripe promises no order here either.
func TestCase029EveryOrderOfADisputesEventsEndsInTheSameBooks(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	for n, order := range permutations(4) {
		p := b.Paid(10_000)
		before := len(b.Events())
		must(t, b.Sim.WinDispute(b.Dispute(p, stripesim.Dispute{})))
		events := b.Events()[before:]
		for _, at := range order {
			must(t, b.Hear(events[at]))
		}
		if got := b.Payment(p.ID); got.State != giving.Paid || got.DisputedMinor != 0 || got.FeeMinor != 320+1_500 {
			t.Fatalf("order %v: %+v", order, got)
		}
		if free := b.Free(); free != int64(n+1)*(10_000-320-1_500) {
			t.Fatalf("order %v: %d free", order, free)
		}
	}
	b.SameBooks()
}

func TestCase088InquiryMovesNoMoneyAndCase089Escalates(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	id := b.Dispute(p, stripesim.Dispute{Inquiry: true})
	if p = b.Sync(p); p.State != giving.Paid || p.DisputedMinor != 0 {
		t.Errorf("an inquiry is open: %+v", p)
	}
	wantHeld(t, b, held{Free: 9_680, Fee: 320})
	must(t, b.Sim.EscalateInquiry(id))
	if p = b.Sync(p); p.State != giving.InDispute || p.DisputedMinor != 10_000 {
		t.Errorf("it has escalated: %+v", p)
	}
	wantHeld(t, b, held{Shortfall: 1_820, Disputed: 10_000, Fee: 1_820})

	q := b.Paid(5_000)
	must(t, b.Sim.LoseDispute(b.Dispute(q, stripesim.Dispute{Inquiry: true}))) // closed, and nothing came of it
	if q = b.Sync(q); q.State != giving.Paid || q.LostMinor != 0 {
		t.Errorf("an inquiry was closed: %+v", q)
	}
	b.SameBooks()
}

func TestCase086DisputeAfterAPartialRefund(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	b.Refund(p, 2_500)
	b.Dispute(p, stripesim.Dispute{}) // of what was not refunded
	if p = b.Sync(p); p.RefundedMinor != 2_500 || p.DisputedMinor != 7_500 || p.Here() != 0 {
		t.Errorf("payment = %+v", p)
	}
	wantHeld(t, b, held{Shortfall: 1_820, Disputed: 7_500, Fee: 1_820})
}

// The disputed sum is the bank's, not the charge's; case 90: and a bank may come twice.
func TestCase087DisputeOfAPartAndCase090AnotherAfterIt(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	must(t, b.Sim.LoseDispute(b.Dispute(p, stripesim.Dispute{Amount: 1_234})))
	b.Dispute(p, stripesim.Dispute{Amount: 2_000})
	if p = b.Sync(p); p.LostMinor != 1_234 || p.DisputedMinor != 2_000 || p.State != giving.InDispute {
		t.Errorf("payment = %+v", p)
	}
	wantHeld(t, b, held{Free: 10_000 - 320 - 3_000 - 3_234, Disputed: 2_000, Lost: 1_234, Fee: 3_320})
}

// An event may tell of a dispute before its balance transaction is there, and after.
func TestCase091DisputeWhoseMoneyComesLater(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	b.Dispute(p, stripesim.Dispute{})
	b.Before(edited("dispute", func(d map[string]any) { d["balance_transactions"] = []any{} }))
	if p = b.Sync(p); p.DisputedMinor != 0 || b.Free() != 9_680 {
		t.Errorf("without the money: %+v", p)
	}
	b.Up()
	if p = b.Sync(p); p.DisputedMinor != 10_000 {
		t.Errorf("with it: %+v", p)
	}
	b.SameBooks()
}

// After a payout there is nothing at Stripe to take from: the balance goes below zero.
func TestCase092DisputeAfterAPayout(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	must(t, b.Sim.Advance(72*time.Hour))
	if _, err := b.Sim.PayOut("usd"); err != nil {
		t.Fatal(err)
	}
	b.Dispute(p, stripesim.Dispute{})
	hearAll(t, b, b.Events())
	if at := b.AtStripe(); at != -11_500 {
		t.Errorf("%d at Stripe", at)
	}
	b.SameBooks()
}

// A card's network warns: no money moves, and somebody is told, once.
func TestCase093EarlyFraudWarningTellsAPerson(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	body := signed(t, func(e map[string]any) {
		e["type"] = "radar.early_fraud_warning.created"
		e["data"] = map[string]any{"object": map[string]any{"id": "issfr_1", "object": "radar.early_fraud_warning", "payment_intent": p.IntentID}}
	})
	for range 2 {
		must(t, b.Hear(gatewaytest.Event{Body: body}))
	}
	if n := b.Acts("payment.fraud-warning"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	wantHeld(t, b, held{Free: 9_680, Fee: 320})
}

// A debit is taken back weeks after it had succeeded.
func TestCase062LateFailureGoesOutAgain(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	b.Pay(p, stripesim.AccountPays)
	must(t, b.Sim.Advance(5*24*time.Hour))
	if p = b.Sync(p); p.State != giving.Paid {
		t.Fatalf("payment = %+v", p)
	}
	before := len(b.Events())
	must(t, b.Sim.FailLate(p.IntentID, "insufficient_funds"))
	hearAll(t, b, b.Events()[before:])
	if p = b.Payment(p.ID); p.State != giving.Returned || p.RefundedMinor != 10_000 || p.ReceivedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	wantHeld(t, b, held{Shortfall: 80, Fee: 80})
	if promise, err := giving.PledgeOf(t.Context(), b.DB, pledge, b.Payer); err != nil || promise.Outstanding().Minor != 10_000 {
		t.Errorf("outstanding %v, %v", promise.Outstanding(), err)
	}
}

// Or the return comes as a dispute.
func TestCase063LateReturnAsADispute(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.AccountDisputed)
	must(t, b.Sim.Advance(5*24*time.Hour))
	hearAll(t, b, b.Events())
	if p = b.Payment(p.ID); p.State != giving.InDispute || p.DisputedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// What was paid in good faith is money, whatever has become of the campaign meanwhile.
func TestCase068CampaignThatClosesMeanwhileStillBooksItsMoney(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.AccountPays)
	b.Sync(p)
	if _, err := b.Owner.Exec(`UPDATE campaigns SET state = 'closed' WHERE id = $1`, b.Campaign); err != nil {
		t.Fatal(err)
	}
	must(t, b.Sim.Advance(5*24*time.Hour))
	if p = b.Sync(p); p.State != giving.Paid || p.ReceivedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}
