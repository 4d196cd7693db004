package portal

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

type leavePage struct {
	page.Base
	Title, Name string
	Alone       string // why the visitor cannot leave; empty: they can
	What        []string
	Leave       page.Press
	Back        page.Link
}

// leaveForm serves GET /portal/companies/:slug/leave: what becomes of who leaves, and of
// what they did. Nothing has happened yet.
func (p *Portal) leaveForm(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.CompanyFor(ctx, p.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	team, err := member.TeamOf(ctx, p.db, k.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	l, name := b.Lang, in(b.Lang, k.Name.UK, k.Name.EN)
	v := leavePage{
		Base: b, Title: l.T("people.leave.title", name), Name: name, Back: page.Link{Href: teamPath(k.Slug), Text: l.T("people.leave.back")},
		What:  []string{l.T("people.leave.access"), l.T("people.leave.kept"), l.T("people.leave.again")},
		Leave: page.Press{Action: leavePath(k.Slug), Text: l.T("people.leave")},
	}
	otherOwner := func(one member.Colleague) bool {
		return one.PersonID != person.ID && slices.Contains(one.Roles, string(member.Owner))
	}
	if owns(person, k.ID) && !slices.ContainsFunc(team, otherOwner) {
		v.Alone = l.Fault(fault.New(fault.Conflict, "company.last_owner"))
	}
	return c.Render(http.StatusOK, "portal/leave", v)
}

func leavePath(slug string) string { return companyPath(slug) + "/leave" }

// leave serves POST /portal/companies/:slug/leave. Who has left comes out where everyone is.
func (p *Portal) leave(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.CompanyFor(ctx, p.db, c.Param("slug"), person.ID)
	if err != nil {
		return err
	}
	if err := member.SetCompanyRole(ctx, p.db, p.now, k.ID, person.ID, person.ID, ""); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/")
}
