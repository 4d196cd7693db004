package join

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

type invitationPage struct {
	page.Base
	Errors       page.ErrorSummary
	Title, Text  string
	Factor       bool // the company asks for a second factor
	Email        string
	New          bool     // somebody who chooses a name and a password
	Ask          page.Ask // none while somebody has to sign in first
	SignInFirst  page.Link
	OtherVisitor string // who is signed in, and is not who was invited
}

// invitation serves GET /invitations/:token.
func (j *Join) invitation(c echo.Context) error {
	v, err := member.InvitationOf(c.Request().Context(), j.db, j.now, c.Param("token"))
	if err != nil {
		return err
	}
	return j.showInvitation(c, v, v.Name, page.Form{})
}

// accept serves POST /invitations/:token. Who comes in for the first time is sent to sign
// in with what was just chosen.
func (j *Join) accept(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx, token := c.Request().Context(), c.Param("token")
	a := member.Acceptance{Token: token, Name: form.Get("name"), Password: form.Get("password")}
	person, signedIn := member.SignedIn(ctx)
	if signedIn {
		a.PersonID = person.ID
	}
	v, err := member.Accept(ctx, j.db, j.now, a)
	if f, ok := fault.As(err); ok && f.Kind == fault.Unauthorized {
		return c.Redirect(http.StatusSeeOther, "/invitations/"+token) // which says what to do
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
		faults, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return j.showInvitation(c, v, form.Get("name"), faults)
	}
	if err != nil {
		return err
	}
	room := roomOf(v)
	if !signedIn {
		room = page.SignInPath + "?next=" + url.QueryEscape(room)
	}
	return c.Redirect(http.StatusSeeOther, room)
}

// roomOf is where the work is that somebody was invited to.
func roomOf(v member.Invited) string {
	if v.ClusterID != "" {
		return "/office"
	}
	return "/portal"
}

func (j *Join) showInvitation(c echo.Context, i member.Invited, name string, form page.Form) error {
	b := page.Of(c)
	l := b.Lang
	b.Path = "/invitations/" + c.Param("token")
	place, role := i.PlaceName.In(l), l.T("signin.role."+i.Role)
	v := invitationPage{Base: b, Title: l.T("people.invitation.title", place), Text: l.T("people.invitation.text", place, role), Factor: i.Factor, Email: i.Email}
	if i.By != "" {
		v.Text = l.T("people.invitation.text_by", i.By, place, role)
	}
	person, signedIn := member.SignedIn(c.Request().Context())
	switch {
	case signedIn && person.ID != i.PersonID:
		v.OtherVisitor = person.Name
	case signedIn:
		v.Ask = page.Ask{Action: b.Path, Button: l.T("people.invitation.accept")}
	case i.PersonID != "" && i.CanSignIn:
		v.SignInFirst = page.Link{Href: page.SignInPath + "?next=" + url.QueryEscape(b.Path), Text: l.T("people.invitation.sign_in")}
	default:
		v.New, v.Ask = true, newPerson(l, b.Path, name, form)
		v.Errors = form.Summary(v.Ask.Labels())
	}
	return c.Render(form.Status(), "join/invitation", v)
}

func newPerson(l i18n.Lang, action, name string, form page.Form) page.Ask {
	return page.Ask{Action: action, Button: l.T("people.invitation.come_in"), Questions: page.Fields(
		page.Field{ID: "name", Name: "name", Label: l.T("people.your_name"), Value: name, Error: form.Error("name"), Autocomplete: "name"},
		page.Field{ID: "password", Name: "password", Type: "password", Label: l.T("people.password"), Hint: l.T("people.password_hint"), Error: form.Error("password"), Autocomplete: "new-password"},
	)}
}
