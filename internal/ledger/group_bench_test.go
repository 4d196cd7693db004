package ledger_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// giftScript posts one gift by pgbench, to one of so many campaigns.
const giftScript = `\set id random(1, 9000000000000000)
\set c random(1, %d)
SELECT * FROM ledger.post(ARRAY['pgbench-' || :id::bigint], ARRAY[decode(repeat('00', 32), 'hex')], ARRAY['gift'], ARRAY[now()], ARRAY['stripe'],
  ARRAY[NULL]::text[], ARRAY[NULL]::bigint[], ARRAY[1, 1, 1, 1, 1],
  ARRAY['stripe' || chr(58) || 'cluster', 'fee' || chr(58) || 'c' || :c::bigint - 1, 'released' || chr(58) || 'c' || :c::bigint - 1,
        'fund' || chr(58) || 'c' || :c::bigint - 1, 'fund' || chr(58) || 'c' || :c::bigint - 1],
  ARRAY['USD', 'USD', 'USD', 'USD', 'USD'], ARRAY[970, 30, -30, -1000, 30]::bigint[],
  ARRAY[NULL, NULL, NULL, 'payment' || chr(58) || :id::bigint, 'payment' || chr(58) || :id::bigint]);
`

// BenchmarkPostInGroups measures gifts whose transactions are shared, beside pgbench calling
// ledger.post for each as one prepared statement, on the same schema and with the same
// number of clients. It is what the books give, without what else a settlement reads.
func BenchmarkPostInGroups(b *testing.B) {
	db, dsn := pgtest.Durable(b)
	give := givingInGroups(b, db)
	warm(b, db, give)
	rates := map[string]pgtest.Rates{}
	for _, row := range []struct {
		name               string
		clients, campaigns int
	}{{"hot/clients=32", 32, 1}, {"spread/clients=32", 32, 1000}, {"hot/clients=1", 1, 1}} {
		b.Run(row.name, func(b *testing.B) {
			rates[row.name] = pgtest.Compare(b, "ours/pgbench",
				func() float64 { return pgtest.Rate(b, row.clients, func() error { return give(int64(row.campaigns)) }) },
				func() float64 { return pgtest.Pgbench(b, dsn, row.clients, fmt.Sprintf(giftScript, row.campaigns)) })
		})
	}
	b.Run("hot÷spread", func(b *testing.B) {
		hot, spread := rates["hot/clients=32"].Ours, rates["spread/clients=32"].Ours
		if len(hot) == 0 || len(spread) == 0 {
			b.Skip("measured from the rows above, which did not run")
		}
		for b.Loop() {
		}
		b.ReportMetric(pgtest.Median(hot)/pgtest.Median(spread), "ratio")
	})
	if _, differences, err := ledger.Verify(b.Context(), db); err != nil || len(differences) > 0 {
		b.Errorf("after the measurement Verify = %v, %v", differences, err)
	}
}

// givingInGroups gives to one of so many campaigns.
func givingInGroups(b *testing.B, db *sqlx.DB) func(campaigns int64) error {
	b.Helper()
	group := pg.NewGroup(db, 128, func(ctx context.Context, tx *sqlx.Tx, entries []ledger.Entry) error {
		_, err := ledger.PostAll(ctx, tx, entries)
		return err
	})
	var gifts atomic.Int64
	return func(campaigns int64) error {
		n := gifts.Add(1)
		return group.Do(b.Context(), giftOf(fmt.Sprintf("g%d", n), fmt.Sprintf("c%d", n%campaigns), usd, 1000, 30, 0))
	}
}

// warm fills books a little: empty ones are faster than any after them, and the plans made
// for them are guesses.
func warm(b *testing.B, db *sqlx.DB, give func(campaigns int64) error) {
	b.Helper()
	crowded(b, 32, 5000, func() error { return give(1000) })
	db.MustExec(`ANALYZE`)
}

// BenchmarkPostAtAMillion compares books of a million entries with books of five thousand.
func BenchmarkPostAtAMillion(b *testing.B) {
	const million = 1_000_000
	small, _ := pgtest.Durable(b)
	large, dsn := pgtest.Durable(b)
	giveSmall, giveLarge := givingInGroups(b, small), givingInGroups(b, large)
	warm(b, small, giveSmall)
	warm(b, large, giveLarge)
	fill(b, dsn, million)
	for _, row := range []struct {
		name      string
		campaigns int64
	}{{"hot", 1}, {"spread", 1000}} {
		b.Run(row.name, func(b *testing.B) {
			pgtest.Compare(b, "million/small",
				func() float64 { return pgtest.Rate(b, 32, func() error { return giveLarge(row.campaigns) }) },
				func() float64 { return pgtest.Rate(b, 32, func() error { return giveSmall(row.campaigns) }) })
		})
	}
}

// fill adds gifts to a thousand campaigns the quick way, past ledger.post: what is measured
// is how entries fare beside them.
func fill(b *testing.B, dsn string, gifts int) {
	b.Helper()
	owner, err := pg.Open(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer owner.Close()
	for _, query := range []string{
		`ALTER TABLE ledger.entries DISABLE TRIGGER USER`, `ALTER TABLE ledger.lines DISABLE TRIGGER USER`,
		`ALTER TABLE ledger.lots DISABLE TRIGGER USER`, `ALTER TABLE ledger.draws DISABLE TRIGGER USER`,
		`INSERT INTO ledger.entries (source, content, kind, happened_at, actor)
			SELECT 'filled-' || i, decode(repeat('00', 32), 'hex'), 'gift', now(), 'stripe' FROM generate_series(1, ` + fmt.Sprint(gifts) + `) i`,
		`INSERT INTO ledger.lines (entry_id, account_id, currency, amount)
			SELECT e.id, a.id, 'USD', v.amount
			  FROM ledger.entries e
			 CROSS JOIN (VALUES ('stripe:cluster', 970), ('fee:c', 30), ('released:c', -30), ('fund:c', -1000), ('fund:c', 30)) v (code, amount)
			  JOIN ledger.accounts a ON a.code = CASE WHEN v.code LIKE '%:c' THEN v.code || e.id % 1000 ELSE v.code END
			 WHERE e.source LIKE 'filled-%'`,
		`INSERT INTO ledger.lots (account_id, entry_id, origin, amount, remaining)
			SELECT a.id, e.id, 'payment:' || e.source, 1000, 970 FROM ledger.entries e JOIN ledger.accounts a ON a.code = 'fund:c' || e.id % 1000 WHERE e.source LIKE 'filled-%'`,
		`INSERT INTO ledger.draws (lot_id, entry_id, amount) SELECT id, entry_id, 30 FROM ledger.lots WHERE origin LIKE 'payment:filled-%'`,
		`UPDATE ledger.balances b SET balance = s.balance FROM (SELECT account_id, -sum(amount) AS balance FROM ledger.lines GROUP BY account_id) s
			WHERE s.account_id = b.account_id AND s.balance >= 0`,
		`ALTER TABLE ledger.entries ENABLE TRIGGER USER`, `ALTER TABLE ledger.lines ENABLE TRIGGER USER`,
		`ALTER TABLE ledger.lots ENABLE TRIGGER USER`, `ALTER TABLE ledger.draws ENABLE TRIGGER USER`,
		`VACUUM ANALYZE`,
	} {
		if _, err := owner.ExecContext(b.Context(), query); err != nil {
			b.Fatal(err)
		}
	}
}
