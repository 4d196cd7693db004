package web

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// mostTold is how many refusals of a minute are told one by one. The rest is counted: a
// flood must not fill the disk of whoever keeps the log.
const mostTold = 60

// unreadable is the rule that bytes break which no form of ours sends.
const unreadable = "form.unreadable"

// refusals writes down what the house has refused to whom, and why: want of rights, forms of
// other sites, limits, requests that no browser sends. A line holds the person, the route as
// it is written in the program and the rule's name, and nothing that was sent.
type refusals struct {
	log *slog.Logger
	now clock.Clock

	mu     sync.Mutex
	minute time.Time
	told   int
	untold int
}

func (r *refusals) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if status, why := refusedWith(c, err); why == unreadable || worthTelling(c, status) {
			r.tell(c, status, why)
		}
		return err
	}
}

// refusedWith is the status that a request is answered with, and the rule's name, as far as
// anybody has said one.
func refusedWith(c echo.Context, err error) (status int, why string) {
	if err == nil {
		return c.Response().Status, "" // whoever showed the page has said why in the log, or the page does
	}
	if f, ok := fault.As(err); ok {
		return page.StatusOf(f.Kind), f.Key
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, ""
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		return he.Code, ""
	}
	return http.StatusInternalServerError, ""
}

// worthTelling holds for what somebody may not do, or does as no browser would. A public
// address that is mistyped is neither, nor is a form with a mistake in it.
func worthTelling(c echo.Context, status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests:
		return true
	case http.StatusNotFound:
		return strings.HasSuffix(c.Path(), "/:token") || ownRoom(c.Path())
	}
	return false
}

// ownRoom holds for addresses of a room in which things belong to somebody.
func ownRoom(route string) bool {
	for _, room := range []string{"/portal", "/office", "/account"} {
		if rest, found := strings.CutPrefix(route, room); found && (rest == "" || rest[0] == '/') && !strings.HasSuffix(rest, "*") {
			return true
		}
	}
	return false
}

func (r *refusals) tell(c echo.Context, status int, why string) {
	if !r.may() {
		return
	}
	person, _ := member.SignedIn(c.Request().Context())
	r.log.Warn("refused", "status", status, "why", why, "method", c.Request().Method, "route", c.Path(), "person", person.ID, "from", c.RealIP())
}

// may reports whether one more refusal is told, and counts it if not.
func (r *refusals) may() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := r.now().Truncate(time.Minute); !minute.Equal(r.minute) {
		r.sum()
		r.minute, r.told = minute, 0
	}
	if r.told < mostTold {
		r.told++
		return true
	}
	if r.untold++; r.untold == 1 {
		time.AfterFunc(time.Minute, func() { // should the flood end here
			r.mu.Lock()
			defer r.mu.Unlock()
			r.sum()
		})
	}
	return false
}

// sum tells how many were counted.
func (r *refusals) sum() {
	if r.untold > 0 {
		r.log.Warn("refusals were counted and not told one by one", "count", r.untold, "since", r.minute)
		r.untold = 0
	}
}
