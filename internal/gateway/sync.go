package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// refs are ids at Stripe by which a payment can be asked about.
type refs struct{ session, intent, invoice string }

// Sync brings a payment into line with what Stripe says of it now. The payment is locked
// before Stripe is asked: whoever writes last has also read last. The session's id helps
// when its answer to us was lost; it may be empty.
//
// Calling it once or a hundred times, early or late, ends in the same books.
func (g *Gateway) Sync(ctx context.Context, paymentID, sessionID string) error {
	return g.sync(ctx, paymentID, refs{session: sessionID})
}

func (g *Gateway) sync(ctx context.Context, paymentID string, r refs) error {
	if err := g.syncs.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("sync payment %s: %w", paymentID, err)
	}
	defer g.syncs.Release(1)
	var news bool
	err := pg.InTx(ctx, g.db, func(tx *sqlx.Tx) error {
		news = false
		payment, err := giving.LockPayment(ctx, tx, paymentID)
		if err != nil {
			return err
		}
		r := refs{cmp.Or(payment.SessionID, r.session), cmp.Or(payment.IntentID, r.intent), cmp.Or(payment.InvoiceID, r.invoice)}
		facts, known, err := g.factsOf(ctx, payment, r)
		if err != nil || !known {
			return err // Stripe was never asked, or nobody has heard its answer yet
		}
		news = facts.State != payment.State
		posted, err := g.settler.Settle(ctx, payment, facts) // in a transaction that it shares; this one is the lock
		news = news || posted
		return err
	})
	if err != nil {
		return fmt.Errorf("sync payment %s: %w", paymentID, err)
	}
	if !news {
		return nil
	}
	return g.announcer.Announce(ctx)
}

// errOtherPayment tells that what Stripe has under an id was made for another payment. The
// id may come from a browser, which must not be able to move money from one to another.
var errOtherPayment = errors.New("the object at Stripe is another payment's")

// factsOf asks Stripe for everything that concerns one payment, by the way that it is paid.
// It is false when Stripe does not know the payment.
func (g *Gateway) factsOf(ctx context.Context, p giving.Payment, r refs) (giving.Facts, bool, error) {
	var f giving.Facts
	var err error
	switch {
	case p.Way == giving.ByCheckout && r.session != "":
		f, err = g.checkoutFacts(ctx, p, r.session)
	case p.Way == giving.ByTransfer && r.intent != "":
		f, err = g.transferFacts(ctx, p, r.intent)
	case p.Way == giving.ByInvoice && r.invoice != "":
		f, err = g.invoiceFacts(ctx, p, r.invoice)
	default:
		return f, false, nil
	}
	return f, err == nil, err
}

func (g *Gateway) checkoutFacts(ctx context.Context, p giving.Payment, id string) (giving.Facts, error) {
	session, err := g.session(ctx, id)
	if err != nil {
		return giving.Facts{}, err
	}
	if session.ClientReferenceID != p.ID {
		return giving.Facts{}, errOtherPayment
	}
	facts := giving.Facts{State: giving.Open, SessionID: session.ID, ReadAt: g.now()}
	if session.Status == stripe.CheckoutSessionStatusExpired {
		facts.State = giving.Expired
	}
	if session.PaymentIntent == nil {
		return facts, nil // nothing was submitted yet
	}
	intent, err := g.intent(ctx, session.PaymentIntent.ID)
	if err != nil {
		return giving.Facts{}, err
	}
	return g.addIntent(ctx, facts, intent, stateOf(session, intent))
}

// addIntent takes over what a payment intent says: its state as somebody has read it, and
// the money that has moved.
func (g *Gateway) addIntent(ctx context.Context, f giving.Facts, intent *stripe.PaymentIntent, state giving.State) (giving.Facts, error) {
	f.IntentID, f.State = intent.ID, state
	f.Amount = amount(intent.Amount, intent.Currency)
	if e := intent.LastPaymentError; e != nil {
		f.Decline = strings.Trim(string(e.Code)+"/"+string(e.DeclineCode), "/")
	}
	if intent.LatestCharge == nil {
		return f, nil
	}
	return g.addMoney(ctx, f, intent.LatestCharge)
}

// stateOf reads Stripe's labels. Money does not follow them: see addMoney.
func stateOf(session *stripe.CheckoutSession, intent *stripe.PaymentIntent) giving.State {
	over := session.Status != stripe.CheckoutSessionStatusOpen
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded:
		return giving.Paid
	case stripe.PaymentIntentStatusProcessing:
		return giving.Processing
	case stripe.PaymentIntentStatusCanceled:
		return giving.Expired
	}
	switch {
	case session.Status == stripe.CheckoutSessionStatusExpired:
		return giving.Expired
	case over:
		return giving.Failed // a debit that the bank refused after the page was done
	case intent.LastPaymentError != nil:
		return giving.Declined
	}
	return giving.Open
}

// addMoney collects the balance transactions of a charge, its refunds and its disputes.
func (g *Gateway) addMoney(ctx context.Context, f giving.Facts, c *stripe.Charge) (giving.Facts, error) {
	f.ChargeID = c.ID
	if c.PaymentMethodDetails != nil {
		f.Method = string(c.PaymentMethodDetails.Type)
	}
	charged := amount(c.Amount, c.Currency)
	f.Movements = appendMovement(f.Movements, c.BalanceTransaction, giving.MovedIn, charged)
	if b := c.FailureBalanceTransaction; b != nil && b.ID != "" {
		f.Movements = appendMovement(f.Movements, b, giving.LateFailure, partOf(charged, b, c.BalanceTransaction))
		f.State = giving.Returned
	}

	var refunded int64
	refunds := &stripe.RefundListParams{Charge: &c.ID}
	refunds.Context, refunds.Limit = ctx, stripe.Int64(100)
	refunds.AddExpand("data.balance_transaction")
	refunds.AddExpand("data.failure_balance_transaction")
	for list, err := range listed("list refunds", g.api.Refunds.List(refunds)) {
		if err != nil {
			return f, err
		}
		r := list.Refund()
		back := amount(r.Amount, r.Currency)
		f.Movements = appendMovement(f.Movements, r.BalanceTransaction, giving.MovedBack, money.Of(-back.Minor, back.Currency))
		f.Movements = appendMovement(f.Movements, r.FailureBalanceTransaction, giving.ReturnedOut, back)
		f.Refunds = append(f.Refunds, refundFact(r))
		if r.Status == stripe.RefundStatusSucceeded || r.Status == stripe.RefundStatusPending {
			refunded += back.Minor
		}
	}
	switch {
	case f.State == giving.Paid && refunded >= charged.Minor:
		f.State = giving.Refunded
	case f.State == giving.Paid && refunded > 0:
		f.State = giving.RefundedInPart
	}
	if !c.Disputed {
		return f, nil
	}
	return g.addDisputes(ctx, f, c)
}

// addDisputes collects what disputes moved. Their words say how far they are; what came
// back of one is told by its money alone, for one that is won in part is called lost.
func (g *Gateway) addDisputes(ctx context.Context, f giving.Facts, c *stripe.Charge) (giving.Facts, error) {
	disputes := &stripe.DisputeListParams{Charge: &c.ID}
	disputes.Context, disputes.Limit = ctx, stripe.Int64(100)
	open, lost := false, false
	for list, err := range listed("list disputes", g.api.Disputes.List(disputes)) {
		if err != nil {
			return f, err
		}
		d := list.Dispute()
		f.Movements = append(f.Movements, disputeMovements(d)...)
		f.Disputes = append(f.Disputes, giving.Dispute{ID: d.ID, Lost: d.Status == stripe.DisputeStatusLost})
		switch d.Status {
		case stripe.DisputeStatusLost:
			lost = true
		case stripe.DisputeStatusNeedsResponse, stripe.DisputeStatusUnderReview:
			open = true
		}
	}
	switch {
	case open:
		f.State = giving.InDispute
	case lost:
		f.State = giving.DisputeLost
	}
	return f, nil
}

// disputeMovements are what a dispute took and returned.
func disputeMovements(d *stripe.Dispute) []giving.Movement {
	var all []giving.Movement
	taken := &stripe.BalanceTransaction{}
	for _, b := range d.BalanceTransactions {
		if b.Amount < 0 {
			taken.Amount += b.Amount
		}
	}
	for _, b := range d.BalanceTransactions {
		kind := giving.TakenBack
		if b.Amount > 0 {
			kind = giving.GivenBack
		}
		disputed := amount(d.Amount, d.Currency)
		all = appendMovement(all, b, kind, partOf(money.Of(-disputed.Minor, disputed.Currency), b, taken))
	}
	for i := range all {
		all[i].Dispute = d.ID
	}
	return all
}

// partOf is what the payer sees of a balance transaction whose sum is a part of another's,
// for which the payer saw whole. It matters where the two are in different currencies.
func partOf(whole money.Amount, b, of *stripe.BalanceTransaction) money.Amount {
	if of == nil {
		return money.Amount{}
	}
	minor, ok := giving.Convert(amount(b.Amount, b.Currency), amount(of.Amount, b.Currency), whole)
	if !ok {
		return money.Amount{}
	}
	return money.Of(minor, whole.Currency)
}

// appendMovement adds a balance transaction, if there is one yet: it may come later than
// the status that announces it. Presented is what the payer sees of it.
func appendMovement(all []giving.Movement, b *stripe.BalanceTransaction, kind giving.MovementKind, presented money.Amount) []giving.Movement {
	if b == nil || b.ID == "" {
		return all
	}
	currency := money.Currency(strings.ToUpper(string(b.Currency)))
	m := giving.Movement{
		ID: b.ID, Kind: kind, Type: string(b.Type), Gross: fromStripe(b.Amount, currency),
		Fee: fromStripe(b.Fee, currency), Net: fromStripe(b.Net, currency), HappenedAt: time.Unix(b.Created, 0).UTC(),
	}
	if presented != (money.Amount{}) && presented.Currency != currency {
		m.Presented = presented
		if b.ExchangeRate != 0 {
			m.Rate = strconv.FormatFloat(b.ExchangeRate, 'f', -1, 64) // for people; the sums are reckoned from both amounts
		}
	}
	return append(all, m)
}

func amount(units int64, c stripe.Currency) money.Amount {
	return fromStripe(units, money.Currency(strings.ToUpper(string(c))))
}

func (g *Gateway) session(ctx context.Context, id string) (*stripe.CheckoutSession, error) {
	params := &stripe.CheckoutSessionParams{}
	params.Context = ctx
	s, err := g.api.CheckoutSessions.Get(id, params)
	if err != nil {
		return nil, stripeErr("read a checkout session", err)
	}
	if s.Livemode != g.config.live() {
		return nil, errors.New("read a checkout session: its mode is not this deployment's")
	}
	return s, nil
}

func (g *Gateway) intent(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
	params := &stripe.PaymentIntentParams{}
	params.Context = ctx
	params.AddExpand("latest_charge.balance_transaction")
	params.AddExpand("latest_charge.failure_balance_transaction")
	pi, err := g.api.PaymentIntents.Get(id, params)
	if err != nil {
		return nil, stripeErr("read a payment intent", err)
	}
	return pi, nil
}
