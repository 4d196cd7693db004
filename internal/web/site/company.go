package site

import (
	"context"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"kopiyka/internal/i18n"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

type companyPage struct {
	page.Base
	Name, About string
	Site        page.Link // what it shows; may be none
	Logo        string    // address of its picture; empty: none
	Memberships []membership
	Sums        []namedSum
	Gifts       page.Gifts
	More        bool
}

type membership struct {
	page.Link
	What string
}

// namedSum is what a company shows in one currency.
type namedSum struct {
	Pledged, Received page.Sum
	OnItsWay          *page.Sum // nil when nothing is
	Refunded          *page.Sum // nil when nothing was
}

// company serves GET /:lang/companies/:slug: what a company lets the public see.
func (s *Site) company(c echo.Context) error {
	slug := c.Param("slug")
	return s.show(c, "site/company", companyAddress(slug), func(ctx context.Context, b page.Base) (page.Model, error) {
		r, err := s.report.Company(ctx, slug)
		if err != nil {
			return nil, err
		}
		b.Nav = "companies"
		p := companyPage{Base: b, Name: in(b, r.Name), About: in(b, r.About), Gifts: gifts(b, r.Gifts), More: r.More}
		if r.Site != "" {
			p.Site = page.Link{Href: r.Site, Text: plainSite(r.Site)}
		}
		if r.Logo {
			p.Logo = b.In(companyAddress(slug) + "/logo.png")
		}
		for _, m := range r.Memberships {
			p.Memberships = append(p.Memberships, membership{
				page.Link{Href: b.In(clusterAddress(m.Cluster.Slug)), Text: in(b, m.Cluster.Name)}, belongs(b.Lang, m),
			})
		}
		for _, n := range r.Named {
			p.Sums = append(p.Sums, toNamedSum(b.Lang, n))
		}
		return p, nil
	})
}

// plainSite is an address as people say it.
func plainSite(s string) string {
	_, s, _ = strings.Cut(s, "://")
	return strings.TrimSuffix(s, "/")
}

func toNamedSum(l i18n.Lang, n report.NamedSum) namedSum {
	s := namedSum{Pledged: sum(l, n.Pledged, n.Currency), Received: sum(l, n.Received, n.Currency)}
	if n.OnItsWay != 0 {
		coming := sum(l, n.OnItsWay, n.Currency)
		s.OnItsWay = &coming
	}
	if n.Refunded != 0 {
		back := sum(l, n.Refunded, n.Currency)
		s.Refunded = &back
	}
	return s
}

// belongs says as what a company belongs to a cluster, and since when.
func belongs(l i18n.Lang, m report.Membership) string {
	said := l.T("site.company."+m.Kind) + " " + l.T("site.company.since", m.Since)
	if m.Until != nil {
		said += " " + l.T("site.company.until", *m.Until)
	}
	return said
}

type companiesPage struct {
	page.Base
	Companies []companyLine
	Withheld  string
}

type companyLine struct{ Href, Name, Pledges string }

// companies serves GET /:lang/companies: those that gave under their names.
func (s *Site) companies(c echo.Context) error {
	return s.show(c, "site/companies", "/companies", func(ctx context.Context, b page.Base) (page.Model, error) {
		r, err := s.report.Companies(ctx)
		if err != nil {
			return nil, err
		}
		b.Nav = "companies"
		p := companiesPage{Base: b}
		for _, k := range r.Named {
			p.Companies = append(p.Companies, companyLine{b.In(companyAddress(k.Slug)), in(b, k.Name), b.Lang.N("site.companies.pledges", int64(k.Gifts))})
		}
		byName(b.Lang, p.Companies)
		if r.Withheld > 0 {
			p.Withheld = b.Lang.N("site.companies.withheld", int64(r.Withheld))
		}
		return p, nil
	})
}

// byName sorts by the alphabet of the page's language: Ґ after Г, І after И.
func byName(l i18n.Lang, all []companyLine) {
	order := collate.New(language.MustParse(string(l)))
	slices.SortFunc(all, func(x, y companyLine) int {
		if d := order.CompareString(x.Name, y.Name); d != 0 {
			return d
		}
		return order.CompareString(x.Href, y.Href)
	})
}
