package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/trail"
)

const trailPath = accountPath + "/trail"

// trail serves GET /account/trail: what the visitor did, and what was done to their sign-in.
// Links lead to the rooms that the visitor may enter.
func (s *SignIn) trail(c echo.Context) error {
	l, st := page.Of(c).Lang, standingOf(c)
	v, err := page.NewList(c, trailPath, l.T("trail.title"), l.T("trail.lead"), page.Empty{Title: l.T("trail.none"), Text: l.T("trail.none_text")})
	if err != nil {
		return err
	}
	after, err := trail.After(v.Asked.After())
	if err != nil {
		return err
	}
	acts, err := audit.Trail(c.Request().Context(), s.db, st.person.ID, after, trail.PageSize)
	if err != nil {
		return err
	}
	v.Back = []page.Link{{Href: accountPath, Text: l.T("trail.account")}}
	links := trail.Portal
	if len(st.person.Clusters) > 0 {
		links = trail.Office
	}
	trail.Show(&v, acts, links, false)
	return c.Render(http.StatusOK, "signin/trail", v)
}

// trailFile serves GET /account/trail.csv.
func (s *SignIn) trailFile(c echo.Context) error {
	person := standingOf(c).person.ID
	return trail.Send(c, "trail", func(after int64, limit int) ([]audit.Told, error) {
		return audit.Trail(c.Request().Context(), s.db, person, after, limit)
	})
}
