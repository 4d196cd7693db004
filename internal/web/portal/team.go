package portal

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/invited"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

type teamPage struct {
	page.Base
	Notice      page.Notice
	Errors      page.ErrorSummary
	Name        string
	Tabs        []page.Link
	Alone       bool // nobody but the visitor is here
	People      page.Crew
	Invitations page.Crew
	Factor      teamFactor
	MayChange   bool
	Invite      page.Ask
}

// team serves GET /portal/companies/:slug/team: who acts for the company.
func (p *Portal) team(c echo.Context) error {
	return p.showTeam(c, url.Values{"role": {string(member.Payer)}}, page.Form{})
}

func (p *Portal) showTeam(c echo.Context, typed url.Values, form page.Form) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.CompanyFor(ctx, p.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	people, err := member.TeamOf(ctx, p.db, k.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = teamPath(k.Slug)
	l, may := b.Lang, owns(person, k.ID)
	waiting, err := p.invitations().Waiting(ctx, l, member.Place{CompanyID: k.ID}, companyPath(k.Slug)+"/invitations", may)
	if err != nil {
		return err
	}
	v := teamPage{
		Base: b, Name: in(l, k.Name.UK, k.Name.EN), Tabs: companyTabs(l, k.Slug, true), Alone: len(people) == 1 && len(waiting.Items) == 0, MayChange: may,
		People: teamCrew(l, people, person.ID, k.Slug, may), Invitations: waiting,
		Invite: invited.Ask(l, teamPath(k.Slug), roster.CompanyRoles(l), typed, form),
	}
	if done := c.QueryParam("notice"); slices.Contains([]string{"invited", "revoked", "role", "factor-asked", "factor-ended"}, done) {
		v.Notice = page.Notice{Title: l.T("people.notice." + done), Live: true}
	}
	v.Factor = newTeamFactor(l, k, people, person.ID, may)
	v.Errors = form.Summary(v.Invite.Labels())
	return c.Render(form.Status(), "portal/team", v)
}

func teamPath(slug string) string { return companyPath(slug) + "/team" }

// teamCrew offers an owner every other role of each colleague, and everybody to leave.
func teamCrew(l i18n.Lang, people []member.Colleague, visitor, slug string, may bool) page.Crew {
	var crew page.Crew
	for _, one := range people {
		mate := page.Mate{Name: one.Name, Note: one.Email, Roles: roster.RoleNames(l, one.Roles)}
		if may && one.ComesBack {
			mate.Note += " · " + l.T("privacy.team.comes_back")
		}
		if may {
			mate.Note += " · " + factorOf(l, one)
		}
		press := func(text, role string) {
			mate.Acts = append(mate.Acts, page.Press{Action: teamPath(slug) + "/" + one.PersonID, Text: text, Whom: one.Name, Hidden: []page.Hidden{{Name: "role", Value: role}}})
		}
		if may {
			for _, role := range roster.CompanyRoles(l) {
				if !slices.Contains(one.Roles, role.Value) {
					press(l.T("people.make."+role.Value), role.Value)
				}
			}
		}
		switch {
		case one.PersonID == visitor:
			mate.Way = page.Link{Href: leavePath(slug), Text: l.T("people.leave")}
		case may:
			press(l.T("people.remove"), "none")
		}
		crew.Items = append(crew.Items, mate)
	}
	return crew
}

// invite serves POST /portal/companies/:slug/team.
func (p *Portal) invite(c echo.Context) error {
	k, form, err := p.posted(c)
	if err != nil {
		return err
	}
	err = p.invitations().Send(c, member.Place{CompanyID: k.ID}, form.Get("role"), page.Of(c).Lang, form)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, teamPath(k.Slug)+"?notice=invited")
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return p.showTeam(c, form, faults)
}

// setRole serves POST /portal/companies/:slug/team/:id: another role, or none. Who would
// take themselves out is asked first.
func (p *Portal) setRole(c echo.Context) error {
	k, form, err := p.posted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	role := form.Get("role")
	switch role {
	case "":
		return fault.In("role", "invitation.role")
	case "none":
		if c.Param("id") == person.ID {
			return c.Redirect(http.StatusSeeOther, leavePath(k.Slug))
		}
		role = ""
	}
	if err := member.SetCompanyRole(ctx, p.db, p.now, k.ID, person.ID, c.Param("id"), member.CompanyRole(role)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, teamPath(k.Slug)+"?notice=role")
}

// invitations are those that owners of a company have sent.
func (p *Portal) invitations() invited.Invitations {
	return invited.Invitations{DB: p.db, Now: p.now, Site: p.gateway.Site()}
}

// teamOf is the page of the team of the company that an address names.
func (p *Portal) teamOf(c echo.Context) (string, error) {
	k, err := member.CompanyFor(c.Request().Context(), p.db, c.Param("slug"), visitor(c).ID)
	return teamPath(k.Slug), err
}

func (p *Portal) toTeam(c echo.Context) error {
	team, err := p.teamOf(c)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, team)
}
