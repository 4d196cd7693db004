package page_test

import (
	"bytes"
	stdcontext "context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// secret stands for what an error of ours may hold.
const secret = "pq: password of kopiyka is hunter2"

// fail sends a request to a handler that returns err, and gives back the answer and the log.
func fail(t *testing.T, err error, req *http.Request) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	r := pagetest.Renderer(t)
	e := echo.New()
	e.HTTPErrorHandler = r.Errors(slog.New(slog.NewTextHandler(&log, nil)))
	e.Use(r.Frame)
	e.Any("/*", func(echo.Context) error { return err })
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	return rec, log.String()
}

// What may work later is an outage: 503, in words, and logged like any failure of ours.
func TestOutageIsNoFaultOfThePage(t *testing.T) {
	gone := errors.New(secret)
	for _, c := range []struct {
		err  error
		want int
	}{{fmt.Errorf("list: %w", gone), 503}, {errors.New(secret), 500}, {fault.New(fault.NotFound, "campaign.unknown"), 404}} {
		r, err := page.New(page.Options{Strict: true, Away: func(err error) bool { return errors.Is(err, gone) }})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		e := echo.New()
		e.HTTPErrorHandler = r.Errors(slog.New(slog.NewTextHandler(&log, nil)))
		e.Use(r.Frame)
		e.Any("/*", func(echo.Context) error { return c.err })
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/en/x", nil))
		if rec.Code != c.want || strings.Contains(rec.Body.String(), "hunter2") || (log.Len() > 0) != (c.want >= 500) {
			t.Errorf("%v: %d, logged %q\n%s", c.err, rec.Code, log.String(), rec.Body)
		}
	}
}

func TestEachKindOfFaultHasItsStatusAndItsPage(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.Invalid: 422, fault.NotFound: 404, fault.Unauthorized: 401, fault.Forbidden: 403,
		fault.Conflict: 409, fault.TooLarge: 413, fault.TooMany: 429, fault.Unavailable: 503,
	} {
		rec, log := fail(t, fmt.Errorf("%s: %w", secret, fault.New(kind, "campaign.unknown")), httptest.NewRequest(http.MethodGet, "/en/x", nil))
		body := rec.Body.String()
		if rec.Code != want || !strings.Contains(body, "There is no such campaign.") || !strings.Contains(body, `<html lang="en">`) {
			t.Errorf("kind %d: %d\n%s", kind, rec.Code, body)
		}
		if strings.Contains(body, "hunter2") {
			t.Errorf("kind %d: the page shows the error's own text", kind)
		}
		if log != "" {
			t.Errorf("kind %d: a refusal is logged as a failure: %s", kind, log)
		}
		if faults := pagetest.Faults(rec.Body.Bytes()); len(faults) > 0 {
			t.Errorf("kind %d: %v", kind, faults)
		}
	}
}

func TestAFailureShowsItsNumberAndNothingElse(t *testing.T) {
	for _, err := range []error{errors.New(secret), echo.NewHTTPError(500, secret), fault.New(0, "campaign.unknown")} {
		rec, log := fail(t, err, httptest.NewRequest(http.MethodGet, "/uk/x", nil))
		id := rec.Header().Get("X-Request-ID")
		if rec.Code != 500 || len(id) < 20 || !strings.Contains(rec.Body.String(), "<code>"+id+"</code>") {
			t.Errorf("%v: %d, id %q\n%s", err, rec.Code, id, rec.Body)
		}
		if strings.Contains(rec.Body.String(), "hunter2") {
			t.Errorf("%v: the page shows the error's own text", err)
		}
		if strings.Contains(err.Error(), "hunter2") && (strings.Count(log, "\n") != 1 || !strings.Contains(log, id) || !strings.Contains(log, "hunter2")) {
			t.Errorf("%v: logged as %q", err, log)
		}
	}
}

func TestAnIDFromOutsideIsNotBelieved(t *testing.T) {
	r := pagetest.Renderer(t)
	c, rec := context(t, r, http.MethodGet, "/uk/x")
	rec.Header().Set("X-Request-ID", "<script>\n")
	r.Errors(slog.New(slog.DiscardHandler))(errors.New(secret), c)
	if id := rec.Header().Get("X-Request-ID"); !regexp.MustCompile(`^[A-Z0-9]{26}$`).MatchString(id) {
		t.Errorf("the id is %q", id)
	}
}

func TestWhatEchoRefusesGetsOurPage(t *testing.T) {
	for code, want := range map[int]string{404: "Такої сторінки немає", 405: "Цю адресу відкривають інакше", 413: "Надіслано забагато", 429: "Забагато спроб", 418: "Не вдалося прочитати запит", 400: "Не вдалося прочитати запит", 503: "Сторінка тимчасово недоступна"} {
		rec, _ := fail(t, echo.NewHTTPError(code, secret), httptest.NewRequest(http.MethodGet, "/uk/x", nil))
		if rec.Code != code || !strings.Contains(rec.Body.String(), "<h1>"+want+"</h1>") || strings.Contains(rec.Body.String(), "hunter2") {
			t.Errorf("%d: %d\n%s", code, rec.Code, rec.Body)
		}
	}
	rec, _ := fail(t, fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1}), httptest.NewRequest(http.MethodPost, "/portal", nil))
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too many bytes: %d", rec.Code)
	}
}

func TestProgramsGetAProblemDocument(t *testing.T) {
	form := fault.Form{fault.In("amount", "money.zero"), fault.In("due_on", "pledge.due_in_the_past")}
	rec, _ := fail(t, form, httptest.NewRequest(http.MethodGet, "/api/v1/x?lang=en", nil))
	var got page.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := page.Problem{Type: "about:blank", Title: "Unprocessable Entity", Status: 422, Code: "money.zero", Detail: "Type an amount above zero.", Errors: []page.ProblemField{
		{Field: "amount", Code: "money.zero", Detail: "Type an amount above zero"},
		{Field: "due_on", Code: "pledge.due_in_the_past", Detail: "That day has passed. Type today’s date or a later one"},
	}}
	if diff := cmp.Diff(want, got); diff != "" || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s\n%s", rec.Header().Get("Content-Type"), diff)
	}
	req := httptest.NewRequest(http.MethodGet, "/uk/x", nil)
	req.Header.Set("Accept", "application/json")
	rec, _ = fail(t, errors.New(secret), req)
	if got := (page.Problem{}); json.Unmarshal(rec.Body.Bytes(), &got) != nil || got.Status != 500 || got.RequestID == "" || got.Detail != "" || strings.Contains(rec.Body.String(), "hunter2") {
		t.Errorf("a failure: %s", rec.Body)
	}
}

func TestABrowserGetsAPage(t *testing.T) {
	req := httptest.NewRequest(http.MethodGet, "/uk/x", nil)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/json;q=0.9")
	if rec, _ := fail(t, echo.ErrNotFound, req); !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
		t.Errorf("a browser got %s", rec.Header().Get("Content-Type"))
	}
}

func TestAVisitorWhoLeftIsNoFailure(t *testing.T) {
	ctx, cancel := stdcontext.WithCancel(t.Context())
	cancel()
	if _, log := fail(t, fmt.Errorf("read: %w", stdcontext.Canceled), httptest.NewRequest(http.MethodGet, "/uk/x", nil).WithContext(ctx)); log != "" {
		t.Errorf("logged: %s", log)
	}
	if rec, log := fail(t, fmt.Errorf("read: %w", stdcontext.Canceled), httptest.NewRequest(http.MethodGet, "/uk/x", nil)); rec.Code != 500 || log == "" {
		t.Errorf("something of ours was cancelled: %d, log %q", rec.Code, log)
	}
}

func TestAnAnswerThatHasBegunIsLeftAlone(t *testing.T) {
	var log bytes.Buffer
	r := pagetest.Renderer(t)
	c, rec := context(t, r, http.MethodGet, "/uk/x")
	if err := c.String(200, "half"); err != nil {
		t.Fatal(err)
	}
	r.Errors(slog.New(slog.NewTextHandler(&log, nil)))(errors.New(secret), c)
	if rec.Body.String() != "half" || !strings.Contains(log.String(), "hunter2") {
		t.Errorf("body %q, log %q", rec.Body, log.String())
	}
}

func TestHEADOfAnErrorHasNoBody(t *testing.T) {
	if rec, _ := fail(t, echo.ErrNotFound, httptest.NewRequest(http.MethodHead, "/uk/x", nil)); rec.Code != 404 || rec.Body.Len() > 0 {
		t.Errorf("%d, %d bytes", rec.Code, rec.Body.Len())
	}
}

func TestHeadersAllowOnlyOurselvesAndTheTill(t *testing.T) {
	r := pagetest.Renderer(t)
	c, rec := context(t, r, http.MethodGet, "/uk/x")
	h := page.Headers{Secure: true, FormOrigins: []string{"http://127.0.0.1:8181"}}.Middleware()
	if err := h(func(echo.Context) error { return nil })(c); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://checkout.stripe.com http://127.0.0.1:8181",
		"X-Content-Type-Options":     "nosniff",
		"Strict-Transport-Security":  "max-age=31536000; includeSubDomains",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Referrer-Policy":            "strict-origin-when-cross-origin",
	}
	for name, value := range want {
		if got := rec.Header().Get(name); got != value {
			t.Errorf("%s = %q", name, got)
		}
	}
	c, rec = context(t, r, http.MethodGet, "/uk/x")
	if err := (page.Headers{}).Middleware()(func(echo.Context) error { return nil })(c); err != nil {
		t.Fatal(err)
	}
	if rec.Header().Get("Strict-Transport-Security") != "" {
		t.Error("a site without https asks for https alone")
	}
}
