package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/stripesim"
)

// Two events of different ids tell of one change, and one comes again days later.
func TestCase021TwinEventsAndCase022LateOnesPostOnce(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	hearAll(t, b, b.Events())
	twin := only(b.Events(), "payment_intent.succeeded")[0]
	twin.Body = []byte(strings.Replace(string(twin.Body), twin.ID, "evt_twin", 1))
	must(t, b.Hear(twin))
	must(t, b.Sim.Advance(9*24*time.Hour))
	hearAll(t, b, b.Events())
	if n := b.Count("ledger.entries"); n != 1 || b.Free() != 9_680 {
		t.Errorf("%d entries, %d free", n, b.Free())
	}
	b.SameBooks()
}

// The later event comes first, and the earlier one turns nothing back.
func TestCase026LaterEventsBeforeEarlierOnes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		number       string
		first, after string
		again        func(*gatewaytest.Bench, giving.Payment)
		refunded     int64
	}{
		"case 26: succeeded before created":            {stripesim.CardPays, "payment_intent.succeeded", "payment_intent.created", nil, 0},
		"case 27: async success before completed":      {stripesim.AccountPays, "checkout.session.async_payment_succeeded", "checkout.session.completed", nil, 0},
		"case 28: refund before the charge's success":  {stripesim.CardPays, "charge.refunded", "charge.succeeded", func(b *gatewaytest.Bench, p giving.Payment) { b.Refund(p, 400) }, 400},
		"case 28: refund.created before the charge is": {stripesim.CardPays, "refund.created", "charge.succeeded", func(b *gatewaytest.Bench, p giving.Payment) { b.Refund(p, 400) }, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			p := b.Checkout(b.Pledge(10_000), 10_000)
			b.Pay(p, c.number)
			must(t, b.Sim.Advance(5*24*time.Hour))
			if c.again != nil {
				for intent := range b.Sim.Books().Payments { // our row does not know it yet
					p.IntentID = intent
				}
				c.again(b, p)
			}
			for _, kind := range []string{c.first, c.after} {
				events := only(b.Events(), kind)
				if len(events) == 0 {
					t.Fatalf("no %s", kind)
				}
				hearAll(t, b, events)
				if got := b.Payment(p.ID); got.ReceivedMinor != 10_000 || got.RefundedMinor != c.refunded {
					t.Errorf("after %s: %+v", kind, got)
				}
			}
			b.SameBooks()
		})
	}
}

// The worker dies between the fetching and the commit: nothing is half written, and the
// event brings all of it when it comes again.
func TestCase034SyncThatBreaksOffLeavesNothing(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	ctx, die := context.WithCancel(t.Context())
	b.Before(func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1/refunds") {
				die() // after the first answers, before the last
			}
			sandbox.ServeHTTP(w, r)
		})
	})
	if err := b.Gateway.Sync(ctx, p.ID, ""); !errors.Is(err, context.Canceled) {
		t.Fatalf("error = %v", err)
	}
	if got := b.Payment(p.ID); got.State != giving.Open || b.Count("ledger.entries") != 0 {
		t.Errorf("payment = %+v, %d entries", got, b.Count("ledger.entries"))
	}
	b.Up()
	hearAll(t, b, b.Events())
	if got := b.Payment(p.ID); got.ReceivedMinor != 10_000 {
		t.Errorf("payment = %+v", got)
	}
	b.SameBooks()
}

// Webhooks and the healing job find the same money in the same moment.
func TestCase036HealingAndEventsAtOncePostOnce(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	for range 4 {
		p := b.Checkout(b.Pledge(10_000), 10_000)
		b.Pay(p, stripesim.CardPays)
	}
	events := b.Events()
	errs := gatewaytest.Together(8, func(i int) error {
		if i%2 == 0 {
			_, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute))
			return err
		}
		var all []error
		for _, e := range events {
			all = append(all, b.Hear(e))
		}
		return errors.Join(all...)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := b.Count("ledger.entries"); n != 4 {
		t.Errorf("%d entries of 4", n)
	}
	b.SameBooks()
}

// Stripe says that there is more and sends a page with nothing on it. The library panics;
// here it is an answer that cannot be read, and asked for again.
func TestCase044EmptyPageThatPromisesMoreEnds(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	b.Before(func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != "/v1/refunds" {
				sandbox.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"object":"list","url":"/v1/refunds","has_more":true,"data":[]}`))
		})
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.Gateway.Sync(ctx, p.ID, ""); err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "list refunds") {
		t.Errorf("error = %v", err)
	}
	b.Up()
	if p = b.Sync(p); p.ReceivedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// The payer pays and closes the tab, or comes back without paying and then pays.
func TestCase050ClosedTabAndCase052ComingBackChangeNothing(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	p = b.Sync(p) // the way back without paying asks, and nothing has happened
	if again := b.Checkout(pledge, 10_000); again.ID != p.ID || again.SessionURL != p.SessionURL {
		t.Errorf("another page was opened: %+v", again)
	}
	b.Pay(p, stripesim.CardPays)
	hearAll(t, b, only(b.Events(), "charge.succeeded")) // and nobody came back
	if p = b.Payment(p.ID); p.State != giving.Paid || p.ReceivedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// The pledge is cancelled while its page is open. What is paid then is money all the same.
func TestCase054PledgeCancelledWhilePayingBooksItsMoney(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	seen, err := giving.PledgeOf(t.Context(), b.DB, pledge, b.Payer)
	must(t, err)
	schedule, err := giving.ScheduleOf(t.Context(), b.DB, seen, b.Now())
	must(t, err)
	must(t, giving.Cancel(t.Context(), b.DB, b.Now, giving.Cancellation{PledgeID: pledge, PersonID: b.Payer, Seen: giving.Seen(seen, schedule), Reason: "Іншим разом"}))
	b.Pay(p, stripesim.CardPays)
	if p = b.Sync(p); p.ReceivedMinor != 10_000 || b.Free() != 9_680 {
		t.Errorf("payment = %+v, %d free", p, b.Free())
	}
	b.SameBooks()
}

// What was authorised and never taken is called a refund, and moves nothing.
func TestCase080RefundWithoutMoneyMovesNothing(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	b.Refund(p, 10_000)
	b.Before(edited("refund", func(r map[string]any) {
		r["balance_transaction"], r["failure_reason"] = nil, "expired_uncaptured_charge"
	}))
	if p = b.Sync(p); p.RefundedMinor != 0 || p.ReceivedMinor != 10_000 || b.Free() != 9_680 {
		t.Errorf("payment = %+v, %d free", p, b.Free())
	}
	b.VerifyBooks()
}

// What Stripe says of a movement must add up, or nobody takes it for what it is called.
func TestCase098NetIsGrossLessFeeOrNobodyExplainsIt(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	b.Before(edited("balance_transaction", func(bt map[string]any) { bt["fee"] = 319 }))
	if p = b.Sync(p); p.ReceivedMinor != 0 || b.Balance(ledger.Suspense(b.Cluster, b.Currency)) != 9_680 || b.Acts("payment.unexplained-movement") != 1 {
		t.Errorf("payment = %+v, %d in suspense", p, b.Balance(ledger.Suspense(b.Cluster, b.Currency)))
	}
	b.SameBooks() // our balance at Stripe is right all the same
}

// Stripe wants something of the invoice's payer. That is no money and no end.
func TestCase117InvoiceThatNeedsActionStaysOpen(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, every)
	p := invoice(t, b, b.Pledge(500_000), 500_000)
	body := signed(t, func(e map[string]any) {
		e["type"] = "invoice.payment_action_required"
		e["data"] = map[string]any{"object": map[string]any{"id": p.InvoiceID, "object": "invoice", "metadata": map[string]any{"payment_id": p.ID}}}
	})
	must(t, b.Hear(gatewaytest.Event{Body: body}))
	if got := b.Payment(p.ID); got.State != giving.Open || got.ReceivedMinor != 0 {
		t.Errorf("payment = %+v", got)
	}
}
