package bank

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
)

// desk is a world with a bank account.
type desk struct {
	*gatewaytest.World
	Account
	t testing.TB
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{World: gatewaytest.NewWorld(t, clock.System, "UAH"), t: t}
	d.Account = d.open(t, account.IBAN)
	return d
}

// open opens a further account of the cluster.
func (d *desk) open(t fataler, iban string) Account {
	a := Account{ID: pg.NewID(), ClusterID: d.Cluster, IBAN: iban, Currency: "UAH"}
	_, err := d.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at)
		VALUES ($1, $2, $3, $4, 'Кластер', 'Cluster', 'Банк', 'Bank', now())`, a.ID, a.ClusterID, a.IBAN, string(a.Currency))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type fataler interface{ Fatal(...any) }

// bring imports a file and fails the test if it is not taken.
func (d *desk) bring(file string) Imported {
	d.t.Helper()
	done, err := d.try(d.Account, file)
	if err != nil {
		d.t.Fatal(err)
	}
	return done
}

func (d *desk) try(a Account, file string) (Imported, error) {
	return Import(d.t.Context(), d.DB, d.Now, File{Name: "statement", Account: a, Person: d.Coordinator, From: strings.NewReader(file)})
}

// statement makes a file of lines, all of which are booked on one day.
func (d *desk) statement(opening int64, lines ...Line) string {
	m := madeUp{iban: d.IBAN, opening: opening, from: on("2026-03-02"), to: on("2026-03-02")}
	for i, l := range lines {
		if l.BookedOn.IsZero() {
			l.BookedOn = m.from
		}
		if l.Reference == "" {
			l.Reference = fmt.Sprint("R", i, l.Minor)
		}
		if l.EndToEnd == "" {
			l.EndToEnd = "NOTPROVIDED"
		}
		if l.BookedOn.After(m.to) {
			m.to = l.BookedOn
		}
		m.lines = append(m.lines, l)
	}
	return m.camt("08")
}

func (d *desk) bank() int64      { return d.Balance(ledger.Bank(d.ID, "UAH")) }
func (d *desk) unmatched() int64 { return d.Balance(ledger.Unmatched(d.Cluster, "UAH")) }

func TestAStatementStandsInTheBooksOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	file := d.statement(500, Line{Minor: 10_000}, Line{Minor: -300})
	first := d.bring(file)
	if lines, added := first.Lines(); lines != 2 || added != 2 || first.Known {
		t.Errorf("first: %+v", first)
	}
	again := d.bring(file)
	if !again.Known || again.Statements[0].ID != first.Statements[0].ID {
		t.Errorf("again: %+v", again)
	}
	if d.bank() != 9_700 || d.unmatched() != 9_700 || d.Count("ledger.entries WHERE kind = 'bank-line'") != 2 || d.Count("bank_statements") != 1 {
		t.Errorf("%d in the bank, %d unmatched", d.bank(), d.unmatched())
	}
	d.VerifyBooks()
}

// Together the same file and an overlapping one: what both hold counts once.
func TestFilesBroughtAtOnceAddEachLineOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, two := Line{Minor: 10_000, Reference: "A"}, Line{Minor: 20_000, Reference: "B"}
	files := []string{d.statement(0, one), d.statement(0, one, two), d.statement(0, one), d.statement(0, one, two), d.statement(10_000, two)}
	for _, err := range gatewaytest.Together(len(files), func(i int) error {
		_, err := d.try(d.Account, files[i])
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if d.bank() != 30_000 || d.Count("statement_lines") != 2 || d.Count("bank_statements") != 3 {
		t.Errorf("%d in the bank of %d lines", d.bank(), d.Count("statement_lines"))
	}
	d.VerifyBooks()
}

// Two equal gifts on one day are two gifts, also where the bank numbers nothing.
func TestEqualLinesOfADayBothStay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	same := Line{Minor: 5_000, Reference: "NOTPROVIDED", Party: "Ганок", Details: "Внесок"}
	d.bring(d.statement(0, same, same))
	if d.bank() != 10_000 || d.Count("statement_lines") != 2 {
		t.Fatalf("%d in the bank", d.bank())
	}
	third := same
	third.BookedOn = on("2026-03-03")
	d.bring(d.statement(0, same, same, third))
	if d.bank() != 15_000 || d.Count("statement_lines") != 3 {
		t.Errorf("%d in the bank after an overlapping file", d.bank())
	}
}

// A payment and the fee for it may share the bank's reference.
func TestAReferenceMayBeShared(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.bring(d.statement(0, Line{Minor: 5_000, Reference: "R"}, Line{Minor: -100, Reference: "R", Kind: Fee}))
	if d.bank() != 4_900 {
		t.Errorf("%d in the bank", d.bank())
	}
}

func TestNothingOfABrokenFileIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := madeUp{iban: d.IBAN, from: on("2026-03-02"), to: on("2026-03-02")}
	for i := range 3 * batch {
		m.lines = append(m.lines, Line{BookedOn: m.from, Minor: 100, Reference: fmt.Sprint("R", i)})
	}
	file := m.mt940()
	last := strings.LastIndex(file, ":61:")
	for name, broken := range map[string]string{
		"at its end": file[:last] + strings.Replace(file[last:], "C1,00", "C1,0x", 1), "in its balance": strings.Replace(file, ":62F:C260302UAH1500,00", ":62F:C260302UAH1500,01", 1),
		"cut": file[:last],
	} {
		if _, err := d.try(d.Account, broken); err == nil {
			t.Errorf("broken %s, it is taken", name)
		} else if _, told := fault.As(err); !told {
			t.Errorf("broken %s: %v", name, err)
		}
	}
	if n := d.Count("statement_lines") + d.Count("ledger.entries") + d.Count("bank_statements"); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
	d.bring(file)
	if d.bank() != 3*batch*100 {
		t.Errorf("%d in the bank", d.bank())
	}
}

// The same line looks different in another format, so a day belongs to one of them.
func TestADayComesFromOneFormat(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := madeUp{iban: d.IBAN, from: on("2026-03-02"), to: on("2026-03-02"), lines: []Line{{BookedOn: on("2026-03-02"), Minor: 100, Party: "А", Reference: "R"}}}
	d.bring(m.camt("08"))
	_, err := d.try(d.Account, m.csv(";"))
	if f, ok := fault.As(err); !ok || f.Key != "bank.file.other_format" {
		t.Errorf("said %v", err)
	}
	m.lines[0].BookedOn = on("2026-03-03")
	if done := d.bring(m.csv(";")); done.Statements[0].Opening.Known {
		t.Error("a table tells a balance")
	}
	if d.bank() != 200 {
		t.Errorf("%d in the bank", d.bank())
	}
}

// The schema keeps what banks said, whoever asks.
func TestWhatTheBankSaidIsWrittenOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.bring(d.statement(0, Line{Minor: 100}))
	for _, change := range []string{
		`UPDATE statement_lines SET amount_minor = 1`, `DELETE FROM statement_lines`, `UPDATE bank_statements SET closing_minor = 0`, `TRUNCATE line_matches CASCADE`,
	} {
		if _, err := d.Owner.Exec(change); pg.Code(err) != "LG004" {
			t.Errorf("%s: %v", change, err)
		}
	}
	for _, open := range []int{-1, 101} {
		if _, err := d.DB.Exec(`UPDATE statement_line_rests SET open_minor = $1`, open); pg.Constraint(err) != "statement_line_rests_within" {
			t.Errorf("%d of 100 is open: %v", open, err)
		}
	}
	if _, err := d.DB.Exec(`UPDATE statement_line_rests SET amount_minor = 7`); pg.Code(err) != "42501" {
		t.Errorf("the program may change what a line was: %v", err)
	}
}

// However one long statement is cut into overlapping files, in whatever order they come and
// how often: each line is there once, and the books hold what the bank says.
func TestAnyCutsOfAStatementAddUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	count := 0
	rapid.Check(t, func(t *rapid.T) {
		count++
		numbered := rapid.Bool().Draw(t, "the bank numbers its lines")
		a := d.open(t, fmt.Sprintf("UA%027d", count))
		lines := anyLines(t, rapid.IntRange(1, 25).Draw(t, "lines"))
		for i := range lines {
			lines[i].Reference = fmt.Sprint("N", i)
			if !numbered {
				l := &lines[i] // few different ones, so that some are equal
				*l = Line{BookedOn: l.BookedOn, Minor: l.Minor%3 + 5, Kind: Ordinary, Party: "Ганок", Details: "Внесок"}
			}
		}
		brought := map[int]bool{}
		bring := func(from, to int) {
			m := madeUp{iban: a.IBAN, from: lines[from].BookedOn, to: lines[to-1].BookedOn, lines: lines[from:to]}
			for _, l := range lines[:from] {
				m.opening += l.Minor
			}
			if _, err := d.try(a, m.mt940()); err != nil {
				t.Fatal(err)
			}
			var want int64
			for i := from; i < to; i++ {
				brought[i] = true
			}
			for i := range brought {
				want += lines[i].Minor
			}
			got, err := ledger.Balance(d.t.Context(), d.DB, ledger.Bank(a.ID, "UAH"))
			if err != nil || got != want {
				t.Fatalf("%d in the books (%v), %d at the bank", got, err, want)
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "files") {
			from := rapid.IntRange(0, len(lines)-1).Draw(t, "from")
			to := rapid.IntRange(from+1, len(lines)).Draw(t, "to")
			if !numbered { // between days
				for from > 0 && lines[from-1].BookedOn.Equal(lines[from].BookedOn) {
					from--
				}
				for to < len(lines) && lines[to-1].BookedOn.Equal(lines[to].BookedOn) {
					to++
				}
			}
			bring(from, to)
		}
		bring(0, len(lines))
		if n := d.Count("statement_lines WHERE account_id = $1", a.ID); n != len(lines) {
			t.Fatalf("%d lines of %d", n, len(lines))
		}
	})
	d.VerifyBooks()
}

// BenchmarkImport brings statements of 10^5 lines in.
func BenchmarkImport(b *testing.B) {
	d := newDesk(b)
	const lines = 100_000
	for i := range b.N {
		a := d.open(b, fmt.Sprintf("UA%027d", i))
		m := madeUp{iban: a.IBAN, from: on("2026-01-01")}
		for n := range lines {
			m.to = m.from.AddDate(0, 0, n/400)
			m.lines = append(m.lines, Line{BookedOn: m.to, Minor: rand.Int64N(100_000) - 30_000 | 1, Reference: fmt.Sprint("R", n), Party: "ТОВ «Ганок»", PartyIBAN: "UA903052992990004149123456789", Details: "Благодійний внесок на апарати"})
		}
		file := m.camt("08")
		b.ResetTimer()
		began := time.Now()
		done, err := d.try(a, file)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(lines)/time.Since(began).Seconds(), "lines/s")
		b.StopTimer()
		if _, added := done.Lines(); added != lines {
			b.Fatalf("%d added", added)
		}
		if got, err := ledger.Balance(b.Context(), d.DB, ledger.Bank(a.ID, "UAH")); err != nil || got != m.closing() {
			b.Fatalf("%d in the books, %d at the bank", got, m.closing())
		}
	}
}
