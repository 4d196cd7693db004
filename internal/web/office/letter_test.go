package office_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
)

// A letter that came back to people is marked by who may see its address; from then on
// nothing goes there that could be stopped, its owners see it, and the person ends it.
func TestAnAddressFromWhichLettersComeBackIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	letter := d.reminded(t, "sent")
	d.coordinator.Get(letter).Wants(http.StatusOK).Says("h1", "70,00").Says("#mark", "Did the letter come back?")
	if page := d.approver.Get(letter).Wants(http.StatusOK); page.Has("#reason") || strings.Contains(page.Body, "payer@example.org") {
		t.Error("an approver sees the address, or may mark it")
	}
	d.approver.Post(letter+"/bounced", url.Values{"reason": {"No mailbox"}}).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Post(letter+"/bounced", url.Values{"reason": {"No mailbox"}}).Wants(http.StatusNotFound)
	d.coordinator.Post(letter+"/bounced", url.Values{"reason": {" "}}).Wants(http.StatusUnprocessableEntity).Says(".field--error", "what the server answered")
	if page := d.coordinator.Post(letter+"/bounced", url.Values{"reason": {strings.Repeat("x", 501)}}).Wants(http.StatusUnprocessableEntity); page.Attr("[aria-invalid]", "id") != "reason" {
		t.Error("what was typed is lost")
	}
	d.coordinator.Post(letter+"/bounced", url.Values{"reason": {"No such mailbox"}}).LeadsTo(letter + "?notice=bounced")
	d.coordinator.Get(letter).Wants(http.StatusOK).Says(".notice", "do not go to this address")
	d.coordinator.Post(letter+"/bounced", url.Values{"reason": {"Again"}}).Wants(http.StatusConflict)
	if n := d.Acts("letter.bounced"); n != 1 {
		t.Errorf("%d acts", n)
	}

	before := d.Count("letters")
	d.Pledge(8_000)
	if _, err := giving.Remind(t.Context(), d.DB, clock.At(d.Now().AddDate(0, 0, 7)), "https://help.example.org"); err != nil {
		t.Fatal(err)
	}
	if after := d.Count("letters"); after != before {
		t.Errorf("%d letters more", after-before)
	}
	p, err := member.PersonByID(t.Context(), d.DB, d.Payer)
	if err != nil {
		t.Fatal(err)
	}
	if err := member.AskAddress(t.Context(), d.DB, d.Now, p, "https://help.example.org", "203.0.113.1"); err != nil {
		t.Fatal(err)
	}
	var body string
	if err := d.Owner.Get(&body, `SELECT text_body FROM letters WHERE key LIKE 'address:%'`); err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(body, "/addresses/")
	token, _, _ = strings.Cut(token, "\n")
	for range 2 {
		_ = member.ConfirmAddress(t.Context(), d.DB, d.Now, token)
	}
	if n := d.Acts("person.address-confirmed"); n != 1 {
		t.Errorf("the address was confirmed %d times", n)
	}
	if since, err := mail.ComesBack(t.Context(), d.DB, "payer@example.org"); err != nil || !since.IsZero() {
		t.Errorf("since %v, %v", since, err)
	}
	if got := d.reminded(t, "sent"); got == "" {
		t.Error("no reminder comes any more")
	}
}

// Every template there is can be looked at, in both languages, by those who answer for what
// the cluster writes, and does no more than be looked at.
func TestEveryLetterCanBeLookedAt(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	list := d.coordinator.Get("/office/letters/templates").Wants(http.StatusOK)
	d.approver.Get("/office/letters/templates").Wants(http.StatusForbidden)
	d.coordinator.Get("/office/letters/templates/nothing").Wants(http.StatusNotFound)
	d.coordinator.Get("/office/letters/templates/receipt/de").Wants(http.StatusNotFound)
	shown := map[string]bool{}
	for _, name := range []string{
		"receipt", "refund", "refund-undone", "reminder-before", "reminder-on-the-day", "reminder-week-after", "reminder-three-weeks-after", "digest", "invitation", "invitation-first", "joined",
		"role-given", "role-changed", "role-taken", "application", "application-arrived", "application-known", "application-refused", "address", "reset", "erased",
		"account-password", "account-authenticator", "account-authenticator-removed", "account-recovery", "account-recovery-used", "account-factors-reset", "account-passkey",
		"account-passkey-removed", "account-passkey-copied", "account-issuer", "account-issuer-removed", "account-browser", "account-browser-half",
		"factor-asked", "factor-asked-known", "factor-ended",
	} {
		if !list.Has("[href=/office/letters/templates/" + name + "]") {
			t.Errorf("the list does not lead to %s", name)
		}
		for lang, sign := range map[string]string{"uk": "Копійка", "en": "Kopiyka"} {
			page := d.coordinator.Get("/office/letters/templates/"+name+"?letter="+lang).Wants(http.StatusOK).Says("pre", sign)
			if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "; frame-src 'self'") || strings.Contains(policy, "unsafe") || !page.Has("iframe[sandbox]") {
				t.Errorf("%s: the page's policy is %s", name, policy)
			}
			html := d.coordinator.Get(page.Attr("iframe", "src")).Wants(http.StatusOK)
			policy := html.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") || !strings.HasSuffix(policy, "; sandbox") || strings.Contains(policy, "unsafe") || !strings.Contains(html.Body, sign) {
				t.Errorf("%s in %s: policy %s", name, lang, policy)
			}
		}
		shown[name] = true
	}
	names, err := mail.Names()
	if err != nil {
		t.Fatal(err)
	}
	kinds := list.Text("tbody")
	for _, n := range names { // one that is new has to be in a room's samples
		if d.coordinator.Lang = "en"; !strings.Contains(kinds, wordOf(t, n)) {
			t.Errorf("no sample of the template %s", n)
		}
	}
	if n := strings.Count(list.Body, `href="/office/letters/templates/`); n != len(shown) {
		t.Errorf("the list leads to %d letters, looked at were %d", n, len(shown))
	}
	if n := d.Count("letters"); n != 0 {
		t.Errorf("%d letters were written by looking", n)
	}
}

// Letters that nobody's own act has caused can be stopped with one click by whoever holds
// one, and with a button by their reader. They stop; the others come.
func TestLettersAreStoppedByWhoGetsThem(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.Pledge(5_000)
	written := func(weeks int) (links []string) {
		t.Helper()
		at := d.Now().AddDate(0, 0, 7*weeks)
		if _, err := giving.WriteDigests(t.Context(), d.DB, clock.At(at), "https://help.example.org"); err != nil {
			t.Fatal(err)
		}
		if err := d.Owner.Select(&links, `SELECT unsubscribe FROM letters WHERE name = 'digest' AND queued_at > $1`, at.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		return links
	}
	first := written(1)
	if len(first) != 1 || !strings.HasPrefix(first[0], "https://help.example.org"+mail.StopPath) {
		t.Fatalf("the digest can be stopped at %q", first)
	}
	token := strings.TrimPrefix(first[0], "https://help.example.org"+mail.StopPath)
	if n := d.Count(`letter_stops WHERE position($1 IN encode(token_hash, 'escape')) > 0`, token); n != 0 {
		t.Error("the token stands in the database")
	}
	stop, err := mail.StoppingBy(t.Context(), d.DB, token)
	if err != nil || stop.PersonID != d.Coordinator || stop.Kind != mail.Digests || !stop.Wanted {
		t.Fatalf("%+v, %v", stop, err)
	}
	for range 2 {
		if err := mail.Wish(t.Context(), d.DB, d.Now, stop.PersonID, stop.Kind, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.Count("letter_wishes"); n != 1 {
		t.Errorf("%d wishes, want one", n)
	}
	if more := written(2); len(more) != 0 {
		t.Errorf("digests go on: %q", more)
	}
	if err := mail.Wish(t.Context(), d.DB, d.Now, stop.PersonID, "receipt", false); err == nil {
		t.Error("receipts can be stopped")
	}
	if err := mail.Wish(t.Context(), d.DB, d.Now, stop.PersonID, stop.Kind, true); err != nil {
		t.Fatal(err)
	}
	if again := written(3); len(again) != 1 {
		t.Errorf("they do not come again: %q", again)
	}
	if _, err := mail.StoppingBy(t.Context(), d.DB, token+"x"); err == nil {
		t.Error("any token opens")
	}
}

// wordOf is how the office calls a template.
func wordOf(t *testing.T, name string) string {
	t.Helper()
	word, err := i18n.EN.Text("desk.letter." + name)
	if err != nil {
		t.Error(err)
	}
	return word
}
