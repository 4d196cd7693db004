package signin_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kopiyka/internal/web/webtest"
)

func trailRows(t *testing.T, b *webtest.Browser) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.Get("/account/trail.csv").Wants(http.StatusOK).Body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// Everybody reads what was done in their name and from where, and nobody else's.
func TestATrailTellsWhatWasDoneInOnesName(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	roman, payer := g.signedIn("roman@example.org"), g.signedIn("iryna@example.org")
	roman.Post("/cluster/act", url.Values{"reason": {"Because"}}).Wants(http.StatusOK)
	list := roman.Get("/account/trail").Wants(http.StatusOK)
	list.Says("main .table", "Signed in").Says("main .table", "127.0.0.1").Says("main .table", "act.done").Says("main .table", "proved by: a code of an app")
	if rows := trailRows(t, roman); len(rows) != 2 || rows[0][4] != "act.done" || rows[1][4] != "person.signed-in" || rows[0][7] != "127.0.0.1" || rows[0][5] != "act:1" {
		t.Errorf("the file is %q", rows)
	}
	if rows := trailRows(t, payer); len(rows) != 1 || rows[0][2] != "Ірина Ш." {
		t.Errorf("the payer's file is %q", rows)
	}
	if other := payer.Get("/account/trail").Wants(http.StatusOK); strings.Contains(other.Body, "act.done") {
		t.Error("somebody else's act is there")
	}
	if account := payer.Get("/account").Wants(http.StatusOK); !account.Has("main [href=/account/trail]") {
		t.Error("the account does not lead to the trail")
	}
	payer.Get("/account/trail?after=x").Wants(http.StatusNotFound)
	g.house.As("").Get("/account/trail").LeadsTo("/sign-in?next=%2Faccount%2Ftrail")
	g.house.As("").Get("/account/trail.csv").Wants(http.StatusSeeOther)
}
