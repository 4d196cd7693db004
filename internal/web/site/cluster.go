package site

import (
	"context"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

type clusterPage struct {
	page.Base
	Name, About, Members string
	Logo                 string // address of its picture; empty: none
	Contact              []page.Link
	Apply                page.Link
	Stats                []page.Stat // what was given through it
	StatsUnder           string      // what of that is not told
	Cards                page.Cards  // campaigns that it leads
	Joined               page.Table  // its shares in those that others lead
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
		p := clusterPage{Base: b, Name: in(b, r.Name), About: in(b, r.About), Members: members(b.Lang, r.Cluster), Contact: contact(r.Contact), Cards: ownCards(b, r)}
		p.Apply = page.Link{Href: b.In("/apply?cluster=" + slug), Text: b.Lang.T("people.apply.title")}
		p.Stats, p.StatsUnder = ownStats(b, r)
		if len(r.Joined) > 0 {
			p.Joined = joinedTable(b, r)
		}
		if r.Logo {
			p.Logo = b.In(clusterAddress(slug) + "/logo.png")
		}
		return p, nil
	})
}

// contact is how to reach a cluster.
func contact(k report.Contact) []page.Link {
	var all []page.Link
	if k.Site != "" {
		all = append(all, page.Link{Href: k.Site, Text: plainSite(k.Site)})
	}
	if k.Email != "" {
		all = append(all, page.Link{Href: "mailto:" + k.Email, Text: k.Email})
	}
	if k.Phone != "" {
		all = append(all, page.Link{Text: k.Phone})
	}
	return all
}
