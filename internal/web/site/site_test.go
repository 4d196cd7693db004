package site_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/site"
	"kopiyka/internal/web/webtest"
)

// door is the site on a test's database, with every message and asset demanded.
type door struct {
	t     *testing.T
	h     *echo.Echo
	cache *page.Cache
}

func open(t *testing.T, w *reporttest.World) door {
	t.Helper()
	r, err := page.New(page.Options{Strict: true, Origin: "https://help.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	d := door{t, echo.New(), page.NewCache()}
	d.h.HTTPErrorHandler = r.Errors(slog.New(slog.DiscardHandler))
	d.h.Use(r.Frame)
	site.New(report.New(w.DB), r, d.cache).Routes(d.h.Group(""))
	return d
}

// ask makes a request; header is names and values in turn.
func (d door) ask(path string, header ...string) webtest.Answer {
	d.t.Helper()
	return webtest.Ask(d.t, d.h, path, header...)
}

// html is a page as it was sent, which must be there.
func (d door) html(path string) string {
	d.t.Helper()
	r := d.ask(path)
	if r.Status != http.StatusOK {
		d.t.Fatalf("GET %s: %d\n%s", path, r.Status, r.Body)
	}
	return r.Body
}

func (d door) page(path string) element {
	d.t.Helper()
	return parse(d.t, d.html(path))
}

// fresh drops what the cache holds and returns the page.
func (d door) fresh(path string) element {
	d.t.Helper()
	d.cache.Invalidate()
	return d.page(path)
}
