package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// accountPath is where people see to their own sign-in.
const accountPath = "/account"

type accountPage struct {
	page.Base
	Notice        page.Notice
	Email         string
	Required      required
	Authenticator string // since when there is one, in words; empty: there is none
	Recovery      string // how many codes are left, in words; empty: there is no factor
	Passkeys      []ownThing
	Sessions      []ownThing
	Issuers       []ownThing  // accounts of other houses that are linked
	Linkable      []page.Link // those that could be
	Others        bool        // there is more than this session
}

// ownThing is a passkey or a session in its list, and how to part with it.
type ownThing struct {
	Name, Note string
	Here       bool   // it is the session of this page
	Remove     string // where the form that ends it posts to
	Button     string
	About      string // what the form's button says to who cannot see what it stands beside
}

// account serves GET /account.
func (s *SignIn) account(c echo.Context) error {
	st, b, ctx := standingOf(c), page.Of(c), c.Request().Context()
	factors, err := member.FactorsOf(ctx, s.db, st.person.ID)
	if err != nil {
		return err
	}
	p := accountPage{Base: b, Notice: notice(b.Lang, c.QueryParam("notice")), Email: st.person.Email, Required: requiredOf(b.Lang, st, factors)}
	if factors.Authenticator {
		p.Authenticator = b.Lang.T("signin.account.authenticator_since", b.Lang.Date(factors.Since))
	}
	if factors.Any() {
		p.Recovery = b.Lang.N("signin.account.recovery_left", int64(factors.RecoveryLeft))
	}
	keys, err := member.PasskeysOf(ctx, s.db, st.person.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		p.Passkeys = append(p.Passkeys, passkeyThing(b.Lang, k))
	}
	sessions, err := member.Sessions(ctx, s.db, s.now(), s.now().Add(-idle), st.person.ID)
	if err != nil {
		return err
	}
	for _, one := range sessions {
		p.Sessions = append(p.Sessions, sessionThing(b.Lang, one, st.session))
	}
	p.Others = len(sessions) > 1
	if p.Issuers, p.Linkable, err = s.issuerThings(c, st.person.ID); err != nil {
		return err
	}
	return c.Render(http.StatusOK, "signin/account", p)
}

func passkeyThing(l i18n.Lang, k member.Passkey) ownThing {
	used := l.T("signin.account.passkey_unused")
	if k.UsedAt != nil {
		used = l.T("signin.account.passkey_used", l.DateTime(*k.UsedAt))
	}
	return ownThing{
		Name: k.Name, Note: l.T("signin.account.passkey_made", l.Date(k.MadeAt)) + " " + used,
		Remove: accountPath + "/passkeys/" + k.ID + "/remove", Button: l.T("signin.account.authenticator_remove"), About: l.T("signin.account.passkey_remove", k.Name),
	}
}

// sessionThing says where somebody is signed in. The address is shown to its own person alone.
func sessionThing(l i18n.Lang, one member.Session, here string) ownThing {
	name := device(l, one.Agent)
	return ownThing{
		Name: name, Note: l.T("signin.account.session_note", one.Host, l.DateTime(one.BeganAt), l.DateTime(one.SeenAt)),
		Here: one.ID == here, Remove: accountPath + "/sessions/" + one.ID + "/end", Button: l.T("signin.account.end"), About: l.T("signin.account.session_end", name),
	}
}

// endSession serves POST /account/sessions/:id/end.
func (s *SignIn) endSession(c echo.Context) error {
	if err := member.EndSession(c.Request().Context(), s.db, s.now, standingOf(c).person.ID, c.Param("id")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=session-ended")
}

// endOthers serves POST /account/sessions/end: everywhere but here.
func (s *SignIn) endOthers(c echo.Context) error {
	st := standingOf(c)
	if err := member.EndOtherSessions(c.Request().Context(), s.db, s.now, st.person.ID, st.session); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=sessions-ended")
}

func (s *SignIn) toAccount(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, accountPath)
}

// notice says what has just happened. What stands in the address only picks the sentence.
func notice(l i18n.Lang, name string) page.Notice {
	switch name {
	case "authenticator-removed", "passkey-added", "passkey-removed", "password-changed", "password-set", "session-ended", "sessions-ended", "issuer-linked", "issuer-removed", "erased", "letters-wished", "address-asked":
		return page.Notice{Title: l.T("signin.notice." + name), Live: true}
	}
	return page.Notice{}
}
