package office

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// CampaignsPath is where new campaigns are written.
const CampaignsPath = "/office/campaigns"

// campaigns adds the addresses at which campaigns are written, opened and ended.
func (o *Office) campaigns(g *echo.Group) {
	g.GET("/campaigns", o.toNewCampaign)
	g.POST("/campaigns", o.writeCampaign)
	g.GET("/campaigns/new", o.newCampaign)
	g.GET("/campaigns/:slug", o.campaign)
	g.GET("/campaigns/:slug/preview", o.previewCampaign)
	g.GET("/campaigns/:slug/texts", o.campaignTexts)
	g.POST("/campaigns/:slug/texts", o.setCampaignTexts)
	g.GET("/campaigns/:slug/terms", o.campaignTerms)
	g.POST("/campaigns/:slug/terms", o.setCampaignTerms)
	g.GET("/campaigns/:slug/goal", o.goalForm)
	g.POST("/campaigns/:slug/goal", o.setGoal)
	g.GET("/campaigns/:slug/join", o.joinForm)
	g.POST("/campaigns/:slug/join", o.joinCampaign)
	g.GET("/campaigns/:slug/leave", o.leaveForm)
	g.POST("/campaigns/:slug/leave", o.leaveCampaign)
	g.GET("/campaigns/:slug/discard", o.discardForm)
	g.POST("/campaigns/:slug/discard", o.discardCampaign)
	g.POST("/campaigns/:slug/open", o.openCampaign)
	g.POST("/campaigns/:slug/close", o.closeCampaign)
	g.POST("/campaigns/:slug/reopen", o.reopenCampaign)
	g.POST("/campaigns/:slug/settle", o.settleCampaign)
	g.GET("/campaigns/:slug/:act", o.toCampaign)
	o.purposes(g)
}

// campaignPage is a campaign on the desk: what it says, what it lacks, what may be done.
type campaignPage struct {
	page.Base
	Errors          page.ErrorSummary
	Notice          page.Notice
	Title, Summary  string
	Status          page.Status
	Look            page.Link // its page as everybody sees it, or will
	Facts           []fact
	Ways            []page.Link // to the forms, for who may change it
	Checks          []partCheck // of a draft
	Open            page.Press
	NotYet          string
	Purposes        []purposeView
	AddPurpose      page.Link
	NoPurposes      page.Empty
	Reasons         page.Table // why its goal was changed and why it was opened again
	Close           page.Press // of one that is open
	SettlingHeading string     // of one that is closed
	Loose           []page.Pair
	Even            string
	Settle          page.Press
	Reopen          page.Ask
	ReopenOpen      bool // its form stands open
}

// partCheck is one thing that a draft has, or lacks and where to add it.
type partCheck struct {
	Done bool
	Text string
	Way  page.Link
}

// campaign serves GET /office/campaigns/:slug.
func (o *Office) campaign(c echo.Context) error { return o.showCampaign(c, nil, page.Form{}) }

func (o *Office) onDesk(c echo.Context) (campaign.Desk, error) {
	return campaign.OnDesk(c.Request().Context(), o.db, c.Param("slug"), visitor(c).ID)
}

// showCampaign shows a campaign; typed and form are of its form of opening again.
func (o *Office) showCampaign(c echo.Context, typed url.Values, form page.Form) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = campaignPath(d.Slug)
	l := b.Lang
	v := campaignPage{
		Base: b, Title: titleOf(l, d), Summary: in(l, d.Summary.UK, d.Summary.EN), Status: page.NewStatus(l, campaignStates[string(d.State)]),
		Look: page.Link{Href: b.In("/campaigns/" + d.Slug), Text: l.T("campaign.public_page")}, Notice: campaignNotice(l, c.QueryParam("notice"), d),
	}
	if d.State == campaign.Draft {
		v.Look = page.Link{Href: campaignPath(d.Slug) + "/preview", Text: l.T("campaign.preview")}
	}
	clusters, err := campaign.Clusters(c.Request().Context(), o.db, d.ID)
	if err != nil {
		return err
	}
	if v.Facts, err = o.campaignFacts(c, l, d, clusters); err != nil {
		return err
	}
	if err := o.addPurposes(c, &v, d); err != nil {
		return err
	}
	if err := o.addReasons(c, &v, d); err != nil {
		return err
	}
	if d.May {
		v.Ways = slices.Concat(campaignWays(l, d), leavingWay(l, d, clusters), discardingWay(l, d))
		if err := o.addSteps(c, &v, d, typed, form); err != nil {
			return err
		}
	}
	labels := v.Reopen.Labels()
	v.Errors, v.ReopenOpen = form.Summary(labels), form.Failed()
	return c.Render(form.Status(), "office/campaign", v)
}

// titleOf is what a campaign is called in a language; a draft may have one title alone.
func titleOf(l i18n.Lang, d campaign.Desk) string {
	if title := in(l, d.Title.UK, d.Title.EN); title != "" {
		return title
	}
	return d.Title.UK
}

// notices are what may be said above a campaign after something was done.
var notices = map[string]bool{"written": true, "saved": true, "opened": true, "closed": true, "reopened": true, "settled": true, "goal": true, "joined": true, "left": true, "purpose": true, "need": true, "withdrawn": true}

func campaignNotice(l i18n.Lang, name string, d campaign.Desk) page.Notice {
	if !notices[name] {
		return page.Notice{}
	}
	n := page.Notice{Title: l.T("campaign.notice." + name), Live: true}
	switch name {
	case "written":
		n.Text = l.T("campaign.notice.written_text")
	case "opened":
		n.Text = l.T("campaign.notice.opened_text")
		n.Link = page.Link{Href: "/" + string(l) + "/campaigns/" + url.PathEscape(d.Slug), Text: l.T("campaign.public_page")}
	}
	return n
}

func (o *Office) campaignFacts(c echo.Context, l i18n.Lang, d campaign.Desk, clusters []campaign.Cluster) ([]fact, error) {
	facts := []fact{{Name: l.T("campaign.field.address"), Text: "/campaigns/" + d.Slug}, {Name: l.T("campaign.field.currency"), Text: string(d.Goal.Currency)}}
	if d.Goal.Minor > 0 {
		goal := l.Sum(d.Goal)
		facts[1] = fact{Name: l.T("campaign.field.goal"), Sum: &goal}
	}
	days := l.T("campaign.days_from", d.OpensOn)
	if !d.ClosesOn.IsZero() {
		days = l.DateRange(d.OpensOn, d.ClosesOn)
	}
	facts = append(facts, fact{Name: l.T("campaign.days"), Text: days})
	if programme := in(l, d.Programme.UK, d.Programme.EN); programme != "" {
		facts = append(facts, fact{Name: l.T("campaign.field.programme"), Text: programme})
	}
	if names := together(l, clusters); names != "" {
		facts = append(facts, fact{Name: l.T("campaign.join.together"), Text: names})
	}
	also, err := campaign.Currencies(c.Request().Context(), o.db, d.ID)
	if err == nil && len(also) > 0 {
		facts = append(facts, fact{Name: l.T("campaign.also_takes"), Text: codes(also)})
	}
	return append(facts, fact{Name: l.T("campaign.changed_at"), Text: l.DateTime(d.ChangedAt)}), err
}

// campaignWays lead to what may be changed in a campaign's state.
func campaignWays(l i18n.Lang, d campaign.Desk) []page.Link {
	at := campaignPath(d.Slug)
	way := func(to, key string) page.Link { return page.Link{Href: at + "/" + to, Text: l.T(key)} }
	switch d.State {
	case campaign.Draft:
		return []page.Link{way("texts", "campaign.to_texts"), way("terms", "campaign.to_terms"), way("currencies", "campaign.to_currencies"), way("join", "campaign.to_join")}
	case campaign.Open:
		return []page.Link{way("texts", "campaign.to_texts"), way("terms", "campaign.to_terms_open"), way("goal", "campaign.to_goal"), way("currencies", "campaign.to_currencies"), way("join", "campaign.to_join"),
			{Href: "/office/pledges?campaign=" + d.Slug, Text: l.T("campaign.to_pledges")}}
	case campaign.Closed:
		return []page.Link{way("texts", "campaign.to_texts"), way("goal", "campaign.to_goal"), {Href: "/office/pledges?campaign=" + d.Slug, Text: l.T("campaign.to_pledges")}}
	}
	return nil
}

// payable reports whether there is a way to pay in a campaign's currency: through Stripe, or
// by a transfer to an account of the cluster's.
func (o *Office) payable(c echo.Context, d campaign.Desk) (bool, error) {
	if o.gateway.Takes(d.Goal.Currency) {
		return true, nil
	}
	all, err := bank.Accounts(c.Request().Context(), o.db, visitor(c).ID)
	for _, a := range all {
		if a.ClusterID == d.ClusterID && a.Currency == d.Goal.Currency {
			return true, nil
		}
	}
	return false, err
}

// addReasons lists why the goal was changed and why it was opened again.
func (o *Office) addReasons(c echo.Context, v *campaignPage, d campaign.Desk) error {
	all, err := campaign.Reasons(c.Request().Context(), o.db, d.ID)
	if err != nil {
		return err
	}
	l := v.Lang
	var rows [][]page.Cell
	for _, r := range all {
		said := l.T("campaign.reason.reopened")
		if r.From != nil && r.To != nil {
			said = l.T("campaign.reason.goal", money.Of(*r.From, d.Goal.Currency), money.Of(*r.To, d.Goal.Currency))
		}
		rows = append(rows, []page.Cell{{Text: said, Note: r.Reason}, {Text: r.GiverName}, {When: l.Moment(r.GivenAt)}})
	}
	v.Reasons = page.NewTable("", []page.Column{{Text: l.T("campaign.reason.what")}, {Text: l.T("campaign.reason.who")}, {Text: l.T("campaign.reason.when")}}, rows)
	return nil
}

// previewCampaign serves GET /office/campaigns/:slug/preview. What is open has its own page.
func (o *Office) previewCampaign(c echo.Context) error {
	d, err := o.onDesk(c)
	switch {
	case err != nil:
		return err
	case d.State != campaign.Draft:
		return c.Redirect(http.StatusSeeOther, page.Of(c).In("/campaigns/"+d.Slug))
	case o.preview == nil:
		return fault.New(fault.NotFound, "campaign.unknown")
	}
	return o.preview(c, d.Slug, campaignPath(d.Slug))
}

func (o *Office) toCampaign(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, campaignPath(d.Slug))
}

// campaignDone leads back to the campaign; everybody's pages are made anew.
func (o *Office) campaignDone(c echo.Context, slug, notice string) error {
	if err := pg.Announce(c.Request().Context(), o.db, pg.PublicChanged); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, campaignPath(slug)+"?notice="+notice)
}

// shown shows a form about a campaign, with what was typed and what is wrong with it.
type shown func(c echo.Context, d campaign.Desk, typed url.Values, wrong page.Form) error

// campaignDoneOr follows a form about a campaign: to the campaign when it was done, and otherwise to the
// form once more.
func (o *Office) campaignDoneOr(c echo.Context, d campaign.Desk, err error, notice string, again shown, typed url.Values) error {
	if err == nil {
		return o.campaignDone(c, d.Slug, notice)
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return again(c, d, typed, wrong)
}

func campaignPath(slug string) string { return CampaignsPath + "/" + url.PathEscape(slug) }

// seen is the version of a campaign that a form was filled in beside; what is no number is
// older than any.
func seen(form url.Values) int {
	n, err := strconv.Atoi(form.Get("version"))
	if err != nil {
		return 0
	}
	return n
}

func version(d campaign.Desk) []page.Hidden {
	return []page.Hidden{{Name: "version", Value: strconv.Itoa(d.Version)}}
}

// coordinated are the clusters that a person coordinates.
func coordinated(p member.Person) []member.ClusterPost {
	var all []member.ClusterPost
	for _, post := range p.Clusters {
		if post.Role == member.Coordinator {
			all = append(all, post)
		}
	}
	return all
}

// missing are the parts that a draft lacks today.
func (o *Office) missing(c echo.Context, d campaign.Desk) ([]string, error) {
	payable, err := o.payable(c, d)
	if err != nil {
		return nil, err
	}
	all, err := campaign.Purposes(c.Request().Context(), o.db, d.ID)
	return d.Missing(len(all), payable, clock.Day(o.now())), err
}
