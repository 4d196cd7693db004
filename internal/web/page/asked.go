package page

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
)

// Asked is what a list was asked for: its address and what narrows it.
type Asked struct {
	Path   string
	values url.Values
}

// maxAsked is how long anything in the query of a list may be.
const maxAsked = 500

// ReadAsked reads the query of the list that lives at a path. Text that no database would
// take is refused as a whole: no browser sends it.
func ReadAsked(c echo.Context, path string) (Asked, error) {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return Asked{}, fault.New(fault.Invalid, "form.unreadable")
	}
	kept := url.Values{}
	for name := range values {
		v := values.Get(name)
		if !utf8.ValidString(v+name) || strings.ContainsRune(v+name, 0) || len(v) > maxAsked {
			return Asked{}, fault.New(fault.Invalid, "form.unreadable")
		}
		if v = strings.TrimSpace(v); v != "" && name != LangQuery && name != "notice" {
			kept.Set(name, v)
		}
	}
	return Asked{path, kept}, nil
}

// Get is a value of the query, without the blanks around it.
func (a Asked) Get(name string) string { return a.values.Get(name) }

// After is the row below which the page begins, or empty.
func (a Asked) After() string { return a.values.Get("after") }

// With is the list's address with a value changed, from its first page on. An empty value
// is left out.
func (a Asked) With(name, value string) string { return a.At(a.Path, name, value) }

// At is the same at another path, such as that of the list's file.
func (a Asked) At(path, name, value string) string {
	q := url.Values{}
	for n := range a.values {
		if n != "after" {
			q.Set(n, a.values.Get(n))
		}
	}
	if q.Del(name); value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
