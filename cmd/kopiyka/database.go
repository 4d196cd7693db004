package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/config"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/embedded"
)

// database is where the program's PostgreSQL is. Close it when done.
type database struct {
	dsn   string
	place string // of a private cluster that could not live below the data folder
	stop  func() error
	log   *slog.Logger
}

// close stops a private cluster that is ours. What goes wrong then loses nothing.
func (d *database) close() {
	if err := d.stop(); err != nil {
		d.log.Warn("the private PostgreSQL did not stop well", "error", err)
	}
}

// findDatabase takes the server that DATABASE_URL names, or boots a private one below the
// data folder, or joins the one that another process of ours has booted there.
func findDatabase(ctx context.Context, c config.Config, log *slog.Logger) (*database, error) {
	if c.DatabaseURL != "" {
		log.Info("database", "from", "DATABASE_URL")
		return &database{dsn: c.DatabaseURL, stop: func() error { return nil }, log: log}, nil
	}
	server, err := embedded.Start(ctx, embedded.Options{
		State: stateOf(c), NodeModules: nodeModules(), Durable: true, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("boot a private PostgreSQL: %w", err)
	}
	log.Info("database", "from", server.Source())
	d := &database{dsn: server.DSN(), stop: server.Stop, log: log}
	if server.Moved() {
		d.place = server.State()
	}
	return d, nil
}

// knownDatabase finds the database for verbs that look at what is there. They make nothing:
// a mistyped folder would be an empty house, in which everything is well.
func knownDatabase(ctx context.Context, c config.Config, log *slog.Logger) (*database, error) {
	if c.DatabaseURL == "" && !embedded.Exists(stateOf(c)) {
		folder, err := filepath.Abs(c.Data)
		if err != nil {
			folder = c.Data
		}
		return nil, fmt.Errorf("there is no database below %s: name the folder by KOPIYKA_DATA or --data, or a server by DATABASE_URL", folder)
	}
	return findDatabase(ctx, c, log)
}

// stateOf is where a private cluster lives.
func stateOf(c config.Config) string { return filepath.Join(c.Data, "postgres") }

// nodeModules are where npm may have put PostgreSQL: below the working directory, or
// beside the folder of the binary. Absolute, since the server works elsewhere.
func nodeModules() []string {
	var folders []string
	if here, err := os.Getwd(); err == nil {
		folders = append(folders, filepath.Join(here, "node_modules"))
	}
	if binary, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(binary), "..", "node_modules")
		if !slices.Contains(folders, beside) {
			folders = append(folders, beside)
		}
	}
	return folders
}

// migrated opens the database for the program's own role, after bringing the schema up to
// date as its owner.
func (d *database) migrated(ctx context.Context) (*sqlx.DB, error) {
	owner, err := pg.Open(ctx, d.dsn)
	if err != nil {
		return nil, err
	}
	defer owner.Close()
	if err := pg.Migrate(ctx, owner); err != nil {
		return nil, err
	}
	return pg.OpenApp(ctx, d.dsn)
}

type migrateCommand struct{ settings }

// Run migrates and says so.
func (c *migrateCommand) Run(ctx context.Context, log *slog.Logger) error {
	d, err := findDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.migrated(ctx)
	if err != nil {
		return err
	}
	fmt.Println("the schema is up to date")
	return db.Close()
}
