package office

import (
	"net/url"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// joinForm serves GET /office/campaigns/:slug/join: which further cluster collects for the
// campaign.
func (o *Office) joinForm(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	return o.showJoin(c, d, url.Values{}, page.Form{})
}

func (o *Office) showJoin(c echo.Context, d campaign.Desk, typed url.Values, form page.Form) error {
	if err := mayChange(d); err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = campaignPath(d.Slug) + "/join"
	l, ctx := b.Lang, c.Request().Context()
	there, err := campaign.Clusters(ctx, o.db, d.ID)
	if err != nil {
		return err
	}
	all, err := member.Clusters(ctx, o.db)
	if err != nil {
		return err
	}
	var others []page.Option
	for _, k := range all {
		if !slices.ContainsFunc(there, func(t campaign.Cluster) bool { return t.ID == k.ID }) {
			others = append(others, page.Option{Value: k.ID, Text: in(l, k.Name.UK, k.Name.EN)})
		}
	}
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: campaignPath(d.Slug), Text: titleOf(l, d)}}, Title: l.T("campaign.to_join"), Lead: l.T("campaign.join.lead"),
		Ask:  page.Ask{Action: b.Path, Questions: page.Fields(whichCluster(l, others, typed, form)), Button: l.T("campaign.join.button"), Cancel: backTo(l, d)},
		Link: page.Link{Href: campaignPath(d.Slug) + "/leave", Text: l.T("campaign.to_leave")},
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// joinCampaign serves POST /office/campaigns/:slug/join.
func (o *Office) joinCampaign(c echo.Context) error {
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
	ctx := c.Request().Context()
	err = pg.InTx(ctx, o.db, func(tx *sqlx.Tx) error {
		return campaign.Join(ctx, tx, o.now, campaign.Joining{Slug: d.Slug, ClusterID: form.Get("cluster"), PersonID: visitor(c).ID})
	})
	return o.campaignDoneOr(c, d, err, "joined", o.showJoin, form)
}

// whichCluster asks for one of some clusters.
func whichCluster(l i18n.Lang, clusters []page.Option, typed url.Values, form page.Form) page.Field {
	f := page.Field{
		ID: "cluster", Name: "cluster", Label: l.T("campaign.join.cluster"), Error: form.Error("cluster"),
		Options: append([]page.Option{{Text: l.T("campaign.join.choose")}}, clusters...),
	}
	for i := range f.Options {
		f.Options[i].Chosen = f.Options[i].Value == typed.Get("cluster")
	}
	return f
}

// together names the clusters that collect for a joint campaign; empty: one does alone.
func together(l i18n.Lang, all []campaign.Cluster) string {
	if len(all) < 2 {
		return ""
	}
	var names []string
	for _, k := range all {
		names = append(names, in(l, k.UK, k.EN))
	}
	return strings.Join(names, ", ")
}
