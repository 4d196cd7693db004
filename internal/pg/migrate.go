package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"kopiyka/migrations"
)

// JobsSchema is where the job queue keeps its own tables.
const JobsSchema = "jobs"

// jobsVersion is the number of the migration that makes the job queue's tables. They come
// from the queue's library rather than from a file.
const jobsVersion = 9

// Migrate brings the schema up to date. Several processes may call it at once: one works,
// the others wait for it, up to two minutes. A second call finds nothing to do.
func Migrate(ctx context.Context, owner *sqlx.DB) error {
	p, err := provider(owner)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

// ErrNotMigrated tells that the schema is older or newer than this program.
var ErrNotMigrated = errors.New("the schema is not the one of this program: run `kopiyka migrate`")

// CheckMigrated is nil when the schema is the one that this program was built for, and
// ErrNotMigrated when there is none, an older or a newer one.
func CheckMigrated(ctx context.Context, db *sqlx.DB) error {
	var version int64
	err := db.GetContext(ctx, &version, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`)
	if code := Code(err); code == "42P01" || code == "42501" { // no such table, or not yet for AppRole to read
		return ErrNotMigrated
	}
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	latest, err := latestVersion(db)
	if err != nil {
		return err
	}
	if version != latest {
		return fmt.Errorf("%w (it is at %d, this program at %d)", ErrNotMigrated, version, latest)
	}
	return nil
}

func latestVersion(db *sqlx.DB) (int64, error) {
	p, err := provider(db)
	if err != nil {
		return 0, err
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}

func provider(db *sqlx.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120)) // ask each second, two minutes long
	if err != nil {
		return nil, fmt.Errorf("prepare the migration lock: %w", err)
	}
	jobs := goose.NewGoMigration(jobsVersion, &goose.GoFunc{RunDB: migrateJobs}, nil)
	p, err := goose.NewProvider(goose.DialectPostgres, db.DB, migrations.Files,
		goose.WithSessionLocker(locker), goose.WithGoMigrations(jobs), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// migrateJobs makes the queue's tables and lets the program use them. Not in one
// transaction: one of the library's steps adds an enum value that a later one uses. The
// library counts its own steps, so an interrupted run goes on where it stopped.
func migrateJobs(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+JobsSchema); err != nil {
		return err
	}
	m, err := rivermigrate.New(riverdatabasesql.New(db), &rivermigrate.Config{Schema: JobsSchema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	for _, grant := range []string{
		`GRANT USAGE ON SCHEMA ` + JobsSchema + ` TO ` + AppRole,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ` + JobsSchema + ` TO ` + AppRole,
		`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ` + JobsSchema + ` TO ` + AppRole,
		`GRANT SELECT ON goose_db_version TO ` + AppRole,
	} {
		if _, err := db.ExecContext(ctx, grant); err != nil {
			return err
		}
	}
	return nil
}
