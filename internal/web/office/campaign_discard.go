package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// discardForm serves GET /office/campaigns/:slug/discard: whether a draft is really thrown
// away.
func (o *Office) discardForm(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	if err := mayChange(d); err != nil {
		return err
	}
	if d.State != campaign.Draft {
		return fault.New(fault.Conflict, "campaign.opened_stays")
	}
	return o.showDiscard(c, d, page.Form{})
}

func (o *Office) showDiscard(c echo.Context, d campaign.Desk, form page.Form) error {
	b := page.Of(c)
	b.Path = campaignPath(d.Slug) + "/discard"
	l := b.Lang
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: campaignPath(d.Slug), Text: titleOf(l, d)}}, Title: l.T("campaign.to_discard"), Lead: l.T("campaign.discard.lead", titleOf(l, d), "/campaigns/"+d.Slug),
		Ask: page.Ask{Action: b.Path, Hidden: version(d), Button: l.T("campaign.discard.button"), Cancel: backTo(l, d)},
	}
	v.Errors = form.Summary(nil)
	return c.Render(form.Status(), "office/ask", v)
}

// discardCampaign serves POST /office/campaigns/:slug/discard. There is no page of the draft
// to come back to.
func (o *Office) discardCampaign(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	err = campaign.Discard(c.Request().Context(), o.db, o.now, campaign.Step{Slug: d.Slug, PersonID: visitor(c).ID, Version: seen(form)})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/office?notice=discarded")
	}
	if d.State != campaign.Draft || !d.May {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showDiscard(c, d, faults)
}

// discardingWay leads to the question, from a draft.
func discardingWay(l i18n.Lang, d campaign.Desk) []page.Link {
	if d.State != campaign.Draft {
		return nil
	}
	return []page.Link{{Href: campaignPath(d.Slug) + "/discard", Text: l.T("campaign.to_discard")}}
}
