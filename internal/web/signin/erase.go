package signin

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

const erasePath = accountPath + "/erase"

type erasePage struct {
	page.Base
	Errors page.ErrorSummary
	First  []page.Link // places that need somebody else first, and where to see to it
	Ask    page.Ask
}

// eraseForm serves GET /account/erase: what would be erased, what is kept and why. Nothing
// has happened yet.
func (s *SignIn) eraseForm(c echo.Context) error { return s.showErase(c, "", page.Form{}) }

func (s *SignIn) showErase(c echo.Context, typed string, wrong page.Form) error {
	b, st := page.Of(c), standingOf(c)
	b.Path = erasePath
	needed, err := member.NeededIn(c.Request().Context(), s.db, st.person.ID)
	if err != nil {
		return err
	}
	l := b.Lang
	p := erasePage{Base: b, First: firstThen(l, needed)}
	p.Ask = page.Ask{
		Action: erasePath, Button: l.T("privacy.erase.button"), Cancel: page.Link{Href: dataPath, Text: l.T("privacy.erase.cancel")},
		Questions: page.Fields(page.Field{
			ID: "email", Name: "email", Type: "email", Label: l.T("privacy.erase.email"), Hint: l.T("privacy.erase.email_hint", st.person.Email), Value: typed, Error: wrong.Error("email"), Autocomplete: "off", Required: true,
		}),
	}
	p.Errors = wrong.Summary(p.Ask.Labels())
	return c.Render(wrong.Status(), "signin/erase", p)
}

// firstThen says of each place who is missing there, and leads to where somebody is asked.
func firstThen(l i18n.Lang, needed []member.Needed) []page.Link {
	var all []page.Link
	for _, n := range needed {
		link := page.Link{Href: "/portal/companies/" + n.Slug + "/team", Text: l.T("privacy.erase.first_owner", text(l, n.Name))}
		if n.ClusterID != "" {
			link = page.Link{Href: "/office/people", Text: l.T("privacy.erase.first_admin", text(l, n.Name))}
		}
		all = append(all, link)
	}
	return all
}

// erase serves POST /account/erase. Who has typed their own address knows what they do. All
// of their sessions end with it, this one too.
func (s *SignIn) erase(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), standingOf(c).person
	if !strings.EqualFold(strings.TrimSpace(form.Get("email")), person.Email) {
		err = fault.In("email", "person.erase_other")
	} else {
		_, err = member.Erase(ctx, s.db, s.now, person.ID, person.ID)
	}
	if err != nil {
		wrong, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return s.showErase(c, form.Get("email"), wrong)
	}
	if err := s.sessions.end(c); err != nil {
		return err
	}
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`) // the way back shows no page of who was here
	return c.Redirect(http.StatusSeeOther, page.SignInPath+"?notice=erased")
}
