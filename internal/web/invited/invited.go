// Package invited is invitations that nobody has taken up yet, as the people see them who
// may give them: whom a company or a cluster has asked, the form that asks somebody, and how
// an invitation is sent once more or taken back. The company's own room and the cluster's
// show the same.
//
// Who may know of a place is asked by the doors; who may invite into it, by member.
package invited

import (
	"context"
	"net/http"
	"net/url"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// Invitations are those of a door.
type Invitations struct {
	DB   *sqlx.DB
	Now  clock.Clock
	Site string // where the links of letters lead
}

// Where is the page on which the invitations of an address stand, for the person who asks.
// It is a fault where that person knows of no such place.
type Where func(c echo.Context) (page string, err error)

// Routes adds the address of one invitation: its last part is the invitation's id, and what
// stands before it names the place. A GET leads to the page; a POST sends the invitation once
// more or takes it back, and Fresh guards it.
func (i Invitations) Routes(g *echo.Group, address string, where Where, fresh ...echo.MiddlewareFunc) {
	g.GET(address, func(c echo.Context) error {
		back, err := where(c)
		if err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, back)
	})
	g.POST(address, func(c echo.Context) error { return i.change(c, where) }, fresh...)
}

// change serves POST of an invitation's address.
func (i Invitations) change(c echo.Context, where Where) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	back, err := where(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.ParamValues()[len(c.ParamNames())-1]
	person, _ := member.SignedIn(ctx)
	notice := "revoked"
	if form.Get("act") == "resend" {
		notice, err = "invited", member.Resend(ctx, i.DB, i.Now, i.Site, id, person.ID)
	} else {
		err = member.EndInvitation(ctx, i.DB, i.Now, id, person.ID)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, back+"?notice="+notice)
}

// Send asks somebody by a letter to act for a place, as the visitor's form says. Somebody
// new is written to in the language.
func (i Invitations) Send(c echo.Context, into member.Place, role string, lang i18n.Lang, form url.Values) error {
	ctx := c.Request().Context()
	person, _ := member.SignedIn(ctx)
	_, err := member.Invite{
		Place: into, Role: role, Email: form.Get("email"), Name: form.Get("name"), Lang: string(lang), By: person.ID,
	}.Send(ctx, i.DB, i.Now, i.Site)
	return err
}

// Waiting are the invitations into a place that nobody has taken up, each with what may be
// done about it. Address is that below which each has its own.
func (i Invitations) Waiting(ctx context.Context, l i18n.Lang, into member.Place, address string, may bool) (page.Crew, error) {
	all, err := member.WaitingInvitations(ctx, i.DB, into)
	if err != nil {
		return page.Crew{}, err
	}
	var crew page.Crew
	for _, one := range all {
		crew.Items = append(crew.Items, i.mate(l, one, address+"/"+one.ID, may))
	}
	return crew, nil
}

func (i Invitations) mate(l i18n.Lang, one member.Invitation, address string, may bool) page.Mate {
	mate := page.Mate{Name: one.Email, Note: l.T("people.invited_until", one.ExpiresAt), Roles: l.T("signin.role." + one.Role)}
	if !i.Now().Before(one.ExpiresAt) {
		mate.Note = l.T("people.invited_over", one.ExpiresAt)
	}
	if one.Name != "" {
		mate.Name, mate.Note = one.Name, one.Email+" · "+mate.Note
	}
	if may {
		mate.Acts = []page.Press{
			{Action: address, Text: l.T("people.resend"), Whom: one.Email, Hidden: []page.Hidden{{Name: "act", Value: "resend"}}},
			{Action: address, Text: l.T("people.revoke"), Whom: one.Email, Hidden: []page.Hidden{{Name: "act", Value: "revoke"}}},
		}
	}
	return mate
}

// Ask is the form that invites somebody as one of some roles, with what was typed. Without
// roles there is one to be had, and nothing to choose.
func Ask(l i18n.Lang, action string, roles []page.Option, typed url.Values, form page.Form) page.Ask {
	questions := page.Fields(
		page.Field{ID: "email", Name: "email", Type: "email", Label: l.T("people.email"), Value: typed.Get("email"), Error: form.Error("email"), Autocomplete: "off"},
		page.Field{ID: "name", Name: "name", Label: l.T("people.person_name"), Value: typed.Get("name"), Error: form.Error("name"), Optional: true, Autocomplete: "off"},
	)
	if len(roles) > 0 {
		choice := page.NewChoices("role", l.T("people.role"), typed.Get("role"), roles...)
		choice.Error = form.Error("role")
		questions = append(questions, page.Question{Choices: choice})
	}
	return page.Ask{Action: action, Button: l.T("people.invite_button"), Questions: questions}
}
