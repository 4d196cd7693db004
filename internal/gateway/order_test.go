package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
	"kopiyka/internal/stripesim"
)

// only are the events whose type begins with one of some words.
func only(all []gatewaytest.Event, prefixes ...string) []gatewaytest.Event {
	var out []gatewaytest.Event
	for _, e := range all {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.Type, p) }) {
			out = append(out, e)
		}
	}
	return out
}

// permutations are all orders of 0 … n−1.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return all
}

func hearAll(t *testing.T, b *gatewaytest.Bench, events []gatewaytest.Event) {
	t.Helper()
	for _, e := range events {
		if err := b.Hear(e); err != nil {
			t.Errorf("%s: %v", e.Type, err)
		}
	}
}

// Stripe promises no order. Each order of a card's four events ends in the same books, at
// once and after each of them came again.
func TestCase025EveryOrderOfTheCardsEventsEndsInTheSameBooks(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	for n, order := range permutations(4) {
		p := b.Checkout(b.Pledge(10_000), 10_000)
		before := len(b.Events())
		b.Pay(p, stripesim.CardPays)
		events := b.Events()[before:]
		if len(events) != 4 {
			t.Fatalf("a card's events: %d, want 4", len(events))
		}
		for i, at := range order {
			if err := b.Hear(events[at]); err != nil {
				t.Fatalf("order %v, event %s: %v", order, events[at].Type, err)
			}
			if got := b.Payment(p.ID); got.State != giving.Paid || got.ReceivedMinor != 10_000 {
				t.Errorf("order %v: after %s, number %d, the payment is %+v", order, events[at].Type, i, got)
			}
		}
		hearAll(t, b, events)
		fee := int64(10_000*29/1000 + 30)
		if got := b.AtStripe(); got != int64(n+1)*(10_000-fee) {
			t.Fatalf("order %v: %d at Stripe, want %d", order, got, int64(n+1)*(10_000-fee))
		}
	}
	b.SameBooks()
}

// Each event alone is enough, whatever else was lost.
func TestEachKindOfEventLeadsToThePayment(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	b.Refund(b.Sync(p), 1_000)
	// Dispute events are not the sandbox's, but this is how one names its payment.
	events := append(b.Events(), dispute(t, b.Payment(p.ID).IntentID, false), dispute(t, b.Payment(p.ID).IntentID, true))
	kinds := map[string]bool{}
	for _, e := range events {
		if _, err := b.Owner.Exec(`UPDATE payments SET state = 'open', received_minor = 0, refunded_minor = 0`); err != nil {
			t.Fatal(err)
		}
		if err := b.Hear(e); err != nil {
			t.Errorf("%s: %v", e.Type, err)
		}
		if got := b.Payment(p.ID); got.State != giving.RefundedInPart || got.ReceivedMinor != 10_000 || got.RefundedMinor != 1_000 {
			t.Errorf("%s does not lead to its payment: %+v", e.Type, got)
		}
		kind, _, _ := strings.Cut(e.Type, ".")
		kinds[kind] = true
	}
	for _, kind := range []string{"checkout", "payment_intent", "charge", "refund"} {
		if !kinds[kind] {
			t.Errorf("no event of kind %s was tried", kind)
		}
	}
	b.SameBooks()
}

// dispute is an event about a dispute, with the payment intent as an id or as an object.
func dispute(t *testing.T, intent string, expanded bool) gatewaytest.Event {
	t.Helper()
	var pi any = intent
	if expanded {
		pi = map[string]any{"id": intent, "object": "payment_intent"}
	}
	body, err := json.Marshal(map[string]any{
		"id": "evt_dispute", "object": "event", "type": "charge.dispute.created", "api_version": "2023-10-16", "created": noon.Unix(),
		"data": map[string]any{"object": map[string]any{"id": "du_1", "object": "dispute", "payment_intent": pi}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return gatewaytest.Event{ID: "evt_dispute", Type: "charge.dispute.created", Body: body}
}

// The answer with the session's id was lost, and nobody clicked again. The events bring it.
func TestCase031WebhookBeforeOurRowHasTheSession(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"checkout.session.completed", "payment_intent.succeeded", "charge.succeeded"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			p := b.Checkout(b.Pledge(10_000), 10_000)
			if _, err := b.Owner.Exec(`UPDATE payments SET state = 'created', session_id = NULL, session_url = NULL, session_ends_at = NULL`); err != nil {
				t.Fatal(err)
			}
			b.Pay(p, stripesim.CardPays)
			hearAll(t, b, only(b.Events(), kind))
			if got := b.Payment(p.ID); got.State != giving.Paid || got.SessionID != p.SessionID {
				t.Errorf("payment = %+v", got)
			}
			b.SameBooks()
		})
	}
}

// Stripe does other business on the account: its events are nobody's trouble.
func TestEventsOfOtherBusinessAreDone(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	for name, object := range map[string]map[string]any{
		"case 16: unknown type":             {"id": "x_1", "object": "teleport"},
		"session without metadata":          {"id": "cs_foreign", "object": "checkout.session", "metadata": map[string]any{}},
		"session with null metadata":        {"id": "cs_foreign", "object": "checkout.session", "metadata": nil},
		"case 56: intent with no metadata":  {"id": "pi_foreign", "object": "payment_intent", "metadata": map[string]any{}},
		"case 56: intent of another's shop": {"id": "pi_foreign", "object": "payment_intent", "metadata": map[string]any{"order": "7"}},
		"charge without an intent":          {"id": "ch_1", "object": "charge", "payment_intent": nil},
		"charge of a foreign intent":        {"id": "ch_1", "object": "charge", "payment_intent": "pi_foreign"},
		"account":                           {"id": "acct_1", "object": "account"},
	} {
		body := signed(t, func(e map[string]any) { e["data"] = map[string]any{"object": object} })
		if err := b.Hear(gatewaytest.Event{Body: body}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.Count("ledger.entries"); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// An event that names a payment which is not there is no other business: the row may be
// about to be restored, or somebody has to look. It is tried again, and never just done.
func TestEventOfAPaymentThatIsNotHereIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	const lost = "01890a5d-ac96-774b-bcce-b302099a8057"
	for _, object := range []map[string]any{
		{"id": "cs_1", "object": "checkout.session", "metadata": map[string]any{"payment_id": lost}},
		{"id": "pi_1", "object": "payment_intent", "metadata": map[string]any{"payment_id": lost}},
	} {
		body := signed(t, func(e map[string]any) { e["data"] = map[string]any{"object": object} })
		if err := b.Hear(gatewaytest.Event{Body: body}); !errors.Is(err, giving.ErrNoPayment) {
			t.Errorf("%v: error = %v", object["object"], err)
		}
	}
}

// The stale read: one sync holds an answer of Stripe's in which the debit is on its way;
// meanwhile the debit settles and a second sync begins. The lock is taken before Stripe is
// asked, so the second waits for the first and what is written last was read last.
func TestCase035StaleReadIsNotWrittenLast(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.AccountPays)
	p = b.Sync(p)

	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	b.Before(func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/v1/payment_intents/") {
				sandbox.ServeHTTP(w, r)
				return
			}
			first := false
			once.Do(func() { first = true })
			if !first {
				sandbox.ServeHTTP(w, r)
				return
			}
			rec := &recorder{header: http.Header{}}
			sandbox.ServeHTTP(rec, r) // what Stripe says now …
			close(held)
			<-release // … arrives later
			rec.replay(w)
		})
	})
	ended := make(chan error, 2)
	go func() { ended <- b.Gateway.Sync(t.Context(), p.ID, "") }()
	<-held
	if err := b.Sim.Settle(p.IntentID); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- b.Gateway.Sync(t.Context(), p.ID, "") }()
	// The second sync either waits for the first one's lock, or, without it, ends.
	var second error
	overtaken := false
	gatewaytest.Until(t, "the second sync's wait", func() bool {
		select {
		case second = <-ended:
			overtaken = true
			return true
		default:
			return b.Count("pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") == 1
		}
	})
	close(release)
	rest := 2
	if overtaken {
		rest = 1
		t.Error("the second sync did not wait for the first")
	}
	for range rest {
		second = errors.Join(second, <-ended)
	}
	if second != nil {
		t.Fatal(second)
	}
	if got := b.Payment(p.ID); got.State != giving.Paid || got.ReceivedMinor != 10_000 {
		t.Errorf("the payment is %s with %d received; the stale answer was written last", got.State, got.ReceivedMinor)
	}
	b.SameBooks()
}

// recorder keeps an answer to give it later.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}

func (r *recorder) replay(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(r.status, http.StatusOK))
	_, _ = w.Write(r.body)
}

// Webhook, the browser's return and healing at once, many times over.
func TestCase030SixteenSyncsAtOncePostOnce(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	if err := errors.Join(gatewaytest.Together(16, func(int) error { return b.Gateway.Sync(t.Context(), p.ID, "") })...); err != nil {
		t.Fatal(err)
	}
	if n := b.Count("ledger.entries"); n != 1 || b.Acts("payment.gift") != 1 {
		t.Errorf("%d entries, %d acts", n, b.Acts("payment.gift"))
	}
	b.SameBooks()
}

// More events and clicks than there are connections: a sync keeps one with its lock while
// Stripe answers, and what settles it needs another.
func TestSyncsDoNotStarveEachOtherOfConnections(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	payments := make([]giving.Payment, pg.Connections+4)
	for i := range payments {
		payments[i] = b.Checkout(b.Pledge(10_000), 10_000)
		b.Pay(payments[i], stripesim.CardPays)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := errors.Join(gatewaytest.Together(3*len(payments), func(i int) error { return b.Gateway.Sync(ctx, payments[i%len(payments)].ID, "") })...)
	if err != nil {
		t.Fatal(err)
	}
	if n := b.Count("ledger.entries"); n != len(payments) {
		t.Errorf("%d entries", n)
	}
	b.SameBooks()
}

func TestDebitByWebhooksAlone(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Serve()
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.AccountPays)
	gatewaytest.Until(t, "the debit on its way", func() bool { return b.Payment(p.ID).State == giving.Processing })
	if err := b.Sim.Settle(b.Payment(p.ID).IntentID); err != nil {
		t.Fatal(err)
	}
	gatewaytest.Until(t, "the settled debit", func() bool { return b.Payment(p.ID).State == giving.Paid })
	gatewaytest.Until(t, "an empty inbox", func() bool { return b.Count("inbox_events WHERE state <> 'done'") == 0 })
	b.SameBooks()
}
