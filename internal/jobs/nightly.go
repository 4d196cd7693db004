package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"kopiyka/internal/clock"
)

// Night is the name of a night's run of a job: the day, in Kyiv, whose early morning it is.
type Night struct {
	Night string `json:"night"`
}

// nightTime bounds one night's run: it must have ended when the next night comes.
const nightTime = 12 * time.Hour

// Nightly puts work on the timetable: each night at an hour and a minute of Kyiv, by one
// process of all, however many there are. When the last night's run is missing at a start,
// it is made up for then; of several nights that were missed, the last one is. Args makes
// the job of a night: a struct with Night in it, so that each night is another job.
func Nightly[T river.JobArgs](t *Timetable, hour, minute int, args func(Night) T, work func(context.Context) error) {
	at := hourOfNight{hour, minute}
	river.AddWorker(t.workers, &worker[T]{timeout: nightTime, work: work})
	t.periodic = append(t.periodic, river.NewPeriodicJob(at,
		func() (river.JobArgs, *river.InsertOpts) { return args(at.last(clock.System())), onceANight() },
		&river.PeriodicJobOpts{RunOnStart: true},
	))
}

// onceANight lets a job be queued once, whatever became of it: who comes later with the same
// night finds that it is done.
func onceANight() *river.InsertOpts {
	return &river.InsertOpts{MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// keepNights is how long the queue remembers a night's run. It must outlive the night, which
// may be an hour longer than most.
const keepNights = 48 * time.Hour

// hourOfNight is an hour and a minute of the clock in Kyiv.
type hourOfNight struct{ hour, minute int }

// on is the moment on a day. Where the clocks leave it out or strike it twice, it is one
// moment within an hour of it all the same.
func (h hourOfNight) on(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, h.hour, h.minute, 0, 0, clock.Kyiv)
}

// Next is the first such moment after another, as River asks.
func (h hourOfNight) Next(after time.Time) time.Time {
	y, m, d := after.In(clock.Kyiv).Date()
	for ; ; d++ {
		if next := h.on(y, m, d); next.After(after) {
			return next.UTC()
		}
	}
}

// early is how much sooner than asked River may call.
const early = time.Minute

// last names the night whose run is due by a moment.
func (h hourOfNight) last(now time.Time) Night {
	now = now.Add(early)
	y, m, d := now.In(clock.Kyiv).Date()
	day := h.on(y, m, d)
	if day.After(now) {
		day = h.on(y, m, d-1)
	}
	return Night{day.Format(time.DateOnly)}
}
