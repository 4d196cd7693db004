package signin_test

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
)

const better = "дятел пише без помилок"

func TestSessionsAreListedAndEndedByTheirOwnPerson(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	desk, phone, other := g.signedIn("iryna@example.org"), g.signedIn("iryna@example.org"), g.signedIn("roman@example.org")
	list := desk.Get("/account").Wants(http.StatusOK).Says(".own", "this page").Says(".own", "127.0.0.1")
	end := regexp.MustCompile(`/account/sessions/[0-9a-f-]{36}/end`).FindAllString(list.Body, -1)
	if len(end) != 1 { // its own session is ended by signing out
		t.Fatalf("sessions to end: %v", end)
	}
	other.Post(end[0], nil).Wants(http.StatusNotFound)
	phone.Get("/account").Wants(http.StatusOK)
	desk.Post(end[0], nil).LeadsTo("/account?notice=session-ended")
	if got := phone.Get("/me").Body; got != "nobody en" {
		t.Errorf("the ended session is %q", got)
	}
	desk.Post(end[0], nil).Wants(http.StatusNotFound)
	phone = g.signedIn("iryna@example.org")
	desk.Post("/account/sessions/end", nil).LeadsTo("/account?notice=sessions-ended")
	if got := phone.Get("/me").Body + desk.Get("/me").Body; !strings.HasPrefix(got, "nobody enІрина") {
		t.Errorf("after ending all others: %q", got)
	}
	if got := other.Get("/me").Body; !strings.HasPrefix(got, "Роман") {
		t.Errorf("somebody else's session is %q", got)
	}
}

// A cookie of before a change of what it opens is void, even when its row comes back.
func TestAFormerCookieOpensNothing(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	former := g.house.As("")
	former.Cookies = []*http.Cookie{session(b)}
	if _, err := g.owner.Exec(`CREATE TABLE kept AS SELECT * FROM sessions`); err != nil {
		t.Fatal(err)
	}
	b.Post("/account/password", change(better)).LeadsTo("/account?notice=password-changed")
	// A request that was under way writes the former row again.
	if _, err := g.owner.Exec(`INSERT INTO sessions SELECT * FROM kept`); err != nil {
		t.Fatal(err)
	}
	if got := former.Get("/me").Body; got != "nobody en" {
		t.Errorf("the former cookie is %q", got)
	}
	if got := b.Get("/me").Body; !strings.HasPrefix(got, "Ірина") {
		t.Errorf("the new cookie is %q", got)
	}
}

func TestChangingThePasswordEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	desk, phone := g.signedIn("iryna@example.org"), g.signedIn("iryna@example.org")
	for former, words := range map[string]string{"": "not your password", "wrong": "not your password", better: "not your password"} {
		form := change(better)
		form.Set("former", former)
		desk.Post("/account/password", form).Wants(http.StatusUnprocessableEntity).Says("#former-e", words)
	}
	desk.Post("/account/password", change(password)).Wants(http.StatusUnprocessableEntity).Says("#password-e", "Choose another")
	if got := phone.Get("/me").Body; !strings.HasPrefix(got, "Ірина") {
		t.Errorf("a refused change has ended the other session: %q", got)
	}
	desk.Post("/account/password", change("короткий")).Wants(http.StatusUnprocessableEntity).Says(".field-error", "12 characters at least")
	desk.Post("/account/password", change("passwordpassword")).Wants(http.StatusUnprocessableEntity).Says(".field-error", "everybody tries")
	desk.Post("/account/password", change(better)).LeadsTo("/account?notice=password-changed")
	desk.Get("/account?notice=password-changed").Wants(http.StatusOK).Says("[role=status]", "signed out everywhere else")
	if got := phone.Get("/me").Body; got != "nobody en" {
		t.Errorf("the other session is %q", got)
	}
	g.house.As("").Post("/sign-in", pair("iryna@example.org", better)).LeadsTo("/portal")
	g.late = time.Hour
	asked := desk.Post("/account/password", change("ще один довгий")).Wants(http.StatusUnauthorized)
	if asked.Attr("[name=password]", "value") != "ще один довгий" {
		t.Error("what was typed is lost")
	}
}

// A stranger learns nothing, and who forgot a password gets in again, through the second
// factor as ever.
func TestAForgottenPassword(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	b.Get("/sign-in").Wants(http.StatusOK).Says("main", "Forgot the password?")
	b.Get("/sign-in/reset").Wants(http.StatusOK)
	b.Post("/sign-in/reset", url.Values{"email": {"not an address"}}).Wants(http.StatusUnprocessableEntity).Says(".field-error", "address")
	for _, email := range []string{"nobody@example.org", "roman@example.org"} {
		b.Post("/sign-in/reset", url.Values{"email": {email}}).LeadsTo("/sign-in/reset?sent=1")
	}
	b.Get("/sign-in/reset?sent=1").Wants(http.StatusOK).Says("[role=status]", "If somebody signs in here")
	if n, err := member.AnswerResets(t.Context(), g.db, clock.System, "http://127.0.0.1"); err != nil || n != 1 {
		t.Fatalf("%d letters, %v", n, err)
	}
	var letter, lang string
	if err := g.owner.QueryRow(`SELECT text_body, lang FROM letters WHERE recipient = 'roman@example.org'`).Scan(&letter, &lang); err != nil || lang != "uk" {
		t.Fatalf("letter in %q, %v", lang, err)
	}
	link := regexp.MustCompile(`http://127\.0\.0\.1(/sign-in/reset/\S+)`).FindStringSubmatch(letter)[1]
	form := b.Get(link).Wants(http.StatusOK).Says("h1", "New password")
	if form.Attr("main form", "action") != link {
		t.Errorf("the form leads to %s", form.Attr("main form", "action"))
	}
	b.Post(link, url.Values{"password": {"123456789012"}}).Wants(http.StatusUnprocessableEntity).Says(".field-error", "everybody tries")
	b.Post(link, url.Values{"password": {better}}).LeadsTo("/sign-in?notice=password-set")
	b.Get("/sign-in?notice=password-set").Wants(http.StatusOK).Says("[role=status]", "password is set")
	b.Get(link).Wants(http.StatusNotFound).Says("[role=alert]", "no longer opens anything")
	b.Post(path.Dir(link)+"/AAAA", url.Values{"password": {better}}).Wants(http.StatusNotFound)
	b.Post("/sign-in", pair("roman@example.org", better)).LeadsTo("/sign-in/factor")
}

// The script's addresses take what the script sends, and speak the visitor's language.
func TestTheScriptIsAnsweredInWords(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	b.PostRaw("/sign-in/passkey", strings.NewReader("answer=x")).Wants(http.StatusUnsupportedMediaType)
	send := func(path, body string) (int, string) {
		t.Helper()
		a, err := b.Try(http.MethodPost, path, strings.NewReader(body), "application/json")
		if err != nil {
			t.Fatal(err)
		}
		return a.Status, a.Body
	}
	if status, body := send("/sign-in/passkey", `{"answer":{}}`); status != http.StatusUnprocessableEntity || !strings.Contains(body, "took too long") {
		t.Errorf("without a challenge: %d %s", status, body)
	}
	if status, body := send("/sign-in/passkey/options", `{}`); status != http.StatusOK || !strings.Contains(body, `"userVerification":"required"`) || !strings.Contains(body, `"rpId":"localhost"`) {
		t.Errorf("options: %d %s", status, body)
	}
	for _, junk := range []string{`{"answer":{"id":"AA"}}`, `{`, ``, `{"answer":"` + strings.Repeat("x", 100) + `"}`} {
		if status, body := send("/sign-in/passkey", junk); status != http.StatusUnprocessableEntity || !strings.Contains(body, `"error"`) {
			t.Errorf("%.40s: %d %s", junk, status, body)
		}
	}
	if status, _ := send("/sign-in/passkey", `{"answer":"`+strings.Repeat("x", 70<<10)+`"}`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("seventy kilobytes: %d", status)
	}
	b = g.signedIn("iryna@example.org")
	g.late = time.Hour
	if status, body := send("/account/passkeys/options", `{}`); status != http.StatusForbidden || !strings.Contains(body, "ten minutes") {
		t.Errorf("without a fresh proof: %d %s", status, body)
	}
}

func TestDevicesAreNamedInWords(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox, Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari, iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0":           "Edge, Windows",
		"<script>alert(1)</script>" + strings.Repeat("x", 1000):                                                                                   "Unknown device",
	} {
		var id string
		if err := g.owner.Get(&id, `SELECT id FROM people WHERE email = 'iryna@example.org'`); err != nil {
			t.Fatal(err)
		}
		b := g.signedIn("iryna@example.org")
		if _, err := g.owner.Exec(`UPDATE person_sessions SET agent = left($1, 300)`, agent); err != nil {
			t.Fatal(err)
		}
		b.Get("/account").Wants(http.StatusOK).Says(".own strong", want)
	}
}
