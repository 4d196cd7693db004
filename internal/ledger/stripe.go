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

// SharesAtStripe tells what entries moved on each cluster's balance at Stripe, by the
// cluster. Balances that they left as they were are not in the answer.
func SharesAtStripe(ctx context.Context, tx *sqlx.Tx, sources []string, c money.Currency) (map[string]int64, error) {
	var rows []struct {
		Cluster string
		Minor   int64
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT substr(a.code, length('stripe:') + 1) AS cluster, sum(l.amount)::bigint AS minor
		  FROM ledger.entries e JOIN ledger.lines l ON l.entry_id = e.id JOIN ledger.accounts a ON a.id = l.account_id
		 WHERE e.source = ANY ($1) AND a.kind = 'stripe' AND a.currency = $2
		 GROUP BY a.code HAVING sum(l.amount) <> 0`, pq.Array(sources), string(c))
	if err != nil {
		return nil, fmt.Errorf("find whose money entries moved at Stripe: %w", err)
	}
	shares := make(map[string]int64, len(rows))
	for _, r := range rows {
		shares[r.Cluster] = r.Minor
	}
	return shares, nil
}

// EachAtStripe hands over every entry that moved money into or out of Stripe, with what it
// moved. What only changed hands there, between clusters, is none of them.
func EachAtStripe(ctx context.Context, tx *sqlx.Tx, each func(source string, at time.Time, minor int64, c money.Currency)) error {
	rows, err := tx.QueryxContext(ctx, `
		SELECT e.source, e.happened_at, sum(l.amount)::bigint, l.currency
		  FROM ledger.accounts a JOIN ledger.lines l ON l.account_id = a.id JOIN ledger.entries e ON e.id = l.entry_id
		 WHERE a.kind = 'stripe' GROUP BY e.id, l.currency HAVING sum(l.amount) <> 0 ORDER BY e.id`)
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
