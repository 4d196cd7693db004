package site

import (
	"context"
	"strconv"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

type donorsPage struct {
	page.Base
	Title, Campaign string
	Gifts           page.Gifts
	NoGifts         string
	Range           string
	Newest, Older   string // addresses; empty when there is no such page
}

// donors serves GET /:lang/campaigns/:slug/donors?after=: every gift and pledge as far as
// companies allow, the latest first, from the one numbered below after.
func (s *Site) donors(c echo.Context) error {
	slug := c.Param("slug")
	address := campaignAddress(slug) + "/donors"
	after, err := afterOf(c)
	if err != nil {
		return err
	}
	own := address
	if after > 0 {
		own = olderThan(address, after)
	}
	return s.show(c, "site/donors", own, func(ctx context.Context, b page.Base) (page.Model, error) {
		r, err := s.report.Donors(ctx, slug, after)
		if err != nil {
			return nil, err
		}
		b.Nav = "campaigns"
		p := donorsPage{Base: b, Title: in(b, r.Campaign.Title), Campaign: b.In(campaignAddress(slug)), Gifts: gifts(b, r.Gifts),
			NoGifts: noGifts(b.Lang, r.Campaign.State), Range: numbers(b.Lang, r)}
		if r.First < r.Total {
			p.Newest = b.In(address)
		}
		if r.Older() {
			p.Older = b.In(olderThan(address, r.Last))
		}
		return p, nil
	})
}

func olderThan(address string, number int) string { return address + "?after=" + strconv.Itoa(number) }

// afterOf reads ?after=: the number of a gift of which the older ones are asked. There is
// none older than the first, so that it begins at 2.
func afterOf(c echo.Context) (int, error) {
	text := c.QueryParam("after")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 2 || strconv.Itoa(n) != text {
		return 0, fault.New(fault.NotFound, "page.unknown")
	}
	return n, nil
}

// numbers says where the page's gifts stand, counted from the newest.
func numbers(l i18n.Lang, r report.Donors) string {
	from, to := r.Total-r.First+1, r.Total-r.Last+1
	if from == to {
		return l.T("site.donors.single", from, r.Total)
	}
	return l.T("site.donors.range", from, to, r.Total)
}
