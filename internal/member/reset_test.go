package member_test

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

const better = "дятел пише без помилок"

// resetLink asks for a link and returns the token in the letter, or "".
func resetLink(t testing.TB, db, owner *sqlx.DB, email string, at time.Time) string {
	t.Helper()
	if err := member.AskReset(t.Context(), db, clock.At(at), email, host); err != nil {
		t.Fatal(err)
	}
	if _, err := member.AnswerResets(t.Context(), db, clock.At(at), site+"/"); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := owner.Get(&text, `SELECT coalesce((SELECT text_body FROM letters WHERE key LIKE 'reset:%' AND recipient = lower(trim($1)) ORDER BY id DESC LIMIT 1), '')`, email); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(regexp.MustCompile(`https://\S+`).FindString(text))
	if err != nil || text != "" && u.Host != siteName {
		t.Fatalf("the letter's link is %v, %v", u, err)
	}
	if text == "" {
		return ""
	}
	return path.Base(u.Path)
}

func TestALinkSetsANewPasswordOnce(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	id := person(t, db, "olena@example.org", password)
	session, err := member.BeginSession(t.Context(), db, noon, noon.Add(time.Hour), id, "Firefox", host)
	if err != nil {
		t.Fatal(err)
	}
	token := resetLink(t, db, owner, " Olena@example.org", noon)
	for range 2 { // a mail server looks first
		if err := member.ResetOpen(t.Context(), db, clock.At(noon), token); err != nil {
			t.Fatal(err)
		}
	}
	wantFault(t, reset(t, db, noon, token, "short"), fault.Invalid, "person.password_short")
	if err := reset(t, db, noon.Add(59*time.Minute), token, better); err != nil {
		t.Fatal(err)
	}
	wantFault(t, reset(t, db, noon, token, password), fault.NotFound, "link.gone")
	wantFault(t, member.ResetOpen(t.Context(), db, clock.At(noon), token), fault.NotFound, "link.gone")
	if _, err := signIn(t, db, noon, "olena@example.org", better, host); err != nil {
		t.Errorf("the new password: %v", err)
	}
	_, err = signIn(t, db, noon, "olena@example.org", password, host)
	wantFault(t, err, fault.Unauthorized, "signin.wrong")
	if life, err := member.LifeOf(t.Context(), db, noon, session, 1, id, host); err != nil || life.Goes {
		t.Errorf("a session of before goes on: %+v, %v", life, err)
	}
	var told int
	if err := owner.Get(&told, `SELECT count(*) FROM letters WHERE key LIKE 'account:password:%'`); err != nil || told != 1 {
		t.Errorf("%d letters tell of it, %v", told, err)
	}
}

func TestLinksEnd(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	id := person(t, db, "olena@example.org", password)
	first, second := resetLink(t, db, owner, "olena@example.org", noon), resetLink(t, db, owner, "olena@example.org", noon)
	wantFault(t, reset(t, db, noon.Add(time.Hour), first, better), fault.NotFound, "link.gone")
	// A password that is changed in another way voids what is on its way.
	if err := member.ChangePassword(t.Context(), db, clock.At(noon), id, better, ""); err != nil {
		t.Fatal(err)
	}
	wantFault(t, reset(t, db, noon, second, password), fault.NotFound, "link.gone")
	for _, token := range []string{"", "x", strings.Repeat("A", 100_000), "\x00", "' OR 1=1"} {
		wantFault(t, reset(t, db, noon, token, better), fault.NotFound, "link.gone")
	}
}

func TestOfTwoAtOnceWithOneLinkOneSetsIt(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	person(t, db, "olena@example.org", password)
	token := resetLink(t, db, owner, "olena@example.org", noon)
	errs := gatewaytest.Together(3, func(int) error { return reset(t, db, noon, token, better) })
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })); n != 1 {
		t.Errorf("the link opened %d times: %v", n, errs)
	}
}

// The database holds nothing with which a password could be set, and forgets who asked.
func TestTheDatabaseKeepsNoLinkAndNoAsker(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	person(t, db, "olena@example.org", password)
	token := resetLink(t, db, owner, "olena@example.org", noon)
	if other := resetLink(t, db, owner, "nobody@example.org", noon); other != "" {
		t.Error("somebody unknown gets a letter")
	}
	var links string
	if err := owner.Get(&links, `SELECT string_agg(l::text, ' ') FROM magic_links l`); err != nil || strings.Contains(links, token) {
		t.Errorf("links are kept as %q, %v", links, err)
	}
	var asked int
	if err := owner.Get(&asked, `SELECT count(*) FROM reset_requests`); err != nil || asked != 0 {
		t.Errorf("%d wishes are kept, %v", asked, err)
	}
}

func TestLettersOnDemandComeToAnEnd(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	ask := func(email string) error { return member.AskReset(t.Context(), db, clock.At(noon), email, host) }
	for _, email := range []string{"olena@example.org", "nobody@example.org"} {
		for range 5 {
			if err := ask(email); err != nil {
				t.Fatal(err)
			}
		}
		wantFault(t, ask(" "+strings.ToUpper(email)), fault.TooMany, "signin.too_many")
	}
	wantFault(t, ask("no address"), fault.Invalid, "person.email_form")
}

func reset(t *testing.T, db *sqlx.DB, at time.Time, token, password string) error {
	t.Helper()
	_, err := member.Reset(t.Context(), db, clock.At(at), token, password)
	return err
}
