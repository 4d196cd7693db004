// Package join is the door for those who are not here yet: a company that asks to be taken
// into a cluster, and a person who was invited to act for one.
//
// Nobody needs to be signed in. It shows nothing of what is known here of a company or an
// address, and opens no session: whoever has come in signs in like everybody else.
package join

import (
	"net/http"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// Join is the door.
type Join struct {
	db   *sqlx.DB
	now  clock.Clock
	site string // address of the house, for links in letters
}

// New makes the door.
func New(db *sqlx.DB, now clock.Clock, site string) *Join { return &Join{db, now, site} }

// Routes adds the door's addresses. Something earlier tells each request who is signed in,
// if anybody is.
func (j *Join) Routes(g *echo.Group) {
	for _, l := range i18n.Langs() {
		in := g.Group("/" + string(l))
		in.GET("/apply", j.applyForm)
		in.POST("/apply", j.apply)
		in.GET("/apply/sent", j.sent)
	}
	g.GET("/applications/:token", j.confirmForm)
	g.POST("/applications/:token", j.confirm)
	g.GET("/invitations/:token", j.invitation)
	g.POST("/invitations/:token", j.accept)
}

// notePage says one thing: what happened, and where to go.
type notePage struct {
	page.Base
	Title, Text string
	Ask         page.Ask // one button; may be none
	Link        page.Link
}

func (j *Join) note(c echo.Context, n notePage) error { return c.Render(http.StatusOK, "join/note", n) }
