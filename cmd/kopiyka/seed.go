package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/BurntSushi/toml"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/pg"
	"kopiyka/internal/seed"
)

type seedCommand struct {
	settings
	File string `arg:"" type:"existingfile" help:"What to enter; docs/seed.example.toml shows the form."`
}

// Run enters the whole file or nothing of it.
func (c *seedCommand) Run(ctx context.Context, log *slog.Logger) error {
	var plan seed.Plan
	meta, err := toml.DecodeFile(c.File, &plan)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.File, err)
	}
	if strange := meta.Undecoded(); len(strange) > 0 {
		return fmt.Errorf("read %s: nobody knows %q", c.File, strange[0].String())
	}
	db, done, err := openMigrated(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer done()
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error { return plan.Enter(ctx, tx, clock.System()) })
	if err != nil {
		return fmt.Errorf("enter %s: %w", c.File, err)
	}
	fmt.Println("entered", c.File)
	return pg.Announce(ctx, db, pg.PublicChanged)
}
