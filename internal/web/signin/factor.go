package signin

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// factorPath is the second step of signing in, and where somebody who is signed in shows
// again who they are.
const factorPath = "/sign-in/factor"

// Names of the fields. They are no words that another form of the house uses: see Fresh.
const (
	codeField     = "proof_code"
	passwordField = "proof_password"
	wholeField    = "whole" // in an address: everything is to be shown
)

// asking is how much somebody is to show.
type asking struct {
	half  bool // who has come half way in has shown the password
	whole bool // password and second factor, for changes to one's own sign-in
}

type factorPage struct {
	page.Base
	Errors page.ErrorSummary
	Factor page.Factor
	Half   bool // nobody is signed in yet
	Whole  bool // everything is to be shown
	Action string
	Next   string
}

// who is whom the second step is about: who has come half way in, or who is signed in.
func (s *SignIn) who(c echo.Context) (id string, half bool) {
	st := standingOf(c)
	if st.in() {
		return st.person.ID, false
	}
	return st.half, st.half != ""
}

// factorForm serves GET /sign-in/factor. Who has not shown the first factor begins there,
// and who has nothing left to show is sent on.
func (s *SignIn) factorForm(c echo.Context) error {
	next := safePath(c.QueryParam("next"), "")
	person, _ := s.who(c)
	if person == "" {
		return c.Redirect(http.StatusSeeOther, withNext(page.SignInPath, next))
	}
	return s.showFactor(c, person, next, page.Form{}, c.QueryParam(wholeField) != "")
}

func (s *SignIn) showFactor(c echo.Context, person, next string, wrong page.Form, whole bool) error {
	b := page.Of(c)
	b.Path = withNext(factorPath, next)
	_, half := s.who(c)
	whole = whole && !half
	p := factorPage{Base: b, Half: half, Whole: whole, Action: factorPath, Next: next}
	var err error
	if p.Factor, err = s.newFactor(c, person, wrong, whole); err != nil {
		return err
	}
	if p.Errors = wrong.Summary(map[string]string{}); half && wrong.Failed() {
		p.Errors.Title = b.Lang.T("signin.failed")
	}
	return c.Render(wrong.Status(), "signin/factor", p)
}

// newFactor asks for what the person has: the best of it, or the whole.
func (s *SignIn) newFactor(c echo.Context, person string, wrong page.Form, whole bool) (page.Factor, error) {
	factors, err := member.FactorsOf(c.Request().Context(), s.db, person)
	if err != nil {
		return page.Factor{}, err
	}
	l := page.Of(c).Lang
	f := page.Factor{}
	if factors.Passkeys > 0 && s.elsewhere(c) == "" {
		f.Passkey = page.Passkey{Button: l.T("signin.passkey.use"), Plain: true, Or: l.T("signin.passkey.or")}
	}
	if !factors.Any() || whole && factors.Password {
		f.Password = page.Field{ID: passwordField, Name: passwordField, Type: "password", Label: l.T("signin.password"), Autocomplete: "current-password", Error: wrong.Error(passwordField), Required: true}
	}
	switch {
	case factors.Authenticator:
		f.Code = page.Field{Label: l.T("signin.factor.code"), Hint: l.T("signin.factor.code_hint")}
	case factors.Any():
		f.Code = page.Field{Label: l.T("signin.factor.recovery"), Hint: l.T("signin.factor.recovery_hint")}
	default:
		return f, nil
	}
	f.Code.ID, f.Code.Name, f.Code.Autocomplete, f.Code.MaxLength = codeField, codeField, "one-time-code", 40
	f.Code.Error, f.Code.Required = wrong.Error(codeField), true
	return f, nil
}

// factor serves POST /sign-in/factor: the session opens, or, for somebody who is signed in,
// has been shown again who it belongs to.
func (s *SignIn) factor(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx, next := c.Request().Context(), safePath(form.Get("next"), "")
	id, half := s.who(c)
	if id == "" {
		return c.Redirect(http.StatusSeeOther, withNext(page.SignInPath, next)) // it took too long
	}
	person, err := member.PersonByID(ctx, s.db, id)
	if err != nil {
		return err
	}
	whole := !half && form.Has(wholeField)
	proof, err := s.judge(c, person, form.Get(codeField), form.Get(passwordField), asking{half, whole})
	if err != nil {
		wrong, err := refused(c, err)
		if err != nil {
			return err
		}
		return s.showFactor(c, id, next, wrong, whole)
	}
	if half {
		return s.come(c, person, proof, next)
	}
	if err := s.proven(c, standingOf(c), proof, whole); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, safePath(next, room(person)))
}

// judge takes what somebody typed to show who they are. Who has a second factor cannot do
// with the password, and who is half in has shown it. Of the whole the password is judged
// first: a code counts once, and is not to be used up beside a wrong one.
func (s *SignIn) judge(c echo.Context, person member.Person, code, password string, a asking) (member.Proof, error) {
	ctx := s.known(c)
	factors, err := member.FactorsOf(ctx, s.db, person.ID)
	if err != nil {
		return "", err
	}
	if a.whole && factors.Password && factors.Any() {
		if err := s.judgePassword(ctx, c, person, password); err != nil {
			return "", err
		}
	}
	if factors.Any() {
		proof, err := member.ProveCode(ctx, s.db, s.vault, s.now, person.ID, code, c.RealIP())
		if err != nil {
			proof = member.ByCode // or a recovery code: what it was meant to be nobody knows
		}
		s.note(c, proof, person.ID, err)
		return proof, about(codeField, err)
	}
	if a.half { // the factor was taken away meanwhile: the first one is enough again
		return standingOf(c).halfBy, nil
	}
	return member.ByPassword, s.judgePassword(ctx, c, person, password)
}

func (s *SignIn) judgePassword(ctx context.Context, c echo.Context, person member.Person, password string) error {
	err := member.ProvePassword(ctx, s.db, s.now, person, password, c.RealIP())
	s.note(c, member.ByPassword, person.ID, err)
	return about(passwordField, err)
}

// refused takes out of err what was wrong with a form, and tells programs when to ask again.
func refused(c echo.Context, err error) (page.Form, error) {
	if refusal, ok := fault.As(err); ok {
		page.RetryAfter(c, refusal)
	}
	return page.NewForm(page.Of(c).Lang, err)
}

// about puts a refusal at the field that the page has for it.
func about(field string, err error) error {
	if refusal, ok := fault.As(err); ok && refusal.Field != "" {
		return refusal.About(field)
	}
	return err
}
