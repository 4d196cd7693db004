package trail_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kopiyka/internal/i18n"
	"kopiyka/internal/web/trail"
)

// An act that no page has words for is told by its code: readable for us, not for an auditor.
func TestEveryActHasItsWords(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs() {
		for _, act := range trail.Acts {
			if said := trail.Act(l, act); said == act {
				t.Errorf("%s: %s has no words", l, act)
			}
		}
	}
}

// Acts that the code names are among those that the list offers.
func TestEveryActOfTheCodeIsOffered(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`(?:Act: +|record\(ctx, tx, [^"]*|alarmOnce\(ctx, tx, [^"]*)"([a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*)"`)
	found := 0
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "reporttest") {
			return err
		}
		text, err := os.ReadFile(path) // #nosec G304 -- the house's own code
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if found++; !slices.Contains(trail.Acts, m[1]) {
				t.Errorf("%s writes %s, which no list offers", path, m[1])
			}
		}
		return err
	})
	if err != nil || found < 30 {
		t.Errorf("%d acts were found, %v: the search is broken", found, err)
	}
}

func TestFactsAreToldInWords(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		`{"amount_minor": 9007199254740993, "currency": "USD"}`:                                        {"amount: $90,071,992,547,409.93"},
		`{"amount_minor": 100, "currency": "USD", "charged_minor": 95, "charged_currency": "EUR"}`:     {"amount: $1.00", "charged: €0.95"},
		`{"role": {"before": "payer", "after": "owner"}}`:                                              {"role: payer → owner"},
		`{"role": {"before": "", "after": "auditor"}, "shows_name": {"before": false, "after": true}}`: {"role: nothing → auditor", "shows its name: no → yes"},
		`{"site": {"before": "https://a.ua", "after": null}}`:                                          {"site: https://a.ua → nothing"},
		`{"kind": {"after": "x"}, "of a later release": [1]}`:                                          {`kind: {"after":"x"}`, "of a later release: [1]"},
		`{"by": "code", "host": "192.0.2.7", "currency": "USD"}`:                                       {"by: a code of an app", "currency: USD"},
		`{}`: nil, `[]`: nil, `null`: nil, `{`: nil, ``: nil,
	} {
		if got := trail.Facts(i18n.EN, json.RawMessage(raw)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
