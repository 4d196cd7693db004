package portal

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

// teamFactor says whether a company asks a second factor of its people.
type teamFactor struct {
	State  string
	What   string     // what becomes of it when an owner asks for one
	Who    string     // how many have one; for owners
	Switch page.Press // for an owner who can
	First  page.Link  // where an owner without a factor sets one up
}

func newTeamFactor(l i18n.Lang, k member.Profile, people []member.Colleague, visitor string, may bool) teamFactor {
	f := teamFactor{State: roster.Factor(l, k.AsksFactor).Text}
	if !may {
		return f
	}
	own, have := false, 0
	for _, one := range people {
		if one.Factor {
			have++
			own = own || one.PersonID == visitor
		}
	}
	f.Who = l.T("people.factor.have", have, len(people))
	switch {
	case k.AsksFactor:
		f.Switch = page.Press{Action: factorPath(k.Slug), Text: l.T("people.factor.end"), Hidden: []page.Hidden{{Name: "asked", Value: "no"}}}
	case own:
		f.What = l.T("people.factor.what")
		f.Switch = page.Press{Action: factorPath(k.Slug), Text: l.T("people.factor.ask"), Hidden: []page.Hidden{{Name: "asked", Value: "yes"}}}
	default:
		f.First = page.Link{Href: "/account/authenticator?next=" + url.QueryEscape(teamPath(k.Slug)), Text: l.T("people.factor.set_up")}
	}
	return f
}

// factorOf says of a colleague whether there is a second factor.
func factorOf(l i18n.Lang, one member.Colleague) string {
	if one.Factor {
		return l.T("people.factor.has")
	}
	return l.T("people.factor.has_none")
}

func factorPath(slug string) string { return companyPath(slug) + "/second-factor" }

// askFactor serves POST /portal/companies/:slug/second-factor: from now on the company asks a
// second factor of all its people, or no more. Who has none cannot ask for it, and is led to
// where it is set up.
func (p *Portal) askFactor(c echo.Context) error {
	k, form, err := p.posted(c)
	if err != nil {
		return err
	}
	var asked bool
	switch form.Get("asked") {
	case "yes":
		asked = true
	case "no":
	default:
		return fault.New(fault.Invalid, "form.unreadable")
	}
	err = member.AskFactor(c.Request().Context(), p.db, p.now, p.gateway.Site(), k.ID, visitor(c).ID, asked)
	if f, ok := fault.As(err); ok && f.Field != "" {
		wrong, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return p.showTeam(c, url.Values{"role": {string(member.Payer)}}, wrong) // whose summary leads to where a factor is set up
	}
	if err != nil {
		return err
	}
	notice := "factor-ended"
	if asked {
		notice = "factor-asked"
	}
	return c.Redirect(http.StatusSeeOther, teamPath(k.Slug)+"?notice="+notice)
}
