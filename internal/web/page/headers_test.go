package page_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
)

// Whoever hears "too often" or "not now" hears when to come again, from whatever wrote the
// answer; and nobody else does.
func TestNotNowSaysWhen(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	r, err := page.New(page.Options{Strict: true, Away: func(err error) bool { return errors.Is(err, gone) }})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = r.Errors(slog.New(slog.DiscardHandler))
	e.Use(page.Headers{}.Middleware(), r.Frame)
	answers := map[string]struct {
		answer func(echo.Context) error
		want   string
	}{
		"/said": {func(echo.Context) error {
			return fault.New(fault.TooMany, "signin.too_many", 15).Again(90500 * time.Millisecond)
		}, "91"},
		"/unsaid":  {func(echo.Context) error { return fault.New(fault.TooMany, "signin.too_many", 15) }, "15"},
		"/away":    {func(echo.Context) error { return gone }, "15"},
		"/stripe":  {func(echo.Context) error { return fault.New(fault.Unavailable, "payment.stripe_unavailable") }, "15"},
		"/written": {func(c echo.Context) error { return c.JSON(http.StatusServiceUnavailable, nil) }, "15"},
		"/broken":  {func(echo.Context) error { return errors.New("broken") }, ""},
		"/well":    {func(c echo.Context) error { return c.NoContent(http.StatusOK) }, ""},
		"/unknown": {func(echo.Context) error { return fault.New(fault.NotFound, "campaign.unknown") }, ""},
	}
	for path, a := range answers {
		e.GET(path, a.answer)
	}
	for path, a := range answers {
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if got := rec.Header().Get("Retry-After"); got != a.want {
			t.Errorf("%s: %d, Retry-After %q, want %q", path, rec.Code, got, a.want)
		}
	}
}
