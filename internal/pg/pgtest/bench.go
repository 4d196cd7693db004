package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/embedded"
)

// Alone boots a cluster for one test that asks more of a server than the others may share.
func Alone(t testing.TB, o embedded.Options) *embedded.Server {
	t.Helper()
	var err error
	if o.NodeModules, err = nodeModules(); err != nil {
		t.Fatal(err)
	}
	o.State = t.TempDir()
	server, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// It may live elsewhere than in the test's folder: below that, root's server sees nothing.
		if err := errors.Join(server.Stop(), os.RemoveAll(server.State())); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Durable boots a cluster for a benchmark and tells its address: that of the tests is fast
// because it may forget. The database is opened with the rights of the running program.
func Durable(b *testing.B) (db *sqlx.DB, dsn string) {
	b.Helper()
	server := Alone(b, embedded.Options{Durable: true})
	owner, err := pg.Open(b.Context(), server.DSN())
	if err != nil {
		b.Fatal(err)
	}
	defer owner.Close()
	if err := pg.Migrate(context.WithoutCancel(b.Context()), owner); err != nil {
		b.Fatal(err)
	}
	if db, err = pg.OpenApp(b.Context(), server.DSN()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db, server.DSN()
}

// Turn is how long each side of a comparison has in each round.
const Turn = 2 * time.Second

var pgbenchRate = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// Pgbench runs a script of pgbench's for a turn, prepared, and tells its transactions per
// second. It takes anything after a colon for a variable, even between quotes: let the
// server make colons with chr(58), or give a value by an option --define.
func Pgbench(b *testing.B, dsn string, clients int, script string, options ...string) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.Fatal(err)
	}
	options = append([]string{"--no-vacuum", "--protocol=prepared", "--jobs=2",
		fmt.Sprintf("--client=%d", clients), fmt.Sprintf("--time=%d", Turn/time.Second), "--file=" + file}, options...)
	out, err := exec.CommandContext(b.Context(), findPgbench(b), append(options, dsn)...).CombinedOutput()
	found := pgbenchRate.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("pgbench: %v\n%s", err, out)
	}
	tps, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return tps
}

func findPgbench(b *testing.B) string {
	b.Helper()
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		b.Fatal("pgbench is missing: it comes with PostgreSQL's server (Debian: apt-get install postgresql)")
	}
	slices.SortFunc(found, strings.Compare)
	return found[len(found)-1]
}

// Rates are the rates of two sides, round by round.
type Rates struct{ Ours, Theirs []float64 }

// Compare gives two sides a turn each, in each of five rounds, and reports the median of
// the rounds' ratios with the least and the most. The rates of one run can be compared
// with each other alone; the ratio can be compared with other runs'.
func Compare(b *testing.B, unit string, ours, theirs func() float64) Rates {
	b.Helper()
	const rounds = 5
	var all Rates
	var ratios []float64
	for b.Loop() {
		for range rounds {
			t, o := theirs(), ours()
			all.Theirs, all.Ours = append(all.Theirs, t), append(all.Ours, o)
			ratios = append(ratios, o/t)
		}
	}
	slices.Sort(ratios)
	b.ReportMetric(Median(ratios), unit)
	b.ReportMetric(ratios[0], "min")
	b.ReportMetric(ratios[len(ratios)-1], "max")
	b.ReportMetric(Median(all.Ours), "ours/s")
	b.ReportMetric(Median(all.Theirs), "theirs/s")
	return all
}

// Median is the middle one of some figures.
func Median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// Rate is how often an act succeeds per second when so many clients do nothing else for a
// turn.
func Rate(b *testing.B, clients int, act func() error) float64 {
	b.Helper()
	begun := time.Now()
	done := make(chan int, clients)
	for range clients {
		go func() {
			n := 0
			for time.Since(begun) < Turn {
				if err := act(); err != nil {
					b.Error(err)
					break
				}
				n++
			}
			done <- n
		}()
	}
	total := 0
	for range clients {
		total += <-done
	}
	return float64(total) / time.Since(begun).Seconds()
}
