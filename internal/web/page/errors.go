package page

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
)

// Fault is the page of an error.
type Fault struct {
	Base
	Status      int
	Title       string
	Text        string // what the rule says, when a rule refused
	Hint        string // what to do
	RequestID   string // for errors of ours
	OfferSignIn bool
}

// kindOf says how each status speaks: a heading and a hint of the catalogues.
type kindOf struct{ title, hint string }

var (
	internalKind = kindOf{"fault.page.internal", "fault.page.internal_hint"}
	kinds        = map[int]kindOf{
		http.StatusBadRequest:            {"fault.page.invalid", "fault.page.invalid_hint"},
		http.StatusUnauthorized:          {"fault.page.unauthorized", "fault.page.unauthorized_hint"},
		http.StatusForbidden:             {"fault.page.forbidden", "fault.page.forbidden_hint"},
		http.StatusNotFound:              {"fault.page.not_found", "fault.page.not_found_hint"},
		http.StatusMethodNotAllowed:      {"fault.page.method", "fault.page.method_hint"},
		http.StatusConflict:              {"fault.page.conflict", "fault.page.conflict_hint"},
		http.StatusRequestEntityTooLarge: {"fault.page.too_large", "fault.page.too_large_hint"},
		http.StatusUnprocessableEntity:   {"fault.page.invalid", "fault.page.invalid_hint"},
		http.StatusTooManyRequests:       {"fault.page.too_many", "fault.page.too_many_hint"},
		http.StatusServiceUnavailable:    {"fault.page.unavailable", "fault.page.unavailable_hint"},
	}
)

// StatusOf is the HTTP status of a kind of fault.
func StatusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refusal is an error as a visitor may see it.
type refusal struct {
	status int
	faults fault.Form // why, when a rule refused
}

// refuse decides what of an error is shown. Faults speak for themselves; what Echo and its
// middleware refuse keeps its status and loses its text; everything else is our own
// failure, and its text stays inside.
func refuse(err error) refusal {
	var form fault.Form
	if errors.As(err, &form) && len(form) > 0 {
		return refusal{StatusOf(form[0].Kind), form}
	}
	if f, ok := fault.As(err); ok {
		return refusal{StatusOf(f.Kind), fault.Form{f}}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refusal{status: http.StatusRequestEntityTooLarge}
	}
	var he *echo.HTTPError
	if errors.As(err, &he) && he.Code >= 400 && he.Code < 600 {
		return refusal{status: he.Code}
	}
	return refusal{status: http.StatusInternalServerError}
}

// Errors is Echo's error handler: it gives every error a page, or a problem document
// (RFC 9457) to programs, and logs what is our own failure, once, under the request id
// that the visitor sees. An error's own text reaches the log and never the visitor.
func (r *Renderer) Errors(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		x := refuse(err)
		if x.status == http.StatusInternalServerError && r.options.Away != nil && r.options.Away(err) {
			x.status = http.StatusServiceUnavailable
		}
		id := ""
		if x.status >= http.StatusInternalServerError {
			if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
				return // the visitor has left; nobody reads an answer
			}
			id = requestID(c)
			if _, told := fault.As(err); !told { // a fault is an answer, not a failure
				log.Error("request failed", "id", id, "method", c.Request().Method, "route", c.Path(), "status", x.status, "err", err)
			}
		}
		if c.Response().Committed {
			return
		}
		h := c.Response().Header()
		for _, name := range []string{"ETag", echo.HeaderContentEncoding, echo.HeaderContentLength} {
			h.Del(name)
		}
		h.Set(echo.HeaderCacheControl, "no-store")
		if len(x.faults) > 0 {
			RetryAfter(c, x.faults[0])
		}
		if err := r.show(c, x, id); err != nil {
			log.Warn("an error page did not reach its reader", "id", id, "err", err)
		}
	}
}

func (r *Renderer) show(c echo.Context, x refusal, id string) error {
	if c.Request().Method == http.MethodHead {
		return c.NoContent(x.status)
	}
	b := Of(c)
	if wantsProblem(c.Request()) {
		return problem(c, b.Lang, x, id)
	}
	if x.status == http.StatusInternalServerError {
		return c.HTMLBlob(x.status, r.brokenBytes(b.Lang, id))
	}
	body, err := r.Bytes("layout/error", faultPage(b, x, id))
	if err != nil {
		return errors.Join(err, c.HTMLBlob(http.StatusInternalServerError, r.brokenBytes(b.Lang, id)))
	}
	return c.HTMLBlob(x.status, body)
}

func faultPage(b Base, x refusal, id string) Fault {
	k, ok := kinds[x.status]
	if !ok {
		k = internalKind
		if x.status < http.StatusInternalServerError {
			k = kinds[http.StatusBadRequest]
		}
	}
	p := Fault{Base: b, Status: x.status, Title: b.Lang.T(k.title), Hint: b.Lang.T(k.hint), RequestID: id}
	p.OfferSignIn = x.status == http.StatusUnauthorized && b.Visitor == nil
	if len(x.faults) > 0 {
		p.Text = sentence(b.Lang, x.faults[0])
	}
	return p
}

// sentence is a fault with its full stop: alone on a page it is a sentence, at a field not.
func sentence(l i18n.Lang, f *fault.Fault) string {
	s := l.Fault(f)
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// idPlace stands in the 500 page, which is rendered at start, where the request id goes.
const idPlace = "00000000000000000000000000"

func brokenPage(b Base) Fault {
	return faultPage(b, refusal{status: http.StatusInternalServerError}, idPlace)
}

func (r *Renderer) brokenBytes(l i18n.Lang, id string) []byte {
	body, ok := r.broken[l]
	if !ok {
		body = r.broken[i18n.UK]
	}
	return bytes.ReplaceAll(body, []byte(idPlace), []byte(template.HTMLEscapeString(id)))
}

// requestID is the id that a middleware gave the request, or a new one. It goes to the
// response too, so that the log and the visitor speak of the same thing.
func requestID(c echo.Context) string {
	h := c.Response().Header()
	id := h.Get(echo.HeaderXRequestID)
	if !plainID(id) {
		id = rand.Text()
		h.Set(echo.HeaderXRequestID, id)
	}
	return id
}

// plainID refuses ids that a client could have sent to write into logs and pages.
func plainID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, ch := range id {
		if !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", ch) {
			return false
		}
	}
	return true
}
