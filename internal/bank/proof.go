package bank

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// linesInBooks asks that each line of a statement is in the books, once and with its amount.
func linesInBooks(ctx context.Context, tx *sqlx.Tx, cluster string) (Proof, error) {
	p := Proof{Name: "lines-in-books"}
	if err := count(ctx, tx, &p, `SELECT count(*) FROM statement_line_rests WHERE cluster_id = $1`, cluster); err != nil {
		return p, err
	}
	return p, differences(ctx, tx, &p, `
		SELECT 'line-not-in-books' AS name, 'line:' || l.id AS subject, l.booked_on AS day, coalesce(g.amount, 0) AS books_minor, l.amount_minor AS theirs_minor, l.currency
		  FROM bank_accounts a JOIN statement_lines l ON l.account_id = a.id
		  LEFT JOIN ledger.entries e ON e.source = 'bank:' || l.id
		  LEFT JOIN ledger.accounts x ON x.code = 'bank:' || a.id AND x.currency = l.currency
		  LEFT JOIN LATERAL (SELECT sum(amount)::bigint AS amount FROM ledger.lines WHERE entry_id = e.id AND account_id = x.id) g ON true
		 WHERE a.cluster_id = $1 AND (g.amount IS DISTINCT FROM l.amount_minor OR (e.happened_at AT TIME ZONE 'UTC')::date <> l.booked_on)
		 ORDER BY l.booked_on, l.id`, cluster)
}

// booksOnStatements asks the reverse: nothing is on a bank account in the books that no
// statement has.
func booksOnStatements(ctx context.Context, tx *sqlx.Tx, cluster string) (Proof, error) {
	p := Proof{Name: "books-on-statements"}
	err := count(ctx, tx, &p, `SELECT count(*) FROM bank_accounts a JOIN ledger.accounts x ON x.code = 'bank:' || a.id JOIN ledger.lines g ON g.account_id = x.id WHERE a.cluster_id = $1`, cluster)
	if err != nil {
		return p, err
	}
	return p, differences(ctx, tx, &p, `
		SELECT 'not-on-statement' AS name, 'entry:' || e.id AS subject, (e.happened_at AT TIME ZONE 'UTC')::date AS day, g.amount AS books_minor, 0::bigint AS theirs_minor, g.currency
		  FROM bank_accounts a JOIN ledger.accounts x ON x.code = 'bank:' || a.id JOIN ledger.lines g ON g.account_id = x.id JOIN ledger.entries e ON e.id = g.entry_id
		 WHERE a.cluster_id = $1 AND NOT EXISTS (SELECT 1 FROM statement_lines l WHERE e.source = 'bank:' || l.id AND l.account_id = a.id)
		 ORDER BY e.id`, cluster)
}

// restsInBooks asks that what is open of the lines is what is unmatched in the books, and
// that each line is its matches and its rest.
func restsInBooks(ctx context.Context, tx *sqlx.Tx, cluster string) (Proof, error) {
	p := Proof{Name: "rests-in-books"}
	if err := count(ctx, tx, &p, `SELECT count(*) FROM statement_line_rests WHERE cluster_id = $1 AND open_minor <> 0`, cluster); err != nil {
		return p, err
	}
	err := differences(ctx, tx, &p, `
		SELECT 'unmatched' AS name, 'cluster:' || $1 AS subject, NULL::date AS day, coalesce(b.minor, 0) AS books_minor, coalesce(o.minor, 0) AS theirs_minor, coalesce(b.currency, o.currency) AS currency
		  FROM (SELECT x.currency, -sum(g.amount)::bigint AS minor FROM ledger.accounts x JOIN ledger.lines g ON g.account_id = x.id WHERE x.code = 'unmatched:' || $1 GROUP BY x.currency) b
		  FULL JOIN (SELECT l.currency, sum(r.open_minor)::bigint AS minor FROM statement_line_rests r JOIN statement_lines l ON l.id = r.line_id WHERE r.cluster_id = $1::uuid GROUP BY l.currency) o
		    ON o.currency = b.currency
		 WHERE coalesce(b.minor, 0) <> coalesce(o.minor, 0)`, cluster)
	if err != nil {
		return p, err
	}
	return p, differences(ctx, tx, &p, `
		SELECT 'rest' AS name, 'line:' || l.id AS subject, l.booked_on AS day, (coalesce(m.minor, 0) + r.open_minor)::bigint AS books_minor, l.amount_minor AS theirs_minor, l.currency
		  FROM statement_line_rests r JOIN statement_lines l ON l.id = r.line_id
		  LEFT JOIN (SELECT x.line_id, sum(x.amount_minor)::bigint AS minor FROM line_matches x
		              WHERE NOT EXISTS (SELECT 1 FROM match_undoing_decisions d WHERE d.match_id = x.id AND d.decision = 'approved') GROUP BY x.line_id) m ON m.line_id = l.id
		 WHERE r.cluster_id = $1 AND (coalesce(m.minor, 0) + r.open_minor <> l.amount_minor OR r.amount_minor <> l.amount_minor) ORDER BY l.id`, cluster)
}

func count(ctx context.Context, tx *sqlx.Tx, p *Proof, query, cluster string) error {
	if err := tx.GetContext(ctx, &p.Looked, query, cluster); err != nil {
		return fmt.Errorf("count for %s: %w", p.Name, err)
	}
	return nil
}

func differences(ctx context.Context, tx *sqlx.Tx, p *Proof, query, cluster string) error {
	var found []Difference
	if err := tx.SelectContext(ctx, &found, query, cluster); err != nil {
		return fmt.Errorf("compare %s: %w", p.Name, err)
	}
	p.Differences = append(p.Differences, found...)
	return nil
}

// balances asks, for each account and each day on which a statement ends, that the bank's
// closing balance is the one of the books; and that no statement is missing between two. A
// difference is told on the day on which it begins or changes, not on each day after.
func balances(ctx context.Context, tx *sqlx.Tx, cluster string) (Proof, error) {
	p := Proof{Name: "balances"}
	var accounts []Account
	if err := tx.SelectContext(ctx, &accounts, `SELECT `+accountColumns+` FROM bank_accounts a WHERE a.cluster_id = $1 ORDER BY a.iban`, cluster); err != nil {
		return p, fmt.Errorf("list bank accounts: %w", err)
	}
	for _, a := range accounts {
		c := comparison{account: a}
		if err := c.load(ctx, tx); err != nil {
			return p, err
		}
		c.compare()
		p.Looked += int64(c.days)
		p.Differences = append(p.Differences, c.found...)
		p.Silent = p.Silent || len(c.moved) > 0 && c.days == 0
		if c.days > 0 && (p.UpTo.IsZero() || c.upTo.Before(p.UpTo)) {
			p.UpTo = c.upTo
		}
	}
	return p, nil
}

// comparison is one account's statements beside its days in the books.
type comparison struct {
	account Account
	told    []balanced // by their first day
	moved   []struct {
		Day   time.Time
		Minor int64
	}
	before int64 // what was on the account before the books began
	days   int
	upTo   time.Time
	found  []Difference
}

// balanced is a statement that tells its balances.
type balanced struct {
	From    time.Time `db:"from_on"`
	To      time.Time `db:"to_on"`
	Opening int64     `db:"opening_minor"`
	Closing int64     `db:"closing_minor"`
}

func (c *comparison) load(ctx context.Context, tx *sqlx.Tx) error {
	err := tx.SelectContext(ctx, &c.told, `SELECT from_on, to_on, opening_minor, closing_minor FROM bank_statements
		WHERE account_id = $1 AND opening_minor IS NOT NULL ORDER BY from_on, imported_at, part`, c.account.ID)
	if err != nil {
		return fmt.Errorf("list the statements: %w", err)
	}
	err = tx.SelectContext(ctx, &c.moved, `
		SELECT (e.happened_at AT TIME ZONE 'UTC')::date AS day, sum(g.amount)::bigint AS minor
		  FROM ledger.accounts x JOIN ledger.lines g ON g.account_id = x.id JOIN ledger.entries e ON e.id = g.entry_id
		 WHERE x.code = $1 AND x.currency = $2 GROUP BY 1 ORDER BY 1`, "bank:"+c.account.ID, string(c.account.Currency))
	if err != nil {
		return fmt.Errorf("sum the days of the books: %w", err)
	}
	return nil
}

// at is what the books have on the account at the end of a day.
func (c *comparison) at(day time.Time) int64 {
	minor := c.before
	for _, m := range c.moved {
		if m.Day.After(day) {
			break
		}
		minor += m.Minor
	}
	return minor
}

func (c *comparison) compare() {
	if len(c.told) == 0 {
		return
	}
	// What an account held before its first statement never came through these books.
	c.before = c.told[0].Opening - c.at(c.told[0].From.AddDate(0, 0, -1))
	c.gaps()
	c.closings()
}

// gaps finds statements that open with another balance than any before closed with.
func (c *comparison) gaps() {
	closed := map[int64]time.Time{} // a balance and the first day on which one closed with it
	for _, s := range c.told {
		if first, ok := closed[s.Closing]; !ok || s.To.Before(first) {
			closed[s.Closing] = s.To
		}
	}
	for _, s := range c.told[1:] {
		books := c.at(s.From.AddDate(0, 0, -1))
		if on, follows := closed[s.Opening]; books == s.Opening || follows && !on.After(s.From) {
			continue
		}
		c.differs("statement-missing", s.From, books, s.Opening)
	}
}

// closings compares the days on which statements end. Of several that end on one day, such
// as one of the morning and one of the evening, the books agree with the last.
func (c *comparison) closings() {
	byDay := map[time.Time][]int64{}
	for _, s := range c.told {
		byDay[s.To] = append(byDay[s.To], s.Closing)
	}
	var former int64
	for _, day := range slices.SortedFunc(maps.Keys(byDay), time.Time.Compare) {
		c.days++
		c.upTo = day
		books, theirs := c.at(day), byDay[day][len(byDay[day])-1]
		for _, closing := range byDay[day] {
			if closing == books {
				theirs = closing
			}
		}
		if books != theirs && books-theirs != former {
			c.differs("balance", day, books, theirs)
		}
		former = books - theirs
	}
}

func (c *comparison) differs(name string, day time.Time, books, theirs int64) {
	c.found = append(c.found, Difference{
		Name: name, Subject: "account:" + c.account.IBAN, Day: sql.NullTime{Time: day, Valid: true}, Books: books, Theirs: theirs, Currency: c.account.Currency,
	})
}
