package site

import (
	"context"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/web/page"
)

type clusterPage struct {
	page.Base
	Name, About, Members string
	Cards                page.Cards
}

// cluster serves GET /:lang/clusters/:slug: a cluster and its campaigns.
func (s *Site) cluster(c echo.Context) error {
	slug := c.Param("slug")
	return s.show(c, "site/cluster", clusterAddress(slug), func(ctx context.Context, b page.Base) (page.Model, error) {
		r, err := s.report.Cluster(ctx, slug)
		if err != nil {
			return nil, err
		}
		b.Nav = "campaigns"
		return clusterPage{b, in(b, r.Name), in(b, r.About), members(b.Lang, r.Cluster), cards(b, r.Campaigns)}, nil
	})
}
