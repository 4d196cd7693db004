package portal

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/giving"
	"kopiyka/internal/web/page"
)

// stopPage ends reminders, or lets them come again. It names nobody: whoever holds the
// letter sees it, signed in or not.
type stopPage struct {
	page.Base
	Action string
	Wanted bool
}

// reminded serves GET /portal/reminders/:token, the link of a reminder. It leads to the form
// to pay and pays nothing: the guard has asked for a sign-in, and whose pledge it is decides
// who sees it.
func (p *Portal) reminded(c echo.Context) error {
	r, err := giving.ReminderBy(c.Request().Context(), p.db, c.Param("token"))
	if err != nil {
		return err
	}
	if _, err := giving.PledgeOf(c.Request().Context(), p.db, r.PledgeID, visitor(c).ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, pledgePath(r.PledgeID)+"?notice=reminded#pay")
}

// reminders serves GET /reminders/:token: whether the letter's reader gets reminders. Mail
// programs and their filters follow links, so that a GET changes nothing.
func (p *Portal) reminders(c echo.Context) error {
	r, err := giving.ReminderBy(c.Request().Context(), p.db, c.Param("token"))
	if err != nil {
		return err
	}
	return p.showReminders(c, r.Wanted)
}

// wishReminders serves POST /reminders/:token: no more of them, or with wanted=yes again. A
// mail program's own button sends no form of ours, and means no more.
func (p *Portal) wishReminders(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	wanted := form.Get("wanted") == "yes"
	if err := giving.WishReminders(c.Request().Context(), p.db, p.now, c.Param("token"), wanted); err != nil {
		return err
	}
	return p.showReminders(c, wanted)
}

func (p *Portal) showReminders(c echo.Context, wanted bool) error {
	return c.Render(http.StatusOK, "portal/stop", stopPage{Base: page.Of(c), Action: "/reminders/" + c.Param("token"), Wanted: wanted})
}
