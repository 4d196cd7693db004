// Package portal is the door for member companies: what they promised, what has come of
// it, a new promise, and paying.
//
// It asks giving and the gateway, and shows. Who may do what is decided where the rule is
// known; here a stranger is only turned away. No amount is worked out here, and nothing
// that a browser brings back from the payment page is believed.
package portal

import (
	"log/slog"
	"net/http"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// Portal is the door.
type Portal struct {
	db      *sqlx.DB
	gateway *gateway.Gateway
	now     clock.Clock
	log     *slog.Logger
	factor  []echo.MiddlewareFunc // leads to a second factor
	fresh   []echo.MiddlewareFunc // asks again who it is
}

// New makes the door.
func New(db *sqlx.DB, g *gateway.Gateway, now clock.Clock, log *slog.Logger) *Portal {
	return &Portal{db: db, gateway: g, now: now, log: log}
}

// Guarded has the sign-in's guards stand before the rooms of companies: factor leads whom a
// company asks for a second factor to it, and fresh asks again who it is.
func (p *Portal) Guarded(factor, fresh echo.MiddlewareFunc) *Portal {
	p.factor, p.fresh = []echo.MiddlewareFunc{factor}, []echo.MiddlewareFunc{fresh}
	return p
}

// Routes adds the door's addresses. Something earlier must tell each request who is signed
// in (member.WithPerson). Addresses that take forms answer a GET too, by leading to the
// page of the form: somebody reloads, changes the language or comes back from signing in.
func (p *Portal) Routes(g *echo.Group) {
	g.GET("/reminders/:token", p.reminders) // for whoever holds the letter
	g.POST("/reminders/:token", p.wishReminders)
	g = g.Group("/portal", append(p.factor, companiesOnly, p.withoutWithheld)...)
	g.GET("/reminders/:token", p.reminded)
	g.GET("", p.overview)
	g.GET("/pledges", p.toOverview)
	g.POST("/pledges", p.makePledge)
	g.GET("/pledges/new", p.newPledge)
	g.GET("/pledges/:id", p.pledge)
	g.GET("/pledges/:id/history", p.history)
	g.GET("/pledges/:id/amend", p.amendForm)
	g.POST("/pledges/:id/amend", p.amend)
	g.GET("/pledges/:id/cancel", p.cancelForm)
	g.POST("/pledges/:id/cancel", p.cancel)
	g.GET("/pledges/:id/release", p.releaseForm)
	g.POST("/pledges/:id/release", p.release)
	g.GET("/pledges/:id/payments", p.toPledge)
	g.POST("/pledges/:id/payments", p.pay)
	g.GET("/pledges/:id/documents", p.toPledge)
	g.POST("/pledges/:id/documents", p.issuePaper)
	g.GET("/documents/:id/:lang", p.paper)
	g.GET("/companies/:slug/statements/:year", p.statement)
	g.POST("/companies/:slug/statements/:year", p.issueStatement)
	p.ourselves(g)
	p.lists(g)
	g.GET("/payments/:id/return", p.returned)
	g.GET("/payments/:id/cancel", p.cancelled)
}

// companiesOnly asks strangers to sign in, and knows nothing when somebody signed in has
// no company: the room is not there for them.
func companiesOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		person, ok := member.SignedIn(c.Request().Context())
		if !ok {
			return c.Redirect(http.StatusSeeOther, page.Of(c).SignIn())
		}
		if len(person.Companies) == 0 {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// visitor is who is signed in. The guard has made sure that somebody is.
func visitor(c echo.Context) member.Person {
	person, _ := member.SignedIn(c.Request().Context())
	return person
}

// payingPosts are the companies for which the person may promise and pay.
func payingPosts(p member.Person) []member.CompanyPost {
	var all []member.CompanyPost
	for _, post := range p.Companies {
		if post.Role.MayPay() {
			all = append(all, post)
		}
	}
	return all
}

// postOf is the person's post in a company.
func postOf(p member.Person, company string) (member.CompanyPost, error) {
	for _, post := range p.Companies {
		if post.CompanyID == company {
			return post, nil
		}
	}
	return member.CompanyPost{}, fault.New(fault.NotFound, "company.unknown")
}

func (p *Portal) toOverview(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, "/portal")
}

func (p *Portal) toPledge(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "pledge.unknown")
	}
	return c.Redirect(http.StatusSeeOther, pledgePath(c.Param("id")))
}

func pledgePath(id string) string { return "/portal/pledges/" + id }

// in picks the text of a language.
func in(l i18n.Lang, uk, en string) string {
	if l == i18n.EN {
		return en
	}
	return uk
}

// figure is one of the six numbers that are never mixed, and its name.
type figure struct {
	Name string
	Sum  page.Sum
}

func newFigure(l i18n.Lang, key string, a money.Amount) figure {
	return figure{l.T("portal.figure." + key), l.Sum(a)}
}
