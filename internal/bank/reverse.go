package bank

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// reversible are the lines that a line may take back: of the same account and the very
// opposite amount, no later, and not taken back yet. Those that share something that only
// the two of them can have come first, and say so.
func (a *act) reversible(ctx context.Context) ([]origin, error) {
	var all []origin
	err := a.tx.SelectContext(ctx, &all, `
		SELECT o.id, (o.end_to_end <> '' AND o.end_to_end = l.end_to_end
		           OR o.reference <> '' AND (o.reference = l.reference OR position(o.reference IN l.details) > 0)
		           OR o.found && l.found) AS sure
		  FROM statement_lines l JOIN statement_lines o ON o.account_id = l.account_id AND o.amount_minor = -l.amount_minor
		   AND o.booked_on BETWEEN l.booked_on - 400 AND l.booked_on AND o.id <> l.id
		 WHERE l.id = $1
		   AND NOT EXISTS (SELECT 1 FROM line_matches m WHERE m.line_id = o.id AND m.kind = 'reversal')
		   AND NOT EXISTS (SELECT 1 FROM line_matches m JOIN line_matches b ON b.reverses = m.id WHERE m.line_id = o.id)
		 ORDER BY sure DESC, o.booked_on DESC, o.id LIMIT 10`, a.line.ID)
	if err != nil {
		return nil, fmt.Errorf("find what the line takes back: %w", err)
	}
	return all, nil
}

type origin struct {
	ID   string
	Sure bool
}

// reverseByItself takes back what the bank says that it took back, when there is exactly one
// line that it can mean.
func (a *act) reverseByItself(ctx context.Context) (bool, error) {
	all, err := a.reversible(ctx)
	if err != nil || len(all) == 0 || !all[0].Sure || len(all) > 1 && all[1].Sure {
		return false, err
	}
	return true, a.reverse(ctx, all[0].ID)
}

// MatchReversal says, in a person's name, which line this one takes back.
func MatchReversal(ctx context.Context, db *sqlx.DB, now clock.Clock, line, person, other string) error {
	return explain(ctx, db, now, line, person, func(a *act) error {
		all, err := a.reversible(ctx)
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.ID == other {
				return a.reverse(ctx, other)
			}
		}
		return fault.New(fault.Conflict, "bank.match.not_opposite")
	})
}

// share is what a line was matched to and what of that stands.
type share struct {
	ID        string
	Kind      string
	Minor     int64  `db:"amount_minor"`
	PaymentID string `db:"payment_id"`
}

// standing lists a line's matches that nobody has undone.
func standing(ctx context.Context, tx *sqlx.Tx, line string) ([]share, error) {
	var all []share
	err := tx.SelectContext(ctx, &all, `
		SELECT m.id, m.kind, m.amount_minor, coalesce(m.payment_id::text, '') AS payment_id FROM line_matches m
		 WHERE m.line_id = $1 AND NOT EXISTS (SELECT 1 FROM match_undoing_decisions d WHERE d.match_id = m.id AND d.decision = 'approved')
		 ORDER BY m.id`, line)
	if err != nil {
		return nil, fmt.Errorf("list the line's matches: %w", err)
	}
	return all, nil
}

// reverse undoes exactly what the other line did: each of its gifts, refunds and fees goes
// the way back, and what of it nobody had explained meets this line's own rest.
func (a *act) reverse(ctx context.Context, other string) error {
	o, err := lockLine(ctx, a.tx, other)
	if err != nil {
		return err
	}
	if a.line.Open != a.line.Minor || a.line.Minor != -o.Minor {
		return fault.New(fault.Conflict, "bank.match.not_opposite")
	}
	shares, err := standing(ctx, a.tx, other)
	if err != nil {
		return err
	}
	for _, s := range shares {
		if err := a.giveBack(ctx, s); err != nil {
			return err
		}
	}
	if o.Open == 0 {
		return nil
	}
	if err := a.write(ctx, matched{id: pg.NewID(), kind: "reversal", minor: -o.Open, other: o.ID}); err != nil {
		return err
	}
	theirs := &act{tx: a.tx, line: o, person: a.person, at: a.at}
	return theirs.write(ctx, matched{id: pg.NewID(), kind: "reversal", minor: o.Open, other: a.line.ID})
}

// giveBack sends one share of the other line the way back.
func (a *act) giveBack(ctx context.Context, s share) error {
	id := pg.NewID()
	switch s.Kind {
	case "gift", "refund":
		kind := ledger.LateFailure
		if s.Kind == "refund" {
			kind = ledger.RefundFailed
		}
		entry, err := giving.SendBack(ctx, a.tx, giving.SentBack{
			Source: source(id), PaymentID: s.PaymentID, Minor: s.Minor, Kind: kind, Undoes: source(s.ID),
			BookedOn: a.line.BookedOn, Person: a.person, At: a.at,
		})
		if err != nil {
			return err
		}
		return a.write(ctx, matched{id: id, kind: "return", minor: -s.Minor, payment: s.PaymentID, entry: entry, reverses: s.ID})
	case "fee":
		posted, err := ledger.Post(ctx, a.tx, ledger.Entry{
			Source: source(id), Kind: ledger.Charged, HappenedAt: a.line.BookedOn, Actor: giving.Transfer{Person: a.person}.Actor(),
			Lines: []ledger.Line{ledger.Debit(a.unmatched(), -s.Minor), ledger.Credit(ledger.Owed(a.line.ClusterID, a.line.Currency), -s.Minor)},
		})
		if err != nil {
			return err
		}
		return a.write(ctx, matched{id: id, kind: "fee", minor: -s.Minor, entry: posted.ID, reverses: s.ID})
	}
	return fault.New(fault.Conflict, "bank.match.cannot_reverse", money.Of(s.Minor, a.line.Currency))
}
