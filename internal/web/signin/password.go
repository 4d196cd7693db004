package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// resetPath is where somebody asks for a new password, and, with a link's token, sets it.
const resetPath = "/sign-in/reset"

type resetPage struct {
	page.Base
	Errors page.ErrorSummary
	Email  page.Field
	Sent   bool // a link is on its way, should the address be known
	Action string
}

// resetForm serves GET /sign-in/reset. ?sent= says that the form was taken.
func (s *SignIn) resetForm(c echo.Context) error {
	return c.Render(http.StatusOK, "signin/reset", newResetPage(c, "", page.Form{}))
}

func newResetPage(c echo.Context, email string, wrong page.Form) resetPage {
	b := page.Of(c)
	label := b.Lang.T("signin.email")
	return resetPage{
		Base: b, Sent: c.QueryParam("sent") != "", Action: resetPath, Errors: wrong.Summary(map[string]string{"email": label}),
		Email: page.Field{ID: "email", Name: "email", Type: "email", Label: label, Value: email, Error: wrong.Error("email"), Autocomplete: "username", Required: true},
	}
}

// askReset serves POST /sign-in/reset. The answer and the work are the same whether or not
// the address is known.
func (s *SignIn) askReset(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	if err := member.AskReset(c.Request().Context(), s.db, s.now, form.Get("email"), c.RealIP()); err != nil {
		wrong, err := refused(c, err)
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "signin/reset", newResetPage(c, form.Get("email"), wrong))
	}
	return c.Redirect(http.StatusSeeOther, resetPath+"?sent=1")
}

type passwordPage struct {
	page.Base
	Errors page.ErrorSummary
	Own    bool // somebody who is signed in changes it
	New    page.Field
	Action string
}

func newPasswordPage(c echo.Context, wrong page.Form) passwordPage {
	b := page.Of(c)
	return passwordPage{
		Base: b, Errors: wrong.Summary(map[string]string{"password": b.Lang.T("signin.new_password.field")}), Action: c.Request().URL.Path,
		New: newPasswordField(b.Lang, wrong),
	}
}

func newPasswordField(l i18n.Lang, wrong page.Form) page.Field {
	return page.Field{ID: "password", Name: "password", Type: "password", Label: l.T("signin.new_password.field"), Hint: l.T("signin.new_password.hint"), Error: wrong.Error("password"), Autocomplete: "new-password", Required: true}
}

// newPasswordForm serves GET /sign-in/reset/:token. Looking uses nothing up.
func (s *SignIn) newPasswordForm(c echo.Context) error {
	if err := member.ResetOpen(c.Request().Context(), s.db, s.now, c.Param("token")); err != nil {
		return s.goneLink(c, err)
	}
	c.Response().Header().Set(echo.HeaderReferrerPolicy, "no-referrer") // the address opens something
	return c.Render(http.StatusOK, "signin/new-password", newPasswordPage(c, page.Form{}))
}

// goneLink shows the form for another link to who came with one that opens nothing.
func (s *SignIn) goneLink(c echo.Context, err error) error {
	gone, ok := fault.As(err)
	if !ok || gone.Kind != fault.NotFound {
		return err
	}
	p := newResetPage(c, "", page.Form{})
	p.Path = resetPath
	p.Errors = page.ErrorSummary{Title: p.Lang.T("signin.reset.gone"), Items: []page.Link{{Href: "#email", Text: p.Lang.Fault(gone)}}}
	return c.Render(http.StatusNotFound, "signin/reset", p)
}

// reset serves POST /sign-in/reset/:token. Nobody is signed in by it: the link shows one
// thing alone, and who has a second factor is asked for it as ever.
func (s *SignIn) reset(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderReferrerPolicy, "no-referrer")
	err = member.Reset(c.Request().Context(), s.db, s.now, c.Param("token"), form.Get("password"))
	if refusal, ok := fault.As(err); ok && refusal.Field == "password" {
		wrong, err := refused(c, err)
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "signin/new-password", newPasswordPage(c, wrong))
	}
	if err != nil {
		return s.goneLink(c, err)
	}
	return c.Redirect(http.StatusSeeOther, page.SignInPath+"?notice=password-set")
}

// passwordForm serves GET /account/password.
func (s *SignIn) passwordForm(c echo.Context) error {
	p := newPasswordPage(c, page.Form{})
	p.Own = true
	return c.Render(http.StatusOK, "signin/new-password", p)
}

// changePassword serves POST /account/password. All other sessions end, and this one gets a
// new cookie.
func (s *SignIn) changePassword(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	st := standingOf(c)
	err = member.ChangePassword(c.Request().Context(), s.db, s.now, st.person.ID, form.Get("password"), st.session)
	if err != nil {
		wrong, err := refused(c, err)
		if err != nil {
			return err
		}
		p := newPasswordPage(c, wrong)
		p.Own = true
		return c.Render(wrong.Status(), "signin/new-password", p)
	}
	if err := s.sessions.renewCookie(c, st); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=password-changed")
}
