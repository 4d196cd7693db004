package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"kopiyka/internal/audit"
	"kopiyka/internal/bank"
	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/jobs"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/serve"
	"kopiyka/internal/watch"
	"kopiyka/internal/web"
)

type serveCommand struct{ settings }

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, log *slog.Logger) error {
	c.Complete()
	if err := errors.Join(c.Check(), stripeOf(c.Config).Check(), checkMail(c.Config)); err != nil {
		return err
	}
	if c.TLSKey != "" {
		warnExposed(log, "KOPIYKA_TLS_KEY", c.TLSKey)
	}
	audit.TellTo(log)
	doors, err := serve.Open(c.Config, clock.System, log)
	if err != nil {
		return err
	}
	d, err := findDatabase(ctx, c.Config, log)
	if err != nil {
		return errors.Join(err, doors.Close())
	}
	defer d.close()
	h, err := build(ctx, c.Config, d, log)
	if err != nil {
		return errors.Join(err, doors.Close())
	}
	defer h.db.Close()
	fmt.Println("ready", c.URL)
	return h.run(ctx, doors)
}

func stripeOf(c config.Config) gateway.Config {
	return gateway.Config{
		SecretKey: c.StripeKey, APIBase: c.StripeBase, WebhookSecrets: c.WebhookSecrets(), PublicURL: c.URL, Methods: c.StripeMethods,
	}
}

// house is everything that serves, wired and not yet running.
type house struct {
	db        *sqlx.DB
	dsn       string
	gateway   *gateway.Gateway
	workers   *inbox.Workers
	timetable *jobs.Timetable
	vault     *member.Vault
	sender    *mail.Sender // nil without a mail server
	clocks    *watch.Clocks
	web       *web.Web
	log       *slog.Logger
}

// eventWorkers sync payments side by side. Each holds one connection while Stripe answers.
const eventWorkers = 4

// How often the healing job runs, and how long a payment may be quiet before it is asked
// about.
const healEvery, quietAfter = 5 * time.Minute, 10 * time.Minute

// build wires the house: database, gateway, workers, timetable, doors.
func build(ctx context.Context, c config.Config, d *database, log *slog.Logger) (*house, error) {
	db, err := d.migrated(ctx)
	if err != nil {
		return nil, err
	}
	h := &house{db: db, dsn: d.dsn, log: log, timetable: jobs.NewTimetable()}
	if h.gateway, err = gateway.New(stripeOf(c), db, clock.System, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	h.workers = &inbox.Workers{DB: db, Now: clock.System, Handle: h.gateway.Handle, Describe: gateway.Describe, Count: eventWorkers, Log: log}
	jobs.Every(h.timetable, healEvery, healPayments{}, h.heal)
	jobs.Every(h.timetable, sweepEvery, sweepAwaited{}, h.sweep)
	jobs.Every(h.timetable, closeEvery, closeCampaigns{}, h.closeCampaigns)
	h.issue(c)
	h.remind(c)
	if h.sender, err = newSender(c, db, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if h.sender != nil {
		jobs.Every(h.timetable, mailEvery, sendMail{}, h.sender.Send)
	}
	jobs.Nightly(h.timetable, reconcileHour, reconcileMinute, func(n jobs.Night) reconcileBooks { return reconcileBooks{n} }, h.reconcile)
	if h.vault, err = openVault(c); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	jobs.Every(h.timetable, answerResetsEvery, answerResets{}, func(ctx context.Context) error {
		_, err := member.AnswerResets(ctx, db, clock.System, c.URL)
		return err
	})
	h.forget()
	h.clocks = &watch.Clocks{DB: db, Now: clock.System, Log: log, Others: []watch.Other{{Name: "Stripe", Told: h.gateway.Told}}}
	h.web, err = web.New(web.Parts{
		DB: db, Vault: h.vault, Gateway: h.gateway, Now: clock.System, Log: log, Config: c, Wake: h.workers.Wake, Working: h.workers.Working,
		Checks: []bank.Check{stripeCheck(h.gateway)},
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return h, nil
}

// sweepEvery is how often settled pledges are left out of what is looked at for arrears.
const sweepEvery = time.Hour

// sweepAwaited names the sweeping job in the queue.
type sweepAwaited struct{}

// Kind is the job's name in the queue, which outlives releases.
func (sweepAwaited) Kind() string { return "sweep_awaited" }

func (h *house) sweep(ctx context.Context) error {
	_, err := giving.SweepAwaited(ctx, h.db)
	return err
}

// healPayments names the healing job in the queue.
type healPayments struct{}

// Kind is the job's name in the queue, which outlives releases.
func (healPayments) Kind() string { return "heal_payments" }

func (h *house) heal(ctx context.Context) error {
	found, err := h.gateway.Heal(ctx, clock.System().Add(-quietAfter))
	if found.Events > 0 || found.Money > 0 {
		h.log.Info("healed", "missed_events", found.Events, "quiet_payments", found.Payments, "late_movements", found.Money)
		h.workers.Wake()
	}
	return err
}

// closeEvery is how late a campaign may be called closed. Pledges it refuses on time.
const closeEvery = 5 * time.Minute

// closeCampaigns names the job that closes campaigns whose last day is over.
type closeCampaigns struct{}

// Kind is the job's name in the queue, which outlives releases.
func (closeCampaigns) Kind() string { return "close_campaigns" }

func (h *house) closeCampaigns(ctx context.Context) error {
	n, err := campaign.CloseEnded(ctx, h.db, clock.System())
	if err != nil || n == 0 {
		return err
	}
	return pg.Announce(ctx, h.db, pg.PublicChanged)
}

// run serves at the doors and works in the background until ctx ends or a part fails; then
// everything stops.
func (h *house) run(ctx context.Context, doors *serve.Doors) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return doors.Serve(ctx, h.web) })
	group.Go(func() error { h.clocks.Run(ctx); return nil })
	group.Go(func() error { h.workers.Run(ctx); return nil })
	group.Go(func() error { return jobs.Run(ctx, h.db, h.dsn, h.timetable, h.log) })
	group.Go(func() error { return pg.Listen(ctx, h.dsn, pg.PublicChanged, h.web.Changed) })
	return group.Wait()
}
