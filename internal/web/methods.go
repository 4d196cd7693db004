package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// methods are those that some address of the house takes.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// headAsGet lets HEAD be answered wherever GET is: as a GET, of which the server, which
// knows the request as it came, leaves the body out.
func headAsGet(e *echo.Echo, r *http.Request) *http.Request {
	path := echo.GetPath(r)
	if r.Method != http.MethodHead || takes(e, http.MethodHead, path) || !takes(e, http.MethodGet, path) {
		return r
	}
	asGet := r.WithContext(r.Context())
	asGet.Method = http.MethodGet
	return asGet
}

// otherMethods tells who came with the wrong method that the address is there for others.
// By itself Echo answers that there is no such address: a group with guards takes all
// that is left below it. What a handler or a guard has said stands.
func otherMethods(e *echo.Echo) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			r := c.Request()
			if !errors.Is(err, echo.ErrNotFound) || takes(e, r.Method, echo.GetPath(r)) {
				return err
			}
			allowed := slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return !takes(e, m, echo.GetPath(r)) })
			if len(allowed) == 0 {
				return err
			}
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
			return echo.ErrMethodNotAllowed
		}
	}
}

// takes reports whether a handler of the house answers a method at an address.
func takes(e *echo.Echo, method, path string) bool {
	c := e.AcquireContext()
	defer e.ReleaseContext(c)
	e.Router().Find(method, path, c)
	return slices.ContainsFunc(e.Routes(), func(r *echo.Route) bool { return r.Method == method && r.Path == c.Path() })
}
