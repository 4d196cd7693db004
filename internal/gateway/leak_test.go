package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/stripesim"
)

// What must never be read by anybody but Stripe and us.
var canaries = []string{"pi_canary_secret_0123", "4000056655665556", "olena@canary.example", gatewaytest.Key, gatewaytest.Secret, gatewaytest.Former}

// refusing answers each call with a status and a body.
func refusing(status int, kind, body string) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Request-Id", "req_canary")
			w.Header().Set("Stripe-Should-Retry", "false")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
}

// Stripe's errors are whole objects: with the intent's client secret, the card, the payer.
// None of it may reach a log, an error or the inbox.
func TestCase045ErrorsTellNothingOfBodies(t *testing.T) {
	t.Parallel()
	const stripes = `{"error":{"type":"card_error","code":"card_declined","message":"No such card 4000056655665556 of olena@canary.example",
		"payment_intent":{"id":"pi_1","object":"payment_intent","client_secret":"pi_canary_secret_0123"},"param":"4000056655665556"}}`
	for name, front := range map[string]func(http.Handler) http.Handler{
		"400":                         refusing(http.StatusBadRequest, "application/json", stripes),
		"case 46: wrong key":          refusing(http.StatusUnauthorized, "application/json", strings.Replace(stripes, "No such card", "Invalid API Key provided: "+gatewaytest.Key, 1)),
		"case 46: restricted key":     refusing(http.StatusForbidden, "application/json", stripes),
		"404":                         refusing(http.StatusNotFound, "application/json", stripes),
		"case 39: conflict":           refusing(http.StatusConflict, "application/json", stripes),
		"case 39: too many":           refusing(http.StatusTooManyRequests, "application/json", stripes),
		"case 38: 500":                refusing(http.StatusInternalServerError, "application/json", stripes),
		"case 39: a proxy's page":     refusing(http.StatusBadGateway, "text/html", "<html>pi_canary_secret_0123 olena@canary.example 4000056655665556</html>"),
		"an answer that is no JSON":   refusing(http.StatusOK, "application/json", "pi_canary_secret_0123 olena@canary.example 4000056655665556"),
		"an answer of the wrong kind": refusing(http.StatusOK, "application/json", `{"id":["pi_canary_secret_0123"],"object":"olena@canary.example"}`),
		"an error of the wrong kind":  refusing(http.StatusBadRequest, "application/json", `{"error":["pi_canary_secret_0123","4000056655665556"]}`),
		"nothing":                     refusing(http.StatusBadGateway, "text/plain", ""),
		"a connection that breaks": func(http.Handler) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			pledge := b.Pledge(10_000)
			p := b.Checkout(pledge, 10_000)
			b.Pay(p, stripesim.CardPays)
			heal(t, b)
			b.Before(front)

			_, checkout := b.Gateway.Checkout(t.Context(), b.Order(b.Pledge(10_000), 10_000))
			wantFault(t, checkout, fault.Unavailable, "payment.stripe_unavailable")
			_, other := b.Gateway.Checkout(t.Context(), b.Order(pledge, 5_000)) // closes the first
			sync := b.Gateway.Sync(t.Context(), p.ID, "")
			_, healing := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute))
			if found, err := b.Workers.One(t.Context()); err != nil || !found {
				t.Errorf("the worker: %v, %v", found, err)
			}
			var said strings.Builder
			for _, err := range []error{checkout, other, sync, healing} {
				if err == nil {
					t.Error("nothing went wrong")
					continue
				}
				said.WriteString(err.Error() + "\n" + gateway.Describe(err) + "\n")
			}
			var troubles string
			if err := b.Owner.Get(&troubles, `SELECT string_agg(trouble, ' ') FROM inbox_events`); err != nil || troubles == "" {
				t.Errorf("the inbox's trouble is %q, %v", troubles, err)
			}
			said.WriteString(troubles + b.Log.String())
			for _, canary := range canaries {
				if at := strings.Index(said.String(), canary); at >= 0 {
					t.Errorf("somebody said %q: …%s", canary, said.String()[max(0, at-200):at+len(canary)])
				}
			}
			if b.Payment(p.ID).State != giving.Open || b.Count("ledger.entries") != 0 {
				t.Errorf("the payment was changed: %+v", b.Payment(p.ID))
			}
		})
	}
}

// Codes and request ids are for those who have to find out, and stay.
func TestErrorsTellWhatSupportNeeds(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Before(refusing(http.StatusForbidden, "application/json", `{"error":{"type":"invalid_request_error","code":"platform_account_required"}}`))
	err := b.Gateway.Sync(t.Context(), p.ID, "")
	for _, word := range []string{"403", "platform_account_required", "req_canary", p.ID, "read a checkout session"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %q", err, word)
		}
	}
}

func TestCase042GivenUpCallSaysSo(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	ctx, giveUp := context.WithCancel(t.Context())
	b.Before(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			giveUp()
			<-r.Context().Done()
		})
	})
	if err := b.Gateway.Sync(ctx, p.ID, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	b.Up()
	if got := b.Sync(p); got.State != giving.Open { // and holds no lock
		t.Errorf("payment = %+v", got)
	}
}

// A wrong key is refused by the sandbox itself, as by Stripe.
func TestCase046WrongKeyIsSaidToThePayerAsOutage(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, func(o *gatewaytest.Options) {
		o.Config = func(c *gateway.Config) { c.SecretKey = "rk_test_not_for_the_sandbox" }
	})
	_, err := b.Gateway.Checkout(t.Context(), b.Order(b.Pledge(10_000), 10_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
	if said := b.Log.String(); !strings.Contains(said, "401") || strings.Contains(said, "rk_test_not") {
		t.Errorf("the log says %s", said)
	}
}

// Another mode's session would be other money.
func TestSessionOfTheOtherModeIsRefused(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	b.Before(edited("checkout.session", func(s map[string]any) { s["livemode"] = true }))
	if err := b.Gateway.Sync(t.Context(), p.ID, ""); err == nil || b.Count("ledger.entries") != 0 {
		t.Errorf("error = %v", err)
	}
	if _, err := b.Gateway.Checkout(t.Context(), b.Order(b.Pledge(10_000), 10_000)); err == nil {
		t.Error("a live page was opened at a test deployment")
	}
}

// What is meant for Stripe goes nowhere else, whoever answers in its place.
func TestStripesAddressIsNotLeft(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	followed := make(chan struct{}, 100)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed <- struct{}{} }))
	t.Cleanup(elsewhere.Close)
	b.Before(func(http.Handler) http.Handler {
		return http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)
	})
	_, err := b.Gateway.Checkout(t.Context(), b.Order(b.Pledge(10_000), 10_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
	if len(followed) != 0 {
		t.Error("what was meant for Stripe went elsewhere")
	}
}
