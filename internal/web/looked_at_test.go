package web_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// visits say which pages the browser tests look at, and as whom: e2e/pages.json.
type visits struct {
	Pages     map[string][]string `json:"pages"`     // by who looks
	Elsewhere map[string]string   `json:"elsewhere"` // the file that looks at a page which nobody can be led to
	NoPage    []string            `json:"no page"`   // files, data, and ways to other addresses
}

// A page that no browser test looks at fails here: each address that answers a GET is in
// e2e/pages.json, where axe reads what to visit.
func TestEveryPageIsLookedAtInABrowser(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "e2e", "pages.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v visits
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	looked := map[string]bool{}
	for who, all := range v.Pages {
		for _, path := range all {
			looked[path] = true
			if !shows(path) {
				t.Errorf("%s has nothing for a person to look at, as %s or anybody", path, who)
			}
		}
	}
	for path, file := range v.Elsewhere {
		looked[path] = true
		if test, err := os.ReadFile(filepath.Join("..", "..", "e2e", file)); err != nil || !strings.Contains(string(test), "keepsToTheRules") {
			t.Errorf("%s is not looked at in %s, %v", path, file, err)
		}
	}
	for _, path := range v.NoPage {
		if looked[path] {
			t.Errorf("%s is a page and is none", path)
		}
		if shows(path) {
			t.Errorf("%s shows a page, and no browser looks at it", path)
		}
		looked[path] = true
	}
	h := open(t)
	var there []string
	for name, path := range h.addresses() {
		if strings.HasPrefix(name, http.MethodGet+" ") {
			there = append(there, path)
		}
	}
	for _, path := range there {
		if !looked[path] {
			t.Errorf("%s is not in e2e/pages.json", path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(looked)) {
		if !slices.Contains(there, path) {
			t.Errorf("e2e/pages.json has %s, and the house has not", path)
		}
	}
}

// unseen are addresses that answer with something else than a page of the house.
var unseen = []string{".csv", ".json", ".png", "/healthz", "/readyz", "/documents/:id/:lang", "/letters/templates/:name/:lang"}

// shows reports whether an address has a page for anybody, by the matrix: it answers 200, or
// says on a page of its own why not now.
func shows(path string) bool {
	row := matrix[http.MethodGet+" "+path]
	return (strings.Contains(row, "200") || strings.Contains(row, "409")) && !strings.HasPrefix(path, "/api/") &&
		!slices.ContainsFunc(unseen, func(end string) bool { return strings.HasSuffix(path, end) })
}
