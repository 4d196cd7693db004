package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
)

// change is the form that changes a password.
func change(to string) url.Values {
	return url.Values{"former": {password}, "password": {to}}
}

// besiege guesses at an address until nobody unknown may try any more.
func (g *gate) besiege(email string) {
	g.t.Helper()
	for range 10 {
		g.house.As("").Post("/sign-in", pair(email, "wrong")).Wants(http.StatusUnprocessableEntity)
	}
	g.house.As("").Post("/sign-in", pair(email, password)).Wants(http.StatusTooManyRequests)
}

// Whoever guesses at an address shuts nobody out: its person comes in with a browser that
// has been there, or after a letter.
func TestGuessingAtAnAddressShutsNobodyOut(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	hers := g.signedIn("iryna@example.org")
	hers.Post("/sign-out", nil).Wants(http.StatusSeeOther)
	g.besiege("iryna@example.org")
	hers.Post("/sign-in", pair("iryna@example.org", password)).LeadsTo("/portal")

	b := g.house.As("")
	b.Post("/sign-in/reset", url.Values{"email": {"iryna@example.org"}}).Wants(http.StatusSeeOther)
	if n, err := member.AnswerResets(t.Context(), g.db, clock.System, "http://127.0.0.1"); err != nil || n != 1 {
		t.Fatalf("%d letters, %v", n, err)
	}
	b.Post("/sign-in/reset/"+g.resetToken(), url.Values{"password": {better}}).Wants(http.StatusSeeOther)
	b.Post("/sign-in", pair("iryna@example.org", better)).LeadsTo("/portal")
	g.house.As("").Post("/sign-in", pair("iryna@example.org", better)).Wants(http.StatusTooManyRequests)
}

// resetToken reads the last letter with a link.
func (g *gate) resetToken() string {
	g.t.Helper()
	var text string
	if err := g.owner.Get(&text, `SELECT text_body FROM letters WHERE name = 'reset' ORDER BY queued_at DESC, id DESC LIMIT 1`); err != nil {
		g.t.Fatal(err)
	}
	_, rest, found := strings.Cut(text, "/sign-in/reset/")
	if !found {
		g.t.Fatalf("no link in %q", text)
	}
	return strings.Fields(rest)[0]
}

// Codes are guessed at by who has the password, and that shuts nobody out either.
func TestGuessingAtCodesShutsNobodyOut(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	his := g.signedIn("roman@example.org")
	thief := g.house.As("")
	thief.Post("/sign-in", pair("roman@example.org", password)).LeadsTo("/sign-in/factor")
	for range 5 {
		thief.Post("/sign-in/factor", typed("000000")).Wants(http.StatusUnprocessableEntity)
	}
	thief.Post("/sign-in/factor", typed(g.code())).Wants(http.StatusTooManyRequests)
	his.Post("/sign-out", nil).Wants(http.StatusSeeOther)
	his.Post("/sign-in", pair("roman@example.org", password)).LeadsTo("/sign-in/factor")
	his.Post("/sign-in/factor", typed(g.code())).LeadsTo("/office")
}

// give makes somebody's password one that another has chosen.
func (g *gate) give(person string, at time.Time) {
	g.tx(func(tx *sqlx.Tx) error { return member.PasswordWasGiven(g.t.Context(), tx, at, person) })
}

// A password that somebody else has chosen opens the page on which it is changed, for two
// weeks, and nothing else.
func TestAGivenPasswordHasToBeChanged(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	g.give(g.payer, clock.System())
	g.give(g.roman, clock.System())
	for _, who := range []string{"iryna@example.org", "roman@example.org"} {
		b := g.signedIn(who)
		for _, address := range []string{"/account", "/account/data", "/account/trail"} {
			b.Get(address).LeadsTo("/account/password")
		}
		b.Post("/account/sessions/end", nil).LeadsTo("/account/password")
		b.Get("/forgetful").Wants(http.StatusNotFound) // the doors know of no role
		b.Get("/account/password").Wants(http.StatusOK).Says("main", "Somebody else has chosen your password")
		b.Post("/account/password", change(password)).Wants(http.StatusUnprocessableEntity).Says("#password-e", "Choose another")
		b.Post("/account/password", change(better)).LeadsTo("/account?notice=password-changed")
		b.Get("/account").Wants(http.StatusOK)
		b.Post("/sign-out", nil).Wants(http.StatusSeeOther)
	}
	var left int
	if err := g.owner.Get(&left, `SELECT count(*) FROM people WHERE password_given_at IS NOT NULL`); err != nil || left != 0 {
		t.Errorf("%d passwords still count as given, %v", left, err)
	}
}

func TestAGivenPasswordEnds(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	g.give(g.payer, clock.System().Add(-14*24*time.Hour+time.Minute))
	g.house.As("").Post("/sign-in", pair("iryna@example.org", password)).Wants(http.StatusSeeOther)
	g.late = time.Hour
	g.house.As("").Post("/sign-in", pair("iryna@example.org", password)).Wants(http.StatusUnprocessableEntity)
	g.signedIn("roman@example.org").Get("/account").Wants(http.StatusOK) // others are not touched
}
