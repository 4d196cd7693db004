package signin

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// text is a name in the page's language.
func text(l i18n.Lang, t member.Text) string {
	if l == i18n.EN {
		return t.EN
	}
	return t.UK
}

// language serves GET /language/:lang?back=/path: the pages behind the sign-in have one
// address in both languages, so that the choice is kept in a cookie.
func (s *SignIn) language(c echo.Context) error {
	l, ok := i18n.Parse(c.Param("lang"))
	if !ok {
		return echo.ErrNotFound
	}
	s.keepLanguage(c, l)
	if err := s.writeIn(c, l); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, safePath(c.QueryParam("back"), "/"))
}

// rememberLanguage keeps the choice of the language switch, which asks by ?lang= where the
// address names no language. Who is signed in gets letters in it from here on.
func (s *SignIn) rememberLanguage(c echo.Context) error {
	if page.Of(c).Public() {
		return nil
	}
	l, ok := i18n.Parse(c.QueryParam(page.LangQuery))
	if !ok {
		return nil
	}
	s.keepLanguage(c, l)
	return s.writeIn(c, l)
}

// writeIn keeps the language of letters to the visitor, if somebody is signed in.
func (s *SignIn) writeIn(c echo.Context, l i18n.Lang) error {
	person, ok := member.SignedIn(c.Request().Context())
	if !ok || person.Lang == string(l) {
		return nil
	}
	return member.SpeakTo(c.Request().Context(), s.db, person.ID, string(l))
}

func (s *SignIn) keepLanguage(c echo.Context, l i18n.Lang) {
	name := page.LangCookie
	if s.https {
		name = page.SafeLangCookie
	}
	c.SetCookie(&http.Cookie{
		Name: name, Value: string(l), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
	})
}
