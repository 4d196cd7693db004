package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
)

// hint is what an event may tell us: which payment or payout to ask Stripe about. Never an
// amount.
type hint struct {
	paymentID, sessionID, intentID string
	invoiceID                      string
	payoutID                       string
	customerID                     string // whose cash has changed
}

// Handle follows an event to its payment and syncs it. Events about nothing of ours are
// done at once. An event that names a payment which these books do not have is an error:
// it is tried again, and laid aside for a person in the end.
func (g *Gateway) Handle(ctx context.Context, e inbox.Event) error {
	h, err := hintOf(e)
	if err != nil {
		return err
	}
	if h == (hint{}) {
		return nil
	}
	if h.payoutID != "" {
		return g.SyncPayout(ctx, h.payoutID)
	}
	if h.customerID != "" {
		return g.syncCash(ctx, h.customerID)
	}
	if h.invoiceID != "" && h.paymentID == "" {
		return nil // an invoice of somebody else's
	}
	if h.invoiceID == "" && (h.paymentID == "" || h.sessionID == "") {
		if h, err = g.complete(ctx, h); err != nil || h.paymentID == "" {
			return err
		}
	}
	if e.ObjectKind == "radar.early_fraud_warning" {
		return giving.FraudWarning(ctx, g.db, e.HappenedAt, h.paymentID, e.ObjectID)
	}
	return g.sync(ctx, h.paymentID, refs{h.sessionID, h.intentID, h.invoiceID})
}

// hintOf reads from the event which objects it is about.
func hintOf(e inbox.Event) (hint, error) {
	var body struct {
		Data struct {
			Object struct {
				Metadata      map[string]string
				PaymentIntent json.RawMessage `json:"payment_intent"`
				Customer      json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return hint{}, fmt.Errorf("read event %s: %w", e.ID, err)
	}
	o := body.Data.Object
	switch e.ObjectKind {
	case "checkout.session":
		return hint{paymentID: o.Metadata["payment_id"], sessionID: e.ObjectID}, nil
	case "payment_intent":
		return hint{paymentID: o.Metadata["payment_id"], intentID: e.ObjectID}, nil
	case "invoice":
		return hint{paymentID: o.Metadata["payment_id"], invoiceID: e.ObjectID}, nil
	case "customer_cash_balance_transaction", "cash_balance":
		return hint{customerID: idOf(o.Customer)}, nil
	case "payout":
		return hint{payoutID: e.ObjectID}, nil
	case "charge", "refund", "dispute", "radar.early_fraud_warning":
		return hint{intentID: idOf(o.PaymentIntent)}, nil
	}
	return hint{}, nil
}

// idOf reads "pi_1" or {"id":"pi_1",…}.
func idOf(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var object struct{ ID string }
	_ = json.Unmarshal(raw, &object) // neither form: there is no id
	return object.ID
}

// complete finds the payment that a hint is about, first in our books, then at Stripe. No
// payment and no error: Stripe does other business on this account.
func (g *Gateway) complete(ctx context.Context, h hint) (hint, error) {
	if h.paymentID == "" {
		id, err := giving.PaymentByStripeID(ctx, g.db, h.sessionID+h.intentID) // one of them is empty
		if err != nil && !errors.Is(err, giving.ErrNoPayment) {
			return h, err
		}
		h.paymentID = id
	}
	if h.sessionID != "" || (h.paymentID == "" && h.intentID == "") {
		return h, nil
	}
	// The session's id may be missing in our books: its answer can have been lost.
	params := &stripe.CheckoutSessionListParams{PaymentIntent: &h.intentID}
	params.Context = ctx
	for list, err := range listed("find the session of a payment intent", g.api.CheckoutSessions.List(params)) {
		if err != nil {
			return h, err
		}
		s := list.CheckoutSession()
		h.sessionID = s.ID
		if h.paymentID == "" {
			h.paymentID = s.Metadata["payment_id"]
		}
	}
	return h, nil
}
