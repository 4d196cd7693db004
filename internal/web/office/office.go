// Package office is the door for the people who run a cluster: what its campaigns have to
// give out, what was proposed, and the second person's decision.
//
// It asks spending and shows. That who proposes does not approve, and that only what is
// there can be set aside, is spending's and the schema's to know; here a stranger is only
// turned away.
package office

import (
	"net/http"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// Office is the door.
type Office struct {
	db  *sqlx.DB
	now clock.Clock
}

// New makes the door.
func New(db *sqlx.DB, now clock.Clock) *Office { return &Office{db: db, now: now} }

// Routes adds the door's addresses. Something earlier must tell each request who is signed
// in (member.WithPerson). Addresses that take forms answer a GET too, by leading to the
// page of the form: somebody reloads, changes the language or comes back from signing in.
func (o *Office) Routes(g *echo.Group) {
	g = g.Group("/office", clustersOnly)
	g.GET("", o.board)
	g.GET("/campaigns/:slug/allocations/new", o.newAllocation)
	g.GET("/campaigns/:slug/allocations", o.toNewAllocation)
	g.POST("/campaigns/:slug/allocations", o.propose)
	g.GET("/allocations", o.allocations)
	g.GET("/allocations/:id", o.allocation)
	g.GET("/allocations/:id/:act", o.toAllocation)
	g.POST("/allocations/:id/approve", o.approve)
	g.POST("/allocations/:id/refuse", o.refuse)
	o.promises(g)
}

// clustersOnly asks strangers to sign in, and knows nothing when somebody signed in has no
// role in a cluster: the room is not there for them.
func clustersOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		person, ok := member.SignedIn(c.Request().Context())
		if !ok {
			return c.Redirect(http.StatusSeeOther, page.Of(c).SignIn())
		}
		if len(person.Clusters) == 0 {
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

// holds reports whether the person has a role in a cluster.
func holds(p member.Person, cluster string, role member.ClusterRole) bool {
	return slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool {
		return post.ClusterID == cluster && post.Role == role
	})
}

// in picks the text of a language.
func in(l i18n.Lang, uk, en string) string {
	if l == i18n.EN {
		return en
	}
	return uk
}
