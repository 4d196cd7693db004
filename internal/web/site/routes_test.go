package site_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kopiyka/internal/i18n"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report/reporttest"
)

func TestFirstVisitGoesToALanguage(t *testing.T) {
	d := open(t, reporttest.New(t, pgtest.DB(t)))
	for _, c := range []struct {
		name, path, want string
		header           []string
	}{
		{"nothing known", "/", "/uk/", nil},
		{"a browser that prefers English", "/", "/en/", []string{"Accept-Language", "de, en;q=0.8, uk;q=0.5"}},
		{"a browser that prefers neither", "/", "/uk/", []string{"Accept-Language", "de"}},
		{"a cookie says more than the browser", "/", "/uk/", []string{"Accept-Language", "en", "Cookie", "lang=uk"}},
		{"a cookie of no language of ours", "/", "/en/", []string{"Accept-Language", "en", "Cookie", "lang=xx"}},
		{"a language without its slash", "/en", "/en/", []string{"Cookie", "lang=uk"}},
	} {
		r := d.ask(c.path, c.header...)
		if got := r.Header.Get("Location"); r.Status != http.StatusFound || got != c.want {
			t.Errorf("%s: %d to %q, want %q", c.name, r.Status, got, c.want)
		}
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", c.name, got)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	w, _ := busy(t)
	w.Campaign("draft", func(c *reporttest.Campaign) { c.State = "draft" })
	d := open(t, w)
	for _, path := range []string{
		"/xx/", "/xx/campaigns/it4life", "/UK/", "/uk/campaigns/", "/uk/campaigns/none", "/uk/campaigns/draft", "/uk/campaigns/IT4LIFE",
		"/uk/campaigns/draft/donors", "/uk/campaigns/none/donors", "/uk/companies/none", "/uk/companies/tysha", "/uk/clusters/none",
		"/uk/campaigns/%00", "/uk/campaigns/%27%3B--", "/uk/campaigns/it4life%2Fdonors", "/uk/campaigns/%FF",
		"/uk/campaigns/it4life/donors?after=x", "/uk/campaigns/it4life/donors?after=0", "/uk/campaigns/it4life/donors?after=-1",
		"/uk/campaigns/it4life/donors?after=1", "/uk/campaigns/it4life/donors?after=02", "/uk/campaigns/it4life/donors?after=99999999999999999999",
	} {
		r := d.ask(path, "Accept-Language", "uk")
		if r.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.Status)
			continue
		}
		p := parse(t, r.Body)
		if got := p.one(t, "main h1").text(); got != "Такої сторінки немає" {
			t.Errorf("%s: h1 is %q", path, got)
		}
		if strings.Contains(r.Body, "fault.") {
			t.Errorf("%s shows a key of the catalogues: %s", path, p.one(t, "main").text())
		}
	}
}

// A page is kept for everyone, and shows the news at once when it is told that there are any.
func TestPageShowsNewFiguresAfterInvalidate(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	p := w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 50_000, "named")
	d := open(t, w)
	const path = "/uk/campaigns/it4life"
	before := d.ask(path)
	if tag := before.Header.Get("ETag"); d.ask(path, "If-None-Match", tag).Status != http.StatusNotModified {
		t.Error("who has the page is sent it again")
	}
	if got := d.page(path).one(t, ".glance-big").text(); got != "0,00 $" {
		t.Fatalf("received is %q before the payment", got)
	}
	w.Pays(p, 50_000, 1_000)
	d.cache.Invalidate()
	if got := d.page(path).one(t, ".glance-big").text(); got != "500,00 $" {
		t.Errorf("received is %q after the payment", got)
	}
	r := d.ask(path, "If-None-Match", before.Header.Get("ETag"))
	if r.Status != http.StatusOK {
		t.Errorf("who has the old page gets %d", r.Status)
	}
}

// A query that means nothing neither makes a page of its own nor stands in one.
func TestMeaninglessQueriesShareAPage(t *testing.T) {
	w, _ := busy(t)
	d := open(t, w)
	plain := d.html("/uk/campaigns/it4life")
	if other := d.html("/uk/campaigns/it4life?utm_source=letter&x=%22%3E%3Cscript%3E"); other != plain {
		t.Error("the page with a query differs")
	}
}

// Whoever cuts the end off a campaign's address finds the list of campaigns.
func TestCampaignsWithoutANameLeadToTheList(t *testing.T) {
	w, _ := busy(t)
	d := open(t, w)
	for _, l := range i18n.Langs() {
		r := d.ask("/" + string(l) + "/campaigns")
		if want := "/" + string(l) + "/#campaigns"; r.Status != http.StatusFound || r.Header.Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q", l, r.Status, r.Header.Get("Location"), want)
		}
		if n := len(d.page("/" + string(l) + "/").all("#campaigns")); n != 1 {
			t.Errorf("%s: the list is there %d times", l, n)
		}
	}
}

func TestHEADIsAnsweredLikeGET(t *testing.T) {
	w, _ := busy(t)
	d := open(t, w)
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/uk/campaigns/it4life", nil))
	if rec.Code != http.StatusOK || rec.Header().Get("ETag") == "" {
		t.Errorf("%d, ETag %q", rec.Code, rec.Header().Get("ETag"))
	}
}

// A failing database is our failure: the visitor learns that, and nothing of its cause.
func TestFailureSaysNothingOfItsCause(t *testing.T) {
	w, _ := busy(t)
	d := open(t, w)
	if err := w.DB.Close(); err != nil {
		t.Fatal(err)
	}
	r := d.ask("/uk/campaigns/it4life")
	if r.Status != http.StatusInternalServerError || strings.Contains(r.Body, "sql") || strings.Contains(r.Body, "database is closed") {
		t.Errorf("%d\n%s", r.Status, r.Body)
	}
}
