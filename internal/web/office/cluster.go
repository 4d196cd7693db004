package office

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

type clusterPage struct {
	page.Base
	Notice      page.Notice
	Errors      page.ErrorSummary
	Name        string
	Public      string // address of what everyone sees
	Logo        string // address of the picture; empty: none
	MayChange   bool
	Facts       []roster.Fact // for who may only look
	Profile     page.Ask
	Picture     page.Ask
	DropPicture page.Press
}

// cluster serves GET /office/clusters/:slug: what everyone may know of a cluster.
func (o *Office) cluster(c echo.Context) error { return o.showCluster(c, nil, page.Form{}) }

func (o *Office) showCluster(c echo.Context, typed url.Values, form page.Form) error {
	person := visitor(c)
	k, err := member.ClusterFor(c.Request().Context(), o.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = clusterPath(k.Slug)
	l := b.Lang
	v := clusterPage{Base: b, Name: k.Name.In(l), Public: b.In("/clusters/" + k.Slug), MayChange: holds(person, k.ID, member.Admin)}
	if k.HasLogo {
		v.Logo = b.In("/clusters/" + k.Slug + "/logo.png")
	}
	if c.QueryParam("notice") != "" {
		v.Notice = page.Notice{Title: l.T("people.notice.saved"), Live: true}
	}
	if !v.MayChange {
		for _, f := range []roster.Fact{{Name: l.T("people.cluster_email"), Text: k.Email}, {Name: l.T("people.phone"), Text: k.Phone}, {Name: l.T("people.site"), Text: k.Site}} {
			if f.Text == "" {
				f.Text = l.T("people.not_known")
			}
			v.Facts = append(v.Facts, f)
		}
		return c.Render(http.StatusOK, "office/cluster", v)
	}
	v.Profile, v.Picture = clusterAsk(l, k, typed, form), roster.Picture(l, b.Path+"/logo", form)
	v.DropPicture = page.Press{Action: b.Path + "/logo/drop", Text: l.T("people.logo_drop")}
	labels := v.Profile.Labels()
	labels["file"] = l.T("people.logo_file")
	v.Errors = form.Summary(labels)
	return c.Render(form.Status(), "office/cluster", v)
}

func clusterAsk(l i18n.Lang, k member.ClusterProfile, typed url.Values, form page.Form) page.Ask {
	if typed == nil {
		typed = url.Values{
			"name_uk": {k.Name.UK}, "name_en": {k.Name.EN}, "about_uk": {k.About.UK}, "about_en": {k.About.EN}, "email": {k.Email}, "phone": {k.Phone}, "site": {k.Site}, "lang": {string(k.Lang)},
		}
	}
	text := func(name, label string, rows int) page.Field {
		return page.Field{ID: name, Name: name, Label: label, Value: typed.Get(name), Error: form.Error(name), Rows: rows}
	}
	email, phone, site := text("email", l.T("people.cluster_email"), 0), text("phone", l.T("people.phone"), 0), text("site", l.T("people.site"), 0)
	email.Type, phone.Type, email.Optional, phone.Optional, site.Optional = "email", "tel", true, true, true
	phone.Hint = l.T("people.phone_hint")
	aboutUK, aboutEN := text("about_uk", l.T("people.about_uk"), 4), text("about_en", l.T("people.about_en"), 4)
	aboutUK.Optional, aboutEN.Optional = true, true
	lang := text("lang", l.T("people.cluster_lang"), 0)
	lang.Hint = l.T("people.cluster_lang_hint")
	for _, one := range i18n.Langs() {
		lang.Options = append(lang.Options, page.Option{Value: string(one), Text: one.Name(), Chosen: string(one) == typed.Get("lang")})
	}
	return page.Ask{
		Action: clusterPath(k.Slug), Button: l.T("people.save"),
		Questions: page.Fields(text("name_uk", l.T("people.name_uk"), 0), text("name_en", l.T("people.name_en"), 0), aboutUK, aboutEN, email, phone, site, lang),
	}
}

// setCluster serves POST /office/clusters/:slug.
func (o *Office) setCluster(c echo.Context) error {
	k, form, err := o.clusterPosted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	k.Name, k.About = member.Text{UK: form.Get("name_uk"), EN: form.Get("name_en")}, member.Text{UK: page.Text(form, "about_uk"), EN: page.Text(form, "about_en")}
	k.Email, k.Phone, k.Site, k.Lang = form.Get("email"), form.Get("phone"), form.Get("site"), i18n.Lang(form.Get("lang"))
	if err := o.mustAdminister(c, k.ID); err != nil {
		return err
	}
	return o.clusterDone(c, form, member.SetCluster(ctx, o.db, o.now, person.ID, k))
}

func (o *Office) mustAdminister(c echo.Context, cluster string) error {
	if !holds(visitor(c), cluster, member.Admin) {
		return fault.New(fault.Forbidden, "cluster.admins_only")
	}
	return nil
}

func (o *Office) clusterDone(c echo.Context, typed url.Values, err error) error {
	if err == nil {
		if err := pg.Announce(c.Request().Context(), o.db, pg.PublicChanged); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, clusterPath(c.Param("slug"))+"?notice=saved")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showCluster(c, typed, faults)
}

// setClusterLogo serves POST /office/clusters/:slug/logo.
func (o *Office) setClusterLogo(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.ClusterFor(ctx, o.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	if err := o.mustAdminister(c, k.ID); err != nil {
		return err
	}
	_, file, err := page.PostedFile(c, member.MaxLogo)
	if err != nil {
		return err
	}
	var drawn []byte
	if err = member.CheckLogoName(file.Name, file.Body); err == nil {
		drawn, err = member.DrawLogo(ctx, bytes.NewReader(file.Body))
	}
	if err == nil {
		err = member.SetClusterLogo(ctx, o.db, o.now, k.ID, person.ID, drawn)
	}
	return o.clusterDone(c, nil, err)
}

// dropClusterLogo serves POST /office/clusters/:slug/logo/drop.
func (o *Office) dropClusterLogo(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.ClusterFor(ctx, o.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	if err := o.mustAdminister(c, k.ID); err != nil {
		return err
	}
	return o.clusterDone(c, nil, member.SetClusterLogo(ctx, o.db, o.now, k.ID, person.ID, nil))
}

func (o *Office) toCluster(c echo.Context) error {
	k, err := member.ClusterFor(c.Request().Context(), o.db, c.Param("slug"), visitor(c).ID)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, clusterPath(k.Slug))
}
