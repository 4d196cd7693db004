package portal

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

// ourselves adds the addresses about a company itself: what it says of itself, where it is,
// and who acts for it.
func (p *Portal) ourselves(g *echo.Group) {
	g.GET("/companies/:slug", p.profile)
	g.POST("/companies/:slug", p.setProfile)
	g.GET("/companies/:slug/logo", p.logo)
	g.POST("/companies/:slug/logo", p.setLogo)
	g.GET("/companies/:slug/logo/drop", p.toProfile)
	g.POST("/companies/:slug/logo/drop", p.dropLogo)
	g.GET("/companies/:slug/addresses", p.toProfile)
	g.POST("/companies/:slug/addresses", p.moved)
	g.GET("/companies/:slug/team", p.team)
	g.POST("/companies/:slug/team", p.invite)
	g.GET("/companies/:slug/team/:id", p.toTeam)
	g.POST("/companies/:slug/team/:id", p.setRole)
	g.GET("/companies/:slug/second-factor", p.toTeam)
	g.POST("/companies/:slug/second-factor", p.askFactor, p.fresh...)
	g.GET("/companies/:slug/leave", p.leaveForm)
	g.POST("/companies/:slug/leave", p.leave)
	p.invitations().Routes(g, "/companies/:slug/invitations/:id", p.teamOf)
}

type profilePage struct {
	page.Base
	Notice      page.Notice
	Errors      page.ErrorSummary
	Name        string
	Tabs        []page.Link
	Public      page.Link // what everyone sees; none while nobody may
	Facts       []roster.Fact
	Memberships page.Table
	Addresses   page.Table
	Logo        string // address of the picture; empty: none
	MayChange   bool
	Profile     page.Ask
	Picture     page.Ask
	DropPicture page.Press
	Move        page.Ask
}

// profile serves GET /portal/companies/:slug.
func (p *Portal) profile(c echo.Context) error {
	return p.showProfile(c, nil, page.Form{})
}

// showProfile lays the company's page out, with what was typed where a form was refused.
func (p *Portal) showProfile(c echo.Context, typed url.Values, form page.Form) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.CompanyFor(ctx, p.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	memberships, err := member.MembershipsOf(ctx, p.db, k.ID)
	if err != nil {
		return err
	}
	addresses, err := member.AddressesOf(ctx, p.db, k.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = companyPath(k.Slug)
	l := b.Lang
	v := profilePage{
		Base: b, Name: in(l, k.Name.UK, k.Name.EN), Tabs: companyTabs(l, k.Slug, false), Facts: roster.Facts(l, k.Company), MayChange: owns(person, k.ID),
		Memberships: roster.Memberships(l, memberships), Addresses: roster.Addresses(l, addresses),
	}
	if done := c.QueryParam("notice"); slices.Contains([]string{"saved", "logo", "moved"}, done) {
		v.Notice = page.Notice{Title: l.T("people.notice." + done), Live: true}
	}
	if k.Shows.Name {
		v.Public = page.Link{Href: b.In("/companies/" + k.Slug), Text: l.T("people.public_page")}
	}
	if k.HasLogo {
		v.Logo = companyPath(k.Slug) + "/logo"
	}
	v.Profile, v.Picture, v.Move = profileAsk(l, k, typed, form), roster.Picture(l, companyPath(k.Slug)+"/logo", form), roster.Move(l, companyPath(k.Slug)+"/addresses", typed, form)
	v.DropPicture = page.Press{Action: companyPath(k.Slug) + "/logo/drop", Text: l.T("people.logo_drop")}
	labels := v.Profile.Labels()
	for _, ask := range []page.Ask{v.Picture, v.Move} {
		for name, label := range ask.Labels() {
			labels[name] = label
		}
	}
	v.Errors = form.Summary(labels)
	return c.Render(form.Status(), "portal/company", v)
}

func companyPath(slug string) string { return "/portal/companies/" + slug }

func companyTabs(l i18n.Lang, slug string, team bool) []page.Link {
	return []page.Link{
		{Href: companyPath(slug), Text: l.T("people.tab.profile"), Current: !team},
		{Href: companyPath(slug) + "/team", Text: l.T("people.tab.team"), Current: team},
	}
}

// owns reports whether the person owns a company.
func owns(p member.Person, company string) bool {
	return slices.ContainsFunc(p.Companies, func(post member.CompanyPost) bool { return post.CompanyID == company && post.Role == member.Owner })
}

func profileAsk(l i18n.Lang, k member.Profile, typed url.Values, form page.Form) page.Ask {
	if typed == nil || !typed.Has("about_uk") {
		typed = url.Values{"about_uk": {k.About.UK}, "about_en": {k.About.EN}, "site": {k.Site}}
		for name, on := range map[string]bool{"shows_name": k.Shows.Name, "shows_about": k.Shows.About, "shows_logo": k.Shows.Logo, "shows_site": k.Shows.Site} {
			if on {
				typed.Set(name, "yes")
			}
		}
	}
	about := func(name, label string) page.Field {
		return page.Field{ID: name, Name: name, Label: label, Value: typed.Get(name), Error: form.Error(name), Rows: 4, Optional: true}
	}
	site := page.Field{ID: "site", Name: "site", Label: l.T("people.site"), Value: typed.Get("site"), Error: form.Error("site"), Optional: true, Autocomplete: "url"}
	shows := page.Checks{ID: "shows", Legend: l.T("people.shows"), Hint: l.T("people.shows_hint")}
	for _, one := range [][2]string{
		{"shows_name", l.T("people.shows_name")}, {"shows_about", l.T("people.shows_about")}, {"shows_logo", l.T("people.shows_logo")}, {"shows_site", l.T("people.shows_site")},
	} {
		shows.Items = append(shows.Items, page.Check{Name: one[0], Text: one[1], On: typed.Get(one[0]) != ""})
	}
	questions := append(page.Fields(about("about_uk", l.T("people.about_uk")), about("about_en", l.T("people.about_en")), site), page.Question{Checks: shows})
	return page.Ask{Action: companyPath(k.Slug), Questions: questions, Button: l.T("people.save")}
}

// posted is the company that an address names, for somebody who acts for it, and the form
// that was posted about it.
func (p *Portal) posted(c echo.Context) (member.Profile, url.Values, error) {
	form, err := page.Posted(c)
	if err != nil {
		return member.Profile{}, nil, err
	}
	k, err := member.CompanyFor(c.Request().Context(), p.db, c.Param("slug"), visitor(c).ID)
	return k, form, err
}

// setProfile serves POST /portal/companies/:slug.
func (p *Portal) setProfile(c echo.Context) error {
	k, form, err := p.posted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	k.About, k.Site = member.Text{UK: page.Text(form, "about_uk"), EN: page.Text(form, "about_en")}, form.Get("site")
	on := func(name string) bool { return form.Get(name) != "" }
	k.Shows = member.Shows{Name: on("shows_name"), About: on("shows_about"), Logo: on("shows_logo"), Site: on("shows_site")}
	return p.profileDone(c, form, "saved", member.SetProfile(ctx, p.db, p.now, person.ID, k))
}

// profileDone leads back to the company's page, or shows it with what was wrong.
func (p *Portal) profileDone(c echo.Context, typed url.Values, notice string, err error) error {
	if err == nil {
		p.announce(c.Request().Context(), "a company's profile", c.Param("slug"))
		return c.Redirect(http.StatusSeeOther, companyPath(c.Param("slug"))+"?notice="+notice)
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return p.showProfile(c, typed, faults)
}

// moved serves POST /portal/companies/:slug/addresses.
func (p *Portal) moved(c echo.Context) error {
	k, form, err := p.posted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	since, _ := member.ParseDay(form.Get("since")) // what is no day is refused with the rest
	return p.profileDone(c, form, "moved", member.Moved(ctx, p.db, p.now, k.ID, person.ID, member.Address{
		Kind: form.Get("kind"), Country: form.Get("country"), Place: form.Get("place"), Since: since,
	}))
}

// setLogo serves POST /portal/companies/:slug/logo.
func (p *Portal) setLogo(c echo.Context) error {
	if err := p.mustOwn(c); err != nil {
		return err
	}
	_, file, err := page.PostedFile(c, member.MaxLogo)
	if err != nil {
		return err
	}
	if err := member.CheckLogoName(file.Name, file.Body); err != nil {
		return p.profileDone(c, nil, "", err)
	}
	drawn, err := member.DrawLogo(c.Request().Context(), bytes.NewReader(file.Body))
	if err != nil {
		return p.profileDone(c, nil, "", err)
	}
	return p.keepLogo(c, drawn)
}

// dropLogo serves POST /portal/companies/:slug/logo/drop.
func (p *Portal) dropLogo(c echo.Context) error { return p.keepLogo(c, nil) }

func (p *Portal) keepLogo(c echo.Context, drawn []byte) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.CompanyFor(ctx, p.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	return p.profileDone(c, nil, "logo", member.SetCompanyLogo(ctx, p.db, p.now, k.ID, person.ID, drawn))
}

// mustOwn spares the work on a picture of somebody who may not change it.
func (p *Portal) mustOwn(c echo.Context) error {
	k, err := member.CompanyFor(c.Request().Context(), p.db, c.Param("slug"), visitor(c).ID)
	if err == nil && !owns(visitor(c), k.ID) {
		err = fault.New(fault.Forbidden, "company.owners_only")
	}
	return err
}

// logo serves GET /portal/companies/:slug/logo, also while nobody else may see it.
func (p *Portal) logo(c echo.Context) error {
	drawn, err := member.LogoFor(c.Request().Context(), p.db, c.Param("slug"), visitor(c).ID)
	if err != nil {
		return err
	}
	return page.SendPNG(c, drawn, "private, no-store")
}

func (p *Portal) toProfile(c echo.Context) error {
	k, err := member.CompanyFor(c.Request().Context(), p.db, c.Param("slug"), visitor(c).ID)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, companyPath(k.Slug))
}
