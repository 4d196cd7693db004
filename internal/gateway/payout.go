package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
)

// payoutStates say what Stripe's words for a payout are here.
var payoutStates = map[stripe.PayoutStatus]giving.PayoutState{
	stripe.PayoutStatusPending: giving.PayoutPending, stripe.PayoutStatusInTransit: giving.PayoutInTransit, stripe.PayoutStatusPaid: giving.PayoutPaid,
	stripe.PayoutStatusFailed: giving.PayoutFailed, stripe.PayoutStatusCanceled: giving.PayoutCanceled,
}

// SyncPayout brings a payout into line with what Stripe says of it now, and proves it: what
// Stripe says is in it must stand in the books and sum to its amount. Members that the
// books do not have yet are brought there first. A repeat changes nothing.
func (g *Gateway) SyncPayout(ctx context.Context, id string) error {
	members, itemised, err := g.payoutMembers(ctx, id)
	if err != nil {
		return fmt.Errorf("sync payout %s: %w", id, err)
	}
	keeper, err := g.keeper(ctx)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, g.db, func(tx *sqlx.Tx) error {
		if err := giving.LockPayout(ctx, tx, id); err != nil {
			return err
		}
		p, err := g.payout(ctx, id)
		if err != nil {
			return err
		}
		facts, err := payoutFacts(p)
		if err != nil {
			return err
		}
		facts.Members, facts.Itemised, facts.ReadAt = members, itemised, g.now()
		_, err = giving.SettlePayout(ctx, tx, keeper, facts)
		return err
	})
	if err != nil {
		return fmt.Errorf("sync payout %s: %w", id, err)
	}
	return nil
}

func payoutFacts(p *stripe.Payout) (giving.PayoutFacts, error) {
	state, ok := payoutStates[p.Status]
	if !ok {
		return giving.PayoutFacts{}, fmt.Errorf("the payout is %q, which is no state that we know", p.Status)
	}
	f := giving.PayoutFacts{
		ID: p.ID, Amount: amount(p.Amount, p.Currency), State: state, Automatic: p.Automatic, Trouble: string(p.FailureCode),
		ArrivesOn: time.Unix(p.ArrivalDate, 0).UTC(), MadeAt: time.Unix(p.Created, 0).UTC(),
	}
	if b := p.BalanceTransaction; b != nil && b.ID != "" {
		m := passing(b)
		f.Out = &m
	}
	if b := p.FailureBalanceTransaction; b != nil && b.ID != "" {
		m := passing(b)
		f.Back = &m
	}
	return f, nil
}

func (g *Gateway) payout(ctx context.Context, id string) (*stripe.Payout, error) {
	params := &stripe.PayoutParams{}
	params.Context = ctx
	params.AddExpand("balance_transaction")
	params.AddExpand("failure_balance_transaction")
	p, err := g.api.Payouts.Get(id, params)
	if err != nil {
		return nil, stripeErr("read a payout", err)
	}
	if p.Livemode != g.config.live() {
		return nil, errors.New("read a payout: its mode is not this deployment's")
	}
	return p, nil
}

// payoutMembers are the balance transactions that left with a payout, and whether these
// are all. Stripe itemises automatic payouts alone, and some time after they were made.
func (g *Gateway) payoutMembers(ctx context.Context, id string) ([]giving.Passing, bool, error) {
	p, err := g.payout(ctx, id)
	if err != nil || !p.Automatic || p.ReconciliationStatus != stripe.PayoutReconciliationStatusCompleted {
		return nil, false, err
	}
	var all []*stripe.BalanceTransaction
	err = g.eachTransaction(ctx, &stripe.BalanceTransactionListParams{Payout: &id}, func(b *stripe.BalanceTransaction) error {
		if b.Type != stripe.BalanceTransactionTypePayout || b.Source == nil || b.Source.ID != id { // Stripe lists the payout's own too
			all = append(all, b)
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	missing, err := g.missingOf(ctx, all)
	if err != nil {
		return nil, false, err
	}
	for _, b := range missing {
		if _, err := g.bookMissing(ctx, b); err != nil {
			return nil, false, err
		}
	}
	members := make([]giving.Passing, len(all))
	for i, b := range all {
		members[i] = passing(b)
	}
	return members, true, nil
}
