package stripesim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"kopiyka/internal/stripesim"
)

func (l *lab) events(change ...func(*stripe.EventListParams)) []*stripe.Event {
	l.t.Helper()
	p := &stripe.EventListParams{}
	for _, c := range change {
		c(p)
	}
	var out []*stripe.Event
	it := l.api.Events.List(p)
	for it.Next() {
		out = append(out, it.Event())
	}
	if it.Err() != nil {
		l.t.Fatal(it.Err())
	}
	return out
}

func TestEventsAreSnapshots(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session()
	l.mustPay(cs.ID, stripesim.CardPays)
	p := &stripe.RefundParams{PaymentIntent: &l.look(cs.ID).PaymentIntent.ID}
	p.SetIdempotencyKey("refund-17")
	if _, err := l.api.Refunds.New(p); err != nil {
		t.Fatal(err)
	}
	for _, ev := range l.events() {
		switch ev.Type {
		case "charge.succeeded":
			if ev.Data.Object["amount_refunded"] != 0.0 || ev.Request.IdempotencyKey != "" {
				t.Errorf("charge.succeeded has refunds of later: %v", ev.Data.Object["amount_refunded"])
			}
		case "charge.refunded":
			if ev.Data.Object["amount_refunded"] != 500_000.0 || ev.Data.PreviousAttributes["amount_refunded"] != 0.0 || ev.Request.IdempotencyKey != "refund-17" || !strings.HasPrefix(ev.Request.ID, "req_") {
				t.Errorf("charge.refunded: %v, before %v, by %v", ev.Data.Object["amount_refunded"], ev.Data.PreviousAttributes, ev.Request)
			}
		}
	}
}

func TestEventsAreListedByTypeAndTimeForAMonth(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.mustPay(l.session().ID, stripesim.CardPays)
	if err := l.sim.Advance(10 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	l.mustPay(l.session().ID, stripesim.CardPays)
	paid := func(p *stripe.EventListParams) {
		p.Types = stripe.StringSlice([]string{"charge.succeeded", "checkout.session.completed"})
	}
	late := func(p *stripe.EventListParams) {
		p.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: clock().Add(24 * time.Hour).Unix()}
	}
	small := func(p *stripe.EventListParams) { p.Limit = stripe.Int64(1) }
	for name, c := range map[string]struct {
		change []func(*stripe.EventListParams)
		want   int
	}{
		"all":                {nil, 8},
		"two types":          {[]func(*stripe.EventListParams){paid, small}, 4},
		"late":               {[]func(*stripe.EventListParams){late}, 4},
		"late, of two types": {[]func(*stripe.EventListParams){late, paid}, 2},
	} {
		if got := l.events(c.change...); len(got) != c.want {
			t.Errorf("%s: %d events, want %d", name, len(got), c.want)
		}
	}
	old := l.events()[7]
	if err := l.sim.Advance(21 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := l.events(); len(got) != 4 {
		t.Errorf("a month later %d events are listed, want 4", len(got))
	}
	_, err := l.api.Events.Get(old.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 404 {
		t.Errorf("an event of more than a month ago: %d", e.HTTPStatusCode)
	}
}

func TestDeliveryIsRetriedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.inbox.answer(func(n int) int {
		if n <= 6 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	l.mustPay(l.session().ID, stripesim.CardPays)
	l.told("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed")
	l.quiet()
	seen := 0
	l.inbox.until("the retries", func(n int, _ []stripe.Event) bool { seen = n; return true })
	if seen != 10 {
		t.Errorf("%d deliveries, want 6 refused and 4 taken", seen)
	}
	for _, ev := range l.events() {
		if ev.PendingWebhooks != 0 {
			t.Errorf("%s still waits for %d endpoints", ev.Type, ev.PendingWebhooks)
		}
	}
}

// quiet waits until no delivery is left, by what the list of events says.
func (l *lab) quiet() {
	l.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if !slices.ContainsFunc(l.events(), func(ev *stripe.Event) bool { return ev.PendingWebhooks > 0 }) {
			return
		}
	}
	l.t.Fatal("deliveries are left after ten seconds")
}

func TestDeliveryIsGivenUpAndCanBeSentAgain(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) { o.Attempts = 3 })
	l.inbox.answer(func(int) int { return http.StatusBadGateway })
	if _, err := l.api.Customers.New(&stripe.CustomerParams{}); err != nil {
		t.Fatal(err)
	}
	l.quiet()
	l.inbox.until("three attempts", func(n int, _ []stripe.Event) bool { return n == 3 })
	l.inbox.answer(func(int) int { return http.StatusOK })
	if err := l.sim.Resend(l.events()[0].ID); err != nil {
		t.Fatal(err)
	}
	l.told("customer.created")
	if err := l.sim.Resend("evt_none"); err == nil {
		t.Error("an event that does not exist was sent")
	}
}

func TestDeliveryIsSignedWithEverySecret(t *testing.T) {
	t.Parallel()
	type got struct{ body, signature string }
	seen := make(chan got, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- got{read(t, r.Body), r.Header.Get("Stripe-Signature")}
	}))
	t.Cleanup(srv.Close)
	l := open(t, func(o *stripesim.Options) {
		o.Endpoints = []stripesim.Endpoint{{URL: srv.URL, Secrets: []string{"whsec_new", "whsec_old"}, Events: []string{"customer.created"}}}
	})
	l.mustPay(l.session().ID, stripesim.CardPays) // not wanted by the endpoint
	if _, err := l.api.Customers.New(&stripe.CustomerParams{}); err != nil {
		t.Fatal(err)
	}
	g := <-seen
	for _, s := range []string{"whsec_new", "whsec_old"} {
		ev, err := webhook.ConstructEvent([]byte(g.body), g.signature, s)
		if err != nil || ev.Type != "customer.created" {
			t.Errorf("with %s: %s, %v", s, ev.Type, err)
		}
	}
	if _, err := webhook.ConstructEvent([]byte(g.body), g.signature, "whsec_other"); err == nil {
		t.Error("another secret verifies too")
	}
}

func TestRedirectWaitsForTheReceiver(t *testing.T) {
	t.Parallel()
	var taken atomic.Bool
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-hold
		taken.Store(true)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(release)
	l := open(t, func(o *stripesim.Options) {
		o.RedirectWait = time.Minute
		o.Endpoints = []stripesim.Endpoint{{URL: srv.URL, Secrets: []string{secret}, Events: []string{"checkout.session.completed"}}}
	})
	id := l.session().ID
	back := make(chan shown, 1)
	go func() { back <- l.submit(id, goodCard(stripesim.CardPays)) }()
	for l.look(id).Status != "complete" { // paid already, and the payer still waits
	}
	select {
	case got := <-back:
		t.Fatalf("sent back before the receiver answered: %d", got.status)
	default:
	}
	release()
	if got := <-back; got.status != http.StatusSeeOther || !taken.Load() {
		t.Errorf("sent back with %d, receiver answered %v", got.status, taken.Load())
	}
}

func TestRedirectDoesNotWaitForADeadReceiver(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) {
		o.RedirectWait = time.Millisecond
		o.RetryAfter = time.Hour
	})
	l.inbox.answer(func(int) int { return http.StatusInternalServerError })
	got := l.submit(l.session().ID, goodCard(stripesim.CardPays))
	if got.status != http.StatusSeeOther {
		t.Errorf("%d", got.status)
	}
}

func TestAFullQueueDropsDeliveriesAndKeepsEvents(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) { o.QueueSize, o.RetryAfter = 1, time.Hour })
	l.inbox.answer(func(int) int { return http.StatusInternalServerError })
	l.mustPay(l.session().ID, stripesim.CardPays)
	l.inbox.until("one delivery", func(n int, _ []stripe.Event) bool { return n == 1 })
	waiting := 0
	for _, ev := range l.events() {
		waiting += int(ev.PendingWebhooks)
	}
	if all := len(l.events()); all != 4 || waiting != 1 {
		t.Errorf("%d events, %d deliveries wait; want 4 and 1", all, waiting)
	}
}

// history runs the same gifts under the same faults and tells what came of them.
func history(t *testing.T, seed uint64) (deliveries []string, answers []int) {
	l := open(t, func(o *stripesim.Options) { o.Endpoints = nil })
	got := make(chan string, 1000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ev, err := webhook.ConstructEvent([]byte(read(t, r.Body)), r.Header.Get("Stripe-Signature"), secret)
		if err != nil {
			t.Error(err)
		}
		got <- string(ev.Type)
	}))
	t.Cleanup(srv.Close)
	if err := l.sim.SetEndpoints(stripesim.Endpoint{URL: srv.URL, Secrets: []string{secret}}); err != nil {
		t.Fatal(err)
	}
	if err := l.sim.SetFaults(stripesim.Faults{Seed: seed, Drop: .2, Duplicate: .3, Twin: .2, Reorder: .5, LoseAnswer: .3, ServerError: .2}); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		req := l.request("POST", "/v1/customers", "name=x")
		req.Header.Set("Authorization", "Bearer sk_test_1")
		res, err := browser.Do(req)
		if err != nil { // cut
			answers = append(answers, 0)
			continue
		}
		res.Body.Close()
		answers = append(answers, res.StatusCode)
	}
	if err := l.sim.SetFaults(stripesim.Faults{}); err != nil {
		t.Fatal(err)
	}
	l.quiet()
	close(got)
	for kind := range got {
		deliveries = append(deliveries, kind)
	}
	return deliveries, append(answers, len(l.events()))
}

func TestFaultsFollowTheirSeed(t *testing.T) {
	t.Parallel()
	deliveries, answers := history(t, 7)
	sameDeliveries, sameAnswers := history(t, 7)
	if diff := cmp.Diff(answers, sameAnswers); diff != "" {
		t.Errorf("the same seed answers otherwise:\n%s", diff)
	}
	if len(deliveries) != len(sameDeliveries) {
		t.Errorf("the same seed delivers %d and %d", len(deliveries), len(sameDeliveries))
	}
	_, otherAnswers := history(t, 8)
	if cmp.Equal(answers, otherAnswers) {
		t.Error("another seed answers the same")
	}
	for _, status := range []int{0, 200, 500} {
		if !slices.Contains(answers, status) {
			t.Errorf("no answer with status %d among %v", status, answers)
		}
	}
}

func TestEachFaultHappens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults             stripesim.Faults
		events, deliveries func(int) bool
	}{
		"drop":      {stripesim.Faults{Drop: 1}, is(4), is(0)},
		"duplicate": {stripesim.Faults{Duplicate: 1}, is(4), func(n int) bool { return n >= 8 && n <= 12 }},
		"twin":      {stripesim.Faults{Twin: 1}, is(8), is(8)},
		"delay":     {stripesim.Faults{MaxDelay: 5 * time.Millisecond}, is(4), is(4)},
		"reorder":   {stripesim.Faults{Reorder: 1}, is(4), is(4)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			if err := l.sim.SetFaults(c.faults); err != nil {
				t.Fatal(err)
			}
			l.mustPay(l.session().ID, stripesim.CardPays)
			l.quiet()
			l.inbox.until("no more", func(n int, events []stripe.Event) bool {
				if !c.deliveries(n) {
					t.Errorf("%d deliveries", n)
				}
				return true
			})
			if n := len(l.events()); !c.events(n) {
				t.Errorf("%d events", n)
			}
		})
	}
	l := open(t)
	for _, f := range []stripesim.Faults{{Drop: 1.1}, {Twin: -.1}, {MaxDelay: -1}} {
		if err := l.sim.SetFaults(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

func is(want int) func(int) bool { return func(n int) bool { return n == want } }

func TestALostAnswerIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	l := open(t)
	if err := l.sim.SetFaults(stripesim.Faults{Seed: 3, LoseAnswer: .7}); err != nil {
		t.Fatal(err)
	}
	patient := speaker(l.url, "sk_test_1", 0)
	for i := range 5 {
		p := sessionParams()
		p.SetIdempotencyKey("attempt-" + string(rune('a'+i)))
		p.Context = context.Background()
		var err error
		for try := 0; ; try++ {
			if _, err = patient.CheckoutSessions.New(p); err == nil {
				break
			}
			if try == 100 {
				t.Fatal(err)
			}
		}
	}
	if err := l.sim.SetFaults(stripesim.Faults{}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for it := l.api.CheckoutSessions.List(nil); it.Next(); n++ {
	}
	if n != 5 {
		t.Errorf("%d sessions were made for 5 keys", n)
	}
}

func TestEndpointsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, e := range []stripesim.Endpoint{
		{URL: "ftp://x", Secrets: []string{"s"}}, {URL: "http://127.0.0.1"}, {URL: "http://127.0.0.1", Secrets: []string{""}},
	} {
		if _, err := stripesim.New(stripesim.Options{Endpoints: []stripesim.Endpoint{e}}); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
}
