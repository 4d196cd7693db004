package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/stripesim"
)

// heal heals without asking about quiet payments.
func heal(t *testing.T, b *gatewaytest.Bench) gateway.Healed {
	t.Helper()
	found, err := b.Gateway.Heal(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// drain lets the workers finish what waits in the inbox.
func drain(t *testing.T, b *gatewaytest.Bench) {
	t.Helper()
	for {
		found, err := b.Workers.One(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			break
		}
	}
	if n := b.Count("inbox_events WHERE state <> 'done'"); n != 0 {
		t.Errorf("%d events are not done", n)
	}
}

func TestCase123AllEventsDroppedAndCase124HealedTwice(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	card, debit := b.Checkout(b.Pledge(10_000), 10_000), b.Checkout(b.Pledge(20_000), 20_000)
	b.Pay(card, stripesim.CardPays)
	b.Pay(debit, stripesim.AccountPays)
	if found := heal(t, b); found.Events == 0 {
		t.Fatal("no event was found")
	}
	drain(t, b)
	if b.Payment(card.ID).State != giving.Paid || b.Payment(debit.ID).State != giving.Processing {
		t.Errorf("card %s, debit %s", b.Payment(card.ID).State, b.Payment(debit.ID).State)
	}
	b.SameBooks()

	if found := heal(t, b); found.Events != 0 { // case 124
		t.Errorf("the second healing found %d events", found.Events)
	}
	b.Refund(b.Payment(card.ID), 500)
	if found := heal(t, b); found.Events != 2 {
		t.Errorf("after a refund %d events were found, want 2", found.Events)
	}
	drain(t, b)
	if got := b.Payment(card.ID).RefundedMinor; got != 500 {
		t.Errorf("refunded = %d", got)
	}
	b.SameBooks()
}

func TestCase125LostCursorReadsAllAndPostsNothingTwice(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	heal(t, b)
	drain(t, b)
	for _, spoil := range []string{`DELETE FROM stripe_cursors`, `DELETE FROM stripe_cursors; DELETE FROM inbox_events`} {
		if _, err := b.Owner.Exec(spoil); err != nil {
			t.Fatal(err)
		}
		heal(t, b)
		drain(t, b)
	}
	if n := b.Count("ledger.entries"); n != 1 || b.Payment(p.ID).ReceivedMinor != 10_000 {
		t.Errorf("%d entries", n)
	}
	b.SameBooks()
}

// What the list brings is kept as it would have been delivered; what was delivered is not
// found again.
func TestHealingKeepsOnlyWhatWasNotDelivered(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	delivered := only(b.Events(), "charge.succeeded")[0]
	event, err := b.Gateway.Verify(delivered.Body, gatewaytest.Sign(delivered.Body, gatewaytest.Secret, b.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.Keep(t.Context(), b.DB, event, inbox.Webhook, b.Now()); err != nil {
		t.Fatal(err)
	}
	if found := heal(t, b); found.Events != 2 { // session.completed and payment_intent.succeeded
		t.Errorf("found %d events, want 2", found.Events)
	}
	if n := b.Count("inbox_events WHERE found_by = 'webhook' AND deliveries = 1"); n != 1 {
		t.Errorf("the delivered event was changed: %d", n)
	}
	var same bool
	err = b.Owner.Get(&same, `SELECT bool_and(object_id <> '' AND convert_from(body, 'UTF8')::jsonb #>> '{data,object,id}' = object_id
		AND convert_from(body, 'UTF8')::jsonb ->> 'id' = event_id) FROM inbox_events`)
	if err != nil || !same {
		t.Errorf("the bodies are not those of their events: %v, %v", same, err)
	}
}

// More events than one page of Stripe's list holds.
func TestHealingReadsAllPages(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(20_000)
	for range 60 {
		b.Refund(p, 100)
	}
	if found := heal(t, b); found.Events != 3+2*60 {
		t.Errorf("found %d events, want %d", found.Events, 3+2*60)
	}
}

// The list broke off: the cursor stays, and the next healing finds the rest.
func TestHealingThatBreaksOffBeginsAgain(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(20_000)
	for range 60 {
		b.Refund(p, 100)
	}
	b.Before(func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("starting_after") {
				panic(http.ErrAbortHandler)
			}
			sandbox.ServeHTTP(w, r)
		})
	})
	found, err := b.Gateway.Heal(t.Context(), time.Time{})
	if err == nil || found.Events != 100 || b.Count("stripe_cursors") != 0 {
		t.Errorf("found %d, error %v, %d cursors", found.Events, err, b.Count("stripe_cursors"))
	}
	b.Up()
	if found := heal(t, b); found.Events != 23 {
		t.Errorf("then found %d, want 23", found.Events)
	}
}

// Older than Stripe keeps events: the payments themselves are asked about.
func TestCase122QuietPaymentsAreAskedAbout(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	paid, idle := b.Checkout(b.Pledge(10_000), 10_000), b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(paid, stripesim.CardPays)
	if err := b.Sim.Advance(40 * 24 * time.Hour); err != nil { // the events are gone
		t.Fatal(err)
	}
	if n := len(only(b.Events(), "charge.succeeded")); n != 0 {
		t.Fatalf("%d events are still listed", n)
	}
	found, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute))
	if err != nil || found.Payments != 2 {
		t.Errorf("found %+v, error %v", found, err)
	}
	if b.Payment(paid.ID).State != giving.Paid || b.Payment(idle.ID).State != giving.Expired {
		t.Errorf("paid is %s, idle is %s", b.Payment(paid.ID).State, b.Payment(idle.ID).State)
	}
	found, err = b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute))
	if err != nil || found.Payments != 0 {
		t.Errorf("the second healing asked about %d, error %v", found.Payments, err)
	}
	b.SameBooks()
}

// A payment that is young is left alone, and one in trouble does not hide the others.
func TestOnePaymentInTroubleDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	broken, good := b.Checkout(b.Pledge(10_000), 10_000), b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(good, stripesim.CardPays)
	if _, err := b.Owner.Exec(`UPDATE payments SET session_id = 'cs_gone' WHERE id = $1`, broken.ID); err != nil {
		t.Fatal(err)
	}
	if found, err := b.Gateway.Heal(t.Context(), b.Now().Add(-time.Hour)); err != nil || found.Payments != 0 {
		t.Errorf("of young payments: %+v, %v", found, err)
	}
	found, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute))
	if err == nil || found.Payments != 2 || b.Payment(good.ID).State != giving.Paid {
		t.Errorf("found %+v, error %v, the good one is %s", found, err, b.Payment(good.ID).State)
	}
}

// During an outage each click leaves a payment that never reached Stripe. They must not
// stand in front of those that did.
func TestPaymentsThatNeverReachedStripeDoNotStarveHealing(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	for range 101 {
		pledge := b.Pledge(10_000)
		if _, err := giving.StartPayment(t.Context(), b.DB, b.Now, giving.Start{PledgeID: pledge, PersonID: b.Payer, Amount: b.Amount(10_000), Title: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	if _, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := b.Payment(p.ID).State; got != giving.Paid {
		t.Errorf("the payment is %s", got)
	}
}

func TestHealingSaysWhatStripeRefused(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Down()
	_, err := b.Gateway.Heal(t.Context(), b.Now())
	if err == nil || !strings.Contains(err.Error(), "list events") {
		t.Errorf("error = %v", err)
	}
}
