// Package pgtest gives each test a database of its own, with the schema and
// nothing else in it. It never shares one between tests and never skips: a
// test that needs PostgreSQL and finds none fails.
//
// The server is the one at KOPIYKA_TEST_DATABASE_URL, whose role must be
// allowed to create databases and roles, or else a private one that lives and
// dies with the test binary. KOPIYKA_TEST_PG=15 chooses its major version; the
// newest found is the default.
package pgtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
)

// patience bounds what is done to the server after a test, whose own context
// has ended by then.
const patience = 30 * time.Second

// DB is the database of a test, opened with the rights of the running program.
// DB, DSN and Both speak of one database when they are called with one t; a
// subtest has its own. It is dropped when the test ends.
func DB(t testing.TB) *sqlx.DB {
	t.Helper()
	return open(t, databaseOf(t), pg.OpenApp)
}

// Both opens the database of a test twice: with the rights of the running
// program, and as the owner of the schema.
func Both(t testing.TB) (app, owner *sqlx.DB) {
	t.Helper()
	dsn := databaseOf(t)
	return open(t, dsn, pg.OpenApp), open(t, dsn, pg.Open)
}

// DSN is the address of a test's database for another process, as the owner of
// the schema. Whoever is still connected when the test ends is cut off.
func DSN(t testing.TB) string {
	t.Helper()
	return databaseOf(t)
}

func open(t testing.TB, dsn string, how func(context.Context, string) (*sqlx.DB, error)) *sqlx.DB {
	t.Helper()
	db, err := how(t.Context(), dsn)
	if err != nil {
		t.Fatalf("pgtest: open the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("pgtest: close the test's database: %v", err)
		}
	})
	return db
}

// databases remembers which test has which database.
var databases struct {
	sync.Mutex
	dsn map[testing.TB]string
}

func databaseOf(t testing.TB) string {
	t.Helper()
	databases.Lock()
	dsn, made := databases.dsn[t]
	databases.Unlock() // a test asks from one goroutine, so nobody makes t's database meanwhile
	if made {
		return dsn
	}
	s, err := theServer()
	if err != nil {
		t.Fatalf("pgtest: no database for the tests: %v; or set KOPIYKA_TEST_DATABASE_URL to a server where databases may be created", err)
	}
	name, err := s.clone(t.Context())
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		databases.Lock()
		delete(databases.dsn, t)
		databases.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	dsn, err = s.dsn(name)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	databases.Lock()
	defer databases.Unlock()
	if databases.dsn == nil {
		databases.dsn = make(map[testing.TB]string)
	}
	databases.dsn[t] = dsn
	return dsn
}

// clone copies the template.
func (s *server) clone(ctx context.Context) (string, error) {
	name := fmt.Sprintf("%s%d", s.prefix, s.count.Add(1))
	create := "CREATE DATABASE " + name + " TEMPLATE " + s.prefix + "template"
	// Twice as fast as the default in memory. Servers before 15 do not know
	// the word, and some hosts do not allow it.
	_, err := s.admin.ExecContext(ctx, create+" STRATEGY FILE_COPY")
	if code := pg.Code(err); code == "42601" || code == "0A000" || code == "42501" {
		_, err = s.admin.ExecContext(ctx, create)
	}
	if err != nil {
		return "", fmt.Errorf("make the test's database: %w", err)
	}
	return name, nil
}

func (s *server) drop(ctx context.Context, name string) error {
	if _, err := s.admin.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop a test's database: %w", err)
	}
	return nil
}
