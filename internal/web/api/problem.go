package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
)

// problem is an error as RFC 9457 writes it.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// problems turns what a handler returns into a problem document. A fault says its
// sentence; everything else says its status alone, and what is nobody's fault is logged
// here, once.
func problems(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		p := problem{Type: "about:blank", Status: http.StatusInternalServerError}
		var status *echo.HTTPError
		if f, ok := fault.As(err); ok {
			p.Status, p.Detail = statusOf(f.Kind), i18n.EN.Fault(f)
		} else if errors.As(err, &status) {
			p.Status = status.Code
		}
		if p.Status >= http.StatusInternalServerError {
			slog.ErrorContext(c.Request().Context(), "answer failed", "path", c.Request().URL.Path, "err", err)
		}
		p.Title = http.StatusText(p.Status)
		body, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("write the problem: %w", err)
		}
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return c.Blob(p.Status, "application/problem+json", body)
	}
}

// statusOf maps the faults that reading can meet.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}
