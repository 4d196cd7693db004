package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

func runAgain(t *testing.T, db *sqlx.DB, id int64) error {
	t.Helper()
	return pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		_, err := RunAgain(t.Context(), tx, id)
		return err
	})
}

// A job that was given up is run once more by the very timetable that it came from.
func TestAJobThatWasGivenUpRunsAgain(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	var id int64
	err := owner.Get(&id, `INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at, errors)
		VALUES ('discarded', 'tidy', '{}', 3, 3, 'default', 1, now(), ARRAY['{"error": "first"}'::jsonb, '{"error": "no answer\nstack of a panic"}']) RETURNING id`)
	if err != nil {
		t.Fatal(err)
	}
	failed, err := List(t.Context(), db, Failed, "", 0, 10)
	if err != nil || len(failed) != 1 || failed[0].ID != id || failed[0].Stage() != Failed || failed[0].Trouble != "no answer" || failed[0].Attempt != 3 {
		t.Fatalf("failed: %+v, %v", failed, err)
	}
	if n, err := CountFailed(t.Context(), db, 10); n != 1 || err != nil {
		t.Errorf("%d failed, %v", n, err)
	}
	if err := runAgain(t, db, id); err != nil {
		t.Fatal(err)
	}
	if waiting, err := List(t.Context(), db, Waiting, "tidy", 0, 10); err != nil || len(waiting) != 1 || waiting[0].ID != id {
		t.Errorf("waiting: %+v, %v", waiting, err)
	}
	p := start(t, db, pgtest.DSN(t), time.Hour, func(context.Context) error { return nil })
	until(t, "the job's own run", func() bool {
		return count(t, owner, fmt.Sprintf(`jobs.river_job WHERE id = %d AND state = 'completed'`, id)) == 1
	})
	p.end(t)
	if n, err := CountFailed(t.Context(), db, 10); n != 0 || err != nil {
		t.Errorf("%d failed, %v", n, err)
	}
}

func TestAJobThatRunsOrIsUnknownIsNotRunAgain(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	var id int64
	if err := owner.Get(&id, `INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority) VALUES ('running', 'tidy', '{}', 1, 3, 'default', 1) RETURNING id`); err != nil {
		t.Fatal(err)
	}
	if err := runAgain(t, db, id); !errors.Is(err, fault.New(fault.Conflict, "job.runs")) {
		t.Errorf("one that runs: %v", err)
	}
	if err := runAgain(t, db, id+1); !errors.Is(err, fault.New(fault.NotFound, "job.unknown")) {
		t.Errorf("one that is unknown: %v", err)
	}
}

// Of a job that waits already another is not put beside it.
func TestAJobIsNotRunAgainBesideItsLike(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	var id int64
	for _, state := range []string{"discarded", "available"} {
		finalized := "NULL"
		if state == "discarded" {
			finalized = "now()"
		}
		// The states in which the timetable wants one of a kind, as the queue writes them.
		err := owner.Get(&id, `INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at, unique_key, unique_states)
			VALUES ($1, 'tidy', '{}', 1, 3, 'default', 1, `+finalized+`, '\x01', B'11110101') RETURNING id`, state)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := runAgain(t, db, id-1); !errors.Is(err, fault.New(fault.Conflict, "job.waits")) {
		t.Errorf("beside its like: %v", err)
	}
}

func TestJobsAreListedByPages(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	if _, err := owner.Exec(`INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at)
		SELECT (CASE WHEN i % 2 = 0 THEN 'discarded' ELSE 'cancelled' END)::jobs.river_job_state, 'k' || i % 3, '{}', 1, 3, 'default', 1, now() FROM generate_series(1, 12) i`); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]int{"": 12, "k1": 4, "none": 0} {
		var ids []int64
		after := int64(0)
		for {
			page, err := List(t.Context(), db, Failed, kind, after, 5)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range page {
				ids = append(ids, j.ID)
			}
			if len(page) < 5 {
				break
			}
			after = page[4].ID
		}
		if !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) || len(slices.Compact(ids)) != want {
			t.Errorf("%q: %v, want %d in order", kind, ids, want)
		}
	}
}
