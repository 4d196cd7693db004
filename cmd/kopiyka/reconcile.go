package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/bank"
	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/i18n"
	"kopiyka/internal/jobs"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

type reconcileCommand struct{ settings }

// Run compares the books of every cluster with its banks, and with Stripe when its key is
// given, and prints every difference.
func (c *reconcileCommand) Run(ctx context.Context, log *slog.Logger) error {
	d, err := knownDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.opened(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var checks []bank.Check
	if c.StripeKey != "" {
		g, err := gateway.New(stripeOf(c.Config), db, clock.System, log)
		if err != nil {
			return err
		}
		checks = append(checks, stripeCheck(g))
	}
	results, err := bank.Reconcile(ctx, db, clock.System, checks...)
	if err != nil {
		return err
	}
	if err := pg.Announce(ctx, db, pg.PublicChanged); err != nil {
		return err
	}
	return tell(os.Stdout, results)
}

// tell prints what came of each cluster's comparison, and returns errDiffers when anything
// differs.
func tell(to io.Writer, results []bank.Result) error {
	var err error
	l := i18n.EN
	for _, r := range results {
		switch {
		case len(r.Differences) > 0:
			err = errDiffers
			fmt.Fprintf(to, "%s: %s\n", r.ClusterEN, l.N("bank.proof.differs", int64(len(r.Differences))))
		case r.ProvenOn.IsZero():
			fmt.Fprintf(to, "%s: %s\n", r.ClusterEN, l.T("bank.proof.nothing"))
		default:
			fmt.Fprintf(to, "%s: %s %s\n", r.ClusterEN, l.T("bank.proof.green"), r.ProvenOn.Format(time.DateOnly))
		}
		for _, p := range r.Checks {
			fmt.Fprintf(to, "  %s\n", l.N("bank.check."+p.Name, p.Looked))
		}
		for _, d := range r.Differences {
			day := "          "
			if d.Day.Valid {
				day = d.Day.Time.Format(time.DateOnly)
			}
			fmt.Fprintf(to, "DIFFERS  %s  %s: %s: the books have %s, the other side %s\n",
				day, d.Subject, l.T("bank.difference."+d.Name), money.Of(d.Books, d.Currency), money.Of(d.Theirs, d.Currency))
		}
	}
	return err
}

// The books are compared by themselves at this hour and minute in Kyiv: banks have closed
// their day, and nobody imports a statement.
const reconcileHour, reconcileMinute = 3, 30

// reconcileBooks names the nightly comparison in the queue.
type reconcileBooks struct{ jobs.Night }

// Kind is the job's name in the queue, which outlives releases.
func (reconcileBooks) Kind() string { return "reconcile_books" }

// reconcile matches what an interrupted import left, and compares.
func (h *house) reconcile(ctx context.Context) error {
	return reconcile(ctx, h.db, h.log, stripeCheck(h.gateway))
}

func reconcile(ctx context.Context, db *sqlx.DB, log *slog.Logger, checks ...bank.Check) error {
	if _, err := bank.MatchAll(ctx, db, clock.System); err != nil {
		return err
	}
	results, err := bank.Reconcile(ctx, db, clock.System, checks...)
	if err != nil {
		return err
	}
	for _, r := range results {
		if len(r.Differences) > 0 {
			log.Error("the books differ from what the banks say", "cluster", r.ClusterEN, "differences", len(r.Differences))
		}
	}
	return pg.Announce(ctx, db, pg.PublicChanged)
}
