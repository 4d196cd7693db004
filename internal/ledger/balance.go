package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Lock takes the rows of accounts that never fall below zero and tells their balances, on
// their normal side. What is decided on these holds until the transaction ends. Name all
// that the entry will touch in one call, which takes them in the order that Post takes
// them in: rows that Post must take besides could meet another transaction crosswise.
// Accounts without a floor have no row, and are not in the answer.
func Lock(ctx context.Context, tx *sqlx.Tx, accounts ...Account) (map[Account]int64, error) {
	codes, currencies := make([]string, len(accounts)), make([]string, len(accounts))
	for i, a := range accounts {
		codes[i], currencies[i] = a.Code, string(a.Currency)
	}
	var rows []struct {
		Account
		Balance int64
	}
	err := tx.SelectContext(ctx, &rows, `SELECT code, currency, balance FROM ledger.lock($1, $2)`, pq.Array(codes), pq.Array(currencies))
	if err != nil {
		return nil, fmt.Errorf("lock accounts: %w", err)
	}
	balances := make(map[Account]int64, len(rows))
	for _, r := range rows {
		balances[r.Account] = r.Balance
	}
	return balances, nil
}

// Balance sums an account's lines, on its normal side. An account that was never used
// holds zero.
func Balance(ctx context.Context, db sqlx.QueryerContext, a Account) (int64, error) {
	var minor int64
	err := sqlx.GetContext(ctx, db, &minor, `
		SELECT coalesce(sum(l.amount), 0)::bigint * k.normal
		  FROM ledger.accounts a
		  JOIN ledger.account_kinds k USING (kind)
		  LEFT JOIN ledger.lines l ON l.account_id = a.id
		 WHERE a.code = $1 AND a.currency = $2
		 GROUP BY k.normal`, a.Code, string(a.Currency))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("balance of %s: %w", a.Code, err)
	}
	return minor, nil
}
