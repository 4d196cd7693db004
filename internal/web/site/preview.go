package site

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

// Preview answers with a draft's page as everybody will see it, for the office, which knows
// who may see a draft. It is at the office's own address and kept nowhere.
func (s *Site) Preview(c echo.Context, slug, back string) error {
	r, err := s.report.Draft(c.Request().Context(), slug)
	if err != nil {
		return err
	}
	b := page.Of(c)
	p, err := whole(b, r)
	if err != nil {
		return err
	}
	l := b.Lang
	p.NoGifts = l.T("site.campaign.no_gifts")
	p.Preview = page.Notice{Title: l.T("site.preview"), Text: l.T("site.preview_text"), Link: page.Link{Href: back, Text: l.T("site.preview.back")}}
	p.Data = ""
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.Render(http.StatusOK, "site/campaign", p)
}

// goalBefore is what the goal was until it was changed.
type goalBefore struct {
	Text, Reason string
	ReasonLang   i18n.Lang
}

func goalsBefore(l i18n.Lang, r report.Campaign) []goalBefore {
	var all []goalBefore
	for _, g := range r.Goals {
		all = append(all, goalBefore{
			Text:   l.T("site.goal.changed", money.Of(g.Was, r.Totals.Currency), money.Of(g.Became, r.Totals.Currency), g.ChangedAt),
			Reason: i18n.Tie(g.Reason), ReasonLang: spokenIn(g.Reason),
		})
	}
	return all
}
