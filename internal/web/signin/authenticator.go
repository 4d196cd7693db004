package signin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"rsc.io/qr"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// square is a code as one path of an SVG, with its size in modules.
type square struct {
	Path string
	Size int // with the quiet edge of four modules that readers need
}

func newSquare(text string) (square, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return square{}, fmt.Errorf("draw a square code: %w", err)
	}
	const edge = 4
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+edge, y+edge)
			}
		}
	}
	return square{path.String(), code.Size + 2*edge}, nil
}

type authenticatorPage struct {
	page.Base
	Errors   page.ErrorSummary
	Required required
	Square   square
	Secret   string // in groups, for typing
	URI      string
	Code     page.Field
	Action   string
	Next     string
}

// required says to somebody without a second factor what asks for one. Without a title
// nothing does.
type required struct{ Title, Text string }

func requiredOf(l i18n.Lang, st standing, factors member.Factors) required {
	if factors.Any() {
		return required{}
	}
	if len(st.person.Clusters) > 0 {
		return required{l.T("signin.authenticator.required"), l.T("signin.authenticator.required_text")}
	}
	for _, c := range st.person.Companies {
		if c.AsksFactor {
			return required{l.T("signin.authenticator.company", text(l, c.Name)), l.T("signin.authenticator.company_text")}
		}
	}
	return required{}
}

// authenticatorForm serves GET /account/authenticator: the secret for a new app.
func (s *SignIn) authenticatorForm(c echo.Context) error {
	return s.showAuthenticator(c, safePath(c.QueryParam("next"), ""), page.Form{})
}

func (s *SignIn) showAuthenticator(c echo.Context, next string, wrong page.Form) error {
	st := standingOf(c)
	offer, err := member.OfferAuthenticator(c.Request().Context(), s.db, s.vault, s.now, st.person)
	if err != nil {
		return err
	}
	code, err := newSquare(offer.URI)
	if err != nil {
		return err
	}
	factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = withNext(accountPath+"/authenticator", next)
	return c.Render(wrong.Status(), "signin/authenticator", authenticatorPage{
		Base: b, Errors: wrong.Summary(map[string]string{}), Required: requiredOf(b.Lang, st, factors),
		Square: code, Secret: inGroups(offer.Secret), URI: offer.URI,
		Code: page.Field{
			ID: "code", Name: "code", Label: b.Lang.T("signin.authenticator.code"), Hint: b.Lang.T("signin.authenticator.code_hint"),
			Error: wrong.Error("code"), Autocomplete: "one-time-code", Numeric: true, MaxLength: 12, Required: true,
		},
		Action: accountPath + "/authenticator", Next: next,
	})
}

func inGroups(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}

// enrol serves POST /account/authenticator. The recovery codes are shown this once.
func (s *SignIn) enrol(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	st, next := standingOf(c), safePath(form.Get("next"), "")
	codes, err := member.EnrolAuthenticator(c.Request().Context(), s.db, s.vault, s.now, st.person.ID, form.Get("code"), c.RealIP())
	if err != nil {
		wrong, err := refused(c, err)
		if err != nil {
			return err
		}
		return s.showAuthenticator(c, next, wrong)
	}
	if err := s.sessions.prove(c, st, member.ByCode); err != nil {
		return err
	}
	return s.showCodes(c, codes, next)
}

type codesPage struct {
	page.Base
	Whose string // on paper one wants to know
	Codes []string
	Next  string
}

// showCodes shows a new sheet of recovery codes. The page is not stored by anybody.
func (s *SignIn) showCodes(c echo.Context, codes []string, next string) error {
	b := page.Of(c)
	b.Path = accountPath
	return c.Render(http.StatusOK, "signin/codes", codesPage{Base: b, Whose: standingOf(c).person.Email, Codes: codes, Next: safePath(next, accountPath)})
}

// renewRecovery serves POST /account/recovery-codes.
func (s *SignIn) renewRecovery(c echo.Context) error {
	st := standingOf(c)
	factors, err := member.FactorsOf(c.Request().Context(), s.db, st.person.ID)
	if err != nil {
		return err
	}
	if !factors.Any() { // there is nothing that they could stand in for
		return c.Redirect(http.StatusSeeOther, accountPath)
	}
	codes, err := member.RenewRecovery(c.Request().Context(), s.db, s.now, st.person.ID)
	if err != nil {
		return err
	}
	return s.showCodes(c, codes, "")
}

// removeAuthenticator serves POST /account/authenticator/remove.
func (s *SignIn) removeAuthenticator(c echo.Context) error {
	if err := member.RemoveAuthenticator(c.Request().Context(), s.db, s.now, standingOf(c).person.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=authenticator-removed")
}
