package site

import (
	"context"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

type homePage struct {
	page.Base
	Stats    []page.Stat
	Cards    page.Cards
	Steps    page.Steps
	Clusters []clusterCard
}

type clusterCard struct{ Href, Name, About, Members string }

// home serves GET /:lang/: what came in all together, and the campaigns.
func (s *Site) home(c echo.Context) error {
	return s.show(c, "site/home", "/", func(ctx context.Context, b page.Base) (page.Model, error) {
		h, err := s.report.Home(ctx)
		if err != nil {
			return nil, err
		}
		b.Nav = "campaigns"
		p := homePage{Base: b, Cards: cards(b, h.Campaigns), Steps: steps(b.Lang)}
		if h.Companies.Pledged > 0 {
			p.Stats = stats(b, h)
		}
		for _, k := range h.Clusters {
			p.Clusters = append(p.Clusters, clusterCard{b.In(clusterAddress(k.Slug)), in(b, k.Name), in(b, k.About), members(b.Lang, k)})
		}
		return p, nil
	})
}

// stats are the figures of all campaigns; currencies stand beside each other and are never
// added.
func stats(b page.Base, h report.Home) []page.Stat {
	var all []page.Stat
	for _, s := range h.Sums {
		received := figure(b.Lang, s.Received, s.Currency, "site.home.received")
		if s.Refunded != 0 {
			received.Note = b.Lang.T("site.home.refunded", money.Of(s.Refunded, s.Currency))
		}
		all = append(all, received, figure(b.Lang, s.Allocated, s.Currency, "site.home.allocated"))
	}
	return append(all, page.Stat{
		Figure: b.Lang.Number(int64(h.Companies.Paid)), What: b.Lang.N("site.home.paid", int64(h.Companies.Paid)),
		Note: b.Lang.N("site.home.joined", int64(h.Companies.Pledged)),
		Link: page.Link{Href: b.In("/companies"), Text: b.Lang.T("site.home.who")},
	})
}

// figure is a sum in large type. Kopiykas that are there stand exactly below.
func figure(l i18n.Lang, minor int64, c money.Currency, key string) page.Stat {
	unit := int64(1)
	for range c.Exponent() {
		unit *= 10
	}
	s := page.Stat{Figure: l.MoneyWhole(money.Of(minor-minor%unit, c)), What: l.T(key)}
	if minor%unit != 0 {
		exact := sum(l, minor, c)
		s.Exact = &exact
	}
	return s
}

func steps(l i18n.Lang) page.Steps {
	var steps page.Steps
	for _, key := range []string{"site.home.pledge", "site.home.payment", "site.home.allocation"} {
		steps.Items = append(steps.Items, page.Step{Title: l.T(key), Text: l.T(key + "_text")})
	}
	return steps
}

func members(l i18n.Lang, k report.Cluster) string {
	if k.Members == 0 {
		return ""
	}
	return l.N("site.cluster.members", int64(k.Members))
}
