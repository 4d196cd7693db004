package bank

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// reconciled runs a reconciliation and returns that of the test's cluster.
func (d *desk) reconciled(others ...Check) Result {
	d.t.Helper()
	all, err := Reconcile(d.t.Context(), d.DB, d.Now, others...)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range all {
		if r.ClusterID == d.Cluster {
			return r
		}
	}
	d.t.Fatal("the cluster was left out")
	return Result{}
}

// differs fails the test unless exactly these differences were found.
func differs(t *testing.T, r Result, names ...string) {
	t.Helper()
	var got []string
	for _, d := range r.Differences {
		got = append(got, d.Name)
	}
	if len(got) != len(names) {
		t.Fatalf("%d differences %+v, want %v", len(got), r.Differences, names)
	}
	for i := range names {
		if got[i] != names[i] {
			t.Errorf("difference %d is %+v, want %s", i, r.Differences[i], names[i])
		}
	}
	if (len(names) == 0) != !r.ProvenOn.IsZero() {
		t.Errorf("proven up to %v", r.ProvenOn)
	}
}

func (d *desk) day(day string, opening int64, lines ...Line) string {
	for i := range lines {
		lines[i].BookedOn = on(day)
		lines[i].Reference += day
	}
	m := madeUp{iban: d.IBAN, opening: opening, from: on(day), to: on(day), lines: lines}
	return m.camt("08")
}

// Whatever an account held before its first statement, and however its money was matched:
// the books are the bank's, day by day.
func TestBooksThatEqualTheBankAreProven(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if r := d.reconciled(); len(r.Differences) != 0 || !r.ProvenOn.IsZero() {
		t.Errorf("nothing is there, and proven up to %v", r.ProvenOn)
	}
	_, ref := d.promise(10_000)
	d.bring(d.day("2026-03-04", 12_300, Line{Minor: 4_000, Details: ref}, Line{Minor: -50, Kind: Fee, Reference: "f"}))
	d.bring(d.day("2026-03-05", 16_250, Line{Minor: 700}))
	d.bring(d.day("2026-03-02", 12_345, Line{Minor: -45})) // an older one comes later
	d.matchAll()
	r := d.reconciled()
	differs(t, r)
	if !r.ProvenOn.Equal(on("2026-03-05")) {
		t.Errorf("proven up to %v", r.ProvenOn)
	}
	latest, err := Latest(t.Context(), d.DB, d.Approver)
	if err != nil || len(latest) != 1 || latest[0].ID != r.ID || !latest[0].ProvenOn.Equal(r.ProvenOn) || len(latest[0].Checks) != 4 {
		t.Errorf("%+v, %v", latest, err)
	}
	if none, err := Latest(t.Context(), d.DB, d.Payer); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// A morning's statement and the evening's end on one day; the day is proven by the evening's.
func TestTwoStatementsMayEndOnOneDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	morning, evening := Line{Minor: 100, Reference: "A"}, Line{Minor: 200, Reference: "B"}
	d.bring(d.statement(0, morning, evening))
	d.bring(d.statement(0, morning))
	d.bring(d.statement(100, evening))
	differs(t, d.reconciled())
}

// What nobody has brought in is missed, on the day on which it begins, and once.
func TestAMissingStatementIsMissed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.bring(d.day("2026-03-02", 0, Line{Minor: 100}))
	d.bring(d.day("2026-03-04", 150, Line{Minor: 5}))
	d.bring(d.day("2026-03-05", 155, Line{Minor: 7}))
	r := d.reconciled()
	differs(t, r, "statement-missing", "balance")
	if one := r.Differences[0]; !one.Day.Time.Equal(on("2026-03-04")) || one.Books != 100 || one.Theirs != 150 || one.Currency != "UAH" {
		t.Errorf("%+v", one)
	}
	d.bring(d.day("2026-03-03", 100, Line{Minor: 50}))
	differs(t, d.reconciled())
}

// Each way in which the books could leave the bank is found: the checks can fail.
func TestWhatIsWrongIsFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		breaks func(d *desk) error
		want   []string
	}{
		"money that no statement has": {func(d *desk) error {
			d.Tx(func(tx *sqlx.Tx) error {
				_, err := ledger.Post(d.t.Context(), tx, ledger.Entry{Source: "bank:out-of-thin-air", Kind: ledger.BankLine, HappenedAt: on("2026-03-02"), Actor: "bank",
					Lines: []ledger.Line{ledger.Debit(ledger.Bank(d.ID, "UAH"), 7), ledger.Credit(ledger.Unmatched(d.Cluster, "UAH"), 7)}})
				return err
			})
			return nil
		}, []string{"not-on-statement", "unmatched", "balance"}},
		"a line that is not in the books": {func(d *desk) error {
			_, err := d.Owner.Exec(`WITH l AS (INSERT INTO statement_lines (id, statement_id, account_id, currency, identity, booked_on, amount_minor, kind)
				SELECT gen_random_uuid(), id, account_id, currency, sha256('x'), '2026-03-02', 9, 'payment' FROM bank_statements LIMIT 1 RETURNING id)
				INSERT INTO statement_line_rests SELECT l.id, $1, '2026-03-02', 9, 9 FROM l`, d.Cluster)
			return err
		}, []string{"line-not-in-books", "unmatched"}},
		"a rest that is wrong": {func(d *desk) error {
			_, err := d.DB.Exec(`UPDATE statement_line_rests SET open_minor = open_minor - 1`)
			return err
		}, []string{"unmatched", "rest"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.bring(d.statement(0, Line{Minor: 100}))
			differs(t, d.reconciled())
			if err := test.breaks(d); err != nil {
				t.Fatal(err)
			}
			differs(t, d.reconciled(), test.want...)
		})
	}
}

// A table tells no balance, so nothing is proven by it; and other checks have their say.
func TestProofNeedsAllWhoHaveASay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := madeUp{iban: d.IBAN, from: on("2026-03-02"), lines: []Line{{BookedOn: on("2026-03-02"), Minor: 100}}}
	d.bring(m.csv(";"))
	if r := d.reconciled(); len(r.Differences) != 0 || !r.ProvenOn.IsZero() {
		t.Errorf("proven up to %v: %+v", r.ProvenOn, r.Differences)
	}
	d.bring(d.day("2026-03-03", 100, Line{Minor: 5}))
	says := func(day string, found ...Difference) Check {
		return func(context.Context, *sqlx.Tx, string) (Proof, error) {
			return Proof{Name: "stripe", UpTo: on(day), Differences: found}, nil
		}
	}
	if r := d.reconciled(says("2026-03-09")); !r.ProvenOn.Equal(on("2026-03-03")) {
		t.Errorf("proven up to %v", r.ProvenOn)
	}
	if r := d.reconciled(says("2026-03-01")); !r.ProvenOn.Equal(on("2026-03-01")) {
		t.Errorf("proven up to %v", r.ProvenOn)
	}
	differs(t, d.reconciled(says("2026-03-09", Difference{Name: "stripe", Subject: "stripe:txn_1", Books: 1, Theirs: 2, Currency: money.Currency("USD")})), "stripe")
}
