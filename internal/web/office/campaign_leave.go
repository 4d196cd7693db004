package office

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// leaveForm serves GET /office/campaigns/:slug/leave: which cluster that joined is taken out.
func (o *Office) leaveForm(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	return o.showLeave(c, d, url.Values{}, page.Form{})
}

// showLeave asks which cluster, or says that none has joined.
func (o *Office) showLeave(c echo.Context, d campaign.Desk, typed url.Values, form page.Form) error {
	if err := mayChange(d); err != nil {
		return err
	}
	all, err := campaign.Clusters(c.Request().Context(), o.db, d.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = campaignPath(d.Slug) + "/leave"
	l := b.Lang
	var joined []page.Option
	for _, k := range all {
		if !k.Leads {
			joined = append(joined, page.Option{Value: k.ID, Text: in(l, k.UK, k.EN)})
		}
	}
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: campaignPath(d.Slug), Text: titleOf(l, d)}}, Title: l.T("campaign.to_leave"), Lead: l.T("campaign.leave.lead"),
		Ask: page.Ask{Action: b.Path, Questions: page.Fields(whichCluster(l, joined, typed, form)), Button: l.T("campaign.leave.button"), Cancel: backTo(l, d)},
	}
	if len(all) < 2 {
		v.Lead, v.Ask, v.Link = l.T("campaign.leave.nobody"), page.Ask{}, v.Ask.Cancel
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// leaveCampaign serves POST /office/campaigns/:slug/leave.
func (o *Office) leaveCampaign(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	if err := mayChange(d); err != nil {
		return err
	}
	err = campaign.Leave(c.Request().Context(), o.db, o.now, campaign.Leaving{Slug: d.Slug, ClusterID: form.Get("cluster"), PersonID: visitor(c).ID})
	return o.campaignDoneOr(c, d, err, "left", o.showLeave, form)
}

// leavingWay leads to the form, where somebody has joined and the campaign still changes.
func leavingWay(l i18n.Lang, d campaign.Desk, clusters []campaign.Cluster) []page.Link {
	if len(clusters) < 2 || d.State == campaign.Settled {
		return nil
	}
	return []page.Link{{Href: campaignPath(d.Slug) + "/leave", Text: l.T("campaign.to_leave")}}
}
