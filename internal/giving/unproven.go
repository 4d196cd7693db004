package giving

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/money"
)

// UnprovenSum is a payout whose members do not, or not yet, sum to its amount.
type UnprovenSum struct {
	ID           string
	AmountMinor  int64 `db:"amount_minor"`
	MembersMinor int64 `db:"members_minor"`
	Currency     money.Currency
	MadeAt       time.Time `db:"made_at"`
}

// UnprovenSums lists the automatic payouts that reached the bank, were made before a time
// and are not proven.
func UnprovenSums(ctx context.Context, tx *sqlx.Tx, before time.Time) ([]UnprovenSum, error) {
	var all []UnprovenSum
	err := tx.SelectContext(ctx, &all, `SELECT id, amount_minor, members_minor, currency, made_at FROM payouts
		WHERE automatic AND proven_at IS NULL AND state = 'paid' AND made_at < $1 ORDER BY made_at, id`, before)
	if err != nil {
		return nil, fmt.Errorf("list unproven payouts: %w", err)
	}
	return all, nil
}
