package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/web/page"
)

// newList begins a list of the desk. Its texts are named by the last part of its path.
func newList(c echo.Context, name string) (page.List, error) {
	l := page.Of(c).Lang
	v, err := page.NewList(c, listPath(name), l.T("desk.title."+name), l.T("desk.lead."+name), page.Empty{Title: l.T("desk.none." + name), Text: l.T("desk.none_text." + name)})
	v.Back = []page.Link{{Href: "/office", Text: l.T("common.office")}}
	return v, err
}

func listPath(name string) string { return "/office/" + name }

// send answers with a list that is nothing more.
func send(c echo.Context, v page.List) error { return c.Render(http.StatusOK, "office/list", v) }
