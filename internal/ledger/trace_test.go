package ledger_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg/pgtest"
)

// Whatever happens in whatever order, the books are whole after each act, every kopiyka of
// every payment is somewhere, and it is where a plain queue says it should be.
func TestEveryKopiykaIsTraced(t *testing.T) {
	t.Parallel()
	app, owner := pgtest.Both(t)
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		b := &bookkeeper{t: t, db: app}
		for _, c := range []money.Currency{"UAH", "USD", "JPY"} {
			b.models = append(b.models, newModel(fmt.Sprintf("c%d", runs), c))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"give":               b.give,
			"refund":             b.refund,
			"allocate":           b.allocate,
			"allocate all":       b.allocateAll,
			"allocate too much":  b.allocateTooMuch,
			"say the same again": b.repeat,
			"say something else": b.contradict,
			"":                   b.compare,
		})
		emptyBooks(t, owner)
	})
}

// bookkeeper writes each act in the ledger and in its models.
type bookkeeper struct {
	t      *testing.T
	db     *sqlx.DB
	models []*model
	said   []ledger.Entry
	acts   int
}

func (b *bookkeeper) model(rt *rapid.T) *model { return rapid.SampledFrom(b.models).Draw(rt, "books") }

func (b *bookkeeper) name(m *model) string {
	b.acts++
	return fmt.Sprintf("%s-%s-%d", m.campaign, m.currency, b.acts)
}

func (b *bookkeeper) post(rt *rapid.T, e ledger.Entry) {
	p, err := post(b.t.Context(), b.db, e)
	if err != nil {
		rt.Fatal(err)
	}
	if !p.New {
		rt.Fatalf("%s was posted before", e.Source)
	}
	b.said = append(b.said, e)
}

func (b *bookkeeper) give(rt *rapid.T) {
	m := b.model(rt)
	gross := rapid.Int64Range(1, 1000).Draw(rt, "gross")
	fee := rapid.Int64Range(0, gross/2).Draw(rt, "fee")
	payment := b.name(m)
	b.post(rt, giftOf(payment, m.campaign, m.currency, gross, fee, m.give(payment, gross, fee)))
}

func (b *bookkeeper) refund(rt *rapid.T) {
	m := b.model(rt)
	if len(m.payments) == 0 {
		rt.Skip("no payment to refund")
	}
	payment := rapid.SampledFrom(m.payments).Draw(rt, "payment")
	f := m.became["payment:"+payment]
	if f.returned == f.Received {
		rt.Skip("refunded already")
	}
	minor := rapid.Int64Range(1, f.Received-f.returned).Draw(rt, "refund")
	b.post(rt, refundOf(b.name(m), payment, m.campaign, m.currency, minor, m.refund(payment, minor)))
}

func (b *bookkeeper) allocate(rt *rapid.T) {
	m := b.model(rt)
	if m.balance() == 0 {
		rt.Skip("nothing is free")
	}
	b.setAside(rt, m, rapid.Int64Range(1, m.balance()).Draw(rt, "allocation"))
}

func (b *bookkeeper) allocateAll(rt *rapid.T) {
	m := b.model(rt)
	if m.balance() == 0 {
		rt.Skip("nothing is free")
	}
	b.setAside(rt, m, m.balance())
}

func (b *bookkeeper) setAside(rt *rapid.T, m *model, minor int64) {
	allocation := b.name(m)
	m.allocate(allocation, minor)
	b.post(rt, allocationOf(allocation, m.campaign, m.currency, minor))
}

func (b *bookkeeper) allocateTooMuch(rt *rapid.T) {
	m := b.model(rt)
	minor := m.balance() + rapid.Int64Range(1, 1000).Draw(rt, "too much")
	if _, err := post(b.t.Context(), b.db, allocationOf(b.name(m), m.campaign, m.currency, minor)); !errors.Is(err, ledger.ErrTooLittle) {
		rt.Fatalf("allocating %d of %d: %v, want ErrTooLittle", minor, m.balance(), err)
	}
}

func (b *bookkeeper) repeat(rt *rapid.T) {
	if len(b.said) == 0 {
		rt.Skip("nothing was said")
	}
	e := rapid.SampledFrom(b.said).Draw(rt, "entry")
	p, err := post(b.t.Context(), b.db, e)
	if err != nil {
		rt.Fatal(err)
	}
	if p.New {
		rt.Fatalf("%s was posted twice", e.Source)
	}
}

func (b *bookkeeper) contradict(rt *rapid.T) {
	if len(b.said) == 0 {
		rt.Skip("nothing was said")
	}
	e := rapid.SampledFrom(b.said).Draw(rt, "entry")
	e.Actor += "-other"
	if _, err := post(b.t.Context(), b.db, e); !errors.Is(err, ledger.ErrOtherContent) {
		rt.Fatalf("%s with another actor: %v, want ErrOtherContent", e.Source, err)
	}
}

// compare holds after every act.
func (b *bookkeeper) compare(rt *rapid.T) {
	_, differences, err := ledger.Verify(b.t.Context(), b.db)
	if err != nil {
		rt.Fatal(err)
	}
	for _, d := range differences {
		rt.Errorf("%s: %s: stored %d, counted %d", d.Check, d.Subject, d.Stored, d.Counted)
	}
	for _, m := range b.models {
		b.compareBalances(rt, m)
		b.compareFates(rt, m)
		b.compareLots(rt, m)
	}
}

func (b *bookkeeper) compareBalances(rt *rapid.T, m *model) {
	for account, want := range map[ledger.Account]int64{
		ledger.Fund(m.campaign, m.currency):      m.balance(),
		ledger.Shortfall(m.campaign, m.currency): m.shortfall,
	} {
		got, err := ledger.Balance(b.t.Context(), b.db, account)
		if err != nil {
			rt.Fatal(err)
		}
		if got != want {
			rt.Errorf("%s %s holds %d, want %d", account.Code, account.Currency, got, want)
		}
	}
}

// compareFates reads from lots and draws alone what became of each payment. A gift draws
// its fee before what it repays, from lots of its own.
func (b *bookkeeper) compareFates(rt *rapid.T, m *model) {
	var rows []struct {
		Origin string
		fate
	}
	err := b.db.SelectContext(b.t.Context(), &rows, `
		SELECT l.origin,
		       sum(l.amount) FILTER (WHERE l.parent_id IS NULL) AS received,
		       coalesce(sum(d.fees), 0) AS fees,
		       coalesce(sum(d.repaid), 0) AS repaid,
		       coalesce(sum(d.refunded), 0) AS refunded,
		       coalesce(sum(l.remaining) FILTER (WHERE a.kind = 'fund'), 0) AS free,
		       coalesce(sum(l.remaining) FILTER (WHERE a.kind = 'allocation'), 0) AS allocated
		  FROM ledger.lots l JOIN ledger.accounts a ON a.id = l.account_id
		  LEFT JOIN LATERAL (
		       SELECT sum(d.amount) FILTER (WHERE e.kind = 'gift' AND NOT d.repays) AS fees,
		              sum(d.amount) FILTER (WHERE e.kind = 'gift' AND d.repays) AS repaid,
		              sum(d.amount) FILTER (WHERE e.kind = 'refund') AS refunded
		         FROM (SELECT d.*, row_number() OVER (PARTITION BY d.entry_id ORDER BY d.id)
		                           > (SELECT count(*) FROM ledger.lines n JOIN ledger.accounts f ON f.id = n.account_id
		                               WHERE n.entry_id = d.entry_id AND f.kind = 'fee') AS repays
		                 FROM ledger.draws d WHERE d.lot_id = l.id) d
		         JOIN ledger.entries e ON e.id = d.entry_id) d ON true
		 WHERE l.origin LIKE 'payment:' || $1 || '-' || $2 || '-%' GROUP BY l.origin`, m.campaign, string(m.currency))
	if err != nil {
		rt.Fatal(err)
	}
	got := map[string]*fate{}
	for _, r := range rows {
		got[r.Origin] = &r.fate
		if left := r.Received - r.Fees - r.Repaid - r.Refunded - r.Free - r.Allocated; left != 0 {
			rt.Errorf("%s: %d of %d is nowhere", r.Origin, left, r.Received)
		}
	}
	if diff := cmp.Diff(m.became, got, cmpopts.IgnoreUnexported(fate{})); diff != "" {
		rt.Errorf("what became of the payments (-want +got):\n%s", diff)
	}
}

// compareLots holds the order in which money leaves, and that its origin goes with it.
func (b *bookkeeper) compareLots(rt *rapid.T, m *model) {
	want := map[string][]slice{}
	if len(m.free) > 0 {
		want["fund:"+m.campaign] = m.free
	}
	for allocation, lots := range m.lots {
		want["allocation:"+allocation] = lots
	}
	var rows []struct {
		Code string
		slice
	}
	err := b.db.SelectContext(b.t.Context(), &rows, `
		SELECT a.code, l.origin, l.remaining AS minor FROM ledger.lots l JOIN ledger.accounts a ON a.id = l.account_id
		 WHERE l.remaining > 0 AND a.currency = $2 AND (a.code = 'fund:' || $1 OR a.code LIKE 'allocation:' || $1 || '-%') ORDER BY l.id`,
		m.campaign, string(m.currency))
	if err != nil {
		rt.Fatal(err)
	}
	got := map[string][]slice{}
	for _, r := range rows {
		got[r.Code] = append(got[r.Code], r.slice)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Errorf("lots (-want +got):\n%s", diff)
	}
}

// emptyBooks clears the books between two runs, so that each is checked alone and fast. Only
// the owner can, and only after taking the guards away.
func emptyBooks(t *testing.T, owner *sqlx.DB) {
	t.Helper()
	guarded := []string{"accounts", "balances", "entries", "lines", "lots", "draws"}
	tx := owner.MustBegin()
	defer func() { _ = tx.Rollback() }()
	for _, table := range guarded {
		tx.MustExec(`ALTER TABLE ledger.` + table + ` DISABLE TRIGGER USER`)
	}
	tx.MustExec(`TRUNCATE ledger.accounts, ledger.balances, ledger.entries, ledger.lines, ledger.lots, ledger.draws`)
	for _, table := range guarded {
		tx.MustExec(`ALTER TABLE ledger.` + table + ` ENABLE TRIGGER USER`)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
