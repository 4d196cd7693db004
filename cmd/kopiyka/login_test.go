package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/config"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// logins is a database without a schema, and the addresses of its owner and of a login that
// the program could have.
type logins struct{ owner, serving string }

func twoLogins(t *testing.T) logins {
	t.Helper()
	_, admin := pgtest.Both(t)
	u, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	name := "kopiyka_" + strings.ToLower(rand.Text()[:10])
	admin.MustExec(`CREATE DATABASE ` + name)
	t.Cleanup(func() {
		for _, drop := range []string{`DROP DATABASE ` + name + ` WITH (FORCE)`, `DROP ROLE IF EXISTS ` + name} {
			if _, err := admin.ExecContext(context.Background(), drop); err != nil {
				t.Error(err)
			}
		}
	})
	u.Path = "/" + name
	both := logins{owner: u.String()}
	u.User = url.UserPassword(name, "of the program alone")
	both.serving = u.String()
	return both
}

// found is what findDatabase makes of the addresses, and what it and the rest write in the log.
func found(t *testing.T, serving, owner string) (*database, *bytes.Buffer) {
	t.Helper()
	said := &bytes.Buffer{}
	d, err := findDatabase(t.Context(), config.Config{DatabaseURL: serving, MigrateURL: owner}, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d, said
}

// whom asks as whom a connection signed in and works.
func whom(t *testing.T, db *sqlx.DB) (login, role string) {
	t.Helper()
	defer db.Close()
	if err := db.QueryRowxContext(t.Context(), `SELECT session_user, current_user`).Scan(&login, &role); err != nil {
		t.Fatal(err)
	}
	return login, role
}

// The owner's address makes the schema and the login; from then on the login's own is enough.
func TestServingTakesALoginOfItsOwn(t *testing.T) {
	t.Parallel()
	at := twoLogins(t)
	if d, _ := found(t, at.serving, ""); d.migrateAndLook(t.Context()) == nil {
		t.Fatal("a login that is not there has migrated")
	}
	d, said := found(t, at.serving, at.owner)
	db, err := d.migrated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := pg.LoginOf(at.serving)
	if login, role := whom(t, db); login != name || role != pg.AppRole {
		t.Errorf("it serves as %s in the role %s, want %s in %s", login, role, name, pg.AppRole)
	}
	if strings.Contains(said.String(), "owner") {
		t.Errorf("warned for nothing: %s", said)
	}
	d, _ = found(t, at.serving, "")
	for what, opened := range map[string]func(context.Context) (*sqlx.DB, error){"serving": d.migrated, "looking": d.opened} {
		db, err := opened(t.Context())
		if err != nil {
			t.Fatalf("%s with the login alone: %v", what, err)
		}
		if login, role := whom(t, db); login != name || role != pg.AppRole {
			t.Errorf("%s as %s in the role %s", what, login, role)
		}
	}
}

// A password is replaced by another login: both serve while processes go from one to the
// other, and the former one leaves nothing behind.
func TestALoginIsReplacedWithoutAPause(t *testing.T) {
	t.Parallel()
	at := twoLogins(t)
	d, _ := found(t, at.serving, at.owner)
	former, err := d.migrated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer former.Close()
	name, _, _ := pg.LoginOf(at.serving)
	next := strings.Replace(at.serving, name, name+"_next", 1)
	d, _ = found(t, next, at.owner)
	if err := d.migrateAndLook(t.Context()); err != nil {
		t.Fatal(err)
	}
	former.SetMaxIdleConns(0) // it connects anew
	if err := former.PingContext(t.Context()); err != nil {
		t.Errorf("the former login: %v", err)
	}
	d, _ = found(t, next, "")
	db, err := d.migrated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if login, role := whom(t, db); login != name+"_next" || role != pg.AppRole {
		t.Errorf("it serves as %s in the role %s", login, role)
	}
	owner, err := pg.Open(t.Context(), at.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	if _, err := owner.ExecContext(t.Context(), `DROP ROLE `+name); err != nil {
		t.Errorf("the former login stays: %v", err)
	}
	if err := former.PingContext(t.Context()); err == nil {
		t.Error("the former login still comes in")
	}
	if _, err := owner.ExecContext(t.Context(), `DROP ROLE `+name+`_next`); err != nil {
		t.Error(err)
	}
}

// A login that may not change the schema is told who may, before anything is served on the
// wrong one.
func TestALoginOfItsOwnFindsAnotherSchemaAndSaysSo(t *testing.T) {
	t.Parallel()
	at := twoLogins(t)
	d, _ := found(t, at.serving, at.owner)
	db, err := d.migrated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	owner, err := pg.Open(t.Context(), at.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	owner.MustExec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	d, _ = found(t, at.serving, "")
	if _, err := d.migrated(t.Context()); !errors.Is(err, pg.ErrNotMigrated) {
		t.Errorf("serving: %v, want ErrNotMigrated", err)
	}
	if err := d.migrateAndLook(t.Context()); err == nil || !strings.Contains(err.Error(), "KOPIYKA_MIGRATE_URL") {
		t.Errorf("migrating: %v, want the variable that is missing", err)
	}
}

// Set-ups of one address go on, and the log says what to do. Two addresses of one owner are
// a mistake.
func TestOneAddressServesWithAWarning(t *testing.T) {
	t.Parallel()
	at := twoLogins(t)
	d, said := found(t, at.owner, "")
	db, err := d.migrated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, role := whom(t, db); role != pg.AppRole {
		t.Errorf("it serves in the role %s", role)
	}
	if !strings.Contains(said.String(), "level=WARN") || !strings.Contains(said.String(), "Two logins") {
		t.Errorf("no word of the second login: %s", said)
	}
	d, _ = found(t, at.owner, at.owner)
	if _, err := d.migrated(t.Context()); !errors.Is(err, errMayMore) {
		t.Errorf("the owner twice: %v, want errMayMore", err)
	}
}

// What goes over a network is neither read nor answered by somebody on the way.
func TestADatabaseElsewhereIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		config config.Config
		want   string // of the error
	}{
		"in the clear":        {config.Config{DatabaseURL: "postgres://k:canary@db.example.org/k?sslmode=disable"}, "DATABASE_URL"},
		"without a look":      {config.Config{DatabaseURL: "postgres://k:canary@db.example.org/k?sslmode=require"}, "DATABASE_URL"},
		"known":               {config.Config{DatabaseURL: "postgres://k@db.example.org/k?sslmode=verify-full"}, ""},
		"the owner's":         {config.Config{DatabaseURL: "postgres://k@127.0.0.1/k", MigrateURL: "postgres://o:canary@db.example.org/k"}, "KOPIYKA_MIGRATE_URL"},
		"on a private one":    {config.Config{DatabaseURL: "postgres://k@postgres/k?sslmode=disable", PrivateNetwork: true}, ""},
		"on this machine":     {config.Config{DatabaseURL: "postgres://k@localhost/k?sslmode=disable"}, ""},
		"that cannot be read": {config.Config{DatabaseURL: "postgres://k:canary%zz@h/k", PrivateNetwork: true}, "DATABASE_URL"},
	} {
		_, err := findDatabase(t.Context(), c.config, log)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want an error about %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error tells a password: %v", name, err)
		}
	}
}

// The private cluster's two logins differ, and the program's tells nothing of the owner's.
func TestThePrivateClustersLoginsDiffer(t *testing.T) {
	t.Parallel()
	const owner = "postgres://kopiyka:canary@/kopiyka?host=%2Ftmp&sslmode=disable"
	serving, err := ownLogin(owner)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := ownLogin(owner)
	if name, password, err := pg.LoginOf(serving); err != nil || name != privateLogin || len(password) != 64 || serving != again || strings.Contains(serving, "canary") {
		t.Errorf("it serves as %s, %v", serving, err)
	}
}
