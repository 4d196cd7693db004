package office

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

// askPage is a page with one form.
type askPage struct {
	page.Base
	Kicker      []page.Link
	Title, Lead string
	Errors      page.ErrorSummary
	Ask         page.Ask
	Link        page.Link // to something that helps; may be none
}

// factsForm serves GET /office/companies/:id/facts.
func (o *Office) factsForm(c echo.Context) error {
	k, err := member.CompanyOfCluster(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return err
	}
	return o.showFacts(c, k, url.Values{"name_uk": {k.Name.UK}, "name_en": {k.Name.EN}, "country": {k.Country}, "official_id": {k.OfficialID}}, page.Form{})
}

func (o *Office) showFacts(c echo.Context, k member.Profile, typed url.Values, form page.Form) error {
	if !coordinates(visitor(c)) {
		return fault.New(fault.Forbidden, "company.coordinators_only")
	}
	b := page.Of(c)
	l := b.Lang
	text := func(name, label string) page.Field {
		return page.Field{ID: name, Name: name, Label: label, Value: typed.Get(name), Error: form.Error(name)}
	}
	country, number := text("country", l.T("people.country")), text("official_id", l.T("people.official_id"))
	country.Options, number.Hint, number.Optional = roster.Countries(l, typed.Get("country")), l.T("people.official_id_hint"), true
	nameEN := text("name_en", l.T("people.name_en"))
	nameEN.Hint, nameEN.Optional = l.T("people.name_en_hint"), true
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: CompaniesPath, Text: l.T("desk.title.companies")}, {Href: companyPath(k.ID), Text: in(l, k.Name.UK, k.Name.EN)}},
		Title: l.T("people.edit_facts"), Lead: l.T("people.edit_facts_lead"),
		Ask: page.Ask{
			Action: companyPath(k.ID) + "/facts", Button: l.T("people.save"), Cancel: page.Link{Href: companyPath(k.ID), Text: l.T("people.cancel")},
			Questions: page.Fields(text("name_uk", l.T("people.name_uk")), nameEN, country, number),
		},
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// setFacts serves POST /office/companies/:id/facts.
func (o *Office) setFacts(c echo.Context) error {
	k, form, err := o.companyPosted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	err = member.SetOfficial(ctx, o.db, o.now, person.ID, member.Company{
		ID: k.ID, Name: member.Text{UK: form.Get("name_uk"), EN: form.Get("name_en")}, Country: form.Get("country"), OfficialID: form.Get("official_id"),
	})
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	if err == nil {
		return o.companyDone(c, nil, "saved", nil)
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showFacts(c, k, form, faults)
}
