package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
)

type healthcheckCommand struct {
	URL string `env:"KOPIYKA_HEALTHCHECK_URL" default:"http://127.0.0.1:8080/readyz" help:"What to ask."`
}

// Run asks once. Any answer but 200 is a failure.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return errors.New("the server does not answer")
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("not ready: %s", said)
	}
	return err
}

type healCommand struct{ settings }

// Run heals once, beside a running server or instead of its timetable. A running server's
// workers handle what it finds.
func (c *healCommand) Run(ctx context.Context, log *slog.Logger) error {
	c.Complete()
	d, err := knownDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.migrated(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	g, err := gateway.New(stripeOf(c.Config), db, clock.System, log)
	if err != nil {
		return err
	}
	found, err := g.Heal(ctx, clock.System())
	fmt.Printf("%d events had been missed, %d quiet payments were asked about, %d movements of money were booked late, %d payouts were asked about\n",
		found.Events, found.Payments, found.Money, found.Payouts)
	return err
}
