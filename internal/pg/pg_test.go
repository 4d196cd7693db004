package pg_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// The program serves as a role that cannot rewrite what happened, however the address is written.
func TestOpenAppIsRestricted(t *testing.T) {
	t.Parallel()
	address := pgtest.DSN(t)
	for name, dsn := range map[string]string{"URL": address, "key=value": keyValue(t, address)} {
		t.Run(name, func(t *testing.T) {
			db, err := pg.OpenApp(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var role string
			if err := db.GetContext(t.Context(), &role, `SELECT current_user`); err != nil {
				t.Fatal(err)
			}
			if role != pg.AppRole {
				t.Fatalf("the program works as %s, want %s", role, pg.AppRole)
			}
			for _, query := range []string{
				`UPDATE pledges SET amount_minor = 1`,
				`DELETE FROM pledges`,
				`INSERT INTO ledger.lines (entry_id, account_id, currency, amount) VALUES (1, 1, 'USD', 1)`,
				`INSERT INTO ledger.entries (source, content, kind, happened_at, actor) VALUES ('x', '', 'gift', now(), 'me')`,
				`UPDATE ledger.balances SET balance = 1`,
				`DELETE FROM audit_acts`,
				`UPDATE audit_acts SET act = 'pledge.made'`,
				`UPDATE allocation_decisions SET decision = 'approved'`,
				`TRUNCATE audit_acts`,
				`CREATE TABLE public.mine (n int)`,
				`ALTER TABLE ledger.lines DISABLE TRIGGER ALL`,
				`SET session_replication_role = replica`,
			} {
				if _, err := db.ExecContext(t.Context(), query); pg.Code(err) != "42501" && !strings.Contains(err.Error(), "must be owner") {
					t.Errorf("%s: %v, want a refusal for lack of rights", query, err)
				}
			}
			// What it may do, so that the refusals above are no broken connection.
			if _, err := db.ExecContext(t.Context(), `INSERT INTO audit_acts (happened_at, act, subject) VALUES (now(), 'pledge.made', 'x')`); err != nil {
				t.Error(err)
			}
		})
	}
}

// Write-once tables stop the owner too.
func TestOwnerCannotRewriteHistory(t *testing.T) {
	t.Parallel()
	app, owner := pgtest.Both(t)
	if _, err := app.ExecContext(t.Context(), `INSERT INTO audit_acts (happened_at, act, subject) VALUES (now(), 'pledge.made', 'x')`); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`UPDATE audit_acts SET subject = 'y'`, `DELETE FROM audit_acts`, `TRUNCATE audit_acts CASCADE`, `TRUNCATE pledges CASCADE`} {
		if _, err := owner.ExecContext(t.Context(), query); pg.Code(err) != "LG004" {
			t.Errorf("%s: %v, want LG004", query, err)
		}
	}
}

const secret = "s3cret"

// Whatever is wrong with an address, the error does not show the password in it.
func TestErrorsNeverShowThePassword(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	refusing := *server
	refusing.User = url.UserPassword("nobody-of-this-name", secret)
	for name, dsn := range map[string]string{
		"a broken escape":         "postgres://kopiyka:" + secret + "%zz@127.0.0.1/kopiyka",
		"a space in the password": "postgres://kopiyka:x " + secret + "@127.0.0.1:port/kopiyka",
		"a port that is none":     "postgres://kopiyka:" + secret + "@127.0.0.1:port/kopiyka",
		"no equals sign":          "host=127.0.0.1 password=x " + secret,
		"an unended quote":        "host=127.0.0.1 password='" + secret,
		"an unknown sslmode":      "host=127.0.0.1 sslmode=perhaps password=" + secret,
		"no such host":            "postgres://kopiyka:" + secret + "@nowhere.invalid/kopiyka",
		"nobody listens":          "postgres://kopiyka:" + secret + "@127.0.0.1:1/kopiyka",
		"an unknown role":         refusing.String(),
	} {
		t.Run(name, func(t *testing.T) {
			for as, open := range openers {
				db, err := open(t.Context(), dsn)
				if err == nil {
					_ = db.Close()
					t.Fatalf("%s succeeded", as)
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s shows the password: %v", as, err)
				}
			}
		})
	}
}

var openers = map[string]func(context.Context, string) (*sqlx.DB, error){"Open": pg.Open, "OpenApp": pg.OpenApp}

func TestConstraintAndCodeReadTheChain(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	_, err := owner.ExecContext(t.Context(), `INSERT INTO audit_acts (happened_at, act, subject) VALUES (now(), 'no verb', 'x')`)
	if got := pg.Constraint(err); got != "audit_acts_act" {
		t.Errorf("Constraint = %q, want audit_acts_act", got)
	}
	if got := pg.Code(err); got != "23514" {
		t.Errorf("Code = %q, want 23514", got)
	}
	_, err = owner.ExecContext(t.Context(), `SELEKT`)
	if got := pg.Constraint(err); got != "" {
		t.Errorf("Constraint of a syntax error = %q, want none", got)
	}
	if pg.Code(nil) != "" || pg.Constraint(nil) != "" {
		t.Error("no error has a code")
	}
}

// keyValue writes a URL the other way.
func keyValue(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	pairs := []string{"user='" + u.User.Username() + "'", "dbname='" + strings.TrimPrefix(u.Path, "/") + "'"}
	if password, ok := u.User.Password(); ok {
		pairs = append(pairs, "password='"+password+"'")
	}
	if u.Hostname() != "" {
		pairs = append(pairs, "host='"+u.Hostname()+"'")
	}
	if u.Port() != "" {
		pairs = append(pairs, "port='"+u.Port()+"'")
	}
	for key, values := range u.Query() {
		pairs = append(pairs, key+"='"+values[0]+"'")
	}
	return strings.Join(pairs, " ")
}
