// Package watch looks whether the clock of this process goes as others' do: the database's,
// which dates what it keeps, and that of whoever else has been asked something. A clock that
// does not is told in the log and on the desk of every cluster, since nothing that was written
// meanwhile can be put in its order. It sets no clock.
package watch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/outward"
	"kopiyka/internal/pg"
)

// Most is how far apart two clocks may be: less than a code of an authenticator app holds, and
// more than a machine that asks for the time is ever wrong.
const Most = 5 * time.Second

// Every is how often the clocks are compared.
const Every = time.Minute

// Other is somebody else's clock, and what it last told.
type Other struct {
	Name string
	Told func() outward.Told
}

// Clocks compares. Its fields stay as they are once it looks.
type Clocks struct {
	DB     *sqlx.DB
	Now    clock.Clock
	Log    *slog.Logger
	Others []Other

	said map[string]bool // whose clocks were told to be apart
}

// Run compares at once and then regularly, until ctx ends. A database that does not answer is
// for others to tell.
func (c *Clocks) Run(ctx context.Context) {
	again := time.NewTicker(Every)
	defer again.Stop()
	for {
		if err := c.Look(ctx); err != nil && ctx.Err() == nil && !pg.Away(err) {
			c.Log.Warn("the clocks were not compared", "error", err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// Look compares once. A clock that is apart is told when it is first seen so, and again only
// after it was right; an alarm that nobody has answered is not raised twice, whichever process
// has seen it.
func (c *Clocks) Look(ctx context.Context) error {
	at, apart, err := c.besideDatabase(ctx)
	if err != nil {
		return err
	}
	if err := c.judge(ctx, at, "database", apart); err != nil {
		return err
	}
	for _, other := range c.Others {
		told := other.Told()
		if told.Said.IsZero() {
			continue
		}
		if err := c.judge(ctx, at, other.Name, certain(told.Asked, told.Heard, told.Said, told.Said.Add(time.Second))); err != nil {
			return err
		}
	}
	return nil
}

// besideDatabase is the database's time, and by how much its clock is ahead. It was read at
// some moment between asking and hearing.
func (c *Clocks) besideDatabase(ctx context.Context) (at time.Time, apart time.Duration, err error) {
	asked := c.Now()
	if err := c.DB.GetContext(ctx, &at, `SELECT clock_timestamp()`); err != nil {
		return at, 0, fmt.Errorf("ask the database for the time: %w", err)
	}
	heard := c.Now()
	return at, certain(asked, heard, at, at), nil
}

// certain is by how much a clock is ahead of ours at least, or behind it when below zero: it
// said a time from early to late, at some moment after we asked and before we heard.
func certain(asked, heard, early, late time.Time) time.Duration {
	switch {
	case early.After(heard):
		return early.Sub(heard)
	case late.Before(asked):
		return late.Sub(asked)
	}
	return 0
}

func (c *Clocks) judge(ctx context.Context, at time.Time, beside string, apart time.Duration) error {
	if apart.Abs() <= Most {
		if c.said[beside] {
			c.Log.Info("the clock is right again", "beside", beside)
			delete(c.said, beside)
		}
		return nil
	}
	if c.said[beside] {
		return nil
	}
	// Ahead is ours when the other is behind.
	c.Log.Error("this machine's clock and another are apart: have both kept by NTP", "beside", beside, "ahead_by", -apart)
	if err := c.alarm(ctx, at, beside, apart); err != nil {
		return err
	}
	if c.said == nil {
		c.said = map[string]bool{}
	}
	c.said[beside] = true
	return nil
}

func (c *Clocks) alarm(ctx context.Context, at time.Time, beside string, apart time.Duration) error {
	err := pg.InTx(ctx, c.DB, func(tx *sqlx.Tx) error {
		if err := pg.Lock(ctx, tx, "clock.apart"); err != nil { // several processes on one machine see it at once
			return err
		}
		var clusters []string
		err := tx.SelectContext(ctx, &clusters, `
			SELECT id::text FROM clusters k
			 WHERE NOT EXISTS (SELECT 1 FROM alarms a JOIN audit_acts t ON t.id = a.act_id WHERE a.cluster_id = k.id AND a.open AND t.act = 'clock.apart')
			 ORDER BY id`)
		if err != nil {
			return fmt.Errorf("find whom to tell: %w", err)
		}
		for _, cluster := range clusters {
			act := audit.Act{At: at, Act: "clock.apart", Subject: "cluster:" + cluster, Detail: map[string]any{"beside": beside, "seconds": int64(-apart.Seconds())}}
			if err := audit.Raise(ctx, tx, cluster, act); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("tell of clocks that are apart: %w", err)
	}
	return nil
}
