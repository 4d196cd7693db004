package ledger_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
)

// BenchmarkPostInGroups measures gifts posted the way the house posts them, in groups,
// beside pgbench calling ledger.post for each as one prepared statement, on the same
// schema and with the same number of clients. Rounds of both are interleaved; what counts
// is the median of their ratios, not the rates.
func BenchmarkPostInGroups(b *testing.B) {
	db, dsn := durable(b)
	group := pg.NewGroup(db, 128, func(ctx context.Context, tx *sqlx.Tx, entries []ledger.Entry) error {
		_, err := ledger.PostAll(ctx, tx, entries...)
		return err
	})
	var gifts atomic.Int64
	give := func(campaigns int64) error {
		n := gifts.Add(1)
		return group.Do(b.Context(), giftOf(fmt.Sprintf("g%d", n), fmt.Sprintf("c%d", n%campaigns), usd, 1000, 30, 0))
	}
	warm := func() { // empty books are faster than any after them, and their plans are guesses
		crowded(b, 32, 5000, func() error { return give(1000) })
		db.MustExec(`ANALYZE`)
	}
	warm()
	var hot, spread []float64
	for _, row := range []struct {
		name               string
		clients, campaigns int
		rates              *[]float64
	}{
		{"hot/clients=32", 32, 1, &hot},
		{"spread/clients=32", 32, 1000, &spread},
		{"hot/clients=1", 1, 1, new([]float64)},
	} {
		b.Run(row.name, func(b *testing.B) {
			var ratios []float64
			for b.Loop() {
				ratios = ratios[:0]
				for range benchRounds {
					theirs := pgbench(b, dsn, row.clients, row.campaigns)
					ours := rate(b, row.clients, func() error { return give(int64(row.campaigns)) })
					ratios = append(ratios, ours/theirs)
					*row.rates = append(*row.rates, ours)
				}
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "ours/pgbench")
			b.ReportMetric(ratios[0], "min")
			b.ReportMetric(ratios[len(ratios)-1], "max")
			b.ReportMetric(median(*row.rates), "posts/s")
		})
	}
	b.Run("hot÷spread", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(median(hot)/median(spread), "ratio")
	})
	if _, differences, err := ledger.Verify(b.Context(), db); err != nil || len(differences) > 0 {
		b.Errorf("after the measurement Verify = %v, %v", differences, err)
	}
}

// benchRounds of each measurement, and how long one side has in each.
const (
	benchRounds = 5
	turn        = 2 * time.Second
)

// rate is how often an act succeeds per second when clients do nothing else for a turn.
func rate(b *testing.B, clients int, act func() error) float64 {
	b.Helper()
	begun, end := time.Now(), time.Now().Add(turn)
	var done atomic.Int64
	together(clients, func(int) {
		for time.Now().Before(end) {
			if err := act(); err != nil {
				b.Error(err)
				return
			}
			done.Add(1)
		}
	})
	return float64(done.Load()) / time.Since(begun).Seconds()
}

// pgbench takes anything after a colon for a variable of its own, so colons are made by
// the server.
const pgbenchScript = `\set id random(1, 9000000000000000)
\set c random(1, %d)
SELECT * FROM ledger.post(ARRAY['pgbench-' || :id::bigint], ARRAY[decode(repeat('00', 32), 'hex')], ARRAY['gift'], ARRAY[now()], ARRAY['stripe'],
  ARRAY[NULL]::text[], ARRAY[NULL]::bigint[], ARRAY[1, 1, 1, 1, 1],
  ARRAY['stripe' || chr(58) || 'cluster', 'fee' || chr(58) || 'c' || :c::bigint - 1, 'released' || chr(58) || 'c' || :c::bigint - 1,
        'fund' || chr(58) || 'c' || :c::bigint - 1, 'fund' || chr(58) || 'c' || :c::bigint - 1],
  ARRAY['USD', 'USD', 'USD', 'USD', 'USD'], ARRAY[970, 30, -30, -1000, 30]::bigint[],
  ARRAY[NULL, NULL, NULL, 'payment' || chr(58) || :id::bigint, 'payment' || chr(58) || :id::bigint]);
`

var pgbenchRate = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// pgbench is the reference: the rate of gifts that it posts in a turn.
func pgbench(b *testing.B, dsn string, clients, campaigns int) float64 {
	b.Helper()
	script := filepath.Join(b.TempDir(), "gift.sql")
	if err := os.WriteFile(script, fmt.Appendf(nil, pgbenchScript, campaigns), 0o600); err != nil {
		b.Fatal(err)
	}
	seconds := strconv.Itoa(int(turn / time.Second))
	out, err := exec.CommandContext(b.Context(), findPgbench(b), "--no-vacuum", "--protocol=prepared", "--jobs=2",
		"--client="+strconv.Itoa(clients), "--time="+seconds, "--file="+script, dsn).CombinedOutput()
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

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
