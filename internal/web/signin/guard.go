package signin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// freshFor is how long it counts that somebody has shown who they are.
const freshFor = 10 * time.Minute

// Factor is for groups of addresses that belong to who runs a cluster. Such a person goes
// on with a second factor alone: one who has none sets it up, one who has not shown it does.
// All others pass, and the group's own guard judges them.
func (s *SignIn) Factor(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if st := standingOf(c); st.clustersWithheld() {
			return s.lead(c, st, next)
		}
		return next(c)
	}
}

// CompanyFactor is Factor for groups of addresses that belong to companies. Of whom one
// company asks for a second factor and another does not, sees the other without: such a
// person goes on, and is led to the factor by what is not there, or not theirs, without
// it. Nothing is told by that, since an address that names nothing at all leads there too.
func (s *SignIn) CompanyFactor(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		st := standingOf(c)
		if !st.companiesWithheld() {
			return next(c)
		}
		if len(st.acting().Companies) > 0 {
			if err := next(c); !refusedHere(err) {
				return err
			}
		}
		return s.lead(c, st, next)
	}
}

// refusedHere reports whether a door has answered that it has no such thing, or not for
// this visitor.
func refusedHere(err error) bool {
	if f, ok := fault.As(err); ok {
		return f.Kind == fault.NotFound || f.Kind == fault.Forbidden
	}
	return errors.Is(err, echo.ErrNotFound)
}

// allShown is for what a person is shown of everything that they may do, here and there.
func (s *SignIn) allShown(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if st := standingOf(c); st.withheld() {
			return s.lead(c, st, next)
		}
		return next(c)
	}
}

// lead brings somebody to their second factor: who has none sets it up, who has not shown it
// does.
func (s *SignIn) lead(c echo.Context, st standing, next echo.HandlerFunc) error {
	factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
	if err != nil {
		return err
	}
	if !factors.Any() {
		return c.Redirect(http.StatusSeeOther, withNext(accountPath+"/authenticator", back(c)))
	}
	return s.ask(c, st, next)
}

// Fresh is for single addresses behind which somebody decides over money or over their own
// sign-in. Who has not shown in the last minutes who they are is asked first; what was typed
// waits on the page that asks, and goes on from there. Acts that follow are recorded with
// what was shown.
func (s *SignIn) Fresh(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		st := standingOf(c)
		if !st.in() {
			return next(c) // the group's guard asks strangers to sign in
		}
		fresh, err := s.fresh(c, st)
		if err != nil {
			return err
		}
		if fresh {
			return s.passed(c, st.provedBy, next)
		}
		return s.ask(c, st, next)
	}
}

// Whole is Fresh for what changes one's own sign-in: lately, everything must have been shown
// that opens the session, so the password counts no less than the code. A passkey is both.
func (s *SignIn) Whole(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		st := standingOf(c)
		if !st.in() {
			return next(c)
		}
		factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
		if err != nil {
			return err
		}
		lately := func(t time.Time) bool { return s.now().Sub(t) < freshFor }
		if lately(st.provedAt) && (!factors.Password || lately(st.firstAt)) && (!factors.Any() || lately(st.secondAt)) {
			return s.passed(c, st.provedBy, next)
		}
		return s.askFor(c, st, next, true)
	}
}

// fresh reports whether a session has shown lately who it belongs to, with the best that
// its person has.
func (s *SignIn) fresh(c echo.Context, st standing) (bool, error) {
	if s.now().Sub(st.provedAt) >= freshFor {
		return false, nil
	}
	if st.provedBy.Second() {
		return true, nil
	}
	factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
	return !factors.Any(), err
}

func (s *SignIn) passed(c echo.Context, by member.Proof, next echo.HandlerFunc) error {
	r := c.Request()
	c.SetRequest(r.WithContext(audit.WithProof(r.Context(), string(by))))
	return next(c)
}

// hidden is a value that was typed into the form that waits.
type hidden struct{ Name, Value string }

type againPage struct {
	page.Base
	Errors page.ErrorSummary
	Factor page.Factor
	Whole  bool     // everything is to be shown
	Action string   // where the form goes on to
	Typed  []hidden // what was typed into it
}

// ask asks for the best that the person has.
func (s *SignIn) ask(c echo.Context, st standing, next echo.HandlerFunc) error {
	return s.askFor(c, st, next, false)
}

// askFor shows the page that asks, or goes on when its answer comes with the form.
func (s *SignIn) askFor(c echo.Context, st standing, next echo.HandlerFunc, whole bool) error {
	r := c.Request()
	if r.Method != http.MethodPost {
		to := withNext(factorPath, back(c))
		if whole {
			to += "&" + wholeField + "=1"
		}
		return c.Redirect(http.StatusSeeOther, to)
	}
	if r.Header.Get(echo.HeaderContentType) == echo.MIMEApplicationJSON {
		return fault.New(fault.Forbidden, "factor.stale")
	}
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	var wrong page.Form
	if form.Has(codeField) || form.Has(passwordField) {
		proof, err := s.judge(c, st.person, form.Get(codeField), form.Get(passwordField), asking{whole: whole})
		if err == nil {
			if err := s.proven(c, st, proof, whole); err != nil {
				return err
			}
			form.Del(codeField)
			form.Del(passwordField)
			c.SetRequest(r.WithContext(member.WithPerson(r.Context(), st.person)))
			return s.passed(c, proof, next)
		}
		if wrong, err = refused(c, err); err != nil {
			return err
		}
	}
	return s.showAgain(c, st, form, wrong, whole)
}

// proven writes down what was shown.
func (s *SignIn) proven(c echo.Context, st standing, by member.Proof, whole bool) error {
	if whole {
		return s.sessions.proveBoth(c, st, by)
	}
	return s.sessions.prove(c, st, by)
}

// showAgain asks. 401 says that nothing was done and who may do it; the scheme that HTTP
// wants beside it is one that browsers know nothing of.
func (s *SignIn) showAgain(c echo.Context, st standing, form url.Values, wrong page.Form, whole bool) error {
	p := againPage{Base: page.Of(c), Errors: wrong.Summary(map[string]string{}), Whole: whole}
	p.Action, p.Path = p.Path, back(c)
	var err error
	if p.Factor, err = s.newFactor(c, st.person.ID, wrong, whole); err != nil {
		return err
	}
	for name, values := range form {
		if name == codeField || name == passwordField {
			continue
		}
		for _, v := range values {
			p.Typed = append(p.Typed, hidden{name, v})
		}
	}
	slices.SortStableFunc(p.Typed, func(a, b hidden) int { return compare(a.Name, b.Name) })
	status := wrong.Status()
	if !wrong.Failed() {
		status = http.StatusUnauthorized
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Kopiyka-Factor")
	}
	return c.Render(status, "signin/again", p)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// back is where to come back to: the page itself, or, from a form that was sent, the page
// that its address answers with.
func back(c echo.Context) string { return page.Of(c).Path }
