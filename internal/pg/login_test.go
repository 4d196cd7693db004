package pg_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// login makes a login of the program's on the test's server, which it leaves when the test
// ends, and returns the address that signs in with it.
func login(t *testing.T, password string) (owner *sqlx.DB, name, dsn string) {
	t.Helper()
	_, owner = pgtest.Both(t)
	name = "serve_" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() {
		if _, err := owner.ExecContext(context.Background(), `DROP ROLE IF EXISTS `+name); err != nil {
			t.Error(err)
		}
	})
	if err := pg.KeepLogin(t.Context(), owner, name, password); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, password)
	return owner, name, u.String()
}

// What the program signs in with is no more than the program: SQL of somebody's own makes
// nothing, changes nothing that stands, becomes nobody else, and has less when it lays the
// role down.
func TestTheProgramsLoginCannotBecomeTheOwner(t *testing.T) {
	t.Parallel()
	owner, _, dsn := login(t, "what the program knows")
	var schemaOwner string
	if err := owner.GetContext(t.Context(), &schemaOwner, `SELECT session_user`); err != nil {
		t.Fatal(err)
	}
	db := open(t, pg.OpenApp, dsn)
	db.SetMaxOpenConns(1) // SET ROLE below has to meet its queries
	if more, err := pg.MayMore(t.Context(), db); more || err != nil {
		t.Errorf("the login may do more than serve: %v, %v", more, err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO audit_acts (happened_at, act, subject) VALUES (now(), 'pledge.made', 'x')`); err != nil {
		t.Fatalf("it cannot serve: %v", err)
	}
	refused := func(queries ...string) {
		t.Helper()
		for _, query := range queries {
			if _, err := db.ExecContext(t.Context(), query); pg.Code(err) != "42501" {
				t.Errorf("%s: %v, want a refusal for lack of rights", query, err)
			}
		}
	}
	refused(
		`CREATE TABLE public.mine (n int)`, `CREATE SCHEMA mine`, `CREATE ROLE mine`, `CREATE DATABASE mine`, `CREATE FUNCTION ledger.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		`ALTER TABLE ledger.lines DISABLE TRIGGER ALL`, `ALTER TABLE pledges ADD COLUMN mine int`, `ALTER ROLE kopiyka_app SUPERUSER`, `ALTER FUNCTION refuse_change() RENAME TO mine`,
		`DROP TABLE pledges`, `DROP TRIGGER write_once_rows ON ledger.lines`, `DROP FUNCTION refuse_change() CASCADE`, `DROP SCHEMA ledger CASCADE`,
		`TRUNCATE pledges`, `TRUNCATE ledger.lines`, `TRUNCATE sign_in_failures`,
		`SET session_replication_role = replica`, `SET ROLE `+pq.QuoteIdentifier(schemaOwner), `SET SESSION AUTHORIZATION `+pq.QuoteIdentifier(schemaOwner),
		`GRANT `+pq.QuoteIdentifier(schemaOwner)+` TO CURRENT_USER`,
	)
	if _, err := db.ExecContext(t.Context(), `SET ROLE NONE`); err != nil {
		t.Fatal(err)
	}
	refused(`SELECT 1 FROM pledges`, `SELECT 1 FROM ledger.entries`, `INSERT INTO audit_acts (happened_at, act, subject) VALUES (now(), 'pledge.made', 'x')`,
		`CREATE TABLE public.mine (n int)`, `DROP TABLE pledges`, `SET ROLE `+pq.QuoteIdentifier(schemaOwner))
}

// The owner's login is told from the program's, with the role taken on or not.
func TestWhoMayMoreThanServeIsNoticed(t *testing.T) {
	t.Parallel()
	app, owner := pgtest.Both(t)
	for as, db := range map[string]*sqlx.DB{"the owner": owner, "the owner as the program": app} {
		if more, err := pg.MayMore(t.Context(), db); !more || err != nil {
			t.Errorf("%s: %v, %v", as, more, err)
		}
	}
	for what, spoil := range map[string]func(name string) string{
		"makes roles": func(name string) string { return `ALTER ROLE ` + name + ` CREATEROLE` },
		"is another":  func(name string) string { return `GRANT pg_read_all_data TO ` + name },
		"makes schemas": func(name string) string {
			return `DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ` + name + `', current_database()); END $$`
		},
		"makes tables":     func(name string) string { return `GRANT CREATE ON SCHEMA ledger TO ` + name },
		"owns some schema": func(name string) string { return `CREATE SCHEMA mine AUTHORIZATION ` + name },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			owner, name, dsn := login(t, "x")
			t.Cleanup(func() { owner.MustExec(`DROP OWNED BY ` + name) })
			owner.MustExec(spoil(name))
			if more, err := pg.MayMore(t.Context(), open(t, pg.OpenApp, dsn)); !more || err != nil {
				t.Errorf("not noticed: %v, %v", more, err)
			}
		})
	}
}

func TestKeepLoginGivesItANewPasswordAndTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	owner, name, dsn := login(t, "the former one")
	if err := pg.KeepLogin(t.Context(), owner, name, "the new one"); err != nil {
		t.Fatal(err)
	}
	if db, err := pg.OpenApp(t.Context(), dsn); err == nil {
		_ = db.Close()
		t.Error("the former password still opens")
	}
	u, _ := url.Parse(dsn)
	u.User = url.UserPassword(name, "the new one")
	open(t, pg.OpenApp, u.String())

	var me string
	if err := owner.GetContext(t.Context(), &me, `SELECT session_user`); err != nil {
		t.Fatal(err)
	}
	if err := pg.KeepLogin(t.Context(), owner, me, "stolen"); err == nil {
		t.Error("the owner's own login was changed")
	}
	for _, password := range []string{"", "пароль", "a\x00b", "a\nb"} {
		if err := pg.KeepLogin(t.Context(), owner, name, password); err == nil || password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("%q: %v", password, err)
		}
	}
}

// On a network, the server is known by its certificate or the address is refused.
func TestAddressesThatCanBeOverheardAreNoticed(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]bool{
		"postgres://k@db.example.org/k":                              true, // lib/pq's own default looks at no certificate
		"postgres://k@db.example.org/k?sslmode=disable":              true,
		"postgres://k@db.example.org/k?sslmode=require":              true,
		"postgres://k@db.example.org/k?sslmode=verify-ca":            true,
		"postgres://k@db.example.org/k?sslmode=verify-full":          false,
		"host=10.0.0.5 sslmode=disable":                              true,
		"postgres://k@localhost.example.org/k?sslmode=disable":       true,
		"postgres://k@127.0.0.1/k?sslmode=disable":                   false,
		"postgres://k@[::1]/k?sslmode=disable":                       false,
		"postgres://k@localhost/k":                                   false,
		"postgres://k@/k?host=/var/run/postgresql":                   false,
		"host=/tmp dbname=k":                                         false,
		"postgres://k@127.0.0.1,db.example.org/k?sslmode=disable":    true,
		"host=localhost hostaddr=10.0.0.5 dbname=k sslmode=disable":  true,
		"host=db.example.org hostaddr=127.0.0.1 sslmode=disable":     false,
		"host=db.example.org hostaddr=10.0.0.5 sslmode=verify-full ": false,
	} {
		if got, err := pg.Overheard(dsn); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", dsn, got, err, want)
		}
	}
	if _, err := pg.Overheard("postgres://k:" + secret + "%zz@h/k"); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error = %v", err)
	}
}
