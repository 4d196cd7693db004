package signin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Everybody gets all that is kept about them in one file, nobody else's, and no secret.
func TestEverybodyGetsWhatIsKeptAboutThem(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	roman := g.signedIn("roman@example.org")
	roman.Post("/cluster/act", url.Values{"reason": {"Because"}}).Wants(http.StatusOK)
	g.signedIn("iryna@example.org").Post("/account/password", change(better)).Wants(http.StatusSeeOther) // and a letter is written
	page := roman.Get("/account/data").Wants(http.StatusOK).Says("main", "Tax Code")
	file := roman.Get(page.Attr("main .button", "href")).Wants(http.StatusOK)
	if !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") || file.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("no file for its owner alone: %v", file.Header)
	}
	var kept struct {
		Person struct {
			Email              string
			Clusters           []struct{ Cluster, Role string }
			Sessions           []struct{ Host string }
			AuthenticatorSince *time.Time `json:"authenticator_since"`
		}
		Letters []struct{ Letter, Subject string }
		Acts    []struct{ Act, Host string }
	}
	if err := json.Unmarshal([]byte(file.Body), &kept); err != nil {
		t.Fatalf("%v\n%s", err, file.Body)
	}
	if kept.Person.Email != "roman@example.org" || len(kept.Person.Clusters) != 2 || len(kept.Person.Sessions) != 1 || kept.Person.AuthenticatorSince == nil ||
		len(kept.Letters) != 0 || len(kept.Acts) != 2 || kept.Acts[0].Act != "act.done" || kept.Acts[0].Host != "127.0.0.1" {
		t.Errorf("the file is %s", file.Body)
	}
	var secrets []string
	err := g.owner.Select(&secrets, `SELECT password_hash FROM people WHERE password_hash IS NOT NULL UNION SELECT encode(secret, 'hex') FROM authenticators UNION SELECT encode(hash, 'hex') FROM recovery_codes
		UNION SELECT token FROM sessions UNION SELECT email FROM people WHERE email <> 'roman@example.org'`)
	if err != nil || len(secrets) < 5 {
		t.Fatal(secrets, err)
	}
	for _, secret := range append(secrets, romanSecret, password) {
		if strings.Contains(file.Body, secret) {
			t.Errorf("the file tells %s", secret)
		}
	}
	if account := roman.Get("/account").Wants(http.StatusOK); !account.Has("main [href=/account/data]") {
		t.Error("the account does not lead to it")
	}
}

// Its letters are named by their subjects. What they say may open something.
func TestTheFileNamesLettersAndLeavesOutWhatTheySay(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	payer := g.signedIn("iryna@example.org")
	payer.Post("/account/password", change(better)).Wants(http.StatusSeeOther)
	file := payer.Get("/account/data.json").Wants(http.StatusOK)
	var letter struct{ Subject, Text string }
	if err := g.owner.Get(&letter, `SELECT subject, text_body AS text FROM letters WHERE recipient = 'iryna@example.org'`); err != nil {
		t.Fatal(err)
	}
	subject, _ := json.Marshal(letter.Subject)
	if !strings.Contains(file.Body, string(subject)) || strings.Contains(file.Body, letter.Text) || strings.Contains(file.Body, "text_body") {
		t.Errorf("the letter is %q, the file %s", letter.Subject, file.Body)
	}
}

// A session that lies open on a desk does not give everything away.
func TestTheFileAsksForAFreshProof(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	roman := g.signedIn("roman@example.org")
	g.late = 11 * time.Minute
	roman.Get("/account/data.json").LeadsTo("/sign-in/factor?next=%2Faccount%2Fdata.json")
	roman.Get("/account/data").Wants(http.StatusOK)
	g.house.As("").Get("/account/data.json").Wants(http.StatusSeeOther)
}
