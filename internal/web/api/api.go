// Package api is the door for programs: open data about campaigns, its description, and
// the two questions that a load balancer asks. It answers in JSON, reads through report
// alone and never writes, signs nobody in and sets no cookie. Its errors are made into
// problem documents by the error handler of package page.
package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/report"
)

// API is the door.
type API struct {
	report *report.Report
	clock  clock.Clock
	log    *slog.Logger
	checks []Check
}

// Check is one thing that must work before this process is given visitors. Ask is nil
// when it does; what it says otherwise is logged and never shown.
type Check struct {
	Name string
	Ask  func(context.Context) error
}

// New makes the door. Readiness asks every check, in their order.
func New(r *report.Report, c clock.Clock, log *slog.Logger, checks ...Check) *API {
	return &API{report: r, clock: c, log: log, checks: checks}
}

// Routes adds the door's addresses.
func (a *API) Routes(g *echo.Group) {
	read := []string{http.MethodGet, http.MethodHead}
	g.Match(read, "/healthz", a.alive)
	g.Match(read, "/readyz", a.ready)

	g.Match(read, "/api/openapi.json", a.openapi, open)
	g.Match(read, "/api/v1/campaigns", a.campaigns, open)
	g.Match(read, "/api/v1/campaigns/:slug", a.campaign, open)
}

// open lets the pages of any other site read the answer, and the reason when there is none.
func open(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderAccessControlAllowOrigin, "*")
		h.Set(echo.HeaderAccessControlExposeHeaders, "ETag")
		return next(c)
	}
}
