// Package signin is the door through which people come in and go out: the sign-in page,
// the session, and the language of pages whose address names none.
//
// It opens a session and closes it, and tells the rest of a request who the visitor is. It
// decides nothing about what that person may do: each door guards itself.
package signin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// SignIn is the door.
type SignIn struct {
	db       *sqlx.DB
	now      clock.Clock
	https    bool
	sessions *sessions
}

// New makes the door. From time to time it deletes sessions that have ended, as long as
// the process lives.
func New(db *sqlx.DB, now clock.Clock, https bool) *SignIn {
	return &SignIn{db: db, now: now, https: https, sessions: newSessions(db, https)}
}

// Routes adds the door's addresses. The group must carry Load.
func (s *SignIn) Routes(g *echo.Group) {
	g.GET(page.SignInPath, s.form)
	g.POST(page.SignInPath, s.signIn)
	g.POST(page.SignOutPath, s.signOut)
	g.GET("/language/:lang", s.language)
}

type signInPage struct {
	page.Base
	Errors   page.ErrorSummary
	Email    page.Field
	Password page.Field
	Action   string
	Next     string // where to go afterwards, or empty
}

// form serves GET /sign-in. Who is signed in already is sent on.
func (s *SignIn) form(c echo.Context) error {
	next := safePath(c.QueryParam("next"), "")
	if person, ok := member.SignedIn(c.Request().Context()); ok {
		return c.Redirect(http.StatusSeeOther, safePath(next, room(person)))
	}
	return c.Render(http.StatusOK, "signin/signin", newSignInPage(c, "", next))
}

func newSignInPage(c echo.Context, email, next string) signInPage {
	b := page.Of(c)
	b.Path = page.SignInPath // a wrong password leaves no address behind that could not be opened again
	if next != "" {
		b.Path += "?next=" + url.QueryEscape(next)
	}
	return signInPage{
		Base:     b,
		Email:    page.Field{ID: "email", Name: "email", Type: "email", Label: b.Lang.T("signin.email"), Value: email, Autocomplete: "username", Required: true},
		Password: page.Field{ID: "password", Name: "password", Type: "password", Label: b.Lang.T("signin.password"), Autocomplete: "current-password", Required: true},
		Action:   page.SignInPath,
		Next:     next,
	}
}

// signIn serves POST /sign-in. What was wrong is said once for both fields: a stranger
// must not learn which addresses are known here.
func (s *SignIn) signIn(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	email, next := form.Get("email"), safePath(form.Get("next"), "")
	person, err := member.SignIn(c.Request().Context(), s.db, s.now, email, form.Get("password"), c.RealIP())
	if refusal, ok := fault.As(err); ok {
		p := newSignInPage(c, email, next)
		p.Errors = page.ErrorSummary{Title: p.Lang.T("signin.failed"), Items: []page.Link{{Href: "#email", Text: p.Lang.Fault(refusal)}}}
		page.RetryAfter(c, refusal)
		return c.Render(statusOf(refusal), "signin/signin", p)
	}
	if err != nil {
		return err
	}
	if err := s.sessions.begin(c, person); err != nil {
		return err
	}
	if err := member.SpeakTo(c.Request().Context(), s.db, person.ID, string(page.Of(c).Lang)); err != nil { // as the page just read
		return err
	}
	return c.Redirect(http.StatusSeeOther, safePath(next, room(person)))
}

// statusOf is 422 for a wrong password: 401 would have to name a scheme of HTTP's own.
func statusOf(refusal *fault.Fault) int {
	if refusal.Kind == fault.TooMany {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// signOut serves POST /sign-out. A second click finds nothing to do.
func (s *SignIn) signOut(c echo.Context) error {
	if err := s.sessions.end(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

// The rooms behind the doors, for whoever has just come in.
const portal, office = "/portal", "/office"

// room is where a person's work is.
func room(p member.Person) string {
	switch {
	case len(p.Companies) > 0:
		return portal
	case len(p.Clusters) > 0:
		return office
	}
	return "/"
}

// Load tells the request who is signed in, for doors (member.SignedIn) and for pages
// (page.Visitor). It belongs on every group whose pages show a visitor. Somebody without a
// session costs it nothing.
func (s *SignIn) Load(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Add(echo.HeaderVary, "Cookie")
		ctx, err := s.sessions.load(c.Request().Context(), c.Request())
		if err != nil {
			return fmt.Errorf("who is the visitor: %w", err)
		}
		c.SetRequest(c.Request().WithContext(ctx))
		if err := s.rememberLanguage(c); err != nil {
			return err
		}
		if person, ok := member.SignedIn(ctx); ok {
			page.SetVisitor(c, visitor(page.Of(c).Lang, person))
		}
		return next(c)
	}
}

// visitor is a person as a page's frame shows one.
func visitor(l i18n.Lang, p member.Person) *page.Visitor {
	v := &page.Visitor{Name: p.Name, Line: posts(l, p)}
	if len(p.Companies) > 0 {
		v.Portal = portal
	}
	if len(p.Clusters) > 0 {
		v.Office = office
	}
	return v
}

// posts says for whom the person acts: "Ґанок Софт, оплата".
func posts(l i18n.Lang, p member.Person) string {
	var lines []string
	for _, c := range p.Companies {
		lines = append(lines, text(l, c.Name)+", "+l.T("signin.role."+string(c.Role)))
	}
	last := ""
	for _, c := range p.Clusters {
		role := l.T("signin.role." + string(c.Role))
		if c.ClusterID == last { // several roles in one cluster stand together
			lines[len(lines)-1] += ", " + role
			continue
		}
		lines, last = append(lines, text(l, c.Name)+", "+role), c.ClusterID
	}
	return strings.Join(lines, "; ")
}
