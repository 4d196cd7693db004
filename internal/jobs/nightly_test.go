package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/pg/pgtest"
)

// sum is a nightly job of these tests.
type sum struct{ Night }

func (sum) Kind() string { return "sum" }

func startNightly(t *testing.T, db *sqlx.DB, dsn string, work func(context.Context) error) *process {
	t.Helper()
	table := NewTimetable()
	Nightly(table, 3, 30, func(n Night) sum { return sum{n} }, work)
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop, make(chan error, 1)}
	go func() { p.ended <- Run(ctx, db, dsn, table, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(stop)
	return p
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The hour is Kyiv's, in winter, in summer and on the nights when the clocks change.
func TestNightComesAtItsHourInKyiv(t *testing.T) {
	t.Parallel()
	at := hourOfNight{3, 30}
	for _, c := range []struct{ after, want string }{
		{"2026-01-15T01:29:59Z", "2026-01-15T01:30:00Z"},
		{"2026-01-15T01:30:00Z", "2026-01-16T01:30:00Z"}, // itself is over
		{"2026-01-15T22:30:00Z", "2026-01-16T01:30:00Z"}, // past Kyiv's midnight
		{"2026-07-15T00:29:59Z", "2026-07-15T00:30:00Z"},
		{"2026-07-15T00:30:00Z", "2026-07-16T00:30:00Z"},
		{"2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"}, // 03:30 is left out: an hour late beats never
		{"2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"}, // 03:30 strikes twice
		{"2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}, // and counts once
	} {
		if got := at.Next(moment(t, c.after)).Format(time.RFC3339); got != c.want {
			t.Errorf("after %s: %s, want %s", c.after, got, c.want)
		}
	}
}

// Over two years each day has one night, which lasts until the next one comes.
func TestEachDayHasOneNight(t *testing.T) {
	t.Parallel()
	at := hourOfNight{3, 30}
	end := moment(t, "2028-01-02T00:00:00Z")
	days := map[string]bool{}
	for next := at.Next(moment(t, "2026-01-01T00:00:00Z")); next.Before(end); {
		night := at.last(next)
		if want := clock.Day(next).Format(time.DateOnly); night.Night != want || days[night.Night] {
			t.Fatalf("%s is the night of %s, want %s, once", next, night.Night, want)
		}
		days[night.Night] = true
		if soon := at.last(next.Add(-early)); soon != night {
			t.Errorf("called a little early at %s: %s", next, soon.Night)
		}
		following := at.Next(next)
		if at.last(following.Add(-early-time.Second)) != night {
			t.Errorf("the night of %s ends before %s", night.Night, following)
		}
		next = following
	}
	if len(days) != 731 {
		t.Errorf("%d nights", len(days))
	}
}

// A start makes up for the last night, once: neither a second process nor the next start
// does it again, and a night that is missing is made up for by whoever comes.
func TestMissedNightIsMadeUpForOnce(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	var runs atomic.Int32
	work := func(context.Context) error { runs.Add(1); return nil }
	done := func() bool { return count(t, owner, `jobs.river_job WHERE state = 'completed'`) == 1 }

	first := startNightly(t, db, pgtest.DSN(t), work)
	until(t, "the first run", done)
	second := startNightly(t, db, pgtest.DSN(t), work)
	until(t, "the second process", func() bool { return count(t, owner, listeners) == 2 })
	first.end(t)
	led := `jobs.river_leader WHERE elected_at > (SELECT max(finalized_at) FROM jobs.river_job)`
	until(t, "the second process's turn to keep the timetable", func() bool { return count(t, owner, led) == 1 })
	second.end(t)
	if n := count(t, owner, `jobs.river_job`); n != 1 || runs.Load() != 1 {
		t.Errorf("%d jobs, %d runs of one night", n, runs.Load())
	}

	owner.MustExec(`DELETE FROM jobs.river_job`) // as if the house had slept through the night
	third := startNightly(t, db, pgtest.DSN(t), work)
	until(t, "the night that was missed", done)
	third.end(t)
	if runs.Load() != 2 {
		t.Errorf("%d runs, want one more", runs.Load())
	}
}

// A night whose run failed is tried again that night, and its name stands in the queue.
func TestFailedNightIsTriedAgain(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	var tries atomic.Int32
	p := startNightly(t, db, pgtest.DSN(t), func(context.Context) error {
		if tries.Add(1) == 1 {
			return errors.New("no answer")
		}
		return nil
	})
	until(t, "the second try", func() bool { return count(t, owner, `jobs.river_job WHERE state = 'completed' AND attempt = 2`) == 1 })
	p.end(t)
	var args []byte
	if err := owner.Get(&args, `SELECT args FROM jobs.river_job`); err != nil {
		t.Fatal(err)
	}
	var said sum
	if err := json.Unmarshal(args, &said); err != nil || len(said.Night.Night) != len(time.DateOnly) {
		t.Errorf("the queue says %s, %v", args, err)
	}
}
