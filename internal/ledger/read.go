package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/money"
)

// Posted entries are read here for people: on a payment's own page, and where the books
// hold what nobody has explained.

// Written is an entry as it stands in the books.
type Written struct {
	ID         int64
	Source     string
	Kind       Kind
	HappenedAt time.Time `db:"happened_at"`
	PostedAt   time.Time `db:"posted_at"`
	Actor      string
	Approver   string
	Mends      int64  // the entry that this one corrects, or 0
	Lines      []Line `db:"-"`
}

// mostEntries is far beyond what one payment gathers; it bounds a page all the same.
const mostEntries = 300

// EntriesOf lists the entries that moved an origin's money, such as payment:<id>, and those
// whose ids are given besides: an entry that only made a shortfall moves no lot. They come
// in the order in which they were posted.
func EntriesOf(ctx context.Context, db *sqlx.DB, origin string, besides []int64) ([]Written, error) {
	var all []Written
	err := db.SelectContext(ctx, &all, `
		SELECT e.id, e.source, e.kind, e.happened_at, e.posted_at, e.actor, coalesce(e.approver, '') AS approver, coalesce(e.mends, 0) AS mends
		  FROM (SELECT o.entry_id AS id FROM ledger.lots o WHERE o.origin = $1
		        UNION SELECT d.entry_id FROM ledger.lots o JOIN ledger.draws d ON d.lot_id = o.id WHERE o.origin = $1
		        UNION SELECT unnest($2::bigint[])) f
		  JOIN ledger.entries e ON e.id = f.id
		 ORDER BY e.id LIMIT $3`, origin, pq.Array(besides), mostEntries)
	if err != nil {
		return nil, fmt.Errorf("list the entries of %s: %w", origin, err)
	}
	return all, addLines(ctx, db, all)
}

func addLines(ctx context.Context, db *sqlx.DB, entries []Written) error {
	at, ids := map[int64]int{}, make([]int64, len(entries))
	for i, e := range entries {
		at[e.ID], ids[i] = i, e.ID
	}
	var lines []struct {
		EntryID  int64 `db:"entry_id"`
		Code     string
		Currency money.Currency
		Amount   int64
	}
	err := db.SelectContext(ctx, &lines, `
		SELECT l.entry_id, a.code, l.currency, l.amount FROM ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id
		 WHERE l.entry_id = ANY ($1) ORDER BY l.id`, pq.Array(ids))
	if err != nil {
		return fmt.Errorf("read the lines of entries: %w", err)
	}
	for _, l := range lines {
		e := &entries[at[l.EntryID]]
		e.Lines = append(e.Lines, Line{Account: Account{l.Code, l.Currency}, Minor: l.Amount})
	}
	return nil
}

// Holding is what accounts of one kind hold in a currency, on their normal side.
type Holding struct {
	Account
	Balance int64
}

// HoldingsOf tells what accounts hold, in every currency in which each was ever used.
func HoldingsOf(ctx context.Context, db *sqlx.DB, codes ...string) ([]Holding, error) {
	var all []Holding
	err := db.SelectContext(ctx, &all, `
		SELECT a.code, a.currency, coalesce(sum(l.amount), 0)::bigint * k.normal AS balance
		  FROM ledger.accounts a JOIN ledger.account_kinds k USING (kind) LEFT JOIN ledger.lines l ON l.account_id = a.id
		 WHERE a.code = ANY ($1) GROUP BY a.code, a.currency, k.normal ORDER BY a.code, a.currency`, pq.Array(codes))
	if err != nil {
		return nil, fmt.Errorf("tell what accounts hold: %w", err)
	}
	return all, nil
}

// AccountLine is one line of an account beside the entry that it belongs to.
type AccountLine struct {
	ID         int64
	EntryID    int64 `db:"entry_id"`
	Code       string
	Currency   money.Currency
	Amount     int64 // on the account's normal side
	Source     string
	Kind       Kind
	HappenedAt time.Time `db:"happened_at"`
}

// LinesOf lists the lines of accounts, the latest first; source, when there is one, keeps
// those of its entry. After is the id of the last line of the page before, or 0.
func LinesOf(ctx context.Context, db *sqlx.DB, codes []string, source string, after int64, limit int) ([]AccountLine, error) {
	args, ofSource := []any{pq.Array(codes), after, limit}, ""
	if source != "" {
		args, ofSource = append(args, source), ` AND entry_id = (SELECT id FROM ledger.entries WHERE source = $4)`
	}
	var all []AccountLine
	err := db.SelectContext(ctx, &all, `
		SELECT l.id, l.entry_id, l.code, l.currency, l.amount, e.source, e.kind, e.happened_at
		  FROM (SELECT l.id, l.entry_id, a.code, l.currency, l.amount * k.normal AS amount
		          FROM ledger.accounts a JOIN ledger.account_kinds k USING (kind)
		         CROSS JOIN LATERAL (SELECT * FROM ledger.lines WHERE account_id = a.id AND ($2::bigint = 0 OR id < $2)`+ofSource+` ORDER BY id DESC LIMIT $3) l
		         WHERE a.code = ANY ($1) ORDER BY l.id DESC LIMIT $3) l
		  JOIN ledger.entries e ON e.id = l.entry_id
		 ORDER BY l.id DESC`, args...)
	if err != nil {
		return nil, fmt.Errorf("list the lines of accounts: %w", err)
	}
	return all, nil
}
