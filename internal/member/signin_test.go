package member_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

const (
	password = "кавун на балконі" // 16 characters
	host     = "203.0.113.7"
	nobody   = "01890a5d-ac96-774b-bcce-b302099a8057"
)

func in(t testing.TB, db *sqlx.DB, story func(*sqlx.Tx) error) error {
	t.Helper()
	return pg.InTx(t.Context(), db, story)
}

// person enters somebody and returns the id.
func person(t testing.TB, db *sqlx.DB, email, password string) (id string) {
	t.Helper()
	err := in(t, db, func(tx *sqlx.Tx) (err error) {
		id, err = member.AddPerson(t.Context(), tx, noon, email, "Олена Ткач", password)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Key != key {
		t.Errorf("error = %v, want fault %s", err, key)
	}
}

func signIn(t *testing.T, db *sqlx.DB, at time.Time, email, password, host string) (member.Person, error) {
	t.Helper()
	return member.SignIn(t.Context(), db, clock.At(at), email, password, host)
}

func TestSignInTellsWhoItIs(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	id := person(t, db, "Olena@Example.org", password)
	for _, typed := range []string{"olena@example.org", " OLENA@example.ORG\t"} {
		p, err := signIn(t, db, noon, typed, password, host)
		if err != nil || p.ID != id || p.Email != "olena@example.org" || p.Name != "Олена Ткач" {
			t.Errorf("%q: %+v, %v", typed, p, err)
		}
	}
}

// A stranger must not learn which addresses are known.
func TestWrongPairsAreOneFault(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	person(t, db, "olena@example.org", password)
	person(t, db, "nopassword@example.org", "")
	for name, c := range map[string]struct{ email, password string }{
		"wrong password":                  {"olena@example.org", "кавун на балконі."},
		"empty password":                  {"olena@example.org", ""},
		"password of 10,000 letters":      {"olena@example.org", strings.Repeat(password, 625)},
		"unknown address":                 {"ivan@example.org", password},
		"no address":                      {"", password},
		"who has no password":             {"nopassword@example.org", password},
		"who has no password, empty":      {"nopassword@example.org", ""},
		"the password of nobody":          {"nopassword@example.org", "nobody has this password"},
		"the password of nobody, unknown": {"ivan@example.org", "nobody has this password"},
		"an address with NUL":             {"olena@example.org\x00", password},
		"an address that is no UTF-8":     {"\xff@example.org", password},
		"a statement":                     {"' OR 1=1 --", password},
	} {
		p, err := signIn(t, db, noon, c.email, c.password, host)
		wantFault(t, err, fault.Unauthorized, "signin.wrong")
		if p.ID != "" {
			t.Errorf("%s: signed in as %+v", name, p)
		}
	}
}

func TestTooManyFailuresOfOneAddress(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	person(t, db, "olena@example.org", password)
	for i := range 10 {
		_, err := signIn(t, db, noon, "olena@example.org", "wrong", fmt.Sprint("203.0.113.", i))
		wantFault(t, err, fault.Unauthorized, "signin.wrong")
	}
	_, err := signIn(t, db, noon.Add(time.Minute), " Olena@example.org", password, "203.0.113.99")
	wantFault(t, err, fault.TooMany, "signin.too_many")
	if _, err := signIn(t, db, noon.Add(15*time.Minute), "olena@example.org", password, host); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// One host that tries many addresses is stopped too, and nobody else is.
func TestTooManyFailuresFromOneHost(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	person(t, db, "olena@example.org", password)
	if _, err := owner.Exec(`INSERT INTO sign_in_failures (subject, failed_at) SELECT 'ip:' || $1, $2 FROM generate_series(1, 59)`, host, noon); err != nil {
		t.Fatal(err)
	}
	_, err := signIn(t, db, noon, "olena@example.org", "wrong", host)
	wantFault(t, err, fault.Unauthorized, "signin.wrong")
	_, err = signIn(t, db, noon, "olena@example.org", password, host)
	wantFault(t, err, fault.TooMany, "signin.too_many")
	if _, err := signIn(t, db, noon, "olena@example.org", password, "203.0.113.8"); err != nil {
		t.Errorf("another host: %v", err)
	}
}

func TestSuccessForgetsTheAddresssFailures(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	person(t, db, "olena@example.org", password)
	for range 3 {
		for range 9 {
			_, err := signIn(t, db, noon, "olena@example.org", "wrong", host)
			wantFault(t, err, fault.Unauthorized, "signin.wrong")
		}
		if _, err := signIn(t, db, noon, "olena@example.org", password, host); err != nil {
			t.Fatal(err)
		}
	}
}

// What is typed as an address may be a password in the wrong field.
func TestFailuresDoNotKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	_, err := signIn(t, db, noon, "кавун-canary", "x", host)
	wantFault(t, err, fault.Unauthorized, "signin.wrong")
	var kept string
	if err := owner.Get(&kept, `SELECT string_agg(subject, ' ') FROM sign_in_failures`); err != nil || strings.Contains(kept, "canary") || !strings.Contains(kept, host) {
		t.Errorf("kept %q, %v", kept, err)
	}
	if _, err := signIn(t, db, noon.Add(25*time.Hour), "other", "x", host); err == nil {
		t.Error("signed in")
	}
	var n int
	if err := owner.Get(&n, `SELECT count(*) FROM sign_in_failures WHERE failed_at = $1`, noon); err != nil || n != 0 {
		t.Errorf("%d failures of the day before are kept, %v", n, err)
	}
}

// Strangers can ask for work; one who has gone away waits for nothing.
func TestSignInOfSomebodyWhoHasLeftEnds(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := member.SignIn(ctx, db, clock.At(noon), "olena@example.org", password, host); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}

func TestManySignInsAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	person(t, db, "olena@example.org", password)
	errs := gatewaytest.Together(8, func(int) error {
		_, err := member.SignIn(t.Context(), db, clock.At(noon), "olena@example.org", password, host)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
