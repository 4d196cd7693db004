package pg_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/migrations"
)

// emptyDatabase makes a database without any schema beside the test's own one.
func emptyDatabase(t *testing.T) (dsn string) {
	t.Helper()
	u, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	_, admin := pgtest.Both(t)
	name := strings.TrimPrefix(u.Path, "/") + "_" + strings.ToLower(rand.Text()[:6])
	admin.MustExec(`CREATE DATABASE ` + name)
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func open(t *testing.T, how func(context.Context, string) (*sqlx.DB, error), dsn string) *sqlx.DB {
	t.Helper()
	db, err := how(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Three processes start at once on a new database: each finds the whole schema afterwards.
func TestMigrateFromManySidesAtOnce(t *testing.T) {
	t.Parallel()
	dsn := emptyDatabase(t)
	var done sync.WaitGroup
	for range 3 {
		db := open(t, pg.Open, dsn) // a pool of its own, as another process has
		done.Go(func() {
			if err := pg.Migrate(t.Context(), db); err != nil {
				t.Error(err)
			}
			if err := pg.CheckMigrated(t.Context(), db); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	db := open(t, pg.Open, dsn)
	var twice int
	err := db.GetContext(t.Context(), &twice, `SELECT count(*) FROM (SELECT version_id FROM goose_db_version GROUP BY version_id HAVING count(*) > 1) v`)
	if err != nil {
		t.Fatal(err)
	}
	if twice != 0 {
		t.Errorf("%d migrations were applied more than once", twice)
	}
	if err := pg.CheckMigrated(t.Context(), open(t, pg.OpenApp, dsn)); err != nil {
		t.Errorf("the program's role finds: %v", err)
	}
}

func TestMigrateTwiceFindsNothingToDo(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	before := versions(t, owner)
	if err := pg.Migrate(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if after := versions(t, owner); after != before {
		t.Errorf("%d migrations are noted, before there were %d", after, before)
	}
}

func versions(t *testing.T, db *sqlx.DB) (n int) {
	t.Helper()
	if err := db.GetContext(t.Context(), &n, `SELECT count(*) FROM goose_db_version`); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCheckMigratedTellsAnotherSchema(t *testing.T) {
	t.Parallel()
	t.Run("none", func(t *testing.T) {
		wantNotMigrated(t, open(t, pg.Open, emptyDatabase(t)))
	})
	t.Run("an older one, which Migrate brings up to date", func(t *testing.T) {
		dsn := emptyDatabase(t)
		db := open(t, pg.Open, dsn)
		older, err := goose.NewProvider(goose.DialectPostgres, db.DB, migrations.Files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := older.UpTo(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		wantNotMigrated(t, db)
		wantNotMigrated(t, open(t, pg.OpenApp, dsn))
		if err := pg.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if err := pg.CheckMigrated(t.Context(), db); err != nil {
			t.Error(err)
		}
	})
	t.Run("a newer one", func(t *testing.T) {
		app, owner := pgtest.Both(t)
		owner.MustExec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
		wantNotMigrated(t, owner)
		wantNotMigrated(t, app)
	})
	t.Run("this one", func(t *testing.T) {
		app, owner := pgtest.Both(t)
		for _, db := range []*sqlx.DB{app, owner} {
			if err := pg.CheckMigrated(t.Context(), db); err != nil {
				t.Error(err)
			}
		}
	})
}

func wantNotMigrated(t *testing.T, db *sqlx.DB) {
	t.Helper()
	if err := pg.CheckMigrated(t.Context(), db); !errors.Is(err, pg.ErrNotMigrated) {
		t.Errorf("CheckMigrated = %v, want ErrNotMigrated", err)
	}
}

// The program's role can work with the queue's tables, which come from a library.
func TestTheProgramMayUseTheQueue(t *testing.T) {
	t.Parallel()
	var jobs int
	if err := pgtest.DB(t).GetContext(t.Context(), &jobs, `SELECT count(*) FROM `+pg.JobsSchema+`.river_job`); err != nil {
		t.Error(err)
	}
}
