package site

import (
	"github.com/labstack/echo/v4"

	"kopiyka/internal/web/page"
)

// A picture may be kept by browsers and asked about each time: whoever takes consent back
// is not to be seen for a day longer.
const logoCache = "public, max-age=0, must-revalidate"

// companyLogo serves GET /:lang/companies/:slug/logo.png, for companies that show theirs.
func (s *Site) companyLogo(c echo.Context) error {
	drawn, err := s.report.CompanyLogo(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	return page.SendPNG(c, drawn, logoCache)
}

// clusterLogo serves GET /:lang/clusters/:slug/logo.png.
func (s *Site) clusterLogo(c echo.Context) error {
	drawn, err := s.report.ClusterLogo(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	return page.SendPNG(c, drawn, logoCache)
}
