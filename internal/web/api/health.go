package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// patience is how long all checks together may take. Who asks has a limit of its own, and
// a check that hangs has failed.
const patience = 3 * time.Second

// alive serves GET /healthz: the process runs and answers. It asks nothing else, so that
// a database that is away does not have every process restarted.
func (a *API) alive(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// ready serves GET /readyz: 200 when every check is ok, else 503. It names the checks and
// says no more of them: the rest is in the log.
func (a *API) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), patience)
	defer cancel()
	status, said := http.StatusOK, make(map[string]string, len(a.checks))
	for _, check := range a.checks {
		said[check.Name] = "ok"
		if err := check.Ask(ctx); err != nil {
			a.log.WarnContext(ctx, "not ready", "check", check.Name, "err", err)
			status, said[check.Name] = http.StatusServiceUnavailable, "failed"
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, said)
}
