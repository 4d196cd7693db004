package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/stripesim"
)

// payoutOf reads our row of a payout.
func payoutOf(t *testing.T, b *gatewaytest.Bench, id string) giving.Payout {
	t.Helper()
	all, err := giving.PayoutsOf(t.Context(), b.DB, b.Cluster, giving.Payout{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("no payout %s among %+v", id, all)
	return giving.Payout{}
}

func inTransit(b *gatewaytest.Bench) int64 { return b.Balance(ledger.Transit(b.Cluster, b.Currency)) }

// payOut pays everything out, three days later.
func payOut(t *testing.T, b *gatewaytest.Bench) string {
	t.Helper()
	must(t, b.Sim.Advance(72*time.Hour))
	id, err := b.Sim.PayOut(strings.ToLower(string(b.Currency)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCase105PayoutIsProvenByWhatIsInIt(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	b.Paid(5_000)
	b.Refund(p, 1_000)
	id := payOut(t, b)
	hearAll(t, b, b.Events())
	got := payoutOf(t, b, id)
	if got.State != giving.PayoutPending || got.ProvenAt.Valid || got.AmountMinor != inTransit(b) || b.AtStripe() != 0 {
		t.Errorf("case 110: before Stripe has itemised it: %+v, %d in transit", got, inTransit(b))
	}
	must(t, b.Sim.Advance(49*time.Hour))
	hearAll(t, b, b.Events())
	if got = payoutOf(t, b, id); got.State != giving.PayoutPaid || !got.ProvenAt.Valid || got.Members != 3 || got.MembersMinor != got.AmountMinor {
		t.Errorf("payout = %+v", got)
	}
	b.SameBooks()
	n := b.Count("ledger.entries")
	hearAll(t, b, b.Events())
	if again := b.Count("ledger.entries"); again != n {
		t.Errorf("hearing all again made %d entries of %d", again, n)
	}
}

// What is in a payout is brought into the books before it is proven, and the proof is not
// given without it.
func TestPayoutBringsItsMembersAlong(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays) // and nobody heard of it
	id := payOut(t, b)
	must(t, b.Sim.Advance(2*time.Hour))
	must(t, b.Gateway.SyncPayout(t.Context(), id))
	if got := payoutOf(t, b, id); !got.ProvenAt.Valid || got.Members != 1 {
		t.Errorf("payout = %+v", got)
	}
	if p = b.Payment(p.ID); p.ReceivedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

func TestCase106PayoutThatDoesNotAddUpIsAnAlarm(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	id := payOut(t, b)
	must(t, b.Sim.Advance(2*time.Hour))
	b.Before(edited("payout", func(p map[string]any) { p["amount"] = 9_681 }))
	for range 2 {
		must(t, b.Gateway.SyncPayout(t.Context(), id))
	}
	if got := payoutOf(t, b, id); got.ProvenAt.Valid || !got.AlarmedAt.Valid || got.MembersMinor != 9_680 {
		t.Errorf("payout = %+v", got)
	}
	if n := b.Acts("payout.does-not-add-up"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	b.VerifyBooks()
}

func TestCase107PaidPayoutThatFailsIsAtStripeAgain(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	id := payOut(t, b)
	must(t, b.Sim.Advance(49*time.Hour))
	hearAll(t, b, b.Events())
	must(t, b.Sim.FailPayout(id, "account_closed"))
	hearAll(t, b, b.Events())
	if got := payoutOf(t, b, id); got.State != giving.PayoutFailed || got.Trouble != "account_closed" || inTransit(b) != 0 || b.AtStripe() != 9_680 {
		t.Errorf("payout = %+v, %d in transit, %d at Stripe", got, inTransit(b), b.AtStripe())
	}
	b.SameBooks()

	second := payOut(t, b) // the money that came back leaves with the next
	must(t, b.Sim.Advance(2*time.Hour))
	hearAll(t, b, b.Events())
	if got := payoutOf(t, b, second); !got.ProvenAt.Valid || got.Members != 1 {
		t.Errorf("the second payout = %+v", got)
	}
	b.SameBooks()
}

// A payout by hand is in the books and cannot be proven: Stripe does not say what is in it.
func TestCase109PayoutByHandAndCase108ItsCancelling(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	must(t, b.Sim.Advance(72*time.Hour))
	var made struct{ ID string }
	b.Post("/v1/payouts", url.Values{"amount": {"4000"}, "currency": {"usd"}}, &made)
	must(t, b.Gateway.SyncPayout(t.Context(), made.ID))
	if got := payoutOf(t, b, made.ID); got.Automatic || got.ProvenAt.Valid || got.AlarmedAt.Valid || inTransit(b) != 4_000 {
		t.Errorf("payout = %+v, %d in transit", got, inTransit(b))
	}
	b.Post("/v1/payouts/"+made.ID+"/cancel", nil, nil)
	must(t, b.Gateway.SyncPayout(t.Context(), made.ID))
	if got := payoutOf(t, b, made.ID); got.State != giving.PayoutCanceled || inTransit(b) != 0 {
		t.Errorf("payout = %+v, %d in transit", got, inTransit(b))
	}
	b.SameBooks()
	if unproven, err := giving.Unproven(t.Context(), b.DB, b.Sim.Now(), 10); err != nil || len(unproven) != 0 {
		t.Errorf("unproven: %v, %v", unproven, err)
	}
}

// When more went back than came in, Stripe takes the rest from the bank.
func TestCase111NegativePayoutTakesMoneyFromTheBank(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	payOut(t, b)
	b.Dispute(p, stripesim.Dispute{})
	id := payOut(t, b)
	must(t, b.Sim.Advance(2*time.Hour))
	hearAll(t, b, b.Events())
	if got := payoutOf(t, b, id); got.AmountMinor != -11_500 || !got.ProvenAt.Valid || inTransit(b) != 9_680-11_500 || b.AtStripe() != 0 {
		t.Errorf("payout = %+v, %d in transit, %d at Stripe", got, inTransit(b), b.AtStripe())
	}
	b.SameBooks()
}

// No event tells of a fee that belongs to no payment. No campaign pays it.
func TestCase101FeeWithoutASourceIsOwedByTheCluster(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	if _, err := b.Sim.ChargeFee(700, "usd", "Radar for fraud teams"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if owed := b.Balance(ledger.Owed(b.Cluster, b.Currency)); owed != 700 || b.Free() != 9_680 {
		t.Errorf("%d owed, %d free", owed, b.Free())
	}
	b.SameBooks()
}

// Forty days: the events are gone, and the money is found by its balance transactions.
func TestCase122MoneyOfAnyAgeIsFoundWithoutEvents(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	debit := b.Checkout(b.Pledge(4_000), 4_000)
	b.Pay(debit, stripesim.AccountPays)
	b.Refund(p, 500)
	b.Dispute(p, stripesim.Dispute{Amount: 1_000})
	id := payOut(t, b)
	must(t, b.Sim.Advance(41*24*time.Hour))
	b.Before(withoutEvents)
	var money int
	for range 2 {
		found, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		money += found.Money
	}
	if p, debit = b.Payment(p.ID), b.Payment(debit.ID); p.RefundedMinor != 500 || p.DisputedMinor != 1_000 || debit.ReceivedMinor != 4_000 {
		t.Errorf("payments = %+v and %+v", p, debit)
	}
	if got := payoutOf(t, b, id); !got.ProvenAt.Valid {
		t.Errorf("payout = %+v", got)
	}
	if money == 0 {
		t.Error("the healing says that it found nothing")
	}
	b.SameBooks()
}

// A dispute that is lost moves no money, so that only asking tells.
func TestCase122LostDisputeIsFoundWithoutItsEvent(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	id := b.Dispute(p, stripesim.Dispute{})
	b.Sync(p)
	must(t, b.Sim.LoseDispute(id))
	b.Before(withoutEvents)
	if _, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if p = b.Payment(p.ID); p.LostMinor != 10_000 || p.DisputedMinor != 0 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// Money of a kind that nobody knows waits an hour for an explanation. Then it is booked as
// unexplained, once, and somebody is told.
func TestCase100MoneyOfAnUnknownKindGoesToSuspenseWithAnAlarm(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	if _, err := b.Sim.ChargeFee(900, "usd", "A levy of tomorrow"); err != nil {
		t.Fatal(err)
	}
	b.Before(edited("balance_transaction", func(bt map[string]any) {
		if bt["type"] == "stripe_fee" {
			bt["type"] = "moon_levy"
		}
	}))
	suspense := func() int64 { return b.Balance(ledger.Suspense(b.Cluster, b.Currency)) }
	if _, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute)); err != nil || suspense() != 0 {
		t.Fatalf("it was not waited for: %d, %v", suspense(), err)
	}
	later := b.AnotherGateway(func() time.Time { return b.Now().Add(2 * time.Hour) })
	for range 2 {
		if _, err := later.Heal(t.Context(), b.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if suspense() != -900 || b.Acts("stripe.unexplained-money") != 1 {
		t.Errorf("%d in suspense, %d alarms", suspense(), b.Acts("stripe.unexplained-money"))
	}
	b.SameBooks()
}

// withoutEvents is a Stripe that remembers no event.
func withoutEvents(sandbox http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/events" {
			sandbox.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"object":"list","url":"/v1/events","has_more":false,"data":[]}`))
	})
}
