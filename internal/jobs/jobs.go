// Package jobs runs the house's recurring and deferred work: once for all processes that
// share a database, tried again when it fails. River keeps the queue in PostgreSQL.
//
// It knows nothing of what the work is. A job runs at least once, perhaps twice at a
// time, so work must be safe to repeat.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivertype"

	"kopiyka/internal/pg"
)

// workers is how many jobs one process runs at a time. Each may hold a connection.
const workers = 2

// Timetable is the work to do and when.
type Timetable struct {
	workers  *river.Workers
	periodic []*river.PeriodicJob
}

// NewTimetable is an empty timetable.
func NewTimetable() *Timetable { return &Timetable{workers: river.NewWorkers()} }

// Every puts work on the timetable: at the start and then each interval, by one process of
// all. Its name stays the same over releases. A run may take as long as the interval.
func Every[T river.JobArgs](t *Timetable, interval time.Duration, args T, work func(context.Context) error) {
	river.AddWorker(t.workers, &worker[T]{timeout: interval, work: work})
	t.periodic = append(t.periodic, river.NewPeriodicJob(
		river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) {
			// One that still waits or runs is enough: a slow run is not queued behind itself.
			return args, &river.InsertOpts{MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled}}}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	))
}

type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	timeout time.Duration
	work    func(context.Context) error
}

func (w *worker[T]) Work(ctx context.Context, _ *river.Job[T]) error { return w.work(ctx) }
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration             { return w.timeout }

// Run works through the timetable until ctx ends and returns when running jobs have ended.
// The dsn is that of db: listening takes a connection of its own.
func Run(ctx context.Context, db *sqlx.DB, dsn string, t *Timetable, log *slog.Logger) error {
	client, err := river.NewClient(&listening{riverdatabasesql.New(db.DB), dsn}, &river.Config{
		Schema: pg.JobsSchema, Logger: slog.New(troubles{log.Handler()}), Workers: t.workers, PeriodicJobs: t.periodic,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		CompletedJobRetentionPeriod: keepNights,
		FetchPollInterval:           time.Second, FetchCooldown: 20 * time.Millisecond,
	})
	if err != nil {
		return fmt.Errorf("prepare the jobs: %w", err)
	}
	// Its own context: stopping must let a running job end and say so in the queue.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := client.StopAndCancel(stopping); err != nil {
		return fmt.Errorf("stop the jobs: %w", err)
	}
	return nil
}

// stopTime is how long a stopping process waits for its jobs. What is cut off is run again.
const stopTime = 5 * time.Second

// troubles lets a handler hear warnings and errors alone: River tells each minute that it
// is well.
type troubles struct{ slog.Handler }

func (h troubles) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}
func (h troubles) WithAttrs(attrs []slog.Attr) slog.Handler {
	return troubles{h.Handler.WithAttrs(attrs)}
}
func (h troubles) WithGroup(name string) slog.Handler { return troubles{h.Handler.WithGroup(name)} }
