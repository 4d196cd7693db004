package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// explainWithin is how long money at Stripe may stay unexplained before it is booked as
// such: what it belongs to can become known a little later than the money itself.
const explainWithin = time.Hour

// missedMoney goes through Stripe's list of balance transactions, which has no end in
// time, and brings into the books what is not there. It returns how many there were. What
// came since until is left to its events, and what cannot be explained yet to the next
// time. A sandbox's clock may be ahead of ours: its money is not waited for.
func (g *Gateway) missedMoney(ctx context.Context, until time.Time) (int, error) {
	since, err := g.readUntil(ctx, moneyCursor, time.Time{})
	if err != nil {
		return 0, err
	}
	missing, err := g.notBooked(ctx, since)
	if err != nil {
		return 0, err
	}
	found := 0
	var troubles []error
	for _, b := range missing { // the oldest first
		at := time.Unix(b.Created, 0)
		if at.After(until) && !at.After(g.now()) {
			continue
		}
		booked, err := g.bookMissing(ctx, b)
		if err != nil {
			troubles = append(troubles, err) // one in trouble must not hide the others
		}
		if booked {
			found++
		} else if at.Before(until) {
			until = at
		}
	}
	return found, errors.Join(append(troubles, g.setReadUntil(ctx, moneyCursor, until))...)
}

// notBooked lists the balance transactions that our books do not have, the oldest first.
func (g *Gateway) notBooked(ctx context.Context, since time.Time) ([]*stripe.BalanceTransaction, error) {
	params := &stripe.BalanceTransactionListParams{}
	if !since.IsZero() {
		params.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: since.Add(-overlap).Unix()}
	}
	var all, page []*stripe.BalanceTransaction
	sift := func() error {
		missing, err := g.missingOf(ctx, page)
		all, page = append(all, missing...), nil
		return err
	}
	err := g.eachTransaction(ctx, params, func(b *stripe.BalanceTransaction) error {
		if page = append(page, b); len(page) < 100 {
			return nil
		}
		return sift()
	})
	if err == nil {
		err = sift()
	}
	slices.Reverse(all)
	return all, err
}

// missingOf are those that our books do not have.
func (g *Gateway) missingOf(ctx context.Context, all []*stripe.BalanceTransaction) ([]*stripe.BalanceTransaction, error) {
	sources := make([]string, len(all))
	for i, b := range all {
		sources[i] = "stripe:" + b.ID
	}
	missing, err := ledger.NotPosted(ctx, g.db, sources)
	if err != nil {
		return nil, err
	}
	var out []*stripe.BalanceTransaction
	for i, b := range all {
		if moves := b.Net != 0 || b.Amount != 0; moves && slices.Contains(missing, sources[i]) {
			out = append(out, b)
		}
	}
	return out, nil
}

func (g *Gateway) eachTransaction(ctx context.Context, params *stripe.BalanceTransactionListParams, each func(*stripe.BalanceTransaction) error) error {
	params.Context, params.Limit = ctx, stripe.Int64(100)
	params.AddExpand("data.source")
	for list, err := range listed("list balance transactions", g.api.BalanceTransactions.List(params)) {
		if err != nil {
			return err
		}
		if err := each(list.BalanceTransaction()); err != nil {
			return err
		}
	}
	return nil
}

// bookMissing brings one balance transaction into the books by way of what it belongs to,
// and reports whether it is there now. What belongs to nothing of ours is booked as
// unexplained once it is old enough.
func (g *Gateway) bookMissing(ctx context.Context, b *stripe.BalanceTransaction) (bool, error) {
	if err := g.bookByOwner(ctx, b); err != nil {
		return false, fmt.Errorf("book balance transaction %s: %w", b.ID, err)
	}
	booked, err := ledger.HasPosted(ctx, g.db, "stripe:"+b.ID)
	if booked || err != nil || g.now().Sub(time.Unix(b.Created, 0)).Abs() < explainWithin {
		return booked, err
	}
	g.log.Error("money at Stripe that nobody can explain is in suspense", "balance_transaction", b.ID, "type", b.Type, "net", b.Net, "currency", b.Currency)
	return true, g.bookPassing(ctx, b, giving.Suspend)
}

func (g *Gateway) bookByOwner(ctx context.Context, b *stripe.BalanceTransaction) error {
	switch b.Type {
	case stripe.BalanceTransactionTypePayout, stripe.BalanceTransactionTypePayoutFailure, stripe.BalanceTransactionTypePayoutCancel:
		if b.Source == nil {
			return nil
		}
		return g.SyncPayout(ctx, b.Source.ID)
	case stripe.BalanceTransactionTypeStripeFee, stripe.BalanceTransactionTypeStripeFxFee, stripe.BalanceTransactionTypeTaxFee:
		return g.bookPassing(ctx, b, giving.Charge)
	}
	intent := intentOf(b.Source)
	if intent == "" {
		return nil
	}
	h, err := g.complete(ctx, hint{intentID: intent})
	if err != nil || h.paymentID == "" {
		return err
	}
	err = g.sync(ctx, h.paymentID, refs{session: h.sessionID, intent: h.intentID})
	if errors.Is(err, giving.ErrNoPayment) {
		return nil // it names a payment that is not ours
	}
	return err
}

// intentOf is the payment intent that money belongs to, or "".
func intentOf(s *stripe.BalanceTransactionSource) string {
	var intent *stripe.PaymentIntent
	switch {
	case s == nil:
	case s.Charge != nil:
		intent = s.Charge.PaymentIntent
	case s.Refund != nil:
		intent = s.Refund.PaymentIntent
	case s.Dispute != nil:
		intent = s.Dispute.PaymentIntent
	}
	if intent == nil {
		return ""
	}
	return intent.ID
}

// bookPassing books money that belongs to no payment with the account's keeper.
func (g *Gateway) bookPassing(ctx context.Context, b *stripe.BalanceTransaction, book func(context.Context, *sqlx.Tx, string, giving.Passing) (bool, error)) error {
	keeper, err := g.keeper(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, g.db, func(tx *sqlx.Tx) error {
		_, err := book(ctx, tx, keeper, passing(b))
		return err
	})
}

func passing(b *stripe.BalanceTransaction) giving.Passing {
	net := fromStripe(b.Net, money.Currency(strings.ToUpper(string(b.Currency))))
	return giving.Passing{ID: b.ID, Type: string(b.Type), About: b.Description, Net: net, HappenedAt: time.Unix(b.Created, 0).UTC()}
}

// keeper is the cluster whose the Stripe account is: payouts and fees that belong to no
// payment are its. An installation has one account, and it is its first cluster's.
func (g *Gateway) keeper(ctx context.Context) (string, error) {
	var id string
	if err := g.db.GetContext(ctx, &id, `SELECT id FROM clusters ORDER BY created_at, id LIMIT 1`); err != nil {
		return "", fmt.Errorf("find the cluster that keeps the account: %w", err)
	}
	return id, nil
}
