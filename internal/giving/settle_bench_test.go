package giving_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// giftScript posts one gift by pgbench, to one of so many campaigns.
const giftScript = `\set id random(1, 9000000000000000)
\set c random(1, %d)
SELECT * FROM ledger.post(ARRAY['pgbench-' || :id::bigint], ARRAY[decode(repeat('00', 32), 'hex')], ARRAY['gift'], ARRAY[now()], ARRAY['stripe'],
  ARRAY[NULL]::text[], ARRAY[NULL]::bigint[], ARRAY[1, 1, 1, 1, 1],
  ARRAY['stripe' || chr(58) || 'pgbench', 'fee' || chr(58) || 'pgbench' || :c::bigint, 'released' || chr(58) || 'pgbench' || :c::bigint,
        'fund' || chr(58) || 'pgbench' || :c::bigint, 'fund' || chr(58) || 'pgbench' || :c::bigint],
  ARRAY['USD', 'USD', 'USD', 'USD', 'USD'], ARRAY[970, 30, -30, -1000, 30]::bigint[],
  ARRAY[NULL, NULL, NULL, 'payment' || chr(58) || :id::bigint, 'payment' || chr(58) || :id::bigint]);
`

const thousand = 1000

// BenchmarkSettle measures whole settlements whose transactions are shared — where the money
// belongs, what is posted already, the balances, the entry, the payment's state, the audit —
// beside pgbench calling ledger.post alone for each gift, as one prepared statement on the
// same schema, with the same number of clients.
func BenchmarkSettle(b *testing.B) {
	t := newTill(b)
	t.warm()
	for _, row := range []struct {
		name               string
		clients, campaigns int
	}{{"hot/clients=32", 32, 1}, {"spread/clients=32", 32, thousand}, {"hot/clients=1", 1, 1}} {
		b.Run(row.name, func(b *testing.B) {
			pgtest.Compare(b, "ours/pgbench",
				func() float64 { return pgtest.Rate(b, row.clients, t.settling(row.campaigns)) },
				func() float64 { return pgtest.Pgbench(b, t.dsn, row.clients, fmt.Sprintf(giftScript, row.campaigns)) })
		})
	}
	b.Run("hot÷spread", func(b *testing.B) {
		pgtest.Compare(b, "hot/spread",
			func() float64 { return pgtest.Rate(b, 32, t.settling(1)) },
			func() float64 { return pgtest.Rate(b, 32, t.settling(thousand)) })
	})
	if _, differences, err := ledger.Verify(b.Context(), t.db); err != nil || len(differences) > 0 {
		b.Errorf("after the measurement Verify = %v, %v", differences, err)
	}
}

// BenchmarkAnnounce compares settlements of which pages are told with settlements of which
// they are not, while somebody listens.
func BenchmarkAnnounce(b *testing.B) {
	t := newTill(b)
	t.warm()
	go func() { _ = pg.Listen(b.Context(), t.dsn, pg.PublicChanged, func() {}) }() // ends with the benchmark
	announcer := pg.NewAnnouncer(t.db, pg.PublicChanged)
	for _, row := range []struct {
		name      string
		campaigns int
	}{{"hot", 1}, {"spread", thousand}} {
		b.Run(row.name, func(b *testing.B) {
			settle := t.settling(row.campaigns)
			pgtest.Compare(b, "on/off",
				func() float64 {
					return pgtest.Rate(b, 32, func() error {
						if err := settle(); err != nil {
							return err
						}
						return announcer.Announce(b.Context())
					})
				},
				func() float64 { return pgtest.Rate(b, 32, settle) })
		})
	}
}

// BenchmarkSettleAtAMillion compares books of a million entries with books of five thousand.
func BenchmarkSettleAtAMillion(b *testing.B) {
	small, large := newTill(b), newTill(b)
	small.warm()
	large.warm()
	large.fill(1_000_000)
	for _, row := range []struct {
		name      string
		campaigns int
	}{{"hot", 1}, {"spread", thousand}} {
		b.Run(row.name, func(b *testing.B) {
			pgtest.Compare(b, "million/small",
				func() float64 { return pgtest.Rate(b, 32, large.settling(row.campaigns)) },
				func() float64 { return pgtest.Rate(b, 32, small.settling(row.campaigns)) })
		})
	}
}

// till is a cluster of PostgreSQL that keeps every commit through a power cut, with a
// thousand campaigns and payments whose money has just moved. Half of these are of the
// first campaign. Their ids follow one another, as those of the product do: by ids without
// an order, each settlement would write pages of its own.
type till struct {
	b           *testing.B
	db          *sqlx.DB
	dsn         string
	settler     *giving.Settler
	hot, spread []giving.Payment
	hots        atomic.Int64
	spreads     atomic.Int64
}

// payments is how many each half has: more than are settled in all rounds.
const payments = 150_000

func newTill(b *testing.B) *till {
	b.Helper()
	db, dsn := pgtest.Durable(b)
	t := &till{b: b, db: db, dsn: dsn, settler: giving.NewSettler(db)}
	t.sql(
		`SET session_replication_role = replica`, // a promise's instalments and the like take no part here
		`INSERT INTO people (id, email, name, created_at) VALUES ('00000000-0000-0000-0000-000000000001', 'a@example.org', 'A', now())`,
		`INSERT INTO clusters (id, slug, name_uk, name_en, created_at) VALUES ('00000000-0000-0000-0000-000000000002', 'cluster', 'К', 'C', now())`,
		`INSERT INTO companies (id, slug, name_uk, name_en, created_at) VALUES ('00000000-0000-0000-0000-000000000003', 'company', 'К', 'C', now())`,
		`INSERT INTO memberships (company_id, cluster_id, kind, since) VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000002', 'member', '2020-01-01')`,
		`INSERT INTO campaigns (id, cluster_id, slug, title_uk, title_en, summary_uk, summary_en, story_uk, story_en, goal_minor, currency, state, opens_on, created_at, changed_at)
			SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000002', 'c' || n, 'К', 'C', 'К', 'C', 'К', 'C', 100000000, 'USD', 'open', now(), now(), now()
			  FROM generate_series(1, `+fmt.Sprint(thousand)+`) n`,
		`WITH places AS (SELECT id, row_number() OVER (ORDER BY id) AS k FROM campaigns),
		      made AS (INSERT INTO pledges (id, reference, company_id, campaign_id, amount_minor, currency, visibility, made_by, made_at)
			SELECT gen_random_uuid(), 'RF00' || to_char(n, 'FM0000000000'), '00000000-0000-0000-0000-000000000003', p.id, 99999999, 'USD', 'named', '00000000-0000-0000-0000-000000000001', now()
			  FROM generate_series(1, `+fmt.Sprint(2*thousand)+`) n JOIN places p ON p.k = CASE WHEN n <= `+fmt.Sprint(thousand)+` THEN 1 ELSE n - `+fmt.Sprint(thousand)+` END
			RETURNING id, amount_minor)
			INSERT INTO instalments (id, pledge_id, amount_minor, due_on) SELECT gen_random_uuid(), id, amount_minor, now() FROM made`,
		`INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, started_by, started_at)
			SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '70008' || substr(md5(n::text), 1, 15))::uuid, p.id, p.campaign_id, 1000, 'USD', CASE WHEN n <= `+fmt.Sprint(payments)+` THEN 'hot' ELSE 'spread' END, 'checkout', 'processing', 'key-' || n,
			       '00000000-0000-0000-0000-000000000001', now()
			  FROM generate_series(1, `+fmt.Sprint(2*payments)+`) n
			  JOIN (SELECT *, row_number() OVER (ORDER BY reference) AS k FROM pledges) p
			       ON p.k = 1 + n % `+fmt.Sprint(thousand)+` + CASE WHEN n <= `+fmt.Sprint(payments)+` THEN 0 ELSE `+fmt.Sprint(thousand)+` END`,
		`VACUUM ANALYZE`)
	for title, all := range map[string]*[]giving.Payment{"hot": &t.hot, "spread": &t.spread} {
		if err := db.SelectContext(b.Context(), all, `SELECT y.id, y.pledge_id, y.campaign_id, c.cluster_id, y.amount_minor, y.currency, y.state
			FROM payments y JOIN campaigns c ON c.id = y.campaign_id WHERE y.title = $1`, title); err != nil {
			b.Fatal(err)
		}
	}
	return t
}

// sql runs statements in one session of the schema's owner.
func (t *till) sql(all ...string) {
	t.b.Helper()
	owner, err := pg.Open(t.b.Context(), t.dsn)
	if err != nil {
		t.b.Fatal(err)
	}
	defer owner.Close()
	owner.SetMaxOpenConns(1)
	for _, query := range all {
		if _, err := owner.ExecContext(t.b.Context(), query); err != nil {
			t.b.Fatal(err)
		}
	}
}

// settling settles one payment after another, of one campaign or of all.
func (t *till) settling(campaigns int) func() error {
	all, next := t.hot, &t.hots
	if campaigns > 1 {
		all, next = t.spread, &t.spreads
	}
	at := time.Now()
	return func() error {
		n := next.Add(1) - 1
		if n >= int64(len(all)) {
			return fmt.Errorf("all %d payments are settled", len(all))
		}
		f := giving.Facts{State: giving.Paid, Method: "card", ReadAt: at, Movements: []giving.Movement{came("txn_"+all[n].ID, 1000, 30)}}
		news, err := t.settler.Settle(t.b.Context(), all[n], f)
		if err == nil && !news {
			err = fmt.Errorf("%s was settled before", all[n].ID)
		}
		return err
	}
}

// warm fills books a little: empty ones are faster than any after them, and the plans made
// for them are guesses.
func (t *till) warm() {
	t.b.Helper()
	settle, left := t.settling(thousand), atomic.Int64{}
	left.Store(5000)
	done := make(chan error, 32)
	for range cap(done) {
		go func() {
			var err error
			for err == nil && left.Add(-1) >= 0 {
				err = settle()
			}
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.b.Fatal(err)
		}
	}
	t.sql(`ANALYZE`)
}

// fill adds gifts to all campaigns the quick way, past ledger.post: what is measured is how
// settlements fare beside them.
func (t *till) fill(gifts int) {
	t.b.Helper()
	t.sql(
		`ALTER TABLE ledger.entries DISABLE TRIGGER USER`, `ALTER TABLE ledger.lines DISABLE TRIGGER USER`,
		`ALTER TABLE ledger.lots DISABLE TRIGGER USER`, `ALTER TABLE ledger.draws DISABLE TRIGGER USER`,
		`CREATE TEMP TABLE places AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM campaigns`,
		`INSERT INTO ledger.entries (source, content, kind, happened_at, actor)
			SELECT 'filled-' || i, decode(repeat('00', 32), 'hex'), 'gift', now(), 'stripe' FROM generate_series(1, `+fmt.Sprint(gifts)+`) i`,
		`INSERT INTO ledger.lines (entry_id, account_id, currency, amount)
			SELECT e.id, a.id, 'USD', v.amount
			  FROM ledger.entries e JOIN places p ON p.place = e.id % `+fmt.Sprint(thousand)+`
			 CROSS JOIN (VALUES ('stripe:', 970), ('fee:', 30), ('released:', -30), ('fund:', -1000), ('fund:', 30)) v (kind, amount)
			  JOIN ledger.accounts a ON a.code = v.kind || CASE WHEN v.kind = 'stripe:' THEN '00000000-0000-0000-0000-000000000002' ELSE p.id::text END
			 WHERE e.source LIKE 'filled-%'`,
		`INSERT INTO ledger.lots (account_id, entry_id, origin, amount, remaining)
			SELECT a.id, e.id, 'payment:' || e.source, 1000, 970
			  FROM ledger.entries e JOIN places p ON p.place = e.id % `+fmt.Sprint(thousand)+` JOIN ledger.accounts a ON a.code = 'fund:' || p.id WHERE e.source LIKE 'filled-%'`,
		`INSERT INTO ledger.draws (lot_id, entry_id, amount) SELECT id, entry_id, 30 FROM ledger.lots WHERE origin LIKE 'payment:filled-%'`,
		`UPDATE ledger.balances b SET balance = s.balance FROM (SELECT account_id, -sum(amount) AS balance FROM ledger.lines GROUP BY account_id) s
			WHERE s.account_id = b.account_id AND s.balance >= 0`,
		`ALTER TABLE ledger.entries ENABLE TRIGGER USER`, `ALTER TABLE ledger.lines ENABLE TRIGGER USER`,
		`ALTER TABLE ledger.lots ENABLE TRIGGER USER`, `ALTER TABLE ledger.draws ENABLE TRIGGER USER`,
		`VACUUM ANALYZE`)
}
