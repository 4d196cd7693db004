package join

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

type applyPage struct {
	page.Base
	Errors page.ErrorSummary
	Ask    page.Ask
	Empty  page.Empty
	Steps  page.Steps
}

// applyForm serves GET /:lang/apply?cluster=slug.
func (j *Join) applyForm(c echo.Context) error {
	typed := url.Values{"country": {"UA"}, "kind": {"member"}, "shows_name": {"yes"}}
	clusters, err := member.Clusters(c.Request().Context(), j.db)
	if err != nil {
		return err
	}
	for _, k := range clusters {
		if k.Slug == c.QueryParam("cluster") || len(clusters) == 1 {
			typed.Set("cluster", k.ID)
		}
	}
	return j.showApply(c, clusters, typed, page.Form{})
}

// apply serves POST /:lang/apply. The answer is the same whoever is known here.
func (j *Join) apply(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	b := page.Of(c)
	err = member.Apply(c.Request().Context(), j.db, j.now, j.site, member.Application{
		ClusterID: form.Get("cluster"), Kind: form.Get("kind"),
		Company: member.Company{Name: member.Text{UK: form.Get("name_uk"), EN: form.Get("name_en")}, Country: form.Get("country"), OfficialID: form.Get("official_id")},
		Site:    form.Get("site"), Message: page.Text(form, "message"), ShowsName: form.Get("shows_name") != "", ShowsSite: form.Get("shows_site") != "",
		PersonName: form.Get("person_name"), Email: form.Get("email"), Lang: string(b.Lang), Host: c.RealIP(),
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, b.In("/apply/sent"))
	}
	faults, err := page.NewForm(b.Lang, err)
	if err != nil {
		return err
	}
	clusters, err := member.Clusters(c.Request().Context(), j.db)
	if err != nil {
		return err
	}
	return j.showApply(c, clusters, form, faults)
}

func (j *Join) showApply(c echo.Context, clusters []member.Cluster, typed url.Values, form page.Form) error {
	b := page.Of(c)
	b.Path = b.In("/apply")
	l := b.Lang
	v := applyPage{Base: b, Steps: page.Steps{Items: []page.Step{
		{Title: l.T("people.apply.step1"), Text: l.T("people.apply.step1_text")},
		{Title: l.T("people.apply.step2"), Text: l.T("people.apply.step2_text")},
		{Title: l.T("people.apply.step3"), Text: l.T("people.apply.step3_text")},
	}}}
	if len(clusters) == 0 {
		v.Empty = page.Empty{Title: l.T("people.apply.none"), Text: l.T("people.apply.none_text")}
		return c.Render(http.StatusOK, "join/apply", v)
	}
	text := func(name, label, hint string) page.Field {
		return page.Field{ID: name, Name: name, Label: label, Hint: hint, Value: typed.Get(name), Error: form.Error(name)}
	}
	cluster := text("cluster", l.T("people.cluster"), "")
	cluster.Options = []page.Option{{Text: l.T("people.choose")}}
	for _, k := range clusters {
		cluster.Options = append(cluster.Options, page.Option{Value: k.ID, Text: k.Name.In(l), Chosen: k.ID == typed.Get("cluster")})
	}
	kind := page.NewChoices("kind", l.T("people.kind"), typed.Get("kind"), roster.Kinds(l)...)
	kind.Error = form.Error("kind")
	nameUK, nameEN := text("name_uk", l.T("people.name_uk"), l.T("people.name_uk_hint")), text("name_en", l.T("people.name_en"), l.T("people.name_en_hint"))
	nameUK.Autocomplete, nameEN.Optional = "organization", true
	country, number := text("country", l.T("people.country"), ""), text("official_id", l.T("people.official_id"), l.T("people.official_id_hint"))
	country.Options, number.Optional = roster.Countries(l, typed.Get("country")), true
	site, message := text("site", l.T("people.site"), ""), text("message", l.T("people.apply.message"), l.T("people.apply.message_hint"))
	site.Optional, message.Optional, message.Rows, site.Autocomplete = true, true, 4, "url"
	person, email := text("person_name", l.T("people.your_name"), ""), text("email", l.T("people.your_email"), l.T("people.apply.email_hint"))
	person.Autocomplete, email.Autocomplete, email.Type = "name", "email", "email"
	questions := page.Fields(cluster)
	questions = append(questions, page.Question{Choices: kind})
	questions = append(questions, page.Fields(nameUK, nameEN, country, number, site, message, person, email)...)
	questions = append(questions, page.Question{Checks: page.Checks{ID: "shows", Legend: l.T("people.shows"), Hint: l.T("people.shows_hint"), Items: []page.Check{
		{Name: "shows_name", Text: l.T("people.shows_name"), On: typed.Get("shows_name") != ""},
		{Name: "shows_site", Text: l.T("people.shows_site"), On: typed.Get("shows_site") != ""},
	}}})
	v.Ask = page.Ask{Action: b.Path, Questions: questions, Button: l.T("people.apply.button")}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "join/apply", v)
}

// sent serves GET /:lang/apply/sent: what happens next.
func (j *Join) sent(c echo.Context) error {
	b := page.Of(c)
	return j.note(c, notePage{Base: b, Title: b.Lang.T("people.apply.sent"), Text: b.Lang.T("people.apply.sent_text"), Link: page.Link{Href: b.Home(), Text: b.Lang.T("people.to_campaigns")}})
}

// confirmForm serves GET /applications/:token. Opening the link confirms nothing yet: mail
// programs open links by themselves.
func (j *Join) confirmForm(c echo.Context) error {
	a, err := member.ApplicationToConfirm(c.Request().Context(), j.db, j.now, c.Param("token"))
	if err != nil {
		return err
	}
	b := page.Of(c)
	l := b.Lang
	if a.ConfirmedAt != nil {
		return j.note(c, notePage{Base: b, Title: l.T("people.confirm.done"), Text: l.T("people.confirm.done_text", a.Name().In(l), a.Cluster().In(l)), Link: page.Link{Href: b.Home(), Text: l.T("people.to_campaigns")}})
	}
	return j.note(c, notePage{
		Base: b, Title: l.T("people.confirm.title"), Text: l.T("people.confirm.text", a.Name().In(l), a.Cluster().In(l)),
		Ask: page.Ask{Action: "/applications/" + c.Param("token"), Button: l.T("people.confirm.button")},
	})
}

// confirm serves POST /applications/:token. A second click changes nothing.
func (j *Join) confirm(c echo.Context) error {
	if err := member.ConfirmApplication(c.Request().Context(), j.db, j.now, j.site, c.Param("token")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/applications/"+c.Param("token"))
}
