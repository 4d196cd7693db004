package site_test

import (
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
	"kopiyka/internal/web/api"
)

// written is a sum in every way that a page or a program might write it.
func written(minor int64) []string {
	a := money.Of(minor, "USD")
	all := []string{a.Plain(), strings.ReplaceAll(a.Plain(), ".", ","), strings.ReplaceAll(a.Plain(), ".", ""), a.String()}
	for _, l := range i18n.Langs() {
		s := l.Sum(a)
		all = append(all, l.Money(a), s.Main, strings.ReplaceAll(s.Main, "\u00a0", " "), strings.Trim(s.Main, "$"))
	}
	return all
}

// Whatever a company keeps to itself is nowhere in any public answer: not in the text, not
// in an attribute, a link or a comment.
func TestNothingWithheldIsOnAnyPage(t *testing.T) {
	w, c := busy(t)
	var quiet, pledge uuid.UUID
	if err := w.DB.Get(&quiet, `SELECT id FROM companies WHERE slug = 'tysha'`); err != nil {
		t.Fatal(err)
	}
	if err := w.DB.Get(&pledge, `SELECT id FROM pledges WHERE company_id = $1`, quiet); err != nil {
		t.Fatal(err)
	}
	// A member with an open gift and an anonymous one: its own page may tell of the first.
	both := w.Company("both", "Обидва", "Both Ways")
	w.Joins(both)
	w.Pledge(c, both, 10_000, "named")
	w.Pays(w.Pledge(c, both, 4_321_987, "amount-hidden"), 4_321_987, 7)
	w.Word(w.Pledge(c, both, 5_678_912, "anonymous"), "A word that nobody reads")
	// Three anonymous companies may be added up, but not beside two hidden amounts.
	w.Pays(w.Pledge(c, w.Company("third", "Третя", "Third"), 3_456_789, "anonymous"), 3_456_789, 7)

	secrets := []string{"A word that", "third", "Третя", "tysha", "Таємна", "Silent", "Planted", "planted", "example.org/p", quiet.String(), pledge.String(), hex.EncodeToString(quiet[:])}
	for _, minor := range []int64{5_678_912, 3_456_789, 777_700 + 5_678_912 + 3_456_789} {
		secrets = append(secrets, written(minor)...)
	}
	secrets = append(secrets, written(654_321)...)
	secrets = append(secrets, written(4_321_987)...)
	secrets = append(secrets, written(4_331_987)...) // the two that carry its name, added up
	for _, path := range paths(t, w) {
		body := answer(t, w, path)
		for _, s := range secrets {
			if strings.Contains(body, s) {
				t.Errorf("%s tells %q", path, s)
			}
		}
	}
	// The debit of an anonymous gift is all that is on its way, so its sum is a total here,
	// and must be no line of a list.
	for _, l := range i18n.Langs() {
		for _, path := range []string{"/campaigns/it4life", "/campaigns/it4life/donors"} {
			lines := open(t, w).page("/" + string(l) + path).all(".gift")
			if len(lines) != 4 {
				t.Errorf("%s%s: %d lines, want those of the four pledges with a name", l, path, len(lines))
			}
			for _, line := range lines {
				for _, s := range written(777_700) {
					if strings.Contains(line.text(), s) {
						t.Errorf("%s%s: a line tells the anonymous %q", l, path, s)
					}
				}
			}
		}
	}
}

// paths finds every public address that the pages themselves lead to.
func paths(t *testing.T, w *reporttest.World) []string {
	t.Helper()
	found := []string{"/uk/", "/en/", "/api/v1/campaigns"}
	for i := 0; i < len(found); i++ {
		if !strings.HasPrefix(found[i], "/uk/") && !strings.HasPrefix(found[i], "/en/") {
			continue
		}
		for _, a := range parse(t, answer(t, w, found[i])).all("a[href]") {
			href := a.attr("href")
			public := strings.HasPrefix(href, "/uk/") || strings.HasPrefix(href, "/en/") || strings.HasPrefix(href, "/api/v1")
			another := strings.Contains(href, "/apply") // a form of another door, which shows nothing of what is known
			if public && !another && !slices.Contains(found, href) {
				found = append(found, href)
			}
		}
	}
	for _, must := range []string{"/uk/campaigns/it4life/donors", "/en/companies/both", "/uk/companies", "/uk/clusters/kharkiv-it", "/api/v1/campaigns/it4life"} {
		if !slices.Contains(found, must) {
			t.Errorf("no page leads to %s: %v", must, found)
		}
	}
	return found
}

// answer is what a public address says, of the site or of the API.
func answer(t *testing.T, w *reporttest.World, path string) string {
	t.Helper()
	if !strings.HasPrefix(path, "/api/") {
		return open(t, w).html(path)
	}
	e := echo.New()
	api.New(report.New(w.DB), clock.System, slog.New(slog.DiscardHandler)).Routes(e.Group(""))
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	if rec.Code != 200 {
		t.Fatalf("GET %s: %d", path, rec.Code)
	}
	return rec.Body.String()
}

// The page and the JSON are one truth in two forms.
func TestPageAndJSONSayTheSame(t *testing.T) {
	w, _ := busy(t)
	var j struct {
		Received  int64 `json:"received_minor"`
		OnItsWay  int64 `json:"on_its_way_minor"`
		Refunded  int64 `json:"refunded_minor"`
		Fees      int64 `json:"fees_minor"`
		Allocated int64 `json:"allocated_minor"`
		Free      int64 `json:"free_minor"`
	}
	if err := json.Unmarshal([]byte(answer(t, w, "/api/v1/campaigns/it4life")), &j); err != nil {
		t.Fatal(err)
	}
	d := open(t, w)
	for _, l := range i18n.Langs() {
		k := key(d.page("/" + string(l) + "/campaigns/it4life"))
		for name, minor := range map[string]int64{
			"received": j.Received, "transit": j.OnItsWay, "refunded": j.Refunded, "fees": j.Fees, "aside": j.Allocated, "free": j.Free,
		} {
			if got, want := k[flat(l.T("common.bands."+name))], flat(l.Money(money.Of(minor, "USD"))); got != want {
				t.Errorf("%s: %s is %q on the page and %q in JSON", l, name, got, want)
			}
		}
	}
}
