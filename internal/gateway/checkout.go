package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

// Order is what a person wants to pay.
type Order struct {
	PledgeID string
	PersonID string
	Amount   money.Amount // to be charged, in the currency in which the pledge is paid
	Title    string       // what the checkout page says is being paid
}

// Checkout starts a payment and returns the address of its page at Stripe. The payment is
// written down first and its key sent along, so a click twice, a lost answer or a crash in
// between leads to the same page. An open payment of another amount is closed first.
func (g *Gateway) Checkout(ctx context.Context, o Order) (giving.Payment, error) {
	if err := CheckAmount(o.Amount); err != nil {
		return giving.Payment{}, err
	}
	payment, err := g.start(ctx, o, giving.ByCheckout)
	if err != nil {
		return payment, err
	}
	if payment.SessionURL != "" && payment.SessionEndsAt.Time.After(g.now()) {
		return payment, nil
	}
	session, err := g.openSession(ctx, payment)
	if err != nil {
		return payment, g.notOpened(ctx, payment, err)
	}
	payment.SessionID, payment.SessionURL = session.ID, session.URL
	err = giving.PaymentOpened(ctx, g.db, payment.ID, session.ID, session.URL, time.Unix(session.ExpiresAt, 0))
	return payment, err
}

// start writes the payment down, after closing one that stands in its way. A second round
// is enough: the first one's session is closed for good.
func (g *Gateway) start(ctx context.Context, o Order, way giving.Way) (giving.Payment, error) {
	for round := 0; ; round++ {
		payment, err := giving.StartPayment(ctx, g.db, g.now, giving.Start{PledgeID: o.PledgeID, PersonID: o.PersonID, Amount: o.Amount, Title: o.Title, Way: way})
		var stale giving.Payment
		var open *giving.OpenPaymentError
		switch {
		case errors.As(err, &open):
			stale = open.Payment
		case err == nil && way == giving.ByCheckout && payment.SessionURL != "" && !payment.SessionEndsAt.Time.After(g.now()):
			stale = payment // its page has ended and nobody told us yet
		default:
			return payment, err
		}
		if round == 2 {
			return payment, fault.New(fault.Conflict, "payment.another_open")
		}
		if err := g.closePayment(ctx, stale); err != nil {
			return payment, g.forPayer(stale.ID, err)
		}
	}
}

// notOpened closes a payment that Stripe refuses for good, so that it does not stand in the
// way of the next, and says what the payer may know.
func (g *Gateway) notOpened(ctx context.Context, p giving.Payment, err error) error {
	if status(err) == http.StatusBadRequest {
		if err := giving.Abandon(ctx, g.db, p.ID); err != nil {
			return err
		}
	}
	return g.forPayer(p.ID, err)
}

// forPayer turns trouble at Stripe into a fault, and logs it. Other errors stay as they are.
func (g *Gateway) forPayer(payment string, err error) error {
	var trouble *StripeError
	if !errors.As(err, &trouble) {
		return err
	}
	g.log.Error("Stripe did not do what a payment needs", "payment", payment, "error", Describe(err))
	switch code(err) { // Stripe judges an amount after its own conversion, so only Stripe knows
	case stripe.ErrorCodeAmountTooSmall:
		return fault.In("amount", "payment.too_small_for_stripe")
	case stripe.ErrorCodeAmountTooLarge:
		return fault.In("amount", "payment.too_large_for_stripe")
	}
	return fault.New(fault.Unavailable, "payment.stripe_unavailable")
}

// closePayment ends what the payer could still pay, by whichever way.
func (g *Gateway) closePayment(ctx context.Context, p giving.Payment) error {
	switch p.Way {
	case giving.ByTransfer:
		return g.closeTransfer(ctx, p)
	case giving.ByInvoice:
		return g.closeInvoice(ctx, p)
	}
	return g.closeSession(ctx, p)
}

// closeSession ends an open checkout page and takes over what Stripe says then: the payer
// may have paid in that very moment.
func (g *Gateway) closeSession(ctx context.Context, p giving.Payment) error {
	if p.SessionID == "" { // its answer was lost: the same key brings the same session back
		session, err := g.openSession(ctx, p)
		if status(err) == http.StatusBadRequest {
			return giving.Abandon(ctx, g.db, p.ID)
		}
		if err != nil {
			return err
		}
		p.SessionID = session.ID
	}
	params := &stripe.CheckoutSessionExpireParams{}
	params.Context = ctx
	if _, err := g.api.CheckoutSessions.Expire(p.SessionID, params); err != nil {
		err = stripeErr("close a checkout page", err)
		if status(err) != http.StatusBadRequest { // 400: it was not open any more
			return err
		}
	}
	return g.Sync(ctx, p.ID, p.SessionID)
}

// openSession asks Stripe for the payment's page. All that is sent follows from the
// payment's row, so that the same key always comes with the same parameters.
func (g *Gateway) openSession(ctx context.Context, p giving.Payment) (*stripe.CheckoutSession, error) {
	units, err := toStripe(p.Charge())
	if err != nil {
		return nil, err
	}
	currency := strings.ToLower(string(p.Charge().Currency))
	back := g.config.PublicURL + "/portal/payments/" + p.ID
	params := &stripe.CheckoutSessionParams{
		Mode:               stripe.String(string(stripe.CheckoutSessionModePayment)),
		SubmitType:         stripe.String("donate"),
		ClientReferenceID:  &p.ID,
		Metadata:           metadata(p),
		PaymentIntentData:  &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: metadata(p)},
		PaymentMethodTypes: stripe.StringSlice(g.methods(p.Charge().Currency)),
		SuccessURL:         stripe.String(back + "/return?session_id={CHECKOUT_SESSION_ID}"),
		CancelURL:          stripe.String(back + "/cancel"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: &currency, UnitAmount: &units,
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(p.Title)},
			},
		}},
	}
	params.Context = ctx
	params.SetIdempotencyKey(p.IdempotencyKey)
	session, err := g.api.CheckoutSessions.New(params)
	if err != nil {
		return nil, stripeErr("open a checkout page", err)
	}
	if session.Livemode != g.config.live() {
		return nil, fmt.Errorf("open a checkout page: the session's mode is not this deployment's")
	}
	return session, nil
}
