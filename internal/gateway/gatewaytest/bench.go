package gatewaytest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/stripesim"
	"kopiyka/internal/stripesim/spec"
	"kopiyka/internal/web/hook"
)

// The secrets that sign the bench's webhooks, and the key of its sandbox.
const (
	Secret = "whsec_of_the_bench_itself"
	Former = "whsec_before_it_was_rolled"
	Key    = "sk_test_bench"
)

// Bench is a World and a Stripe. Stripe's own document judges every call that the gateway
// makes. Until Serve is called nothing is delivered: the test decides who hears of what.
type Bench struct {
	*World
	Sim     *stripesim.Sim
	URL     string // of the sandbox
	Config  gateway.Config
	Gateway *gateway.Gateway
	Workers *inbox.Workers
	Log     *Log // what the house has written to its log

	sandbox http.Handler // judged
	front   atomic.Pointer[http.Handler]
}

// Options are what a test may want otherwise.
type Options struct {
	Currency money.Currency
	Now      clock.Clock // the house's; the sandbox signs by the machine's
	Sandbox  stripesim.Options
	Config   func(*gateway.Config)
}

// New opens a bench.
func New(t testing.TB, change ...func(*Options)) *Bench {
	t.Helper()
	o := Options{
		Currency: "USD", Now: clock.System, Config: func(*gateway.Config) {},
		Sandbox: stripesim.Options{RedirectWait: -1, RetryAfter: 10 * time.Millisecond},
	}
	for _, c := range change {
		c(&o)
	}
	b := &Bench{World: NewWorld(t, o.Now, o.Currency), Log: &Log{}}
	o.Sandbox.Log = b.logger()
	b.openSandbox(o.Sandbox)
	b.Config = gateway.Config{
		SecretKey: Key, APIBase: b.URL, WebhookSecrets: []string{Secret, Former}, PublicURL: "http://127.0.0.1:1",
		Methods: []string{"card", "us_bank_account"},
	}
	o.Config(&b.Config)
	b.Gateway = b.AnotherGateway(o.Now)
	b.Workers = &inbox.Workers{DB: b.DB, Now: o.Now, Handle: b.Gateway.Handle, Describe: gateway.Describe, Count: 4, Log: b.logger()}
	return b
}

func (b *Bench) openSandbox(o stripesim.Options) {
	b.t.Helper()
	sim, err := stripesim.New(o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Sim = sim
	b.sandbox = spec.Handler(b.t, sim.Handler())
	b.Up()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*b.front.Load()).ServeHTTP(w, r) }))
	b.URL = server.URL
	b.t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			b.t.Errorf("close the sandbox: %v", err)
		}
	})
}

// Before puts a handler between the gateway and the sandbox from here on, such as one that
// holds an answer back.
func (b *Bench) Before(front func(sandbox http.Handler) http.Handler) {
	h := front(b.sandbox)
	b.front.Store(&h)
}

// Down cuts every connection to the sandbox.
func (b *Bench) Down() {
	b.Before(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
}

// Up undoes Down and Before.
func (b *Bench) Up() { b.Before(func(sandbox http.Handler) http.Handler { return sandbox }) }

// AnotherGateway is a second gateway to the same sandbox and database, by another clock.
func (b *Bench) AnotherGateway(now clock.Clock) *gateway.Gateway {
	b.t.Helper()
	g, err := gateway.New(b.Config, b.DB, now, b.logger())
	if err != nil {
		b.t.Fatal(err)
	}
	return g
}

// Serve opens the webhooks' door, runs the inbox's workers and lets the sandbox deliver.
// All of it ends with the test. It returns the door's address.
func (b *Bench) Serve() string {
	b.t.Helper()
	e := echo.New()
	hook.New(b.Gateway, b.DB, b.Now, b.Workers.Wake, b.logger()).Routes(e.Group(""))
	server := httptest.NewServer(e)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		b.Workers.Run(ctx)
		close(ended)
	}()
	b.t.Cleanup(func() {
		if err := b.Sim.Close(); err != nil { // nobody is to knock at a closed door
			b.t.Errorf("close the sandbox: %v", err)
		}
		server.Close()
		stop()
		<-ended
	})
	url := server.URL + "/hooks/stripe"
	if err := b.Sim.SetEndpoints(stripesim.Endpoint{URL: url, Secrets: []string{Secret}}); err != nil {
		b.t.Fatal(err)
	}
	return url
}

// Order is the payer's wish to pay part of a pledge.
func (b *Bench) Order(pledge string, minor int64) gateway.Order {
	return gateway.Order{PledgeID: pledge, PersonID: b.Payer, Amount: b.Amount(minor), Title: "Апарати ШВЛ"}
}

// Checkout opens the checkout page of a payment.
func (b *Bench) Checkout(pledge string, minor int64) giving.Payment {
	b.t.Helper()
	p, err := b.Gateway.Checkout(b.t.Context(), b.Order(pledge, minor))
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// Pay submits the payment's checkout page with a test number.
func (b *Bench) Pay(p giving.Payment, number string) {
	b.t.Helper()
	if err := b.Sim.Pay(p.SessionID, number); err != nil {
		b.t.Fatal(err)
	}
}

// Sync syncs a payment and reads it.
func (b *Bench) Sync(p giving.Payment) giving.Payment {
	b.t.Helper()
	if err := b.Gateway.Sync(b.t.Context(), p.ID, ""); err != nil {
		b.t.Fatal(err)
	}
	return b.Payment(p.ID)
}

// Paid is a payment of a new pledge that came in by card and stands in the books.
func (b *Bench) Paid(minor int64) giving.Payment {
	b.t.Helper()
	p := b.Checkout(b.Pledge(minor), minor)
	b.Pay(p, stripesim.CardPays)
	return b.Sync(p)
}

// SameBooks fails the test when our balance at Stripe is not what Stripe says, or our books
// contradict themselves.
func (b *Bench) SameBooks() {
	b.t.Helper()
	b.VerifyBooks()
	theirs := b.Sim.Books().Totals
	for currency, total := range theirs {
		c := money.Currency(bytes.ToUpper([]byte(currency)))
		if ours := b.Balance(ledger.Stripe(b.Cluster, c)); ours != total.Net {
			b.t.Errorf("%s at Stripe: our books say %d, Stripe %d", c, ours, total.Net)
		}
	}
}

func (b *Bench) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b.Log, nil)) }

// Log keeps what is written to it. Many may write at once.
type Log struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.Write(line)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}
