package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/mail"
	"kopiyka/internal/member"
)

// Whoever holds a letter ends its kind by one click of a mail program, which sends no form of
// ours and has no session; looking at the link ends nothing. Its person may choose otherwise.
func TestAKindOfLettersIsEndedByOneClick(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	var link string
	g.tx(func(tx *sqlx.Tx) (err error) {
		if _, err := tx.Exec(`INSERT INTO cluster_roles (person_id, cluster_id, role) SELECT person_id, cluster_id, 'coordinator' FROM cluster_roles WHERE person_id = $1 LIMIT 1 ON CONFLICT DO NOTHING`, g.roman); err != nil {
			return err
		}
		link, err = mail.Stop(t.Context(), tx, g.now(), "", g.roman, mail.Digests)
		return err
	})
	wanted := func() bool {
		t.Helper()
		is, err := mail.Wants(t.Context(), g.db, g.roman, mail.Digests)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	stranger := g.house.As("")
	if page := stranger.Get(link).Wants(http.StatusOK).Says("main strong", "digests"); page.Has("[value=yes]") || !wanted() {
		t.Error("looking at the link ended the letters")
	}
	stranger.Post(link, url.Values{"List-Unsubscribe": {"One-Click"}}).Wants(http.StatusOK).Says("[role=status]", "no more")
	if wanted() {
		t.Error("one click ends nothing")
	}
	stranger.Post(link+"x", url.Values{}).Wants(http.StatusNotFound)
	if page := stranger.Get(link); strings.Contains(page.Body, "Roman") || strings.Contains(page.Body, "roman@") {
		t.Error("the page names its reader")
	}
	roman := g.signedIn("roman@example.org")
	roman.Get("/account/letters").Wants(http.StatusOK).Says(".own", "we send no more")
	roman.Post("/account/letters", url.Values{"kind": {"digest"}, "wanted": {"yes"}}).LeadsTo("/account/letters?notice=letters-wished")
	if !wanted() {
		t.Error("the person cannot have them again")
	}
	roman.Post("/account/letters", url.Values{"kind": {"receipt"}}).Wants(http.StatusNotFound)
	payer := g.signedIn("iryna@example.org")
	payer.Get("/account/letters").Wants(http.StatusOK).Says(".own", "Reminders")
	payer.Post("/account/letters", url.Values{"kind": {"reminder"}, "wanted": {"no"}}).Wants(http.StatusSeeOther)
	if file := payer.Get("/account/data.json").Wants(http.StatusOK); !strings.Contains(file.Body, `"wanted": false`) && !strings.Contains(file.Body, `"wanted":false`) {
		t.Error("the wish is in no file")
	}
}

// Letters to somebody come back: they are told so, ask for one that finds out, and its link
// puts it right, once.
func TestAnAddressIsConfirmedAnew(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	payer := g.signedIn("iryna@example.org")
	payer.Post("/account/password", change(better)).Wants(http.StatusSeeOther) // and a letter is written
	if page := payer.Get("/account/letters").Wants(http.StatusOK); page.Has(".notice--fault") {
		t.Error("letters are said to come back")
	}
	if _, err := g.owner.Exec(`INSERT INTO address_bounces (id, address, letter_id, marked_by, reason, marked_at) SELECT gen_random_uuid(), 'iryna@example.org', id, $1, 'No mailbox', now() FROM letters LIMIT 1`, g.roman); err != nil {
		t.Fatal(err)
	}
	payer.Get("/account/letters").Wants(http.StatusOK).Says(".notice--fault", "only letters that are needed")
	payer.Post("/account/letters/address", url.Values{}).LeadsTo("/account/letters?notice=address-asked")
	var body string
	if err := g.owner.Get(&body, `SELECT text_body FROM letters WHERE key LIKE 'address:%'`); err != nil {
		t.Fatal(err) // it goes though others do not
	}
	_, token, _ := strings.Cut(body, "/addresses/")
	token, _, _ = strings.Cut(token, "\n")
	stranger := g.house.As("")
	stranger.Get("/addresses/" + token).Wants(http.StatusOK)
	payer.Get("/account/letters").Says(".notice--fault", "come back") // looking confirms nothing
	stranger.Post("/addresses/"+token, url.Values{}).Wants(http.StatusOK).Says("[role=status]", "confirmed")
	stranger.Post("/addresses/"+token, url.Values{}).Wants(http.StatusNotFound)
	stranger.Get("/sign-in/reset/" + token).Wants(http.StatusNotFound) // it opens nothing else
	if page := payer.Get("/account/letters").Wants(http.StatusOK); page.Has(".notice--fault") {
		t.Error("letters still come back")
	}
	for range 5 {
		payer.Post("/account/letters/address", url.Values{})
	}
	payer.Post("/account/letters/address", url.Values{}).Wants(http.StatusTooManyRequests)
	if err := member.AddressOpen(t.Context(), g.db, g.now, "nothing"); err == nil {
		t.Error("any link opens")
	}
}
