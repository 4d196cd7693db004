package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
)

// Difference is one place where the books contradict themselves.
type Difference struct {
	Check   string // which promise is broken
	Subject string // where
	Stored  int64  // what is written there, minor units
	Counted int64  // what the lines say
}

// Checked tells how much Verify has gone through.
type Checked struct {
	Entries, Lines, Accounts, Lots int64
}

// checks recompute, from the lines alone, everything that is also written down elsewhere.
var checks = []struct{ name, query string }{
	{"an entry sums to zero in each currency", `
		SELECT 'entry ' || entry_id || ' ' || currency AS subject, 0::bigint AS stored, sum(amount)::bigint AS counted
		  FROM ledger.lines GROUP BY entry_id, currency HAVING sum(amount) <> 0 ORDER BY entry_id`},
	{"an entry has two lines or more", `
		SELECT 'entry ' || e.id AS subject, 2::bigint AS stored, count(l.id) AS counted
		  FROM ledger.entries e LEFT JOIN ledger.lines l ON l.entry_id = e.id GROUP BY e.id HAVING count(l.id) < 2 ORDER BY e.id`},
	{"a balance is the sum of its lines", `
		SELECT a.code || ' ' || a.currency AS subject, b.balance AS stored, (coalesce(s.amount, 0) * k.normal)::bigint AS counted
		  FROM ledger.accounts a JOIN ledger.account_kinds k USING (kind) JOIN ledger.balances b ON b.account_id = a.id
		  LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM ledger.lines GROUP BY account_id) s ON s.account_id = a.id
		 WHERE b.balance <> coalesce(s.amount, 0) * k.normal ORDER BY a.id`},
	{"an account with a floor has a balance", `
		SELECT a.code || ' ' || a.currency AS subject, 0::bigint AS stored, 1::bigint AS counted
		  FROM ledger.accounts a JOIN ledger.account_kinds k USING (kind) LEFT JOIN ledger.balances b ON b.account_id = a.id
		 WHERE k.floored AND b.account_id IS NULL ORDER BY a.id`},
	{"a lot holds what was not drawn from it", `
		SELECT 'lot ' || l.id AS subject, l.remaining AS stored, (l.amount - coalesce(d.amount, 0))::bigint AS counted
		  FROM ledger.lots l LEFT JOIN (SELECT lot_id, sum(amount) AS amount FROM ledger.draws GROUP BY lot_id) d ON d.lot_id = l.id
		 WHERE l.remaining <> l.amount - coalesce(d.amount, 0) ORDER BY l.id`},
	{"lots add up to the balance of their account", `
		SELECT a.code || ' ' || a.currency AS subject, b.balance AS stored, coalesce(s.remaining, 0)::bigint AS counted
		  FROM ledger.accounts a JOIN ledger.account_kinds k USING (kind) JOIN ledger.balances b ON b.account_id = a.id
		  LEFT JOIN (SELECT account_id, sum(remaining) AS remaining FROM ledger.lots GROUP BY account_id) s ON s.account_id = a.id
		 WHERE k.lots AND b.balance <> coalesce(s.remaining, 0) ORDER BY a.id`},
	{"an entry moves in lots what its lines say", `
		SELECT 'entry ' || coalesce(s.entry_id, c.entry_id) || ' ' || a.code || ' ' || a.currency AS subject,
		       coalesce(s.amount, 0)::bigint AS stored, coalesce(c.amount, 0)::bigint AS counted
		  FROM (SELECT entry_id, account_id, sum(amount) AS amount
		          FROM (SELECT entry_id, account_id, amount FROM ledger.lots
		                UNION ALL
		                SELECT d.entry_id, l.account_id, -d.amount FROM ledger.draws d JOIN ledger.lots l ON l.id = d.lot_id) moved
		         GROUP BY entry_id, account_id) s
		  FULL JOIN (SELECT l.entry_id, l.account_id, sum(l.amount * k.normal) AS amount
		               FROM ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id JOIN ledger.account_kinds k USING (kind)
		              WHERE k.lots GROUP BY l.entry_id, l.account_id) c ON c.entry_id = s.entry_id AND c.account_id = s.account_id
		  JOIN ledger.accounts a ON a.id = coalesce(s.account_id, c.account_id)
		 WHERE coalesce(s.amount, 0) <> coalesce(c.amount, 0) ORDER BY coalesce(s.entry_id, c.entry_id), a.id`},
	{"a lot that came from another holds no more than was drawn there", `
		SELECT 'lot ' || c.parent_id || ' in entry ' || c.entry_id AS subject, c.amount AS stored, coalesce(d.amount, 0)::bigint AS counted
		  FROM (SELECT parent_id, entry_id, sum(amount)::bigint AS amount FROM ledger.lots WHERE parent_id IS NOT NULL GROUP BY parent_id, entry_id) c
		  LEFT JOIN (SELECT lot_id, entry_id, sum(amount) AS amount FROM ledger.draws GROUP BY lot_id, entry_id) d
		    ON d.lot_id = c.parent_id AND d.entry_id = c.entry_id
		 WHERE c.amount > coalesce(d.amount, 0) ORDER BY c.parent_id, c.entry_id`},
	{"a lot keeps the origin and the currency of the one it came from", `
		SELECT 'lot ' || c.id AS subject, c.amount AS stored, 0::bigint AS counted
		  FROM ledger.lots c JOIN ledger.lots p ON p.id = c.parent_id
		  JOIN ledger.accounts ca ON ca.id = c.account_id JOIN ledger.accounts pa ON pa.id = p.account_id
		 WHERE c.origin <> p.origin OR ca.currency <> pa.currency ORDER BY c.id`},
	{"an allocation puts down all that it drew", `
		SELECT 'entry ' || e.id AS subject, coalesce(c.amount, 0)::bigint AS stored, coalesce(d.amount, 0)::bigint AS counted
		  FROM ledger.entries e
		  LEFT JOIN (SELECT entry_id, sum(amount) AS amount FROM ledger.lots WHERE parent_id IS NOT NULL GROUP BY entry_id) c ON c.entry_id = e.id
		  LEFT JOIN (SELECT entry_id, sum(amount) AS amount FROM ledger.draws GROUP BY entry_id) d ON d.entry_id = e.id
		 WHERE e.kind = 'allocation' AND coalesce(c.amount, 0) <> coalesce(d.amount, 0) ORDER BY e.id`},
	{"released equals spent, fees, losses and what is disputed", `
		SELECT currency AS subject,
		       -coalesce(sum(amount) FILTER (WHERE kind = 'released'), 0)::bigint AS stored,
		       coalesce(sum(amount) FILTER (WHERE kind IN ('spent', 'fee', 'loss', 'drift', 'disputed')), 0)::bigint AS counted
		  FROM (SELECT a.kind, l.currency, l.amount FROM ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id) x
		 GROUP BY currency HAVING sum(amount) FILTER (WHERE kind IN ('released', 'spent', 'fee', 'loss', 'drift', 'disputed')) <> 0 ORDER BY currency`},
	{"a fund with a shortfall has nothing free", `
		SELECT f.code || ' ' || f.currency AS subject, 0::bigint AS stored, least(fb.balance, sb.balance) AS counted
		  FROM ledger.accounts f JOIN ledger.balances fb ON fb.account_id = f.id
		  JOIN ledger.accounts s ON s.code = 'shortfall:' || split_part(f.code, ':', 2) AND s.currency = f.currency
		  JOIN ledger.balances sb ON sb.account_id = s.id
		 WHERE f.kind = 'fund' AND fb.balance > 0 AND sb.balance > 0 ORDER BY f.id`},
}

// Verify recomputes every balance and every lot from the lines, in one snapshot, and
// returns what differs; nothing when the books are whole. It changes nothing and may run
// beside everything else.
func Verify(ctx context.Context, db *sqlx.DB) (Checked, []Difference, error) {
	var seen Checked
	tx, err := pg.Snapshot(ctx, db)
	if err != nil {
		return seen, nil, err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	err = tx.GetContext(ctx, &seen, `SELECT (SELECT count(*) FROM ledger.entries) AS entries, (SELECT count(*) FROM ledger.lines) AS lines,
		(SELECT count(*) FROM ledger.accounts) AS accounts, (SELECT count(*) FROM ledger.lots) AS lots`)
	if err != nil {
		return seen, nil, fmt.Errorf("count the books: %w", err)
	}
	var all []Difference
	for _, check := range checks {
		var found []Difference
		if err := tx.SelectContext(ctx, &found, check.query); err != nil {
			return seen, nil, fmt.Errorf("check that %s: %w", check.name, err)
		}
		for _, d := range found {
			d.Check = check.name
			all = append(all, d)
		}
	}
	return seen, all, nil
}
