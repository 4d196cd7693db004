package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg/pgtest"
)

// tidy is a job of these tests.
type tidy struct{}

func (tidy) Kind() string { return "tidy" }

// until asks again until done says so.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// process is a running timetable with one job, as each process of the house has it.
type process struct {
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T, db *sqlx.DB, dsn string, every time.Duration, work func(context.Context) error) *process {
	t.Helper()
	table := NewTimetable()
	Every(table, every, tidy{}, work)
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop, make(chan error, 1)}
	go func() { p.ended <- Run(ctx, db, dsn, table, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(stop)
	return p
}

// end stops the process and fails the test when it does not end well.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.stop()
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("Run did not return")
	}
}

// count counts rows as the schema's owner.
func count(t *testing.T, db *sqlx.DB, query string) int {
	t.Helper()
	var n int
	if err := db.Get(&n, `SELECT count(*) FROM `+query); err != nil {
		t.Fatal(err)
	}
	return n
}

const listeners = `pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`

func TestPeriodicJobRunsAtTheStartAndAgain(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	runs := make(chan bool, 10)
	p := start(t, db, pgtest.DSN(t), time.Second, func(ctx context.Context) error {
		_, bounded := ctx.Deadline()
		runs <- bounded
		return nil
	})
	for range 2 {
		select {
		case bounded := <-runs:
			if !bounded {
				t.Error("a run may take for ever")
			}
		case <-time.After(30 * time.Second):
			t.Fatal("the job does not run")
		}
	}
	until(t, "the end of both runs", func() bool { return count(t, owner, `jobs.river_job WHERE state = 'completed'`) >= 2 })
	p.end(t)
}

// Several processes share the database; the timetable is one.
func TestJobRunsOnceAmongTwoProcesses(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	work := func(context.Context) error { return nil }
	first := start(t, db, pgtest.DSN(t), time.Hour, work)
	until(t, "the first run", func() bool { return count(t, owner, `jobs.river_job WHERE state = 'completed'`) == 1 })
	second := start(t, db, pgtest.DSN(t), time.Hour, work)
	until(t, "the second process", func() bool { return count(t, owner, listeners) == 2 })
	if n := count(t, owner, `jobs.river_job`); n != 1 {
		t.Errorf("%d jobs, want the first process's one", n)
	}
	first.end(t)
	until(t, "the second process's turn", func() bool { return count(t, owner, `jobs.river_job WHERE state = 'completed'`) == 2 })
	second.end(t)
	if n := count(t, owner, `jobs.river_job`); n != 2 {
		t.Errorf("%d jobs, want one of each process's time", n)
	}
}

func TestFailedJobIsTriedAgain(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	var tries atomic.Int32
	p := start(t, db, pgtest.DSN(t), time.Hour, func(context.Context) error {
		if tries.Add(1) == 1 {
			return errors.New("no answer")
		}
		return nil
	})
	until(t, "the second try", func() bool { return count(t, owner, `jobs.river_job WHERE state = 'completed' AND attempt = 2`) == 1 })
	p.end(t)
}

// Stopping tells a running job so and leaves it to be run again.
func TestRunReturnsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	began := make(chan struct{})
	var once sync.Once
	p := start(t, db, pgtest.DSN(t), time.Hour, func(ctx context.Context) error {
		once.Do(func() { close(began) })
		<-ctx.Done()
		return ctx.Err()
	})
	<-began
	p.end(t)
	if n := count(t, owner, `jobs.river_job WHERE state IN ('available', 'retryable')`); n != 1 {
		t.Errorf("%d jobs wait to be run again, want 1", n)
	}
	if n := count(t, owner, listeners); n != 0 {
		t.Errorf("%d connections still listen", n)
	}
}

func TestListeningIsTakenUpAfterTheServerCutIt(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	p := start(t, db, pgtest.DSN(t), time.Hour, func(context.Context) error { return nil })
	var before int
	until(t, "listening", func() bool { return owner.Get(&before, `SELECT pid FROM `+listeners) == nil })
	if _, err := owner.Exec(`SELECT pg_terminate_backend($1)`, before); err != nil {
		t.Fatal(err)
	}
	until(t, "listening anew", func() bool {
		var pids []int
		err := owner.Select(&pids, `SELECT pid FROM `+listeners)
		return err == nil && len(pids) == 1 && pids[0] != before
	})
	p.end(t)
}
