package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/ledger"
	"kopiyka/internal/stripesim"
)

// storm lets everything happen to twenty payments and more that can happen at Stripe, over
// a network that drops, doubles and reorders events and loses answers; then it heals.
func storm(t *testing.T, b *gatewaytest.Bench, seed uint64) {
	t.Helper()
	faults := stripesim.Faults{Seed: seed, Drop: 0.25, Duplicate: 0.3, Twin: 0.2, Reorder: 0.5, MaxDelay: 20 * time.Millisecond, LoseAnswer: 0.02, ServerError: 0.02}
	must(t, b.Sim.SetFaults(faults))
	numbers := []string{stripesim.CardPays, stripesim.CardDeclined, stripesim.AccountPays, stripesim.CardRefundFails, stripesim.AccountNoFunds, stripesim.CardDisputed}
	var errs []error
	for range 4 {
		errs = append(errs, gatewaytest.Together(len(numbers), func(i int) error { return stormyPayment(t.Context(), b, numbers[i]) })...)
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	must(t, b.Sim.Advance(5*24*time.Hour))
	afterwards(t, b, rand.New(rand.NewPCG(seed, 1)))
	for range 2 { // what came back of a refund or a payout leaves with the second
		must(t, b.Sim.Advance(6*24*time.Hour))
		if _, err := b.Sim.PayOut("usd"); err != nil && !errors.Is(err, stripesim.ErrNothingToPayOut) {
			t.Fatal(err)
		}
	}
	must(t, b.Sim.Advance(2*time.Hour))

	must(t, b.Sim.SetFaults(stripesim.Faults{}))
	for range 2 {
		if _, err := b.Gateway.Heal(t.Context(), b.Now()); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		b.Workers.Wake()
		gatewaytest.Until(t, "an empty inbox", func() bool { return b.Count("inbox_events WHERE state <> 'done'") == 0 })
	}
}

func stormyPayment(ctx context.Context, b *gatewaytest.Bench, number string) error {
	pledge, err := giving.MakePledge(ctx, b.DB, b.Now, b.Promise(10_000))
	if err != nil {
		return err
	}
	for range 20 { // as often as a patient payer clicks
		p, err := b.Gateway.Checkout(ctx, b.Order(pledge, 10_000))
		if err != nil {
			continue
		}
		var declined *stripesim.Declined
		if err := b.Sim.Pay(p.SessionID, number); err != nil && !errors.As(err, &declined) && !errors.Is(err, stripesim.ErrNotOpen) {
			return err
		}
		return nil
	}
	return errors.New("no page could be opened")
}

// afterwards lets money go back in every way. What cannot happen to a payment, because
// something else has, does not.
func afterwards(t *testing.T, b *gatewaytest.Bench, dice *rand.Rand) {
	t.Helper()
	for _, intent := range slices.Sorted(maps.Keys(b.Sim.Books().Payments)) {
		switch dice.IntN(6) {
		case 0:
			_, _ = b.Sim.RefundCharge(intent, 1+dice.Int64N(5_000))
		case 1:
			_, _ = b.Sim.RefundCharge(intent, 0)
		case 2:
			_ = b.Sim.FailLate(intent, "")
		default:
			id, err := b.Sim.OpenDispute(intent, stripesim.Dispute{Amount: 1 + dice.Int64N(10_000), Inquiry: dice.IntN(5) == 0})
			if err != nil {
				continue
			}
			_ = []func(string) error{
				b.Sim.WinDispute, b.Sim.LoseDispute, b.Sim.EscalateInquiry, func(id string) error { return b.Sim.PartWinDispute(id, 1) }, func(string) error { return nil },
			}[dice.IntN(5)](id)
		}
	}
	if _, err := b.Sim.ChargeFee(1+dice.Int64N(900), "usd", "Radar"); err != nil {
		t.Error(err)
	}
	if id, err := b.Sim.PayOut("usd"); err == nil && dice.IntN(2) == 0 {
		must(t, b.Sim.FailPayout(id, ""))
	}
}

func TestCase127ChaosEndsInTheSameBooks(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{20260322, 7, 1991} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			b.Serve()
			storm(t, b, seed)
			b.SameBooks()
			samePayments(t, b)
			if n := b.Count("payouts WHERE automatic AND proven_at IS NULL"); n != 0 || b.Count("payouts") != len(b.Sim.Books().Payouts) {
				t.Errorf("%d of %d payouts are not proven, the sandbox made %d", n, b.Count("payouts"), len(b.Sim.Books().Payouts))
			}
			if n := b.Count("ledger.entries WHERE kind = 'suspense'"); n != 0 {
				t.Errorf("%d entries in suspense", n)
			}
			n := b.Count("ledger.entries")
			if _, err := b.Gateway.Heal(t.Context(), b.Now()); err != nil || b.Count("ledger.entries") != n {
				t.Errorf("healing again made %d entries of %d, %v", b.Count("ledger.entries"), n, err)
			}
		})
	}
}

// samePayments holds every payment beside the sandbox's own account of it.
func samePayments(t *testing.T, b *gatewaytest.Bench) {
	t.Helper()
	var all []giving.Payment
	if err := b.Owner.Select(&all, `SELECT id, coalesce(payment_intent_id, '') AS payment_intent_id, received_minor, refunded_minor, fee_minor, disputed_minor, lost_minor FROM payments`); err != nil {
		t.Fatal(err)
	}
	var back, held int64
	for _, p := range all {
		theirs := b.Sim.Books().Payments[p.IntentID]
		if p.ReceivedMinor != theirs.Gross || p.RefundedMinor != theirs.Refunded+theirs.FailedLate || p.DisputedMinor+p.LostMinor != theirs.Disputed || p.FeeMinor != theirs.Fee {
			t.Errorf("payment %+v, the sandbox says %+v", p, theirs)
		}
		back, held = back+p.RefundedMinor, held+p.DisputedMinor+p.LostMinor
	}
	if back == 0 || held == 0 || b.Balance(ledger.Owed(b.Cluster, b.Currency)) == 0 {
		t.Error("this was no trial")
	}
}

// The handler that everybody writes first: it adds the amount that the event brings. The
// same storm that leaves our books exact shows it wrong.
func TestChaosFindsTheHandlerThatAddsWhatEventsSay(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	var naive struct {
		sync.Mutex
		sum int64
	}
	right := b.Workers.Handle
	b.Workers.Handle = func(ctx context.Context, e inbox.Event) error {
		naive.Lock()
		naive.sum += whatTheEventSays(e)
		naive.Unlock()
		return right(ctx, e)
	}
	b.Serve()
	storm(t, b, 20260322)
	b.SameBooks()
	var ours, here int64
	for _, p := range b.Sim.Books().Payments {
		here += p.Gross - p.Refunded - p.FailedLate - p.Disputed
	}
	if err := b.Owner.Get(&ours, `SELECT sum(received_minor - refunded_minor - disputed_minor - lost_minor)::bigint FROM payments`); err != nil {
		t.Fatal(err)
	}
	if ours != here {
		t.Errorf("our books say %d, the sandbox %d", ours, here)
	}
	if naive.sum == here {
		t.Errorf("adding up events gives %d, which is right: the storm is too mild to tell a broken handler", naive.sum)
	}
	t.Logf("%d is here; adding up what events say gives %d", here, naive.sum)
}

func whatTheEventSays(e inbox.Event) int64 {
	var body struct {
		Data struct {
			Object struct {
				Amount         int64
				AmountTotal    int64  `json:"amount_total"`
				AmountRefunded int64  `json:"amount_refunded"`
				PaymentStatus  string `json:"payment_status"`
			}
		}
	}
	if json.Unmarshal(e.Body, &body) != nil {
		return 0
	}
	o := body.Data.Object
	switch {
	case strings.HasPrefix(e.Type, "checkout.session.") && o.PaymentStatus == "paid":
		return o.AmountTotal
	case e.Type == "charge.refunded":
		return -o.AmountRefunded
	case e.Type == "charge.dispute.funds_withdrawn":
		return -o.Amount
	case e.Type == "charge.dispute.funds_reinstated":
		return o.Amount
	}
	return 0
}
