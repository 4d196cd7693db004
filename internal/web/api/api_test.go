package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
	"kopiyka/internal/web/api"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/webtest"
)

// door serves the API on a fresh database, an hour after the last act.
func door(t *testing.T, w *reporttest.World, checks ...api.Check) http.Handler {
	t.Helper()
	e := echo.New()
	r, err := page.New(page.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.HTTPErrorHandler = r.Errors(slog.New(slog.DiscardHandler))
	api.New(report.New(w.DB), func() time.Time { return w.Now.Add(time.Hour) }, slog.New(slog.DiscardHandler), checks...).Routes(e.Group(""))
	return e
}

func object(t *testing.T, r webtest.Answer) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.Body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// busy is a campaign in which everything has happened once.
func busy(t *testing.T) (*reporttest.World, reporttest.Campaign) {
	t.Helper()
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life", func(c *reporttest.Campaign) { c.Title = [2]string{"Допомога & ко", "Relief & co"} })
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	y := w.Pays(w.Pledge(c, ganok, 50_000, "named"), 30_000, 900)
	w.Start(w.Pledge(c, w.Company("hidden-slug", "Невидимка", "Invisible Ltd"), 76_543, "amount-hidden"), 10_000, "processing")
	purpose := w.Purpose(c, "p", "П", "P")
	w.Allocate(c, purpose, 20_000, "because")
	w.Refund(y, 1_000)
	w.Pays(w.Earmark(c, ganok, purpose, 4_000), 4_000, 100)
	w.Dispute(y, 3_000, 15)
	w.Lose(y, 1_000)
	return w, c
}

func TestCampaignFiguresAreTheLedgers(t *testing.T) {
	w, c := busy(t)
	r := webtest.Ask(t, door(t, w), "/api/v1/campaigns/it4life")
	if r.Status != http.StatusOK || r.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d, %s", r.Status, r.Header.Get("Content-Type"))
	}
	got := object(t, r)
	if at, err := time.Parse(time.RFC3339, got["updated_at"].(string)); err != nil || at.IsZero() {
		t.Errorf("updated_at is %v", got["updated_at"])
	}
	delete(got, "updated_at")
	want := map[string]any{
		"slug": "it4life", "title": map[string]any{"uk": "Допомога & ко", "en": "Relief & co"}, "currency": "USD",
		"goal_minor": 100_000.0, "goal_changes": []any{}, "pledged_minor": 130_543.0, "unpaid_minor": 22_000.0 + 66_543, "on_its_way_minor": 10_000.0,
		"received_minor": 34_000.0, "refunded_minor": 1_000.0,
		"fees_minor":      float64(w.Balance(ledger.Fee(c.ID.String(), c.Currency))),
		"free_minor":      float64(w.Balance(ledger.Fund(c.ID.String(), c.Currency))),
		"shortfall_minor": float64(w.Balance(ledger.Shortfall(c.ID.String(), c.Currency))),
		"disputed_minor":  float64(w.Balance(ledger.Disputed(c.ID.String(), c.Currency))),
		"drift_minor":     float64(w.Balance(ledger.Drift(c.ID.String(), c.Currency))),
		"originals":       []any{},
		"lost_minor":      float64(w.Balance(ledger.Loss(c.ID.String(), c.Currency))),
		"earmarked_minor": 3_900.0,
		"shares": []any{map[string]any{"cluster": map[string]any{"slug": "kharkiv-it", "name": map[string]any{"uk": "Харківський ІТ-кластер", "en": "Kharkiv IT Cluster"}},
			"leads": true, "pledged_minor": 130_543.0, "received_minor": 34_000.0, "refunded_minor": 1_000.0}},
		"allocated_minor": 20_000.0, "companies_pledged": 2.0, "companies_paid": 1.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// A goal's history is told with its days and reasons, the last first, in the list and by
// itself; of a past day what was known then, beside the goal of that day.
func TestTheGoalsHistoryIsTold(t *testing.T) {
	w, c := busy(t)
	h := door(t, w)
	w.Goal(c, 120_000, "Дахів більше")
	then := w.Now
	w.Now = w.Now.AddDate(0, 0, 1)
	w.Goal(c, 90_000, "Частину дала громада")
	w.Now = w.Now.AddDate(0, 0, 1)
	type told struct {
		Goal    int64 `json:"goal_minor"`
		Changes []struct {
			From   int64  `json:"from_minor"`
			To     int64  `json:"to_minor"`
			On     string `json:"changed_on"`
			Reason string
		} `json:"goal_changes"`
	}
	say := func(one told) string {
		said := fmt.Sprint(one.Goal)
		for _, g := range one.Changes {
			said += fmt.Sprintf("; %d to %d on %s: %s", g.From, g.To, g.On, g.Reason)
		}
		return said
	}
	first, second := clock.Day(then).Format(time.DateOnly), clock.Day(then.AddDate(0, 0, 1)).Format(time.DateOnly)
	past := "120000; 100000 to 120000 on " + first + ": Дахів більше"
	today := "90000; 120000 to 90000 on " + second + ": Частину дала громада; 100000 to 120000 on " + first + ": Дахів більше"
	for asked, want := range map[string]string{"": today, "?as_of=" + first: past, "?as_of=" + clock.Day(then.AddDate(0, 0, -1)).Format(time.DateOnly): "100000"} {
		var one told
		if err := json.Unmarshal([]byte(webtest.Ask(t, h, "/api/v1/campaigns/it4life"+asked).Body), &one); err != nil || say(one) != want {
			t.Errorf("%q: %s, %v, want %s", asked, say(one), err, want)
		}
	}
	var all []told
	if err := json.Unmarshal([]byte(webtest.Ask(t, h, "/api/v1/campaigns").Body), &all); err != nil || len(all) != 1 || say(all[0]) != today {
		t.Errorf("the list: %+v, %v", all, err)
	}
}

// joint adds a campaign that another cluster joined, with a gift through each and a hidden one.
func joint(w *reporttest.World) {
	c, mariupol := w.Campaign("bridge"), w.Cluster("mariupol-it", "Маріупольський ІТ-кластер", "Mariupol IT Cluster")
	w.Joint(c, mariupol)
	ganok := w.Company("bridge-builder", "Мостобуд", "Bridge Builder")
	w.Pays(w.Through(c, c.Cluster, ganok, 7_000, "named"), 5_000, 100)
	w.Refund(w.Pays(w.Through(c, mariupol, ganok, 9_000, "named"), 9_000, 100), 2_500)
	w.Pays(w.Through(c, mariupol, w.Company("quiet", "Тиша", "Silence"), 654, "amount-hidden"), 654, 0)
}

// What was given through each cluster, and what nobody shall know of any, come to the whole.
func TestSharesOfAJointCampaign(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	joint(w)
	var got struct {
		Pledged  int64 `json:"pledged_minor"`
		Received int64 `json:"received_minor"`
		Refunded int64 `json:"refunded_minor"`
		Shares   []struct {
			Cluster  *struct{ Slug string }
			Leads    bool
			Pledged  int64 `json:"pledged_minor"`
			Received int64 `json:"received_minor"`
			Refunded int64 `json:"refunded_minor"`
		}
	}
	if err := json.Unmarshal([]byte(webtest.Ask(t, door(t, w), "/api/v1/campaigns/bridge").Body), &got); err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, s := range got.Shares {
		whose := "nobody"
		if s.Cluster != nil {
			whose = s.Cluster.Slug
		}
		said += fmt.Sprintf("%s %t %d %d %d; ", whose, s.Leads, s.Pledged, s.Received, s.Refunded)
		got.Pledged, got.Received, got.Refunded = got.Pledged-s.Pledged, got.Received-s.Received, got.Refunded-s.Refunded
	}
	if want := "kharkiv-it true 7000 5000 0; mariupol-it false 9000 9000 2500; nobody false 654 654 0; "; said != want {
		t.Errorf("shares are %s, want %s", said, want)
	}
	if got.Pledged != 0 || got.Received != 0 || got.Refunded != 0 {
		t.Errorf("beside the shares there are %+v", got)
	}
}

func TestListAndSingleSayTheSame(t *testing.T) {
	w, _ := busy(t)
	w.Campaign("draft", func(c *reporttest.Campaign) { c.State = "draft" })
	h := door(t, w)
	list := webtest.Ask(t, h, "/api/v1/campaigns").Body
	one := webtest.Ask(t, h, "/api/v1/campaigns/it4life").Body
	if want := "[" + strings.TrimSpace(one) + "]\n"; list != want {
		t.Errorf("list is\n%s\nwant\n%s", list, want)
	}
}

func TestNoCampaignsAreAnEmptyList(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	if got := webtest.Ask(t, door(t, w), "/api/v1/campaigns").Body; got != "[]\n" {
		t.Errorf("answer is %q", got)
	}
}

// A reader that has the answer is told so, and is told the news as soon as there are any.
func TestETagChangesWithTheFigures(t *testing.T) {
	w, c := busy(t)
	h := door(t, w)
	for i, path := range []string{"/api/v1/campaigns", "/api/v1/campaigns/it4life"} {
		tag := webtest.Ask(t, h, path).Header.Get("ETag")
		for _, has := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			r := webtest.Ask(t, h, path, "If-None-Match", has)
			if b := r.Body; r.Status != http.StatusNotModified || b != "" {
				t.Errorf("%s with %s: %d, %d bytes", path, has, r.Status, len(b))
			}
		}
		w.Pledge(c, w.Company(fmt.Sprint("yasen-", i), "Ясен", "Yasen"), 100, "anonymous")
		r := webtest.Ask(t, h, path, "If-None-Match", tag)
		if r.Status != http.StatusOK || r.Header.Get("ETag") == tag {
			t.Errorf("%s after a pledge: %d, tag %s before and %s now", path, r.Status, tag, r.Header.Get("ETag"))
		}
	}
}

func TestAnyPageMayRead(t *testing.T) {
	w, _ := busy(t)
	h := door(t, w)
	for _, path := range []string{"/api/v1/campaigns", "/api/v1/campaigns/it4life", "/api/v1/campaigns/none", "/api/openapi.json"} {
		if got := webtest.Ask(t, h, path).Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestAsOfTellsThePast(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	w.Pays(w.Pledge(c, ganok, 5_000, "named"), 5_000, 50)
	then := w.Now
	w.Now = w.Now.AddDate(0, 0, 1)
	w.Pays(w.Pledge(c, ganok, 700, "named"), 700, 7)
	w.Now = w.Now.AddDate(0, 0, 1)

	got := object(t, webtest.Ask(t, door(t, w), "/api/v1/campaigns/it4life?as_of="+then.Format(time.DateOnly)))
	if got["received_minor"] != 5_000.0 || got["fees_minor"] != 50.0 || got["pledged_minor"] != 5_000.0 {
		t.Errorf("as of then: %v", got)
	}
	if on, has := got["on_its_way_minor"]; !has || on != nil {
		t.Errorf("on its way then is %v", on)
	}
	if got["updated_at"] != then.Format(time.DateOnly)+"T00:00:00Z" {
		t.Errorf("updated_at is %v: its hour is a gift's", got["updated_at"])
	}
}

// Whoever could ask on both sides of a gift would read its amount from two totals. Between
// two days stands what came in a day, and no hour can be asked for.
func TestTheHourOfAGiftCannotBeAskedFor(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	first := w.Now
	w.Pays(w.Pledge(c, w.Company("ganok", "Ґанок Софт", "Ganok Soft"), 5_000, "named"), 5_000, 50)
	between := w.Now
	w.Pays(w.Pledge(c, w.Company("hidden-slug", "Невидимка", "Invisible Ltd"), 700, "anonymous"), 700, 7)
	w.Now = w.Now.AddDate(0, 0, 2)
	h := door(t, w)
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05Z", "2006-01-02 15:04", "2006-01-02T15", "20060102"} {
		if r := webtest.Ask(t, h, "/api/v1/campaigns/it4life?as_of="+url.QueryEscape(between.Format(form))); r.Status != http.StatusUnprocessableEntity {
			t.Errorf("as of %s: %d", between.Format(form), r.Status)
		}
	}
	day := object(t, webtest.Ask(t, h, "/api/v1/campaigns/it4life?as_of="+first.Format(time.DateOnly)))
	if day["received_minor"] != 5_700.0 {
		t.Errorf("the day tells %v, want all of it", day["received_minor"])
	}
}

func TestErrorsAreProblems(t *testing.T) {
	w, _ := busy(t)
	w.Campaign("draft", func(c *reporttest.Campaign) { c.State = "draft" })
	h := door(t, w)
	today := clock.Day(w.Now).Format(time.DateOnly)
	for path, status := range map[string]int{
		"/api/v1/campaigns/none":                      404,
		"/api/v1/campaigns/draft":                     404,
		"/api/v1/campaigns/%27%20OR%201=1":            404,
		"/api/v1/campaigns/%00":                       404,
		"/api/v1/campaigns/%FF":                       404,
		"/api/v1/nothing":                             404,
		"/api/v1/campaigns/it4life?as_of=yesterday":   422,
		"/api/v1/campaigns/it4life?as_of=":            422,
		"/api/v1/campaigns/it4life?as_of=" + today:    422,
		"/api/v1/campaigns/it4life?as_of=%00":         422,
		"/api/v1/campaigns/it4life?as_of=infinity":    422,
		"/api/v1/campaigns/it4life?as_of=2026-02-30":  422,
		"/api/v1/campaigns/it4life?as_of=0000-01-01":  422,
		"/api/v1/campaigns/none?as_of=2026-03-25T12Z": 422,
	} {
		r := webtest.Ask(t, h, path)
		got := object(t, r)
		if r.Status != status || r.Header.Get("Content-Type") != "application/problem+json" ||
			got["status"] != float64(status) || got["title"] != http.StatusText(status) {
			t.Errorf("%s: %d, %s, %v", path, r.Status, r.Header.Get("Content-Type"), got)
		}
		if detail, _ := got["detail"].(string); strings.Contains(detail, "fault.") || strings.Contains(detail, "sql") {
			t.Errorf("%s: detail is %q", path, detail)
		}
	}
}

// When the database is away, a stranger learns that and nothing else.
func TestFailureSaysNothingOfItsCause(t *testing.T) {
	w, _ := busy(t)
	h := door(t, w)
	if err := w.DB.Close(); err != nil {
		t.Fatal(err)
	}
	r := webtest.Ask(t, h, "/api/v1/campaigns")
	got := object(t, r)
	delete(got, "request_id")
	want := map[string]any{"type": "about:blank", "title": "Internal Server Error", "status": 500.0}
	if r.Status != http.StatusInternalServerError || !cmp.Equal(want, got) {
		t.Errorf("%d %v, want %v", r.Status, got, want)
	}
}

func TestReadyNamesChecksAndKeepsTheirErrors(t *testing.T) {
	well := api.Check{Name: "database", Ask: func(context.Context) error { return nil }}
	ill := api.Check{Name: "queue", Ask: func(context.Context) error { return errors.New("password=hunter2 refused") }}
	hung := api.Check{Name: "disk", Ask: func(ctx context.Context) error {
		if _, limited := ctx.Deadline(); !limited {
			return nil
		}
		return context.DeadlineExceeded
	}}
	for _, c := range []struct {
		name   string
		checks []api.Check
		status int
		want   map[string]any
	}{
		{"all well", []api.Check{well}, 200, map[string]any{"database": "ok"}},
		{"one ill, one over its time", []api.Check{well, ill, hung}, 503, map[string]any{"database": "ok", "queue": "failed", "disk": "failed"}},
		{"nothing to check", nil, 200, map[string]any{}},
	} {
		e := echo.New()
		var said strings.Builder
		api.New(nil, clock.System, slog.New(slog.NewTextHandler(&said, nil)), c.checks...).Routes(e.Group(""))
		r := webtest.Ask(t, e, "/readyz")
		if got := object(t, r); r.Status != c.status || !cmp.Equal(c.want, got) {
			t.Errorf("%s: %d %v", c.name, r.Status, got)
		}
		if told := strings.Contains(said.String(), `msg="not ready" check=queue`); told != (c.status != http.StatusOK) {
			t.Errorf("%s: the log has %s", c.name, said.String())
		}
		if r := webtest.Ask(t, e, "/healthz"); r.Status != http.StatusOK {
			t.Errorf("%s: alive says %d", c.name, r.Status)
		}
	}
}

// Programs read what the public may know.
func TestJSONNamesNoCompany(t *testing.T) {
	w, _ := busy(t)
	h := door(t, w)
	for _, path := range []string{"/api/v1/campaigns", "/api/v1/campaigns/it4life"} {
		got := webtest.Ask(t, h, path).Body
		for _, secret := range []string{"hidden-slug", "Невидимка", "Invisible", "76543", "765.43", "Planted", "planted"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s tells %q:\n%s", path, secret, got)
			}
		}
	}
}

func TestHEADIsAnsweredLikeGET(t *testing.T) {
	w, _ := busy(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/api/v1/campaigns/it4life", nil)
	rec := httptest.NewRecorder()
	door(t, w).ServeHTTP(rec, r)
	if rec.Code != 200 || rec.Header().Get("ETag") == "" {
		t.Errorf("%d, ETag %q", rec.Code, rec.Header().Get("ETag"))
	}
}
