package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/money"
)

// AtStripe tells what each of some entries moved on balances at Stripe, by its source.
// Sources that are not in the books are not in the answer.
func AtStripe(ctx context.Context, tx *sqlx.Tx, sources []string) (map[string]int64, error) {
	var rows []struct {
		Source string
		Minor  int64
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT e.source, coalesce(sum(l.amount) FILTER (WHERE a.kind = 'stripe'), 0)::bigint AS minor
		  FROM ledger.entries e JOIN ledger.lines l ON l.entry_id = e.id JOIN ledger.accounts a ON a.id = l.account_id
		 WHERE e.source = ANY ($1) GROUP BY e.source`, pq.Array(sources))
	if err != nil {
		return nil, fmt.Errorf("look up entries at Stripe: %w", err)
	}
	found := make(map[string]int64, len(rows))
	for _, r := range rows {
		found[r.Source] = r.Minor
	}
	return found, nil
}

// EachAtStripe hands over every entry that moved a balance at Stripe, with what it moved.
func EachAtStripe(ctx context.Context, tx *sqlx.Tx, each func(source string, at time.Time, minor int64, c money.Currency)) error {
	rows, err := tx.QueryxContext(ctx, `
		SELECT e.source, e.happened_at, sum(l.amount)::bigint, l.currency
		  FROM ledger.accounts a JOIN ledger.lines l ON l.account_id = a.id JOIN ledger.entries e ON e.id = l.entry_id
		 WHERE a.kind = 'stripe' GROUP BY e.id, l.currency ORDER BY e.id`)
	if err != nil {
		return fmt.Errorf("list entries at Stripe: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		var at time.Time
		var minor int64
		var c money.Currency
		if err := rows.Scan(&source, &at, &minor, &c); err != nil {
			return fmt.Errorf("list entries at Stripe: %w", err)
		}
		each(source, at, minor, c)
	}
	return rows.Err()
}
