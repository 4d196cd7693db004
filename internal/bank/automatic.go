package bank

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
)

// Tried tells what MatchAll went through and what it matched.
type Tried struct{ Lines, Matched int }

// MatchAll matches the open lines about which nothing is in doubt: those that name a pledge
// by its reference, payouts of Stripe's, the bank's own fees, and what the bank took back.
// It looks at the lines of some statements, or at all when none is named. Each line is its
// own transaction, and a second call goes on where the first stopped.
func MatchAll(ctx context.Context, db *sqlx.DB, now clock.Clock, statements ...string) (Tried, error) {
	var tried Tried
	for after := ""; ; {
		var ids []string
		err := db.SelectContext(ctx, &ids, `
			SELECT l.id FROM statement_line_rests r JOIN statement_lines l ON l.id = r.line_id
			 WHERE r.open_minor <> 0 AND ($1 = '' OR l.id > nullif($1, '')::uuid) AND (coalesce(cardinality($2::uuid[]), 0) = 0 OR l.statement_id = ANY ($2))
			   AND (l.found <> '{}' OR l.kind <> 'payment' OR upper(l.party || ' ' || l.details) LIKE '%STRIPE%')
			 ORDER BY l.id LIMIT $3`, after, pq.Array(statements), batch)
		if err != nil {
			return tried, fmt.Errorf("list lines to match: %w", err)
		}
		for _, id := range ids {
			matched, err := matchOne(ctx, db, now, id)
			if err != nil {
				return tried, err
			}
			tried.Lines++
			if matched {
				tried.Matched++
			}
		}
		if len(ids) < batch {
			return tried, nil
		}
		after = ids[len(ids)-1]
	}
}

// matchOne tries one line. What a rule refuses waits for a person, who will read why.
func matchOne(ctx context.Context, db *sqlx.DB, now clock.Clock, id string) (bool, error) {
	var done bool
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		done = false
		l, err := lockLine(ctx, tx, id)
		if err != nil || l.Open == 0 {
			return err
		}
		done, err = (&act{tx: tx, line: l, at: now()}).byItself(ctx)
		return err
	})
	if f, refused := fault.As(err); refused {
		slog.InfoContext(ctx, "a bank line waits for a person", "line", id, "why", f.Key)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("match line %s: %w", id, err)
	}
	return done, nil
}

// byItself matches a line about which nothing is in doubt, and reports whether it did.
func (a *act) byItself(ctx context.Context) (bool, error) {
	switch l := a.line; {
	case l.Kind == Return:
		return a.reverseByItself(ctx)
	case l.Kind == Fee && l.Minor < 0:
		return true, a.toFee(ctx)
	case l.Minor > 0 && len(l.Found) > 0:
		return a.byReference(ctx)
	case l.Minor > 0 && l.fromStripe():
		return a.toPayout(ctx)
	}
	return false, nil
}

// byReference gives a line to the pledge that it names. One that names several is split only
// when it is exactly what they still lack together: else somebody has to say how.
func (a *act) byReference(ctx context.Context) (bool, error) {
	pledges, err := giving.PledgesNamed(ctx, a.tx, a.line.ClusterID, a.line.Found)
	if err != nil || len(pledges) == 0 {
		return false, err
	}
	if len(pledges) == 1 {
		return true, a.toPledge(ctx, pledges[0].ID, a.line.Open)
	}
	var sum int64
	for _, p := range pledges {
		left := p.ToPay()
		if left.IsZero() || left.Currency != a.line.Currency {
			return false, nil
		}
		sum += left.Minor
	}
	if sum != a.line.Open {
		return false, nil
	}
	for _, p := range pledges {
		if err := a.toPledge(ctx, p.ID, p.ToPay().Minor); err != nil {
			return false, err
		}
	}
	return true, nil
}
