package office

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

type membersPage struct {
	page.Base
	Title    string
	Clusters []membersOf
}

// membersOf is how one cluster's companies came and went in a year.
type membersOf struct {
	Slug, Name, Said string
	Years            []page.Link
	Table            page.Table
	List             page.Link // of those that came
}

// membersYear serves GET /office/members?year=2020: how many companies came and went.
func (o *Office) membersYear(c echo.Context) error {
	year := i18n.Year(o.now())
	if asked := c.QueryParam("year"); asked != "" {
		var err error
		if year, err = strconv.Atoi(asked); err != nil || year < 1900 || year > 2200 {
			return fault.New(fault.NotFound, "page.unknown")
		}
	}
	b := page.Of(c)
	v := membersPage{Base: b, Title: b.Lang.T("people.members.title", strconv.Itoa(year))}
	for _, post := range visitor(c).Clusters {
		if slices.ContainsFunc(v.Clusters, func(m membersOf) bool { return m.Slug == post.Slug }) {
			continue
		}
		m, err := report.New(o.db).Members(c.Request().Context(), post.Slug, year, o.today())
		if err != nil {
			return err
		}
		v.Clusters = append(v.Clusters, newMembersOf(b.Lang, post.Slug, post.Name.In(b.Lang), m))
	}
	return c.Render(http.StatusOK, "office/members", v)
}

func newMembersOf(l i18n.Lang, slug, name string, m report.MembersYear) membersOf {
	year := strconv.Itoa(m.Year)
	v := membersOf{Slug: slug, Name: name, List: page.Link{Href: CompaniesPath + "?" + url.Values{"joined": {year}}.Encode(), Text: l.T("people.members.list", year)}}
	var rows [][]page.Cell
	var came int64
	for _, k := range m.Kinds {
		came += k.New
		rows = append(rows, []page.Cell{{Text: l.T("people.kind." + k.Kind)}, {Text: l.Number(k.New)}, {Text: l.Number(k.Left)}, {Text: l.Number(k.There)}})
	}
	v.Said = l.N("people.members.came", came, year)
	v.Table = page.NewTable("", []page.Column{{Text: l.T("people.kind")}, {Text: l.T("people.members.new"), Sum: true}, {Text: l.T("people.members.left"), Sum: true}, {Text: l.T("people.members.there"), Sum: true}}, rows)
	for _, y := range m.Years {
		v.Years = append(v.Years, page.Link{Href: "/office/members?year=" + strconv.Itoa(y), Text: strconv.Itoa(y), Current: y == m.Year})
	}
	return v
}
