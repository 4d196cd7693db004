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
	Required      bool   // the person runs a cluster and has no second factor
	Authenticator string // since when there is one, in words; empty: there is none
	Recovery      string // how many codes are left, in words; empty: there is no factor
}

// account serves GET /account.
func (s *SignIn) account(c echo.Context) error {
	st, b := standingOf(c), page.Of(c)
	factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
	if err != nil {
		return err
	}
	p := accountPage{Base: b, Notice: notice(b.Lang, c.QueryParam("notice")), Email: st.person.Email, Required: len(st.person.Clusters) > 0 && !factors.Any()}
	if factors.Authenticator {
		p.Authenticator = b.Lang.T("signin.account.authenticator_since", b.Lang.Date(factors.Since))
	}
	if factors.Any() {
		p.Recovery = b.Lang.N("signin.account.recovery_left", int64(factors.RecoveryLeft))
	}
	return c.Render(http.StatusOK, "signin/account", p)
}

func (s *SignIn) toAccount(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, accountPath)
}

// notice says what has just happened. What stands in the address only picks the sentence.
func notice(l i18n.Lang, name string) page.Notice {
	switch name {
	case "authenticator-removed":
		return page.Notice{Title: l.T("signin.notice." + name), Live: true}
	}
	return page.Notice{}
}
