package signin

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// passkeyPath is below which the script of the sign-in pages asks and answers, in JSON. It
// opens nothing that the forms do not open: without the script they are all that is there.
const passkeyPath = "/sign-in/passkey"

// asked is what the script hands to the browser.
type asked struct {
	Options any `json:"options"`
}

// reply is what comes back from the browser, with what the form holds.
type reply struct {
	Answer json.RawMessage `json:"answer"`
	Name   string          `json:"name"`
	Next   string          `json:"next"`
}

// went says where to go on, or why not, in the page's language.
type went struct {
	Next  string `json:"next,omitempty"`
	Error string `json:"error,omitempty"`
}

// mostReply is more than any browser's answer holds.
const mostReply = 64 << 10

// spoken turns refusals into words for the script; everything else is the house's to answer.
func spoken(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		err := next(c)
		if refusal, ok := fault.As(err); ok {
			page.RetryAfter(c, refusal)
			return c.JSON(page.StatusOf(refusal.Kind), went{Error: page.Of(c).Lang.Fault(refusal)})
		}
		return err
	}
}

func replied(c echo.Context) (reply, error) {
	var r reply
	if kind, _, _ := strings.Cut(c.Request().Header.Get(echo.HeaderContentType), ";"); kind != echo.MIMEApplicationJSON {
		return r, echo.ErrUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, mostReply))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return r, fault.New(fault.TooLarge, "form.too_large")
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fault.New(fault.Invalid, "form.unreadable")
	}
	return r, nil
}

// give hands a challenge to this browser: the answer counts from it alone.
func (s *SignIn) give(c echo.Context, options any, ceremony string) error {
	s.sessions.manager.Put(c.Request().Context(), ceremonyKey, ceremony)
	if err := s.sessions.keep(c); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, asked{options})
}

func (s *SignIn) ceremony(c echo.Context) string {
	return s.sessions.manager.PopString(c.Request().Context(), ceremonyKey)
}

// askAnybody serves POST /sign-in/passkey/options.
func (s *SignIn) askAnybody(c echo.Context) error {
	options, ceremony, err := s.passkeys.AskAnybody(c.Request().Context())
	if err != nil {
		return err
	}
	return s.give(c, options, ceremony)
}

// signInByPasskey serves POST /sign-in/passkey.
func (s *SignIn) signInByPasskey(c echo.Context) error {
	r, err := replied(c)
	if err != nil {
		return err
	}
	person, err := s.passkeys.SignIn(c.Request().Context(), s.ceremony(c), r.Answer)
	s.note(c, member.ByPasskey, person.ID, err)
	if err != nil {
		return err
	}
	if err := s.open(c, person, member.ByPasskey); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, went{Next: safePath(r.Next, room(person))})
}

// askKnown serves POST /sign-in/passkey/again/options: for the second step, and for showing
// again who one is.
func (s *SignIn) askKnown(c echo.Context) error {
	person, _ := s.who(c)
	if person == "" {
		return fault.New(fault.Invalid, "passkey.too_late")
	}
	options, ceremony, err := s.passkeys.AskPerson(c.Request().Context(), person)
	if err != nil {
		return err
	}
	return s.give(c, options, ceremony)
}

// confirmByPasskey serves POST /sign-in/passkey/again. Without a place to go on to, the
// script sends the form that waits.
func (s *SignIn) confirmByPasskey(c echo.Context) error {
	r, err := replied(c)
	if err != nil {
		return err
	}
	id, half := s.who(c)
	if id == "" {
		return fault.New(fault.Invalid, "passkey.too_late")
	}
	ctx := c.Request().Context()
	err = s.passkeys.Confirm(ctx, id, s.ceremony(c), r.Answer)
	s.note(c, member.ByPasskey, id, err)
	if err != nil {
		return err
	}
	if !half {
		if err := s.sessions.prove(c, standingOf(c), member.ByPasskey); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, went{Next: safePath(r.Next, "")})
	}
	person, err := member.PersonByID(ctx, s.db, id)
	if err != nil {
		return err
	}
	if err := s.open(c, person, member.ByPasskey); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, went{Next: safePath(r.Next, room(person))})
}

type passkeyPage struct {
	page.Base
	Name    page.Field
	Passkey page.Passkey
	Works   string // where passkeys work, when it is not here; else empty
	Action  string
}

// passkeyForm serves GET /account/passkeys/new.
func (s *SignIn) passkeyForm(c echo.Context) error {
	b := page.Of(c)
	return c.Render(http.StatusOK, "signin/passkey", passkeyPage{
		Base: b, Works: s.elsewhere(c), Passkey: page.Passkey{Button: b.Lang.T("signin.passkey.button")}, Action: accountPath + "/passkeys",
		Name: page.Field{ID: "name", Name: "name", Label: b.Lang.T("signin.passkey.name"), Hint: b.Lang.T("signin.passkey.name_hint"), Value: device(b.Lang, c.Request().UserAgent()), MaxLength: 60, Autocomplete: "off"},
	})
}

// elsewhere is where passkeys work, when the visitor has come by a number that browsers give
// no passkeys to.
func (s *SignIn) elsewhere(c echo.Context) string {
	host := c.Request().Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if net.ParseIP(strings.Trim(host, "[]")) == nil {
		return ""
	}
	return s.passkeys.Origin()
}

// offerPasskey serves POST /account/passkeys/options.
func (s *SignIn) offerPasskey(c echo.Context) error {
	options, ceremony, err := s.passkeys.OfferPasskey(c.Request().Context(), standingOf(c).person)
	if err != nil {
		return err
	}
	return s.give(c, options, ceremony)
}

// addPasskey serves POST /account/passkeys. Who adds the first second factor has shown it by
// that, and goes on with it.
func (s *SignIn) addPasskey(c echo.Context) error {
	if strings.HasPrefix(c.Request().Header.Get(echo.HeaderContentType), echo.MIMEApplicationForm) { // without the script there is nothing to add
		return c.Redirect(http.StatusSeeOther, accountPath+"/passkeys/new")
	}
	r, err := replied(c)
	if err != nil {
		return err
	}
	st := standingOf(c)
	if err := s.passkeys.AddPasskey(c.Request().Context(), st.person, s.ceremony(c), r.Name, r.Answer); err != nil {
		return err
	}
	if err := s.sessions.prove(c, st, member.ByPasskey); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, went{Next: accountPath + "?notice=passkey-added"})
}

// removePasskey serves POST /account/passkeys/:id/remove.
func (s *SignIn) removePasskey(c echo.Context) error {
	if err := member.RemovePasskey(c.Request().Context(), s.db, s.now, standingOf(c).person.ID, c.Param("id")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=passkey-removed")
}
