package giving

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// Facts are what Stripe says of one payment now. They are absolute: applying them twice,
// or older ones before newer ones, ends in the same books.
type Facts struct {
	State     State
	SessionID string
	IntentID  string
	ChargeID  string
	Method    string // card, us_bank_account …
	Decline   string // the last decline's code, or ""
	Amount    money.Amount
	Movements []Movement
	Disputes  []Dispute
	Refunds   []RefundFact
	Transfer  *Funding // how far a bank transfer is
	InvoiceID string
	PageURL   string    // of an invoice
	DueAt     time.Time // of an invoice; zero: none
	OutOfBand bool      // an invoice that somebody called paid without Stripe
	ReadAt    time.Time
}

// Dispute is what Stripe says of a dispute. What it has moved stands among the movements.
type Dispute struct {
	ID   string
	Lost bool // closed, and what was not returned stays with the payer
}

// Settlement is a payment that the caller has locked with LockPayment, and what Stripe says
// of it.
type Settlement struct {
	Payment Payment
	Facts   Facts
}

// Settle writes down what Stripe says of one payment, as SettleAll does of several.
func Settle(ctx context.Context, tx *sqlx.Tx, p Payment, f Facts) (bool, error) {
	news, err := SettleAll(ctx, tx, []Settlement{{p, f}})
	if err != nil {
		return false, err
	}
	return news[0], nil
}

// SettleAll writes down what Stripe says of payments, in the caller's transaction: each
// movement of money as one entry of the books, the payments' states, and the audit's rows.
// Movements that are posted already stay as they are, so a repeat changes nothing; it tells
// of each payment whether anything new was posted. An error is the whole transaction's.
//
// Nothing here is refused for being inconvenient: a refund of money that is allocated
// already posts, and what the fund can no longer cover becomes its shortfall.
func SettleAll(ctx context.Context, tx *sqlx.Tx, all []Settlement) ([]bool, error) {
	r, err := newRound(ctx, tx, all)
	if err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	for _, s := range r.settling {
		if err := s.decide(ctx, tx, r); err != nil {
			return nil, fmt.Errorf("settle payment %s: %w", s.ID, err)
		}
	}
	news, acts, err := r.post(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	for _, s := range r.settling {
		if err := s.recordAside(ctx, tx); err != nil {
			return nil, fmt.Errorf("settle payment %s: %w", s.ID, err)
		}
	}
	return news, record(ctx, tx, acts, r.settling)
}

// round is what the settlements of one transaction share: what the books have of them
// already, and the balances on which one after another is laid.
type round struct {
	settling []*settling
	posted   map[string]bool // the causes that are in the books
	balances map[ledger.Account]int64
	deeds    []deed
}

// deed is an entry to be posted, with what the audit is told when it is new.
type deed struct {
	of    int // whose, among the settling
	entry ledger.Entry
	told  []told
}

type told struct {
	audit.Act
	alarm bool
}

// newRound reads for all settlements together what they are measured by. Balances are
// locked for those alone that have something to post.
func newRound(ctx context.Context, tx *sqlx.Tx, all []Settlement) (*round, error) {
	aims := make([]aim, len(all))
	for i, s := range all {
		aims[i] = s.Payment.aim()
	}
	homes, err := homesOf(ctx, tx, aims)
	if err != nil {
		return nil, err
	}
	r := &round{}
	var causes []ledger.Cause
	for i, s := range all {
		r.settling = append(r.settling, newSettling(i, s, homes[s.Payment.PledgeID]))
		causes = append(causes, r.settling[i].causes()...)
	}
	r.posted, r.balances, err = ledger.LockForNew(ctx, tx, causes)
	return r, err
}

// post brings the deeds into the books and raises their alarms. It reports of each
// settlement whether it had one that is new there, and the acts that the audit is to be told.
func (r *round) post(ctx context.Context, tx *sqlx.Tx) ([]bool, []audit.Act, error) {
	news := make([]bool, len(r.settling))
	entries := make([]ledger.Entry, len(r.deeds))
	for i, d := range r.deeds {
		entries[i] = d.entry
	}
	posted, err := ledger.PostAll(ctx, tx, entries)
	if err != nil {
		return nil, nil, err
	}
	var acts []audit.Act
	for i, d := range r.deeds {
		if !posted[i].New {
			continue
		}
		news[d.of] = true
		for _, t := range d.told {
			t.Detail["entry"] = posted[i].ID
			if !t.alarm {
				acts = append(acts, t.Act)
				continue
			}
			if err := audit.Raise(ctx, tx, r.settling[d.of].home.Cluster, t.Act); err != nil {
				return nil, nil, err
			}
		}
	}
	return news, acts, nil
}
