package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/member"
)

// toldOf are the letters about new browsers that somebody was written, the first first.
func (g *gate) toldOf(email string) (subjects []string) {
	g.t.Helper()
	if err := g.owner.Select(&subjects, `SELECT subject FROM letters WHERE recipient = $1 AND key LIKE 'account:browser:%' ORDER BY key`, email); err != nil {
		g.t.Fatal(err)
	}
	return subjects
}

// Somebody who comes in as a person in a new browser is told of to that person, in the
// language of theirs. The first sign-in of all, and browsers that are known, are not.
func TestANewBrowserIsToldOf(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	const iryna = "iryna@example.org"
	hers := g.signedIn(iryna)
	hers.Post("/sign-out", nil).Wants(http.StatusSeeOther)
	hers.Post("/sign-in", pair(iryna, password)).LeadsTo("/portal")
	if got := g.toldOf(iryna); len(got) != 0 {
		t.Errorf("of her own browser she is told %q", got)
	}
	g.house.As("").Post("/sign-in", pair(iryna, "wrong")).Wants(http.StatusUnprocessableEntity)
	if got := g.toldOf(iryna); len(got) != 0 {
		t.Errorf("of a wrong password she is told %q", got)
	}
	g.signedIn(iryna)
	if got := g.toldOf(iryna); len(got) != 1 || got[0] != "A sign-in from a new browser" {
		t.Fatalf("of a new browser she is told %q", got)
	}
	var said, stop string
	if err := g.owner.QueryRow(`SELECT text_body, unsubscribe FROM letters WHERE key LIKE 'account:browser:%'`).Scan(&said, &stop); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "Network address: 127.0.0.1") || !strings.Contains(said, "Set a new password at once") || stop != "" {
		t.Errorf("the letter, which can be stopped at %q, says\n%s", stop, said)
	}

	reader := g.house.As("") // in which a link from a letter was followed just now
	reader.Post("/sign-in/reset", url.Values{"email": {iryna}}).Wants(http.StatusSeeOther)
	if _, err := member.AnswerResets(t.Context(), g.db, g.now, "http://127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	reader.Post("/sign-in/reset/"+g.resetToken(), url.Values{"password": {better}}).Wants(http.StatusSeeOther)
	reader.Post("/sign-in", pair(iryna, better)).LeadsTo("/portal")
	if got := g.toldOf(iryna); len(got) != 1 {
		t.Errorf("of the browser that the letter was read in she is told %q", got)
	}
}

// Whoever has the password and not the second factor is told of at once, and the second step
// in the same browser is no further letter.
func TestAFirstStepInANewBrowserIsToldOf(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	const roman = "roman@example.org"
	g.signedIn(roman)
	if got := g.toldOf(roman); len(got) != 0 {
		t.Errorf("of his first sign-in he is told %q", got)
	}
	b := g.house.As("")
	b.Post("/sign-in", pair(roman, password)).LeadsTo("/sign-in/factor")
	if got := g.toldOf(roman); len(got) != 1 || got[0] != "The first step of a sign-in from a new browser" {
		t.Fatalf("of the first step he is told %q", got)
	}
	b.Post("/sign-in/factor", typed(g.code())).LeadsTo("/office")
	if got := g.toldOf(roman); len(got) != 1 {
		t.Errorf("of the second step he is told %q", got)
	}
}

// Whoever is told three times in a day is told of no more, until the next.
func TestNewBrowsersAreToldOfThreeTimesADay(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	const iryna = "iryna@example.org"
	for range 6 {
		g.signedIn(iryna)
	}
	if got := g.toldOf(iryna); len(got) != 3 {
		t.Fatalf("%d letters in a day", len(got))
	}
	g.late = 24 * time.Hour
	g.signedIn(iryna)
	if got := g.toldOf(iryna); len(got) != 4 {
		t.Errorf("%d letters by the next day", len(got))
	}
}
