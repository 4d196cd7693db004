// Package stripesim is the sandbox: a Stripe of our own, with state, on its own
// port, for a machine that has neither an account nor a network.
//
// It speaks the part of API 2023-10-16 that a gift needs: customers, Checkout with
// a hosted page, payment intents, charges, refunds, balance transactions and signed
// events. What it does not model it refuses with 404 or 400 instead of guessing,
// and README.md says which is which. It never takes a live key, never moves money,
// and never learns anything of Kopiyka: the program under test knows it only as
// another address of Stripe.
package stripesim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// APIVersion is the one version of Stripe's API that the sandbox speaks.
const APIVersion = "2023-10-16"

// Options say how a sandbox is set up. The zero value is a working sandbox in
// memory that tells nobody about its events.
type Options struct {
	// Merchant is the name that the hosted page shows as the one being paid.
	Merchant string
	// AccountID is what GET /v1/account answers. It must begin with acct_.
	AccountID string
	// URL is the address of the sandbox as a browser sees it, without a final
	// slash. Empty means the address that a request was sent to.
	URL string
	// Endpoints receive the events.
	Endpoints []Endpoint
	// Journal is the file that keeps the state over a restart; empty keeps it in
	// memory only. One file belongs to one running sandbox.
	Journal string
	// DebitDelay is how long a bank debit is on its way, by the sandbox's clock.
	// Zero means four days.
	DebitDelay time.Duration
	// RedirectWait is how long a payer waits for the receivers of
	// checkout.session.completed to answer before being sent back. Zero means two
	// seconds, a negative value not at all.
	RedirectWait time.Duration
	// RetryAfter is the pause before the second attempt to deliver an event; it
	// doubles with every attempt up to a minute. Zero means one second.
	RetryAfter time.Duration
	// Attempts is how often an event is offered to an endpoint before the sandbox
	// gives up. Zero means 20, which is about a quarter of an hour.
	Attempts int
	// QueueSize bounds the deliveries that wait. What does not fit is not delivered,
	// as after a long outage of the receiver, but stays in the list of events.
	// Zero means 10,000.
	QueueSize int
	// PayoutEvery is how often everything that is available is paid out, by the
	// sandbox's clock. Zero pays nothing out by itself.
	PayoutEvery time.Duration
	// SettleIn are the currencies in which the account keeps its balance, the first of
	// them the one into which every other currency is converted. None means that each
	// currency settles in itself.
	SettleIn []string
	// RefundsWait keeps refunds pending that the balance does not cover, until it does:
	// so it is where Stripe may not take what is missing from the merchant's bank account.
	// Otherwise the balance goes below zero.
	RefundsWait bool
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Stylesheet gives the CSS of the hosted page and a hash of it for its address.
	Stylesheet func() (hash string, css []byte)
	// Fonts holds the font files that the CSS asks for as fonts/<name>.
	Fonts fs.FS
	// Log tells of faults and of deliveries given up. Nil keeps silent.
	Log *slog.Logger
}

// Endpoint is a receiver of events.
type Endpoint struct {
	URL string
	// Secrets sign each delivery, one v1 signature per secret. Two of them stand for
	// a secret that is being rolled.
	Secrets []string
	// Events are the types wanted; none means all.
	Events []string
}

// Sim is a running sandbox. All its methods may be called at the same time.
type Sim struct {
	opt     Options
	log     *slog.Logger
	handler http.Handler
	mail    *courier

	mu        sync.Mutex // guards everything below
	db        *store
	log2disk  *journal
	dice      *dice
	mishaps   mishaps
	endpoints []Endpoint
	nextDue   int64 // when something falls due next, in Unix seconds
	closed    bool

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// New opens a sandbox, with what its journal remembers, and begins to deliver
// what was not delivered before. Close it when done.
func New(opt Options) (*Sim, error) {
	opt = opt.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	db := newStore()
	disk, err := openJournal(opt.Journal, db, opt.Now())
	if err != nil {
		return nil, fmt.Errorf("open the sandbox's journal: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Sim{opt: opt, log: opt.Log, db: db, log2disk: disk, dice: newDice(Faults{}), endpoints: opt.Endpoints, stop: stop}
	s.mail = newCourier(s)
	s.handler = s.routes()
	s.resumeDeliveries()
	if err := s.schedulePayouts(); err != nil {
		stop()
		return nil, errors.Join(err, disk.close())
	}
	s.wg.Go(func() { s.mail.run(ctx) })
	s.wg.Go(func() { s.tick(ctx) })
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Merchant == "" {
		o.Merchant = "Kopiyka"
	}
	if o.AccountID == "" {
		o.AccountID = "acct_1KopiykaSandbox00"
	}
	if o.DebitDelay == 0 {
		o.DebitDelay = 4 * 24 * time.Hour
	}
	if o.RedirectWait == 0 {
		o.RedirectWait = 2 * time.Second
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = time.Second
	}
	if o.Attempts == 0 {
		o.Attempts = 20
	}
	if o.QueueSize == 0 {
		o.QueueSize = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) check() error {
	if o.DebitDelay < 0 || o.RetryAfter < 0 || o.Attempts < 0 || o.QueueSize < 0 || o.PayoutEvery < 0 {
		return errors.New("the sandbox's DebitDelay, PayoutEvery, RetryAfter, Attempts and QueueSize cannot be negative")
	}
	if err := checkSettlement(o.SettleIn); err != nil {
		return err
	}
	return checkEndpoints(o.Endpoints)
}

func checkEndpoints(all []Endpoint) error {
	for _, e := range all {
		if !isWebURL(e.URL) {
			return fmt.Errorf("webhook endpoint %q is not an http address", e.URL)
		}
		if len(e.Secrets) == 0 {
			return fmt.Errorf("webhook endpoint %s has no secret to sign with", e.URL)
		}
		for _, secret := range e.Secrets {
			if secret == "" {
				return fmt.Errorf("webhook endpoint %s has an empty secret", e.URL)
			}
		}
	}
	return nil
}

// SetEndpoints replaces the receivers of events. Deliveries that wait keep their
// place in the list: those of the first endpoint go to the new first one.
func (s *Sim) SetEndpoints(all ...Endpoint) error {
	if err := checkEndpoints(all); err != nil {
		return err
	}
	s.mu.Lock()
	s.endpoints = all
	s.mu.Unlock()
	s.mail.nudge()
	return nil
}

// Handler serves the API, the hosted page and its assets.
func (s *Sim) Handler() http.Handler { return s.handler }

// Serve answers on l until ctx ends, then lets running requests finish for five
// seconds. It does not close the sandbox.
func (s *Sim) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve the sandbox: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(end); err != nil {
		return fmt.Errorf("stop the sandbox: %w", err)
	}
	return nil
}

// Close stops the deliveries and closes the journal. What was not delivered is
// delivered by the next sandbox that opens the same journal. A second call does
// nothing.
func (s *Sim) Close() error {
	s.stop()
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.log2disk.close()
}
