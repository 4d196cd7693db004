package site_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/site"
)

// desk shows drafts at an address of its own, as the office does behind its guard.
func desk(t *testing.T, w *reporttest.World) door {
	t.Helper()
	r, err := page.New(page.Options{Strict: true, Origin: "https://help.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	d := door{t, echo.New(), page.NewCache()}
	d.h.Renderer = r
	d.h.HTTPErrorHandler = r.Errors(slog.New(slog.DiscardHandler))
	d.h.Use(r.Frame)
	s := site.New(report.New(w.DB), r, d.cache)
	d.h.GET("/desk/:slug", func(c echo.Context) error { return s.Preview(c, c.Param("slug"), "/back") })
	return d
}

// A draft is shown with the public's own page, however little of it there is, and is kept
// nowhere.
func TestADraftIsPreviewed(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	w.Campaign("whole", func(c *reporttest.Campaign) {
		c.State, c.Title, c.Story = "draft", [2]string{"Дахи", "Roofs"}, [2]string{"*Слово*", "A *word* <script>alert(1)</script>"}
	})
	w.Campaign("begun", func(c *reporttest.Campaign) {
		c.State, c.Goal, c.Title, c.Story = "draft", 0, [2]string{"Дахи", ""}, [2]string{"", ""}
	})
	w.Campaign("open")
	d := desk(t, w)
	r := d.ask("/desk/whole?lang=en", "Accept-Language", "en").Wants(http.StatusOK).Says("main h1", "Roofs").Says(".story em", "word").Says(".notice", "A draft").Says(".opening-act", "will be here")
	if r.Header.Get("Cache-Control") != "no-store" || strings.Contains(r.Body, "<script>alert") || r.Has("main a[href=/api/v1/campaigns/whole]") || !strings.Contains(r.Body, "noindex") {
		t.Error("a preview is kept, runs what was typed, or leads where nothing is")
	}
	d.ask("/desk/begun?lang=en", "Accept-Language", "en").Wants(http.StatusOK).Says(".glance", "$0.00")
	for _, slug := range []string{"open", "none", "%00"} {
		d.ask("/desk/" + slug).Wants(http.StatusNotFound)
	}
}

// Everybody reads from what a goal was changed, when and why.
func TestAChangedGoalIsToldOnThePage(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("roofs")
	w.DB.MustExec(`INSERT INTO people (id, email, name, password_hash, created_at) VALUES ($1, 'c@example.org', 'C', '', now())`, c.ID)
	tx := w.DB.MustBegin()
	tx.MustExec(`INSERT INTO campaign_reasons (campaign_id, version, kind, reason, goal_from_minor, goal_to_minor, given_by, given_at) VALUES ($1, 2, 'goal', 'Дахів <b>більше</b>', $2, 250000, $1, '2026-02-01T10:00Z')`, c.ID, c.Goal)
	tx.MustExec(`UPDATE campaigns SET goal_minor = 250000 WHERE id = $1`, c.ID)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	said := open(t, w).html("/en/campaigns/roofs")
	for _, words := range []string{"Goal changed from $1,000.00 to $2,500.00 on 1\u00a0February\u00a02026.", `<span lang="uk">Дахів &lt;b&gt;більше&lt;/b&gt;</span>`} {
		if !strings.Contains(said, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
}
