package stripesim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"

	"kopiyka/internal/stripesim"
	"kopiyka/internal/stripesim/spec"
)

const secret = "whsec_sandbox"

// lab is a sandbox, a client of Stripe's own library and a receiver of events,
// with Stripe's document judging every call, answer and event between them.
type lab struct {
	t     *testing.T
	sim   *stripesim.Sim
	api   *client.API
	url   string
	inbox *inbox
}

// clock is a clock that stands until it is moved by the sandbox itself.
func clock() time.Time { return time.Date(2024, time.March, 5, 12, 0, 0, 0, time.UTC) }

func open(t *testing.T, change ...func(*stripesim.Options)) *lab {
	t.Helper()
	box := newInbox(t)
	opt := stripesim.Options{
		Now: clock, RedirectWait: -1, RetryAfter: time.Millisecond, Merchant: "Kharkiv IT Cluster",
		Endpoints: []stripesim.Endpoint{{URL: box.url, Secrets: []string{secret}}},
	}
	for _, c := range change {
		c(&opt)
	}
	sim, err := stripesim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(spec.Handler(t, sim.Handler()))
	t.Cleanup(func() {
		srv.Close()
		if err := sim.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &lab{t: t, sim: sim, api: speaker(srv.URL, "sk_test_sandbox", 0), url: srv.URL, inbox: box}
}

// speaker is Stripe's library talking to base with a key and so many retries.
func speaker(base, key string, retries int64) *client.API {
	backend := func(kind stripe.SupportedBackend) stripe.Backend {
		return stripe.GetBackendWithConfig(kind, &stripe.BackendConfig{
			URL: stripe.String(base), HTTPClient: &http.Client{Timeout: 20 * time.Second}, MaxNetworkRetries: stripe.Int64(retries),
			EnableTelemetry: stripe.Bool(false), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		})
	}
	return client.New(key, &stripe.Backends{
		API: backend(stripe.APIBackend), Connect: backend(stripe.ConnectBackend), Uploads: backend(stripe.UploadsBackend),
	})
}

// sessionParams asks for 5,000.00 USD by card.
func sessionParams(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSessionParams {
	p := &stripe.CheckoutSessionParams{
		Mode:               stripe.String("payment"),
		SuccessURL:         stripe.String("http://127.0.0.1:1/pay/return?session_id={CHECKOUT_SESSION_ID}"),
		CancelURL:          stripe.String("http://127.0.0.1:1/pay/cancel"),
		ClientReferenceID:  stripe.String("KP-7Q4M-19"),
		CustomerEmail:      stripe.String("olena@example.com"),
		SubmitType:         stripe.String("donate"),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		PaymentIntentData:  &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"pledge": "17", "0": "digits are names too"}, Description: stripe.String("Gift to IT4Life")},
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String("usd"), UnitAmount: stripe.Int64(500_000),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String("Gift to IT4Life")},
			},
		}},
	}
	p.AddMetadata("pledge", "17")
	for _, c := range change {
		c(p)
	}
	return p
}

func byDebit(p *stripe.CheckoutSessionParams) {
	p.PaymentMethodTypes = stripe.StringSlice([]string{"card", "us_bank_account"})
}

func amount(minor int64, currency string) func(*stripe.CheckoutSessionParams) {
	return func(p *stripe.CheckoutSessionParams) {
		p.LineItems[0].PriceData.UnitAmount, p.LineItems[0].PriceData.Currency = &minor, &currency
	}
}

func (l *lab) session(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	l.t.Helper()
	cs, err := l.api.CheckoutSessions.New(sessionParams(change...))
	if err != nil {
		l.t.Fatal(err)
	}
	return cs
}

// look fetches a session with its intent, charge and balance transaction.
func (l *lab) look(id string) *stripe.CheckoutSession {
	l.t.Helper()
	p := &stripe.CheckoutSessionParams{}
	p.AddExpand("payment_intent.latest_charge.balance_transaction")
	cs, err := l.api.CheckoutSessions.Get(id, p)
	if err != nil {
		l.t.Fatal(err)
	}
	return cs
}

func (l *lab) pay(session, number string) error {
	l.t.Helper()
	return l.sim.Pay(session, number)
}

func (l *lab) mustPay(session, number string) {
	l.t.Helper()
	if err := l.pay(session, number); err != nil {
		l.t.Fatal(err)
	}
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(b)
}

func decode(t *testing.T, body string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

// stripeError is the error that Stripe's library made of an answer.
func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v (%T), want one of Stripe's", err, err)
	}
	return e
}

// browser fetches pages without following redirects.
var browser = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

type shown struct {
	status int
	header http.Header
	body   string
}

func (l *lab) do(req *http.Request) shown {
	l.t.Helper()
	res, err := browser.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return shown{res.StatusCode, res.Header, string(body)}
}

func (l *lab) request(method, path, body string) *http.Request {
	l.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

// call is a bare call to the API, for what Stripe's library cannot be made to send.
func (l *lab) call(method, path, body string) shown {
	l.t.Helper()
	req := l.request(method, path, body)
	req.Header.Set("Authorization", "Bearer sk_test_sandbox")
	return l.do(req)
}

func (l *lab) submit(session string, form url.Values) shown {
	l.t.Helper()
	return l.do(l.request("POST", "/c/pay/"+session+"?lang=en", form.Encode()))
}

func goodCard(number string) url.Values {
	return url.Values{"method": {"card"}, "number": {number}, "expiry": {"12/34"}, "cvc": {"123"}, "name": {"Олена Ткач"}}
}

// inbox receives events, verifies each with Stripe's library and judges it.
type inbox struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	events []stripe.Event
	status func(n int) int // what to answer to the nth delivery
	seen   int
	change chan struct{} // closed and replaced with every delivery
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	b := &inbox{t: t, change: make(chan struct{}), status: func(int) int { return http.StatusOK }}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off by the sandbox's Close
	}
	ev, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), secret)
	if err != nil {
		b.t.Errorf("the delivery does not verify: %v", err)
	}
	if ua := r.Header.Get("User-Agent"); !strings.Contains(ua, "SANDBOX") {
		b.t.Errorf("User-Agent %q does not say SANDBOX", ua)
	}
	for _, wrong := range spec.Event(body) {
		b.t.Errorf("event %s: %s", ev.Type, wrong)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen++
	status := b.status(b.seen)
	if status == http.StatusOK {
		b.events = append(b.events, ev)
	}
	close(b.change)
	b.change = make(chan struct{})
	w.WriteHeader(status)
}

func (b *inbox) answer(status func(n int) int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

// until waits for the inbox to be as wanted, and fails after ten seconds.
func (b *inbox) until(what string, wanted func(seen int, events []stripe.Event) bool) []stripe.Event {
	b.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		b.mu.Lock()
		ok, events, change := wanted(b.seen, b.events), append([]stripe.Event(nil), b.events...), b.change
		b.mu.Unlock()
		if ok {
			return events
		}
		select {
		case <-change:
		case <-deadline:
			b.t.Fatalf("waiting for %s: %d deliveries, taken: %v", what, b.seen, types(events))
		}
	}
}

func types(events []stripe.Event) []string {
	var out []string
	for _, ev := range events {
		out = append(out, string(ev.Type))
	}
	return out
}

// told waits until events of these types have been taken, in any order, each as
// often as it is named, and no others.
func (l *lab) told(want ...string) {
	l.t.Helper()
	count := func(all []string) map[string]int {
		m := map[string]int{}
		for _, s := range all {
			m[s]++
		}
		return m
	}
	wanted := count(want)
	l.inbox.until(strings.Join(want, ", "), func(_ int, events []stripe.Event) bool {
		got := count(types(events))
		if len(got) != len(wanted) {
			return false
		}
		for kind, n := range wanted {
			if got[kind] != n {
				return false
			}
		}
		return true
	})
}
