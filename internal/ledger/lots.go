package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Left is how much of what one payment brought is still in an account.
type Left struct {
	Origin string
	Minor  int64
}

// LeftOf tells what is still in an account of the money that some payments brought, in the
// order in which it came in; a payment of which nothing is left is not in the answer. Who
// moves it afterwards holds the account by Lock.
func LeftOf(ctx context.Context, db sqlx.QueryerContext, a Account, origins []string) ([]Left, error) {
	var all []Left
	err := sqlx.SelectContext(ctx, db, &all, `
		SELECT l.origin, sum(l.remaining)::bigint AS minor
		  FROM ledger.lots l JOIN ledger.accounts a ON a.id = l.account_id
		 WHERE a.code = $1 AND a.currency = $2 AND l.origin = ANY ($3) AND l.remaining > 0
		 GROUP BY l.origin ORDER BY min(l.id)`, a.Code, string(a.Currency), pq.Array(origins))
	if err != nil {
		return nil, fmt.Errorf("what is left in %s: %w", a.Code, err)
	}
	return all, nil
}
