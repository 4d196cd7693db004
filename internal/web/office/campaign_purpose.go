package office

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// purposes adds the addresses at which purposes and needs are written.
func (o *Office) purposes(g *echo.Group) {
	g.GET("/campaigns/:slug/purposes/new", o.purposeForm)
	g.POST("/campaigns/:slug/purposes", o.setPurpose)
	g.GET("/campaigns/:slug/purposes/:id", o.purposeForm)
	g.POST("/campaigns/:slug/purposes/:id", o.setPurpose)
	g.GET("/campaigns/:slug/purposes/:id/:act", o.toCampaign)
	g.POST("/campaigns/:slug/purposes/:id/move", o.movePurpose)
	g.POST("/campaigns/:slug/purposes/:id/withdraw", o.withdrawPurpose)
	g.GET("/campaigns/:slug/purposes/:id/needs/new", o.newNeed)
	g.POST("/campaigns/:slug/purposes/:id/needs", o.addNeed)
	g.GET("/campaigns/:slug/needs/:id", o.need)
	g.POST("/campaigns/:slug/needs/:id", o.setNeed)
	g.GET("/campaigns/:slug/needs/:id/:act", o.toCampaign)
	g.POST("/campaigns/:slug/needs/:id/move", o.moveNeed)
	g.POST("/campaigns/:slug/needs/:id/withdraw", o.withdrawNeed)
}

// purposeView is a purpose with its needs and what may be done about them.
type purposeView struct {
	ID, Title, About string
	Edit             page.Link
	AddNeed          page.Link
	Acts             []page.Press
	Needs            page.Crew
}

// addPurposes shows the purposes in their order, each with its needs.
func (o *Office) addPurposes(c echo.Context, v *campaignPage, d campaign.Desk) error {
	ctx, l, at := c.Request().Context(), v.Lang, campaignPath(d.Slug)
	all, err := campaign.Purposes(ctx, o.db, d.ID)
	if err != nil {
		return err
	}
	needs, err := campaign.Needs(ctx, o.db, d.ID)
	if err != nil {
		return err
	}
	may := d.May && d.State != campaign.Settled
	for i, p := range all {
		u := purposeView{ID: "purpose-" + p.ID, Title: in(l, p.Title.UK, p.Title.EN), About: in(l, p.About.UK, p.About.EN)}
		own := slices.DeleteFunc(slices.Clone(needs), func(n campaign.Need) bool { return n.PurposeID != p.ID })
		for j, n := range own {
			u.Needs.Items = append(u.Needs.Items, needRow(l, at, n, may, j, len(own)))
		}
		if may {
			here := at + "/purposes/" + p.ID
			u.Edit = page.Link{Href: here, Text: l.T("campaign.purpose.edit")}
			u.AddNeed = page.Link{Href: here + "/needs/new", Text: l.T("campaign.need.add")}
			u.Acts = placing(l, here, u.Title, i, len(all))
		}
		v.Purposes = append(v.Purposes, u)
	}
	if may {
		v.AddPurpose = page.Link{Href: at + "/purposes/new", Text: l.T("campaign.purpose.add")}
	}
	if len(all) == 0 {
		v.NoPurposes = page.Empty{Title: l.T("campaign.purpose.none"), Text: l.T("campaign.purpose.none_text"), Link: v.AddPurpose}
		v.AddPurpose = page.Link{}
	}
	return nil
}

func needRow(l i18n.Lang, at string, n campaign.Need, may bool, i, of int) page.Mate {
	m := page.Mate{Name: in(l, n.Item.UK, n.Item.EN), Note: in(l, n.Recipient.UK, n.Recipient.EN), Roles: l.Number(n.Quantity) + "\u00a0" + in(l, n.Unit.UK, n.Unit.EN)}
	if may {
		here := at + "/needs/" + n.ID
		m.Acts = placing(l, here, m.Name, i, of)
		m.Way = page.Link{Href: here, Text: l.T("campaign.need.edit")}
	}
	return m
}

// placing are the buttons that move something within its list of so many, and take it out.
func placing(l i18n.Lang, here, whom string, i, of int) []page.Press {
	var all []page.Press
	if i > 0 {
		all = append(all, page.Press{Action: here + "/move", Text: l.T("campaign.up"), Whom: whom, Hidden: []page.Hidden{{Name: "to", Value: "up"}}})
	}
	if i < of-1 {
		all = append(all, page.Press{Action: here + "/move", Text: l.T("campaign.down"), Whom: whom, Hidden: []page.Hidden{{Name: "to", Value: "down"}}})
	}
	return append(all, page.Press{Action: here + "/withdraw", Text: l.T("campaign.withdraw"), Whom: whom})
}

// purposeForm serves GET /office/campaigns/:slug/purposes/new and …/purposes/:id.
func (o *Office) purposeForm(c echo.Context) error {
	d, p, err := o.purposeOf(c)
	if err != nil {
		return err
	}
	return o.showPurpose(c, d, p, textsOfPurpose(p), page.Form{})
}

// purposeOf is the purpose of the address; without an id it is a new one.
func (o *Office) purposeOf(c echo.Context) (campaign.Desk, campaign.Purpose, error) {
	d, err := o.onDesk(c)
	if err != nil || c.Param("id") == "" {
		return d, campaign.Purpose{}, err
	}
	all, err := campaign.Purposes(c.Request().Context(), o.db, d.ID)
	if err != nil {
		return d, campaign.Purpose{}, err
	}
	i := slices.IndexFunc(all, func(p campaign.Purpose) bool { return p.ID == c.Param("id") })
	if i < 0 {
		return d, campaign.Purpose{}, fault.New(fault.NotFound, "purpose.unknown")
	}
	return d, all[i], nil
}

func textsOfPurpose(p campaign.Purpose) url.Values {
	return url.Values{"title_uk": {p.Title.UK}, "title_en": {p.Title.EN}, "about_uk": {p.About.UK}, "about_en": {p.About.EN}}
}

func (o *Office) showPurpose(c echo.Context, d campaign.Desk, p campaign.Purpose, typed url.Values, form page.Form) error {
	b := page.Of(c)
	l := b.Lang
	f := campaignForm{l, typed, form}
	aboutUK, aboutEN := f.lines("about_uk", 3), f.lines("about_en", 3)
	aboutUK.Optional, aboutEN.Optional = true, true
	titleUK, titleEN := f.one("title_uk"), f.one("title_en")
	titleUK.Label, titleEN.Label, titleUK.Hint = l.T("campaign.purpose.title_uk"), l.T("campaign.purpose.title_en"), l.T("campaign.purpose.title_hint")
	action, title, lead := campaignPath(d.Slug)+"/purposes", l.T("campaign.purpose.add"), l.T("campaign.purpose.lead")
	b.Path = action + "/new"
	if p.ID != "" {
		action += "/" + p.ID
		b.Path, title, lead = action, l.T("campaign.purpose.edit"), l.T("campaign.purpose.lead_edit")
	}
	return showThing(c, b, d, action, p.Mark(), title, lead, []page.Field{titleUK, titleEN, aboutUK, aboutEN}, textsOfPurpose(p), form)
}

// showThing shows the form of a purpose or a need. The mark tells which one was seen.
func showThing(c echo.Context, b page.Base, d campaign.Desk, action, mark, title, lead string, questions []page.Field, there url.Values, form page.Form) error {
	if err := mayChange(d); err != nil {
		return err
	}
	l := b.Lang
	if form.Status() == http.StatusConflict {
		for i, q := range questions {
			if now := there.Get(q.Name); now != "" && strings.TrimSpace(q.Value) != now {
				questions[i].Error = l.T("campaign.now_there", shortened(l, now))
			}
		}
	}
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: campaignPath(d.Slug), Text: titleOf(l, d)}}, Title: title, Lead: lead,
		Ask: page.Ask{Action: action, Hidden: []page.Hidden{{Name: "seen", Value: mark}}, Questions: page.Fields(questions...), Button: l.T("campaign.save"), Cancel: backTo(l, d)},
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// setPurpose serves POST /office/campaigns/:slug/purposes and …/purposes/:id.
func (o *Office) setPurpose(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, _, err := o.purposeOf(c)
	if err != nil {
		return err
	}
	err = campaign.SavePurpose(c.Request().Context(), o.db, o.now, campaign.PurposeWish{
		Slug: d.Slug, PersonID: visitor(c).ID, ID: c.Param("id"), Seen: form.Get("seen"),
		Title: campaign.Text{UK: form.Get("title_uk"), EN: form.Get("title_en")}, About: campaign.Text{UK: page.Text(form, "about_uk"), EN: page.Text(form, "about_en")},
	})
	if err == nil {
		return o.campaignDone(c, d.Slug, "purpose")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	d, now, err := o.purposeOf(c)
	if err != nil {
		return err
	}
	return o.showPurpose(c, d, now, form, faults)
}

// movePurpose serves POST /office/campaigns/:slug/purposes/:id/move.
func (o *Office) movePurpose(c echo.Context) error {
	return o.place(c, "saved", func(p campaign.Place, up bool) error {
		return campaign.MovePurpose(c.Request().Context(), o.db, o.now, p, up)
	})
}

// withdrawPurpose serves POST /office/campaigns/:slug/purposes/:id/withdraw.
func (o *Office) withdrawPurpose(c echo.Context) error {
	return o.place(c, "withdrawn", func(p campaign.Place, _ bool) error {
		return campaign.WithdrawPurpose(c.Request().Context(), o.db, o.now, p)
	})
}

// place does something about a purpose or a need at once; what is in its way is said on the
// campaign's page.
func (o *Office) place(c echo.Context, notice string, do func(p campaign.Place, up bool) error) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	err = do(campaign.Place{Slug: c.Param("slug"), PersonID: visitor(c).ID, ID: c.Param("id")}, form.Get("to") == "up")
	if err == nil {
		return o.campaignDone(c, c.Param("slug"), notice)
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showCampaign(c, nil, faults)
}
