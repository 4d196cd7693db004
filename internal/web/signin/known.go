package signin

import (
	"context"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
)

// deviceName is the cookie by which a browser is known again. Over https it is a name that
// a browser takes only from us, over TLS, for the whole site.
func (s *SignIn) deviceName() string {
	if s.https {
		return "__Host-kopiyka-device"
	}
	return "kopiyka_device"
}

// known is the request's context, with what is known of the browser.
func (s *SignIn) known(c echo.Context) context.Context {
	return member.WithDevice(c.Request().Context(), s.device(c))
}

func (s *SignIn) device(c echo.Context) member.Device {
	cookie, err := c.Cookie(s.deviceName())
	if err != nil {
		return member.Device{} // there is none
	}
	return s.vault.OpenDevice(cookie.Value, s.now())
}

// tellOfBrowser writes to a person who comes in with a browser that is not known as theirs.
// Half way in is told already: whoever has come so far has the password. The second step in
// the same browser is then no further letter.
func (s *SignIn) tellOfBrowser(c echo.Context, tx *sqlx.Tx, person member.Person, half bool) error {
	if s.device(c).IsOf(person) {
		return nil
	}
	l, _ := i18n.Parse(person.Lang)
	return member.TellOfBrowser(c.Request().Context(), tx, s.now(), person, member.Browser{Name: device(l, c.Request().UserAgent()), Host: c.RealIP(), Half: half})
}

// remember lets the browser be known as the person's. It opens nothing: it keeps the person's
// own tries apart from those of strangers.
func (s *SignIn) remember(c echo.Context, person member.Person, whole bool) {
	c.SetCookie(&http.Cookie{
		Name: s.deviceName(), Value: s.vault.SealDevice(s.device(c).Remember(person, whole, s.now())), Path: "/",
		MaxAge: int(member.DeviceFor / time.Second), Secure: s.https, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
