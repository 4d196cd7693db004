package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/jobs"
	"kopiyka/internal/member"
)

type userEraseCommand struct {
	settings
	Email string `arg:"" help:"Whose address it is. It need not be known: invitations and applications are erased too."`
}

// Run erases somebody who has asked for it in writing and has shown in another way who they
// are. It is recorded, and a last letter tells the person.
func (c *userEraseCommand) Run(ctx context.Context, log *slog.Logger) error {
	db, done, err := openMigrated(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer done()
	return spoken(c.erase(ctx, db, os.Stdout))
}

func (c *userEraseCommand) erase(ctx context.Context, db *sqlx.DB, out io.Writer) error {
	number, err := member.EraseAddress(ctx, db, clock.System, c.Email)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "erased; what this person did stays under the name of person %d\n", number)
	return err
}

// What opens something is forgotten within the hour after its time is over, all else at this
// hour and minute in Kyiv.
const (
	forgetEvery              = time.Hour
	forgetHour, forgetMinute = 4, 15
)

// sweepSignIn names the hourly forgetting in the queue.
type sweepSignIn struct{}

// Kind is the job's name in the queue, which outlives releases.
func (sweepSignIn) Kind() string { return "sweep_sign_in" }

// forgetOld names the nightly forgetting in the queue.
type forgetOld struct{ jobs.Night }

// Kind is the job's name in the queue, which outlives releases.
func (forgetOld) Kind() string { return "forget_old" }

// forget puts the end of all periods on the timetable.
func (h *house) forget() {
	round := func(oftenAlone bool) func(context.Context) error {
		return func(ctx context.Context) error {
			dropped, err := member.Forget(ctx, h.db, clock.System, oftenAlone)
			if len(dropped) > 0 {
				h.log.Info("forgotten", "things", dropped)
			}
			return err
		}
	}
	jobs.Every(h.timetable, forgetEvery, sweepSignIn{}, round(true))
	jobs.Nightly(h.timetable, forgetHour, forgetMinute, func(n jobs.Night) forgetOld { return forgetOld{n} }, round(false))
}
