// Package signin is the door through which people come in and go out: the sign-in page and
// its second step, passkeys, new passwords, the page where people see to their own sign-in,
// the session, and the language of pages whose address names none.
//
// It opens a session and closes it, tells the rest of a request who the visitor is, and
// keeps guards for other doors, Factor, CompanyFactor and Fresh, and others for itself. It
// decides nothing about what a person may do: each door guards itself.
package signin

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// SignIn is the door.
type SignIn struct {
	db       *sqlx.DB
	now      clock.Clock
	https    bool
	url      string // where browsers reach the site
	vault    *member.Vault
	passkeys *member.Passkeys
	issuers  map[string]*issuer // by their names in addresses
	log      *slog.Logger
	sessions *sessions
}

// Parts are what the door is made of.
type Parts struct {
	DB    *sqlx.DB
	Now   clock.Clock
	URL   string // where browsers reach the site
	Vault *member.Vault
	Log   *slog.Logger

	Issuers []config.Issuer // other houses that vouch for people
}

// New makes the door. From time to time it deletes sessions that have ended, as long as
// the process lives.
func New(p Parts) (*SignIn, error) {
	passkeys, err := member.NewPasskeys(p.DB, p.Now, p.URL)
	if err != nil {
		return nil, err
	}
	issuers, err := newIssuers(p.Issuers, p.URL)
	if err != nil {
		return nil, err
	}
	https := strings.HasPrefix(p.URL, "https://")
	return &SignIn{
		db: p.DB, now: p.Now, https: https, url: p.URL, vault: p.Vault, passkeys: passkeys, issuers: issuers, log: p.Log, sessions: newSessions(p.DB, p.Now, https),
	}, nil
}

// Routes adds the door's addresses. The group must carry Load.
func (s *SignIn) Routes(g *echo.Group) {
	g.GET(page.SignInPath, s.form)
	g.POST(page.SignInPath, s.signIn)
	g.GET(factorPath, s.factorForm)
	g.POST(factorPath, s.factor)
	g.POST(passkeyPath+"/options", s.askAnybody, spoken)
	g.POST(passkeyPath, s.signInByPasskey, spoken)
	g.POST(passkeyPath+"/again/options", s.askKnown, spoken)
	g.POST(passkeyPath+"/again", s.confirmByPasskey, spoken)
	g.GET(visitPath+"/:issuer", s.leave)
	g.GET(visitPath+"/:issuer/back", s.comeBack)
	g.GET(resetPath, s.resetForm)
	g.POST(resetPath, s.askReset)
	g.GET(resetPath+"/:token", s.newPasswordForm)
	g.POST(resetPath+"/:token", s.reset)
	g.POST(page.SignOutPath, s.signOut)
	g.GET("/language/:lang", s.language)
	g.GET(mail.StopPath+":token", s.stopForm) // for whoever holds the letter
	g.POST(mail.StopPath+":token", s.stopLetters)
	g.GET(addressPath+"/:token", s.addressForm)
	g.POST(addressPath+"/:token", s.confirmAddress)

	own := g.Group(accountPath, s.signedIn)
	own.GET("", s.account)
	own.GET("/trail", s.trail, s.allShown)
	own.GET("/trail.csv", s.trailFile, s.allShown)
	own.GET("/data", s.data)
	own.GET("/data.json", s.dataFile, s.allShown, s.Fresh)
	own.GET("/letters", s.letters)
	own.POST("/letters", s.wishLetters)
	own.POST("/letters/address", s.askAddress)
	own.GET("/letters/address", s.toLetters)
	own.GET("/erase", s.eraseForm)
	own.POST("/erase", s.erase, s.Whole)
	own.GET("/authenticator", s.authenticatorForm, s.Whole)
	own.POST("/authenticator", s.enrol, s.Whole)
	own.POST("/authenticator/remove", s.removeAuthenticator, s.Whole)
	own.POST("/recovery-codes", s.renewRecovery, s.Whole)
	own.GET("/passkeys/new", s.passkeyForm, s.Whole)
	own.POST("/passkeys/options", s.offerPasskey, spoken, s.Whole)
	own.POST("/passkeys", s.addPasskey, spoken, s.Whole)
	own.POST("/passkeys/:id/remove", s.removePasskey, s.Whole)
	own.GET("/password", s.passwordForm, s.Whole)
	own.POST("/password", s.changePassword, s.Whole)
	own.POST("/issuers", s.linkIssuer, s.Whole)
	own.POST("/issuers/:issuer/remove", s.unlinkIssuer, s.Whole)
	own.POST("/sessions/:id/end", s.endSession, s.Fresh)
	own.POST("/sessions/end", s.endOthers, s.Fresh)
	for _, act := range []string{"/authenticator/remove", "/recovery-codes", "/passkeys", "/passkeys/:id/remove", "/sessions/:id/end", "/sessions/end", "/issuers", "/issuers/:issuer/remove"} { // somebody reloads, or changes the language
		own.GET(act, s.toAccount)
	}
}

// signedIn asks strangers to sign in: the pages are for everybody who can.
func (s *SignIn) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !standingOf(c).in() {
			return c.Redirect(http.StatusSeeOther, page.Of(c).SignIn())
		}
		return next(c)
	}
}

type signInPage struct {
	page.Base
	Errors   page.ErrorSummary
	Notice   page.Notice
	Email    page.Field
	Password page.Field
	Passkey  page.Passkey
	Works    string // where passkeys work, when it is not here; else empty
	Issuers  []page.Link
	Action   string
	Next     string // where to go afterwards, or empty
}

// form serves GET /sign-in. Who is signed in already is sent on.
func (s *SignIn) form(c echo.Context) error {
	next := safePath(c.QueryParam("next"), "")
	if st := standingOf(c); st.in() {
		return c.Redirect(http.StatusSeeOther, safePath(next, room(st.person)))
	}
	return c.Render(http.StatusOK, "signin/signin", s.newSignInPage(c, "", next))
}

func (s *SignIn) newSignInPage(c echo.Context, email, next string) signInPage {
	b := page.Of(c)
	b.Path = page.SignInPath // a wrong password leaves no address behind that could not be opened again
	if next != "" {
		b.Path += "?next=" + url.QueryEscape(next)
	}
	return signInPage{
		Base:     b,
		Notice:   notice(b.Lang, c.QueryParam("notice")),
		Passkey:  page.Passkey{Button: b.Lang.T("signin.passkey.sign_in"), Plain: true},
		Works:    s.elsewhere(c),
		Issuers:  s.visits(b.Lang, next),
		Email:    page.Field{ID: "email", Name: "email", Type: "email", Label: b.Lang.T("signin.email"), Value: email, Autocomplete: "username", Required: true},
		Password: page.Field{ID: "password", Name: "password", Type: "password", Label: b.Lang.T("signin.password"), Autocomplete: "current-password", Required: true},
		Action:   page.SignInPath,
		Next:     next,
	}
}

// signIn serves POST /sign-in. What was wrong is said once for both fields: a stranger
// must not learn which addresses are known here. Who has a second factor is asked for it
// before anything is opened.
func (s *SignIn) signIn(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	email, next := form.Get("email"), safePath(form.Get("next"), "")
	person, err := member.SignIn(s.known(c), s.db, s.now, email, form.Get("password"), c.RealIP())
	s.note(c, member.ByPassword, person.ID, err)
	if refusal, ok := fault.As(err); ok {
		p := s.newSignInPage(c, email, next)
		p.Errors = page.ErrorSummary{Title: p.Lang.T("signin.failed"), Items: []page.Link{{Href: "#email", Text: p.Lang.Fault(refusal)}}}
		page.RetryAfter(c, refusal)
		return c.Render(statusOf(refusal), "signin/signin", p)
	}
	if err != nil {
		return err
	}
	return s.enter(c, person, member.ByPassword, next)
}

// note tells the log that somebody has shown who they are, or could not. The address that
// was typed is not told: it may be a password in the wrong field.
func (s *SignIn) note(c echo.Context, by member.Proof, person string, err error) {
	if refusal, ok := fault.As(err); ok {
		s.log.Warn("a proof was refused", "by", by, "why", refusal.Key, "person", person, "from", c.RealIP())
	} else if err == nil {
		s.log.Info("a proof was taken", "by", by, "person", person, "from", c.RealIP())
	}
}

// enter lets a person in who has shown a first factor, or both at once. Who has a second
// one is asked for it first.
func (s *SignIn) enter(c echo.Context, person member.Person, by member.Proof, next string) error {
	if !by.Second() {
		factors, err := member.FactorsOf(c.Request().Context(), s.db, person.ID)
		if err != nil {
			return err
		}
		if factors.Any() {
			if err := s.sessions.beginHalf(c, person.ID, by); err != nil {
				return err
			}
			err := pg.InTx(c.Request().Context(), s.db, func(tx *sqlx.Tx) error { return s.tellOfBrowser(c, tx, person, true) })
			if err != nil {
				return err
			}
			return c.Redirect(http.StatusSeeOther, withNext(factorPath, next))
		}
	}
	return s.come(c, person, by, next)
}

// come opens the session, once nothing more is to be shown.
func (s *SignIn) come(c echo.Context, person member.Person, by member.Proof, next string) error {
	if err := s.open(c, person, by); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, safePath(next, room(person)))
}

func (s *SignIn) open(c echo.Context, person member.Person, by member.Proof) error {
	ctx := c.Request().Context()
	told := standingOf(c).half == person.ID // with the first step
	if err := s.sessions.begin(c, person, by); err != nil {
		return err
	}
	s.remember(c, person, true)
	err := pg.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if !told {
			if err := s.tellOfBrowser(c, tx, person, false); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, audit.Act{At: s.now(), Person: person.ID, Act: "person.signed-in", Subject: "person:" + person.ID, Detail: map[string]any{"by": by}})
	})
	if err != nil {
		return err
	}
	return member.SpeakTo(ctx, s.db, person.ID, string(page.Of(c).Lang)) // as the page just read
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
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`) // the way back shows no page of who was here
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

func withNext(path, next string) string {
	if next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

const standingKey = "kopiyka.signin.standing"

// standingOf is what the request's session knows; Load has put it there.
func standingOf(c echo.Context) standing {
	st, _ := c.Get(standingKey).(standing)
	return st
}

// Load tells the request who is signed in, for doors (member.SignedIn) and for pages
// (page.Visitor). It belongs on every group whose pages show a visitor. Somebody without a
// session costs it nothing.
//
// Whoever runs a cluster and has not shown a second factor is known to the doors without
// the cluster, and who acts for a company that asks for one without the company: a door that
// forgets to ask for the factor opens nothing. Who has come in with a password that somebody
// else has chosen is known without anything, and is led to where it is changed.
func (s *SignIn) Load(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Add(echo.HeaderVary, "Cookie")
		ctx, st, err := s.sessions.load(c.Request().Context(), c.Request(), c.RealIP())
		if err != nil {
			return fmt.Errorf("who is the visitor: %w", err)
		}
		ctx = audit.WithHost(ctx, c.RealIP())
		if st.in() {
			ctx = member.WithPerson(ctx, st.acting())
		}
		c.SetRequest(c.Request().WithContext(ctx))
		c.Set(standingKey, st)
		if st.in() {
			if err := s.sessions.renewed(c, st); err != nil {
				return err
			}
		}
		if err := s.rememberLanguage(c); err != nil {
			return err
		}
		if st.in() {
			page.SetVisitor(c, visitor(page.Of(c).Lang, st.person))
			if st.person.Given && own(c.Path()) {
				return c.Redirect(http.StatusSeeOther, passwordPath)
			}
		}
		return next(c)
	}
}

// own holds for the addresses of who is signed in, but for the one that changes a password.
func own(path string) bool {
	return path != passwordPath && slices.ContainsFunc([]string{portal, office, accountPath}, func(room string) bool {
		return path == room || strings.HasPrefix(path, room+"/")
	})
}

// visitor is a person as a page's frame shows one.
func visitor(l i18n.Lang, p member.Person) *page.Visitor {
	v := &page.Visitor{Name: p.Name, Line: posts(l, p), Account: accountPath}
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
