// Package gateway is the only room that speaks Stripe. It opens checkout pages, verifies
// webhooks, and reads what Stripe says of a payment so that giving can write it down.
//
// Webhooks, the browser's return and the healing job are hints: each leads to Sync, which
// locks the payment, asks Stripe and applies absolute facts. No amount is ever taken from
// an event's body. Stripe's types do not leave this package.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"golang.org/x/sync/semaphore"

	"kopiyka/internal/clock"
	"kopiyka/internal/giving"
	"kopiyka/internal/outward"
	"kopiyka/internal/pg"
)

// Config is what the gateway needs to know of its Stripe account.
type Config struct {
	SecretKey      string
	APIBase        string   // empty: Stripe's own
	WebhookSecrets []string // the current one, and the former while it is being replaced
	PublicURL      string   // where browsers reach us, without a slash at the end
	Methods        []string // what the checkout page offers: card, us_bank_account …; beside it customer_balance and invoice
}

// live reports whether the account's money is real.
func (c Config) live() bool {
	return strings.HasPrefix(c.SecretKey, "sk_live_") || strings.HasPrefix(c.SecretKey, "rk_live_")
}

// Check refuses a configuration that could lose or invent money.
func (c Config) Check() error {
	test := strings.HasPrefix(c.SecretKey, "sk_test_") || strings.HasPrefix(c.SecretKey, "rk_test_")
	if !test && !c.live() {
		return errors.New("STRIPE_SECRET_KEY is none of sk_test_…, rk_test_…, sk_live_…, rk_live_…")
	}
	if c.APIBase != "" && c.live() {
		return errors.New("STRIPE_API_BASE moves Stripe elsewhere and must never stand beside a live key")
	}
	if c.APIBase != "" {
		if u, err := url.Parse(c.APIBase); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("STRIPE_API_BASE is no URL")
		}
	}
	if len(c.WebhookSecrets) == 0 {
		return errors.New("STRIPE_WEBHOOK_SECRET is empty: anybody could sign events")
	}
	for i, s := range c.WebhookSecrets {
		if len(s) < 16 {
			name := "STRIPE_WEBHOOK_SECRET"
			if i > 0 {
				name += "_FORMER"
			}
			return errors.New(name + " is too short: an empty or short secret lets anybody sign events")
		}
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" {
		return errors.New("KOPIYKA_URL is no URL that a browser can come back to")
	}
	return nil
}

// Gateway speaks to one Stripe account.
type Gateway struct {
	config    Config
	api       *client.API
	places    *outward.Places
	db        *sqlx.DB
	now       clock.Clock
	log       *slog.Logger
	settler   *giving.Settler
	announcer *pg.Announcer
	syncs     *semaphore.Weighted
}

// mostSyncs bounds how many payments are synced at once. Each keeps a connection to the
// database, with the lock, while it asks Stripe and waits for its settlement: were there no
// connection left for that, all would wait for ever.
const mostSyncs = pg.Connections / 2

// callTimeout bounds one call to Stripe, its retries included.
const callTimeout = 20 * time.Second

// New makes a gateway, or says what is wrong with its configuration.
func New(c Config, db *sqlx.DB, now clock.Clock, log *slog.Logger) (*Gateway, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if len(c.Methods) == 0 {
		c.Methods = []string{"card"}
	}
	api, places, err := newAPI(c)
	if err != nil {
		return nil, err
	}
	return &Gateway{
		config: c, api: api, places: places, db: db, now: now, log: log,
		settler: giving.NewSettler(db), announcer: pg.NewAnnouncer(db, pg.PublicChanged), syncs: semaphore.NewWeighted(mostSyncs),
	}, nil
}

// newAPI makes a client with one configuration a backend: stripe-go writes the URL back
// into the one it is given, and a shared one would send uploads to the wrong host.
func newAPI(c Config) (*client.API, *outward.Places, error) {
	base := c.APIBase
	if base == "" {
		base = stripe.APIURL
	}
	places, err := outward.To(base)
	if err != nil {
		return nil, nil, fmt.Errorf("the address of Stripe: %w", err)
	}
	hc := places.Client(callTimeout)
	backend := func(kind stripe.SupportedBackend) stripe.Backend {
		config := &stripe.BackendConfig{
			HTTPClient: hc, MaxNetworkRetries: stripe.Int64(2), EnableTelemetry: stripe.Bool(false),
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // its lines hold bodies
		}
		if c.APIBase != "" {
			config.URL = stripe.String(c.APIBase)
		}
		return stripe.GetBackendWithConfig(kind, config)
	}
	return client.New(c.SecretKey, &stripe.Backends{
		API: backend(stripe.APIBackend), Connect: backend(stripe.ConnectBackend), Uploads: backend(stripe.UploadsBackend),
	}), places, nil
}

// Told is the time that Stripe's last answer bore.
func (g *Gateway) Told() outward.Told { return g.places.Told() }

// Describe says of an error what may be logged or stored. Stripe's own text is a JSON body
// that can hold a payment intent's client secret, so only its codes are taken.
func Describe(err error) string {
	var se *stripe.Error
	var ue *url.Error
	if errors.As(err, &se) || errors.As(err, &ue) {
		return describeCause(err)
	}
	return err.Error()
}

// describeCause names what stripe-go returned. What it is not known to be is not quoted:
// the library puts the beginning of an answer that it cannot read into its error.
func describeCause(err error) string {
	var se *stripe.Error
	if errors.As(err, &se) {
		return fmt.Sprintf("stripe: status %d, code %q, request %q", se.HTTPStatusCode, se.Code, se.RequestID)
	}
	var ue *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "stripe: the call was given up"
	case errors.As(err, &ue):
		return "stripe: " + ue.Op + ": no answer"
	}
	return "stripe: an answer that cannot be read"
}

// StripeError is an error of Stripe's, without what must not be read by others.
type StripeError struct {
	Doing string
	cause error
}

func (e *StripeError) Error() string { return e.Doing + ": " + describeCause(e.cause) }

// Is lets errors.Is see through to cancellation, and to nothing that holds a body.
func (e *StripeError) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.cause, target)
}

// stripeErr wraps what Stripe answered with what was being done.
func stripeErr(doing string, err error) error { return &StripeError{doing, err} }

// status is the HTTP status of Stripe's refusal, or 0 when it gave none.
func status(err error) int {
	if se := refusalOf(err); se != nil {
		return se.HTTPStatusCode
	}
	return 0
}

// code is what Stripe calls its refusal, or "".
func code(err error) stripe.ErrorCode {
	if se := refusalOf(err); se != nil {
		return se.Code
	}
	return ""
}

func refusalOf(err error) *stripe.Error {
	var e *StripeError
	var se *stripe.Error
	if errors.As(err, &e) && errors.As(e.cause, &se) {
		return se
	}
	return nil
}

// Site is where browsers reach the house, for links in letters.
func (g *Gateway) Site() string { return g.config.PublicURL }
