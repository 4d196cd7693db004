package main

import (
	"bytes"
	"strings"
	"testing"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
)

// Whoever runs the machine erases somebody who has written to them; the last owner stays
// until there is another.
func TestTheOperatorErasesWhoHasAsked(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "UAH")
	erase := func(email string) (string, error) {
		var said bytes.Buffer
		err := spoken((&userEraseCommand{Email: email}).erase(t.Context(), w.DB, &said))
		return said.String(), err
	}
	if said, err := erase("viewer@example.org"); err != nil || !strings.Contains(said, "person 1") || strings.Contains(said, "viewer") {
		t.Errorf("said %q, %v", said, err)
	}
	var left string
	if err := w.Owner.Get(&left, `SELECT name || ' ' || email FROM people WHERE id = $1`, w.Viewer); err != nil || strings.Contains(left, "viewer") {
		t.Errorf("left is %q, %v", left, err)
	}
	for email, words := range map[string]string{"owner@example.org": "owner", "nonsense": "e-mail address"} {
		if said, err := erase(email); err == nil || said != "" || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: said %q, %v", email, said, err)
		}
	}
}
