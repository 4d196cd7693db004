package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
)

// Workers hand kept events to Handle, several at a time.
type Workers struct {
	DB     *sqlx.DB
	Now    clock.Clock
	Handle func(context.Context, Event) error
	// Describe says what of an error may be written down: never secrets or bodies.
	Describe func(error) string
	Count    int
	Log      *slog.Logger

	wake    chan struct{}
	once    sync.Once
	working atomic.Int32
}

// Working is nil while the workers run, for those who ask whether this process is ready.
func (w *Workers) Working(context.Context) error {
	if w.working.Load() == 0 {
		return errors.New("no worker runs")
	}
	return nil
}

// idle is how long a worker rests when nothing waits and nobody wakes it.
const idle = 500 * time.Millisecond

// longestRest is how long a worker leaves a database alone that does not answer.
const longestRest = 15 * time.Second

// Wake tells a resting worker that an event was kept. It never blocks.
func (w *Workers) Wake() {
	w.prepare()
	select {
	case w.wake <- struct{}{}:
	default: // all are awake or about to be
	}
}

func (w *Workers) prepare() { w.once.Do(func() { w.wake = make(chan struct{}, max(w.Count, 1)) }) }

// Run works until ctx ends and returns when the last handler has.
func (w *Workers) Run(ctx context.Context) {
	w.prepare()
	var all sync.WaitGroup
	for range max(w.Count, 1) {
		w.working.Add(1)
		all.Go(func() {
			defer w.working.Add(-1)
			w.work(ctx)
		})
	}
	all.Wait()
}

func (w *Workers) work(ctx context.Context) {
	rest := idle
	for ctx.Err() == nil {
		found, err := w.One(ctx)
		if found && err == nil {
			rest = idle
			continue
		}
		wake := w.wake
		if err != nil && ctx.Err() == nil {
			w.Log.Error("the inbox does not answer", "error", w.Describe(err))
			rest, wake = min(rest*2, longestRest), nil // what arrives now cannot be taken either
		} else {
			rest = idle
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(rest):
		}
	}
}

// One handles the next event that waits and reports whether there was one. What the
// handler could not do is written to the event and tried again later; only the inbox's own
// trouble is returned.
func (w *Workers) One(ctx context.Context) (bool, error) {
	event, tries, found, err := claim(ctx, w.DB, w.Now())
	if err != nil || !found {
		return false, err
	}
	if err := w.handle(ctx, event); err != nil {
		if ctx.Err() != nil {
			return true, ctx.Err() // the process is stopping; the lease brings the event back
		}
		dead := tries >= maxTries
		level := slog.LevelWarn
		if dead {
			level = slog.LevelError
		}
		w.Log.Log(ctx, level, "an event could not be handled", "event", event.ID, "type", event.Type, "try", tries, "laid_aside", dead, "error", w.Describe(err))
		return true, failed(ctx, w.DB, event.ID, w.Describe(err), w.Now().Add(pause(tries)), dead)
	}
	return true, done(ctx, w.DB, event.ID, w.Now())
}

// handle turns a panic into trouble of its event: one that the handler cannot digest would
// otherwise bring the whole process down, again after each start.
func (w *Workers) handle(ctx context.Context, e Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.Log.Error("a handler panicked", "event", e.ID, "type", e.Type, "stack", string(debug.Stack()))
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return w.Handle(ctx, e)
}

// pause grows fourfold each time, from a quarter of a second to an hour: twelve tries span
// most of a working day.
func pause(tries int) time.Duration {
	p := 250 * time.Millisecond
	for range tries - 1 {
		p = min(p*4, time.Hour)
	}
	return p
}
