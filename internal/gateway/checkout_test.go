package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/stripesim"
)

// wantFault fails unless err is a fault of a kind and key.
func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Key != key {
		t.Errorf("error = %v, want fault %s", err, key)
	}
}

func TestCase047CardPaymentReachesTheBooks(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(500_000)
	fee := int64(500_000*29/1000 + 30)
	if p.State != giving.Paid || p.ReceivedMinor != 500_000 || p.FeeMinor != fee || p.Method != "card" || !p.SettledAt.Valid {
		t.Errorf("payment = %+v", p)
	}
	if b.AtStripe() != 500_000-fee || b.Free() != 500_000-fee {
		t.Errorf("at Stripe %d, free %d, want %d", b.AtStripe(), b.Free(), 500_000-fee)
	}
	b.SameBooks()
}

// The hosted page itself, as a browser sees it: it comes back to the payment's own address.
func TestPayerComesBackToTheirPayment(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(500_000), 500_000)
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.PostForm(p.SessionURL, url.Values{
		"method": {"card"}, "number": {"4242 4242 4242 4242"}, "expiry": {"12/40"}, "cvc": {"123"}, "name": {"Олена Ткач"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	want := b.Config.PublicURL + "/portal/payments/" + p.ID + "/return?session_id=" + p.SessionID
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
		t.Errorf("%s to %s, want %s", res.Status, got, want)
	}
}

// The row is there before Stripe hears of it; a click after the outage uses the same key.
func TestPaymentIsWrittenBeforeStripeIsAsked(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	b.Down()
	_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
	if b.Count("payments WHERE state = 'created' AND session_id IS NULL") != 1 {
		t.Error("no payment was written down")
	}
	b.Up()
	p := b.Checkout(pledge, 500_000)
	if b.Count("payments") != 1 || b.Sessions() != 1 || b.Payment(p.ID).State != giving.Open {
		t.Errorf("%d payments, %d sessions, state %s", b.Count("payments"), b.Sessions(), b.Payment(p.ID).State)
	}
}

// Stripe did it and the answer was lost, on every try of the library. The next click finds
// the page that was made.
func TestCase037LostAnswerMakesOneSession(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	if err := b.Sim.SetFaults(stripesim.Faults{LoseAnswer: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
	if err := b.Sim.SetFaults(stripesim.Faults{}); err != nil {
		t.Fatal(err)
	}
	if b.Sessions() != 1 {
		t.Fatalf("%d sessions after the lost answers", b.Sessions())
	}
	p := b.Checkout(pledge, 500_000)
	b.Pay(p, stripesim.CardPays)
	if p = b.Sync(p); p.State != giving.Paid || b.Sessions() != 1 {
		t.Errorf("state %s, %d sessions", p.State, b.Sessions())
	}
}

func TestCase057DoubleClickIsOnePayment(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	pages := make([]string, 8)
	errs := gatewaytest.Together(len(pages), func(i int) error {
		p, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000))
		pages[i] = p.SessionURL
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if page == "" || page != pages[0] {
			t.Errorf("pages = %v", pages)
			break
		}
	}
	if b.Count("payments") != 1 || b.Sessions() != 1 {
		t.Errorf("%d payments, %d sessions", b.Count("payments"), b.Sessions())
	}
}

func TestOtherAmountClosesTheFirstPage(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	first := b.Checkout(pledge, 500_000)
	second := b.Checkout(pledge, 200_000)
	if got := b.Payment(first.ID).State; got != giving.Expired {
		t.Errorf("the first payment is %s", got)
	}
	if err := b.Sim.Pay(first.SessionID, stripesim.CardPays); !errors.Is(err, stripesim.ErrNotOpen) {
		t.Errorf("the first page still takes money: %v", err)
	}
	b.Pay(second, stripesim.CardPays)
	if p := b.Sync(second); p.ReceivedMinor != 200_000 {
		t.Errorf("payment = %+v", p)
	}
}

// The other amount comes when the first page is not known here, since its answer was lost.
func TestOtherAmountClosesAPageWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	b.Down()
	_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable")
	_, err = b.Gateway.Checkout(t.Context(), b.Order(pledge, 200_000))
	wantFault(t, err, fault.Unavailable, "payment.stripe_unavailable") // not before the first is known to be closed
	b.Up()
	second := b.Checkout(pledge, 200_000)
	if b.Count("payments WHERE state = 'expired' AND amount_minor = 500000") != 1 || second.AmountMinor != 200_000 {
		t.Errorf("the second payment is %+v", second)
	}
}

func TestCase051ExpiredPageIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	first := b.Checkout(pledge, 500_000)
	if err := b.Sim.Advance(25 * time.Hour); err != nil {
		t.Fatal(err)
	}
	later := b.AnotherGateway(clock.At(time.Now().Add(25 * time.Hour)))
	second, err := later.Checkout(t.Context(), b.Order(pledge, 500_000))
	if err != nil {
		t.Fatal(err)
	}
	if second.ID == first.ID || second.SessionURL == first.SessionURL || b.Payment(first.ID).State != giving.Expired {
		t.Errorf("first %+v, second %+v", b.Payment(first.ID), second)
	}
}

// The payer pays between our look at the books and our call to close the page. The money is
// taken over, and no second page is opened for what is paid.
func TestCase051PayingInTheMomentOfClosing(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	first := b.Checkout(pledge, 500_000)
	b.Before(func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/expire") {
				if err := b.Sim.Pay(first.SessionID, stripesim.CardPays); err != nil {
					t.Errorf("pay: %v", err)
				}
			}
			sandbox.ServeHTTP(w, r)
		})
	})
	_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 200_000))
	wantFault(t, err, fault.Conflict, "payment.nothing_left")
	if p := b.Payment(first.ID); p.State != giving.Paid || b.Sessions() != 1 {
		t.Errorf("payment %s, %d sessions", p.State, b.Sessions())
	}
	b.SameBooks()
}

// A refusal for good closes the payment, so that the company can try another amount at
// once. What an amount is after its conversion Stripe alone knows: that is the payer's to
// mend, anything else is an outage.
func TestCase095RefusedPageSaysWhyAndDoesNotStandInTheWayOfTheNext(t *testing.T) {
	t.Parallel()
	for code, key := range map[string]string{
		"amount_too_small": "payment.too_small_for_stripe", "amount_too_large": "payment.too_large_for_stripe", "resource_missing": "payment.stripe_unavailable",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			pledge := b.Pledge(500_000)
			refused := 0
			b.Before(func(sandbox http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if refused == 0 && r.Method == http.MethodPost {
						refused++
						w.WriteHeader(http.StatusBadRequest)
						_, _ = fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","code":%q,"message":"no"}}`, code)
						return
					}
					sandbox.ServeHTTP(w, r)
				})
			})
			kind := fault.Invalid
			if key == "payment.stripe_unavailable" {
				kind = fault.Unavailable
			}
			_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 100))
			wantFault(t, err, kind, key)
			if p := b.Checkout(pledge, 500_000); p.AmountMinor != 500_000 || refused != 1 {
				t.Errorf("payment = %+v", p)
			}
		})
	}
}

// A bank debit exists in dollars alone. Elsewhere the page offers what is left.
func TestPageOffersWhatItsCurrencyAllows(t *testing.T) {
	t.Parallel()
	for currency, want := range map[money.Currency]bool{"USD": true, "EUR": false, "UAH": false} {
		t.Run(string(currency), func(t *testing.T) {
			b := gatewaytest.New(t, func(o *gatewaytest.Options) { o.Currency = currency })
			p := b.Checkout(b.Pledge(500_000), 500_000)
			if err := b.Sim.Pay(p.SessionID, stripesim.AccountPays); (err == nil) != want {
				t.Errorf("a debit in %s: %v", currency, err)
			}
		})
	}
}

func TestAmountsOutsideOfStripesLimitsAreNotWrittenDown(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(200_000_000)
	for minor, key := range map[int64]string{49: "payment.below_minimum", 0: "payment.below_minimum", 100_000_000: "payment.above_maximum"} {
		_, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, minor))
		wantFault(t, err, fault.Invalid, key)
	}
	if n := b.Count("payments"); n != 0 {
		t.Errorf("%d payments", n)
	}
}

func TestCase040KeyStandsForAllThatIsSent(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	b.Down()
	if _, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000)); err == nil {
		t.Fatal("the sandbox is not down")
	}
	b.Up()
	// The second click comes from a page in the other language: another title.
	order := b.Order(pledge, 500_000)
	order.Title = "Ventilators"
	p, err := b.Gateway.Checkout(t.Context(), order)
	if err != nil || p.Title != "Апарати ШВЛ" {
		t.Errorf("payment = %+v, error = %v", p, err)
	}
}

// A key that Stripe forgets would open a second page for the same payment.
func TestCase041OldKeyIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(500_000)
	b.Down()
	if _, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000)); err == nil {
		t.Fatal("the sandbox is not down")
	}
	b.Up()
	later := b.AnotherGateway(clock.At(time.Now().Add(23*time.Hour + time.Minute)))
	p, err := later.Checkout(t.Context(), b.Order(pledge, 500_000))
	if err != nil {
		t.Fatal(err)
	}
	if b.Count("payments") != 2 || b.Count("payments WHERE state = 'expired'") != 1 || b.Payment(p.ID).State != giving.Open {
		t.Errorf("%d payments, %d expired", b.Count("payments"), b.Count("payments WHERE state = 'expired'"))
	}
}

// Whoever names another payment's session must not be able to move its money.
func TestCase058AnotherPaymentsSessionIsRefused(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	theirs := b.Checkout(b.Pledge(500_000), 500_000)
	b.Pay(theirs, stripesim.CardPays)
	b.Down()
	pledge := b.Pledge(500_000)
	if _, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 500_000)); err == nil {
		t.Fatal("the sandbox is not down")
	}
	b.Up()
	var mine string
	if err := b.Owner.Get(&mine, `SELECT id FROM payments WHERE pledge_id = $1`, pledge); err != nil {
		t.Fatal(err)
	}
	// Their own payment does not hold the session yet, so nothing else stands in the way.
	if _, err := b.Owner.Exec(`UPDATE payments SET session_id = NULL WHERE id = $1`, theirs.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Gateway.Sync(t.Context(), mine, theirs.SessionID); err == nil {
		t.Error("the session was taken")
	}
	if p := b.Payment(mine); p.State != giving.Created || p.SessionID != "" {
		t.Errorf("payment = %+v", p)
	}
	if err := b.Gateway.Sync(t.Context(), theirs.ID, theirs.SessionID); err != nil || b.Payment(theirs.ID).ReceivedMinor != 500_000 {
		t.Errorf("the other payment = %+v, %v", b.Payment(theirs.ID), err)
	}
}

func TestSyncOfAnUnknownPaymentSaysSo(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	for _, id := range []string{"", "1", "00000000-0000-7000-8000-000000000000"} {
		if err := b.Gateway.Sync(t.Context(), id, ""); !errors.Is(err, giving.ErrNoPayment) {
			t.Errorf("%q: error = %v", id, err)
		}
	}
}
