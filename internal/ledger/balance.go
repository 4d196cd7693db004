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

// Cause is what may have to be posted, and the accounts whose balances decide how.
type Cause struct {
	Source   string
	Accounts []Account // none: it is laid on no balance
}

// LockForNew tells which of the causes are in the books already, and takes the accounts of
// all others as Lock does, in one way to the server. What others post meanwhile is not seen:
// the caller holds what its causes are about.
func LockForNew(ctx context.Context, tx *sqlx.Tx, causes []Cause) (posted map[string]bool, balances map[Account]int64, err error) {
	sources := make([]string, len(causes))
	var of []int64
	var codes, currencies []string
	for i, c := range causes {
		sources[i] = c.Source
		for _, a := range c.Accounts {
			of, codes, currencies = append(of, int64(i+1)), append(codes, a.Code), append(currencies, string(a.Currency))
		}
	}
	posted, balances = map[string]bool{}, map[Account]int64{}
	if len(causes) == 0 {
		return posted, balances, nil
	}
	var rows []struct {
		Source string
		Account
		Balance int64
	}
	err = tx.SelectContext(ctx, &rows, `SELECT source, code, currency, balance FROM ledger.lock_for_new($1, $2, $3, $4)`,
		pq.Array(sources), pq.Array(of), pq.Array(codes), pq.Array(currencies))
	if err != nil {
		return nil, nil, fmt.Errorf("look for %d causes and lock their accounts: %w", len(causes), err)
	}
	for _, r := range rows {
		if r.Source != "" {
			posted[r.Source] = true
		} else {
			balances[r.Account] = r.Balance
		}
	}
	return posted, balances, nil
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
