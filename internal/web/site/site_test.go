package site_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/site"
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
func (d door) ask(path string, header ...string) *http.Response {
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, r)
	return rec.Result()
}

// html is a page as it was sent, which must be there.
func (d door) html(path string) string {
	d.t.Helper()
	r := d.ask(path)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		d.t.Fatalf("GET %s: %s\n%s", path, r.Status, body)
	}
	return string(body)
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
