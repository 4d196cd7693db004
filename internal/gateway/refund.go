package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
)

// refundStates say what Stripe's words for a refund are here.
var refundStates = map[stripe.RefundStatus]giving.RefundState{
	stripe.RefundStatusPending: giving.RefundSent, stripe.RefundStatusRequiresAction: giving.RefundSent, stripe.RefundStatusSucceeded: giving.RefundSucceeded,
	stripe.RefundStatusFailed: giving.RefundFailed, stripe.RefundStatusCanceled: giving.RefundFailed,
}

// requestKey is the metadata that carries our request's id.
const requestKey = "refund_request"

func refundFact(r *stripe.Refund) giving.RefundFact {
	f := giving.RefundFact{ID: r.ID, Request: r.Metadata[requestKey], State: refundStates[r.Status], Trouble: string(r.FailureReason)}
	if r.Status == stripe.RefundStatusCanceled {
		f.Trouble = "canceled"
	}
	return f
}

// Refund sends an approved request to Stripe. Its key was written before, so that a second
// call, a lost answer or a crash in between make one refund. A request that is not
// approved, or was sent already, is left as it is. What Stripe refuses for good is said as
// a fault and closes the request; without an answer it stays approved, and the healing job
// asks again.
func (g *Gateway) Refund(ctx context.Context, id string) error {
	s, waits, err := giving.SendRefund(ctx, g.db, g.now(), id)
	if err != nil || !waits {
		return err
	}
	if s.Doubtful {
		found, err := g.findRefund(ctx, s)
		if err != nil || found {
			return err
		}
		if s.IdempotencyKey, err = giving.RenewRefund(ctx, g.db, g.now(), s); err != nil {
			return err
		}
	}
	refund, err := g.createRefund(ctx, s)
	if err != nil {
		return g.notRefunded(ctx, s, err)
	}
	if err := giving.RefundAnswered(ctx, g.db, g.now(), s.RefundRequest, refundFact(refund)); err != nil {
		return err
	}
	if err := g.Sync(ctx, s.PaymentID, ""); err != nil { // the refund is made: its event or the healing job will tell
		g.log.Warn("a refund was made and its payment could not be asked about", "payment", s.PaymentID, "error", Describe(err))
	}
	return nil
}

func (g *Gateway) createRefund(ctx context.Context, s giving.Sending) (*stripe.Refund, error) {
	units, err := toStripe(s.Charge())
	if err != nil {
		return nil, err
	}
	params := &stripe.RefundParams{
		PaymentIntent: &s.IntentID, Amount: &units, Reason: stripe.String(string(stripe.RefundReasonRequestedByCustomer)),
		Metadata: map[string]string{requestKey: s.ID, "payment_id": s.PaymentID},
	}
	params.Context = ctx
	params.SetIdempotencyKey(s.IdempotencyKey)
	refund, err := g.api.Refunds.New(params)
	if err != nil {
		return nil, stripeErr("refund", err)
	}
	return refund, nil
}

// findRefund looks whether Stripe has made the refund of a request by now.
func (g *Gateway) findRefund(ctx context.Context, s giving.Sending) (bool, error) {
	params := &stripe.RefundListParams{PaymentIntent: &s.IntentID}
	params.Context, params.Limit = ctx, stripe.Int64(100)
	for list, err := range listed("look for a refund", g.api.Refunds.List(params)) {
		if err != nil {
			return false, err
		}
		if r := list.Refund(); r.Metadata[requestKey] == s.ID {
			return true, giving.RefundAnswered(ctx, g.db, g.now(), s.RefundRequest, refundFact(r))
		}
	}
	return false, nil
}

// notRefunded closes a request that Stripe refuses for good, and says what a person may know.
func (g *Gateway) notRefunded(ctx context.Context, s giving.Sending, err error) error {
	if f, ok := fault.As(err); ok { // Stripe cannot express the amount: it would be tried for ever
		stopped := giving.RefundFact{Request: s.ID, State: giving.RefundStopped, Trouble: "amount_invalid"}
		return errors.Join(f, giving.RefundAnswered(ctx, g.db, g.now(), s.RefundRequest, stopped))
	}
	var trouble *StripeError
	if !errors.As(err, &trouble) {
		return err
	}
	g.log.Error("Stripe did not refund", "refund", s.ID, "payment", s.PaymentID, "error", Describe(err))
	if status(err) != http.StatusBadRequest {
		return fault.New(fault.Unavailable, "refund.stripe_unavailable")
	}
	code := stripeCode(err)
	stopped := giving.RefundFact{Request: s.ID, State: giving.RefundStopped, Trouble: code}
	if err := giving.RefundAnswered(ctx, g.db, g.now(), s.RefundRequest, stopped); err != nil {
		return err
	}
	if code == string(stripe.ErrorCodeChargeDisputed) {
		return fault.New(fault.Conflict, "refund.disputed")
	}
	return fault.New(fault.Conflict, "refund.stripe_refuses")
}

// stripeCode is the code of Stripe's refusal, or "refused".
func stripeCode(err error) string {
	var e *StripeError
	var se *stripe.Error
	if errors.As(err, &e) && errors.As(e.cause, &se) && se.Code != "" {
		return string(se.Code)
	}
	return "refused"
}

// unansweredRefunds sends approved requests again that Stripe has not answered.
func (g *Gateway) unansweredRefunds(ctx context.Context, before time.Time) error {
	const most = 100
	requests, err := giving.RefundsToSend(ctx, g.db, before, most)
	if err != nil {
		return err
	}
	var troubles []error
	for _, id := range requests {
		err := g.Refund(ctx, id)
		if f, ok := fault.As(err); ok && f.Kind != fault.Unavailable {
			continue // refused for good, and said where it stands
		}
		if err != nil {
			troubles = append(troubles, fmt.Errorf("send refund %s again: %w", id, err))
		}
	}
	return errors.Join(troubles...)
}
