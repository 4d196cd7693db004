// Package site is the public door: campaigns, companies and clusters as everyone may see
// them. It reads through report alone and cannot write; nobody signs in here, and a page
// is made once for all who ask.
package site

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

// Site is the door.
type Site struct {
	report *report.Report
	pages  *page.Renderer
	cache  *page.Cache
}

// New makes the door. Whoever changes what a public page shows calls the cache's
// Invalidate after the commit.
func New(r *report.Report, p *page.Renderer, c *page.Cache) *Site {
	return &Site{report: r, pages: p, cache: c}
}

// Routes adds the door's addresses. A language that is not ours is no route.
func (s *Site) Routes(g *echo.Group) {
	read := []string{http.MethodGet, http.MethodHead}
	g.Match(read, "/", s.root)
	for _, l := range i18n.Langs() {
		in := g.Group("/" + string(l))
		in.Match(read, "", s.root)
		in.Match(read, "/", s.home)
		in.Match(read, "/campaigns", s.campaigns)
		in.Match(read, "/campaigns/:slug", s.campaign)
		in.Match(read, "/campaigns/:slug/donors", s.donors)
		in.Match(read, "/companies", s.companies)
		in.Match(read, "/companies/:slug", s.company)
		in.Match(read, "/companies/:slug/logo.png", s.companyLogo)
		in.Match(read, "/clusters/:slug", s.cluster)
		in.Match(read, "/clusters/:slug/logo.png", s.clusterLogo)
	}
}

// root serves GET / and GET /:lang: the way to the first page, in the language of the
// address, of the cookie or of the browser.
func (s *Site) root(c echo.Context) error {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Set(echo.HeaderVary, "Accept-Language, Cookie")
	return c.Redirect(http.StatusFound, page.Of(c).Home())
}

// campaigns serves GET /:lang/campaigns, the address that is left when the end of a
// campaign's is cut off: the list is on the first page.
func (s *Site) campaigns(c echo.Context) error {
	return c.Redirect(http.StatusFound, page.Of(c).In("/#campaigns"))
}

// show serves a page under its address in the language, from the cache where it can. The
// address is the page's own and not the browser's, so that nobody fills the cache with
// queries that mean nothing, and none of them stands in a link.
func (s *Site) show(c echo.Context, name, address string, make func(context.Context, page.Base) (page.Model, error)) error {
	base := page.Of(c)
	base.Path = base.In(address)
	return s.cache.Serve(c, base.Path, func() ([]byte, error) {
		m, err := make(c.Request().Context(), base)
		if err != nil {
			return nil, err
		}
		return s.pages.Bytes(name, m)
	})
}
