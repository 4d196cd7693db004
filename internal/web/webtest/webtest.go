// Package webtest drives a door the way a browser without scripts does, and reads what it
// answers by the elements of the page. It is for tests alone.
package webtest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/member"
	"kopiyka/internal/web/page/pagetest"
)

// House is a server with some doors.
type House struct {
	t    testing.TB
	db   *sqlx.DB
	Echo *echo.Echo
	URL  string
}

// personHeader names who is signed in: the sign-in door has tests of its own.
const personHeader = "X-Test-Person"

// Open serves doors with the frame and the error pages of the house. Doors learn who is
// signed in as they do behind the sign-in door.
func Open(t testing.TB, db *sqlx.DB, doors func(g *echo.Group)) *House {
	t.Helper()
	h := &House{t: t, db: db, Echo: echo.New()}
	renderer := pagetest.Renderer(t)
	h.Echo.Renderer = renderer
	h.Echo.HTTPErrorHandler = renderer.Errors(slog.New(slog.NewTextHandler(t.Output(), nil)))
	h.Echo.IPExtractor = echo.ExtractIPDirect()
	h.Echo.Use(renderer.Frame, h.recognise)
	doors(h.Echo.Group(""))
	server := httptest.NewServer(h.Echo)
	t.Cleanup(server.Close)
	h.URL = server.URL
	return h
}

func (h *House) recognise(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if id := c.Request().Header.Get(personHeader); id != "" {
			person, err := member.PersonByID(c.Request().Context(), h.db, id)
			if err != nil {
				return err
			}
			c.SetRequest(c.Request().WithContext(member.WithPerson(c.Request().Context(), person)))
		}
		return next(c)
	}
}

// Browser is one visitor. It follows no redirects and keeps cookies.
type Browser struct {
	t       testing.TB
	url     string
	person  string
	Lang    string // Accept-Language
	From    string // Sec-Fetch-Site: where a browser says that the request began; empty: it says nothing
	Cookies []*http.Cookie
}

// As is a browser of somebody who is signed in; an empty id is nobody. It reads English.
func (h *House) As(person string) *Browser {
	return &Browser{t: h.t, url: h.URL, person: person, Lang: "en"}
}

// In is the same visitor within a subtest.
func (b *Browser) In(t testing.TB) *Browser {
	c := *b
	c.t = t
	return &c
}

// Get opens a page.
func (b *Browser) Get(path string) Answer { b.t.Helper(); return b.do(http.MethodGet, path, nil, "") }

// Post sends a form.
func (b *Browser) Post(path string, form url.Values) Answer {
	b.t.Helper()
	return b.PostRaw(path, strings.NewReader(form.Encode()))
}

// PostRaw sends bytes as if they were a form.
func (b *Browser) PostRaw(path string, body io.Reader) Answer {
	b.t.Helper()
	return b.do(http.MethodPost, path, body, "application/x-www-form-urlencoded")
}

func (b *Browser) do(method, path string, body io.Reader, kind string) Answer {
	b.t.Helper()
	a, err := b.Try(method, path, body, kind)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// Try is for goroutines, which must not end a test.
func (b *Browser) Try(method, path string, body io.Reader, kind string) (Answer, error) {
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body)
	if err != nil {
		return Answer{}, err
	}
	if b.person != "" {
		r.Header.Set(personHeader, b.person)
	}
	if kind != "" {
		r.Header.Set(echo.HeaderContentType, kind)
	}
	r.Header.Set("Accept-Language", b.Lang)
	if b.From != "" {
		r.Header.Set("Sec-Fetch-Site", b.From)
	}
	for _, c := range b.Cookies {
		r.AddCookie(c)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, err
	}
	b.keep(res.Cookies())
	return newAnswer(b.t, res, text)
}

// keep takes over what the server set, and forgets what it ended.
func (b *Browser) keep(set []*http.Cookie) {
	for _, c := range set {
		var rest []*http.Cookie
		for _, old := range b.Cookies {
			if old.Name != c.Name {
				rest = append(rest, old)
			}
		}
		if c.MaxAge >= 0 {
			rest = append(rest, c)
		}
		b.Cookies = rest
	}
}
