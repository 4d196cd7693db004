package page

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
)

// maxPosted lets somebody who has pasted a book into a field have it back with a word about its
// length, instead of losing it: a hundred thousand letters, of which one of theirs may take six
// bytes on its way.
const maxPosted = 1 << 20

// Posted reads the form that a browser posted. Too many bytes are a TooLarge fault, and
// what is no form, or holds characters that nobody can read, is an Invalid one. Values
// beside the first of a name, and files, are not looked at.
func Posted(c echo.Context) (url.Values, error) {
	r := c.Request()
	unreadable := fault.New(fault.Invalid, "form.unreadable")
	if kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); err != nil || kind != echo.MIMEApplicationForm {
		return nil, echo.ErrUnsupportedMediaType
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxPosted)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if r.ContentLength > maxPosted || errors.As(err, &tooLarge) {
			return nil, fault.New(fault.TooLarge, "form.too_large")
		}
		return nil, unreadable
	}
	for name, values := range r.PostForm {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return nil, unreadable
			}
		}
	}
	return r.PostForm, nil
}

// Text is a field of several lines as it was typed: browsers send two characters for a new
// line, and people count one.
func Text(form url.Values, name string) string {
	return strings.ReplaceAll(form.Get(name), "\r\n", "\n")
}
