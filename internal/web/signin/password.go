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

// passwordPath is where somebody who is signed in changes the password.
const passwordPath = accountPath + "/password"

type passwordPage struct {
	page.Base
	Errors page.ErrorSummary
	Own    bool // somebody who is signed in changes it
	Given  bool // it has to be changed: somebody else has chosen it
	Former page.Field
	New    page.Field
	Action string
}

func newPasswordPage(c echo.Context, wrong page.Form) passwordPage {
	b := page.Of(c)
	return passwordPage{
		Base: b, Errors: wrong.Summary(map[string]string{formerField: b.Lang.T("signin.new_password.former"), "password": b.Lang.T("signin.new_password.field")}), Action: c.Request().URL.Path,
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
	id, err := member.Reset(c.Request().Context(), s.db, s.now, c.Param("token"), form.Get("password"))
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
	person, err := member.PersonByID(c.Request().Context(), s.db, id)
	if err != nil {
		return err
	}
	s.remember(c, person, false) // whoever guesses at the address keeps nobody out who reads its letters
	return c.Redirect(http.StatusSeeOther, page.SignInPath+"?notice=password-set")
}

// formerField is the password that is changed.
const formerField = "former"

// newOwnPasswordPage asks for the former password too, of who has one.
func (s *SignIn) newOwnPasswordPage(c echo.Context, wrong page.Form) (passwordPage, error) {
	st, p := standingOf(c), newPasswordPage(c, wrong)
	factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
	if err != nil {
		return p, err
	}
	p.Own, p.Given = true, st.person.Given
	if factors.Password {
		p.Former = page.Field{ID: formerField, Name: formerField, Type: "password", Label: p.Lang.T("signin.new_password.former"), Error: wrong.Error(formerField), Autocomplete: "current-password", Required: true}
	}
	return p, nil
}

// passwordForm serves GET /account/password.
func (s *SignIn) passwordForm(c echo.Context) error {
	p, err := s.newOwnPasswordPage(c, page.Form{})
	if err != nil {
		return err
	}
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
	if err := s.change(c, st, form.Get(formerField), form.Get("password")); err != nil {
		wrong, err := refused(c, err)
		if err != nil {
			return err
		}
		p, err := s.newOwnPasswordPage(c, wrong)
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "signin/new-password", p)
	}
	if err := s.sessions.renewCookie(c, st); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=password-changed")
}

// change judges the former password of who has one, and sets the new one. A given one has to
// become another.
func (s *SignIn) change(c echo.Context, st standing, former, password string) error {
	ctx := s.known(c)
	factors, err := member.FactorsOf(ctx, s.db, st.person.ID)
	if err != nil {
		return err
	}
	if factors.Password {
		err := member.ProvePassword(ctx, s.db, s.now, st.person, former, c.RealIP())
		s.note(c, member.ByPassword, st.person.ID, err)
		if err != nil {
			return about(formerField, err)
		}
		if password == former {
			return fault.In("password", "person.password_same")
		}
	}
	return member.ChangePassword(ctx, s.db, s.now, st.person.ID, password, st.session)
}
