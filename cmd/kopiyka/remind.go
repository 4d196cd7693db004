package main

import (
	"context"
	"errors"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/giving"
	"kopiyka/internal/jobs"
)

// remindEvery is how often is asked whether somebody is to be reminded. Each letter is
// written once, so that more often only finds a day's work sooner.
const remindEvery = time.Hour

// remindPayers names the job of reminders and digests in the queue.
type remindPayers struct{}

// Kind is the job's name in the queue, which outlives releases.
func (remindPayers) Kind() string { return "remind_payers" }

// remind puts the reminders to companies and the digests to coordinators on the timetable.
// A digest that fails does not keep a reminder back, nor the reverse.
func (h *house) remind(c config.Config) {
	jobs.Every(h.timetable, remindEvery, remindPayers{}, func(ctx context.Context) error {
		reminders, err := giving.Remind(ctx, h.db, clock.System, c.URL)
		digests, failed := giving.WriteDigests(ctx, h.db, clock.System, c.URL)
		if reminders+digests > 0 {
			h.log.Info("reminded", "reminders", reminders, "digests", digests)
		}
		return errors.Join(err, failed)
	})
}
