package bank

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/money"
)

// Standing is how an account stands: what came and went by its statements, what the bank
// said last, and what of it nobody has explained.
type Standing struct {
	Account
	Books    int64         // since the books began
	Closing  sql.NullInt64 // what the bank said last
	ClosedOn sql.NullTime  `db:"closed_on"`
	Before   sql.NullInt64 // what was on it before the books began
	Waiting  int           // lines that are not fully explained
}

// Differs is what the books have more than the bank, or zero where the bank has not said.
func (s Standing) Differs() money.Amount {
	if !s.Closing.Valid {
		return money.Of(0, s.Currency)
	}
	return money.Of(s.Before.Int64+s.Books-s.Closing.Int64, s.Currency)
}

// Overview tells how the accounts stand of the clusters in which a person has a role. The
// bank's word is compared with the books up to the day of that word.
func Overview(ctx context.Context, db *sqlx.DB, person string) ([]Standing, error) {
	var all []Standing
	err := db.SelectContext(ctx, &all, `
		SELECT `+accountColumns+`, b.books, last.closing_minor AS closing, last.to_on AS closed_on, first.before,
		       (SELECT count(*) FROM statement_line_rests r JOIN statement_lines l ON l.id = r.line_id WHERE r.open_minor <> 0 AND r.cluster_id = a.cluster_id AND l.account_id = a.id) AS waiting
		  FROM bank_accounts a
		  LEFT JOIN LATERAL (SELECT closing_minor, to_on FROM bank_statements s WHERE s.account_id = a.id AND s.closing_minor IS NOT NULL ORDER BY s.to_on DESC, s.lines DESC, s.id DESC LIMIT 1) last ON true
		  LEFT JOIN LATERAL (SELECT s.opening_minor - coalesce((SELECT sum(l.amount_minor) FROM statement_lines l WHERE l.account_id = a.id AND l.booked_on < s.from_on), 0)::bigint AS before
		                       FROM bank_statements s WHERE s.account_id = a.id AND s.opening_minor IS NOT NULL ORDER BY s.from_on, s.imported_at, s.part LIMIT 1) first ON true
		 CROSS JOIN LATERAL (SELECT coalesce(sum(g.amount), 0)::bigint AS books FROM ledger.accounts x JOIN ledger.lines g ON g.account_id = x.id JOIN ledger.entries e ON e.id = g.entry_id
		                      WHERE x.code = 'bank:' || a.id AND x.currency = a.currency AND (last.to_on IS NULL OR (e.happened_at AT TIME ZONE 'UTC')::date <= last.to_on)) b
		 WHERE`+seenBy+` ORDER BY a.iban`, person)
	if err != nil {
		return nil, fmt.Errorf("sum up the bank accounts: %w", err)
	}
	return all, nil
}
