package main

import (
	"bytes"
	"strings"
	"testing"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
)

// A cluster gets its first admin by a link that works once, and by no password of ours.
func TestTheFirstAdminComesByALink(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "UAH")
	create := func(c userCreateCommand) (string, error) {
		var said bytes.Buffer
		c.settings = settings{config.Config{URL: "https://help.example.org"}}
		err := spoken(c.invite(t.Context(), w.DB, &said))
		return said.String(), err
	}
	said, err := create(userCreateCommand{Email: "admin@example.org", Name: "Марія Лисенко", Cluster: "kharkiv-it", Lang: "uk"})
	token, ok := strings.CutPrefix(strings.TrimSpace(said), "https://help.example.org/invitations/")
	if err != nil || !ok {
		t.Fatalf("said %q, %v", said, err)
	}
	token, _, _ = strings.Cut(token, "?")
	if _, err := member.Accept(t.Context(), w.DB, clock.System, member.Acceptance{Token: token, Name: "Марія Лисенко", Password: "a sentence to remember"}); err != nil {
		t.Fatal(err)
	}
	people, err := member.PeopleOf(t.Context(), w.DB, w.Cluster)
	if err != nil || len(people) != 3 {
		t.Errorf("%+v, %v", people, err)
	}
	for words, c := range map[string]userCreateCommand{
		"no such cluster":     {Email: "x@example.org", Cluster: "nowhere"},
		"no such company":     {Email: "x@example.org", Company: "nowhere"},
		"Choose a role":       {Email: "x@example.org", Company: "ganok", Role: "admin"},
		"an e-mail address":   {Email: "x", Company: "ganok"},
		"This person is here": {Email: "admin@example.org", Cluster: "kharkiv-it"},
	} {
		if said, err := create(c); err == nil || said != "" || !strings.Contains(err.Error(), words) {
			t.Errorf("said %q, %v, want %q", said, err, words)
		}
	}
}
