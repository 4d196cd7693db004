package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Stage is how far a job is, for people: the queue itself knows finer states.
type Stage string

const (
	Failed  Stage = "failed"  // given up after its last try, or cancelled
	Waiting Stage = "waiting" // for its time, for a free worker, or for its next try
	Running Stage = "running"
	Over    Stage = "done" // kept for a day, and then forgotten
)

// Stages lists them: what needs a person comes first.
func Stages() []Stage { return []Stage{Failed, Waiting, Running, Over} }

var statesOf = map[Stage][]string{
	Failed:  {"discarded", "cancelled"},
	Waiting: {"available", "pending", "retryable", "scheduled"},
	Running: {"running"},
	Over:    {"completed"},
}

var stageOf = map[string]Stage{
	"discarded": Failed, "cancelled": Failed, "available": Waiting, "pending": Waiting, "retryable": Waiting, "scheduled": Waiting,
	"running": Running, "completed": Over,
}

// Job is a job as the queue holds it.
type Job struct {
	ID          int64
	Kind        string // its name, such as heal_payments
	State       string // in the queue's own words
	Attempt     int
	MaxAttempts int          `db:"max_attempts"`
	MadeAt      time.Time    `db:"created_at"`
	DueAt       time.Time    `db:"scheduled_at"`
	BegunAt     sql.NullTime `db:"attempted_at"` // the last try
	EndedAt     sql.NullTime `db:"finalized_at"`
	Trouble     string       // of the last try that failed; may be empty
}

// Stage is how far the job is.
func (j Job) Stage() Stage { return stageOf[j.State] }

// PageSize is how many jobs a page of the list holds.
const PageSize = 50

// The library writes an error of a panic with its stack; the first line says enough.
const jobColumns = `id, kind, state::text AS state, attempt, max_attempts, created_at, scheduled_at, attempted_at, finalized_at,
	coalesce(left(split_part(errors[cardinality(errors)]->>'error', E'\n', 1), 500), '') AS trouble`

// List returns the jobs of a stage, the latest first. Kind, when there is one, keeps those
// of this name. After is the id of the last job of the page before, or 0.
func List(ctx context.Context, db *sqlx.DB, stage Stage, kind string, after int64, limit int) ([]Job, error) {
	var all []Job
	err := db.SelectContext(ctx, &all, `
		SELECT `+jobColumns+`
		  FROM unnest($1::`+pg.JobsSchema+`.river_job_state[]) s
		 CROSS JOIN LATERAL (SELECT j.* FROM `+pg.JobsSchema+`.river_job j
		                      WHERE j.state = s AND ($2 = '' OR j.kind = $2) AND ($3::bigint = 0 OR j.id < $3) ORDER BY j.id DESC LIMIT $4) j
		 ORDER BY id DESC LIMIT $4`, pq.Array(statesOf[stage]), kind, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return all, nil
}

// CountFailed counts the jobs that were given up, up to a limit.
func CountFailed(ctx context.Context, db *sqlx.DB, limit int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM `+pg.JobsSchema+`.river_job WHERE state IN ('discarded', 'cancelled') LIMIT $1) f`, limit)
	if err != nil {
		return 0, fmt.Errorf("count failed jobs: %w", err)
	}
	return n, nil
}

// RunAgain lets a job run once more as soon as a worker is free, in the caller's
// transaction, and returns its name. One that runs now is a Conflict fault, as is one of
// which another already waits.
func RunAgain(ctx context.Context, tx *sqlx.Tx, id int64) (kind string, err error) {
	var state string
	err = tx.QueryRowxContext(ctx, `SELECT kind, state::text FROM `+pg.JobsSchema+`.river_job WHERE id = $1 FOR UPDATE`, id).Scan(&kind, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "job.unknown")
	}
	if err != nil {
		return "", fmt.Errorf("find the job: %w", err)
	}
	if stageOf[state] == Running {
		return "", fault.New(fault.Conflict, "job.runs")
	}
	// Without workers the client only writes to the queue.
	client, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{Schema: pg.JobsSchema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", fmt.Errorf("reach the queue: %w", err)
	}
	if _, err := client.JobRetryTx(ctx, tx.Tx, id); err != nil {
		if pg.Code(err) == "23505" {
			return "", fault.New(fault.Conflict, "job.waits")
		}
		return "", fmt.Errorf("run job %d again: %w", id, err)
	}
	return kind, nil
}
