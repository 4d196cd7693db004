// Package office is the door for the people who run a cluster: what its campaigns have to
// give out, what was proposed, and the second person's decision; and the desk for money:
// payments, events, alarms, jobs and whatever else needs somebody.
//
// It asks other rooms and shows. That who proposes does not approve, and that only what is
// there can be set aside, is spending's and the schema's to know; here a stranger is only
// turned away.
package office

import (
	"net/http"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// Office is the door.
type Office struct {
	db      *sqlx.DB
	gateway *gateway.Gateway
	now     clock.Clock
	checks  []bank.Check
	preview Preview
}

// Preview answers with a draft's page as everybody will see it, and a way back. The public
// door knows how; here is known who may see it.
type Preview func(c echo.Context, slug, back string) error

// New makes the door. Checks are what the books are compared with beside the banks.
func New(db *sqlx.DB, g *gateway.Gateway, now clock.Clock, checks ...bank.Check) *Office {
	return &Office{db: db, gateway: g, now: now, checks: checks}
}

// Previews has drafts shown by the public door.
func (o *Office) Previews(show Preview) *Office {
	o.preview = show
	return o
}

// Routes adds the door's addresses. Something earlier must tell each request who is signed
// in (member.WithPerson). Addresses that take forms answer a GET too, by leading to the
// page of the form: somebody reloads, changes the language or comes back from signing in.
// Fresh guards the acts that move money for good, and those that say who may: who decides
// shows first who they are.
func (o *Office) Routes(g *echo.Group, fresh ...echo.MiddlewareFunc) {
	g = g.Group("/office", clustersOnly)
	g.GET("", o.board)
	g.GET("/campaigns/:slug/allocations/new", o.newAllocation, formsForWhoSends)
	g.GET("/campaigns/:slug/allocations", o.toNewAllocation)
	g.POST("/campaigns/:slug/allocations", o.propose)
	g.GET("/allocations", o.allocations)
	g.GET("/allocations.csv", o.allocationsFile)
	g.GET("/allocations/:id", o.allocation)
	g.GET("/allocations/:id/:act", o.toAllocation)
	g.POST("/allocations/:id/approve", o.approve, fresh...)
	g.POST("/allocations/:id/refuse", o.refuse)
	o.desk(g, fresh...)
	o.bank(g, fresh...)
	o.promises(g, fresh...)
	o.members(g, fresh...)
	o.currencies(g)
	o.papers(g)
	o.campaigns(g)
}

// desk adds the addresses of the desk for money: lists, each with its file, and what hangs
// on them.
func (o *Office) desk(g *echo.Group, fresh ...echo.MiddlewareFunc) {
	g.GET("/payments", o.payments)
	g.GET("/payments.csv", o.paymentsFile)
	g.GET("/payments/:id", o.payment)
	g.GET("/payments/:id/ask", o.toPayment)
	g.POST("/payments/:id/ask", o.askStripe)
	g.GET("/payments/:id/refund", o.refundForm, formsForWhoSends)
	g.POST("/payments/:id/refund", o.askRefund, fresh...) // a small one needs nobody else
	g.GET("/refunds", o.refunds)
	g.GET("/refunds.csv", o.refundsFile)
	g.GET("/refunds/:id", o.refund)
	g.GET("/refunds/:id/:act", o.toRefund)
	g.POST("/refunds/:id/approve", o.approveRefund, fresh...)
	g.POST("/refunds/:id/refuse", o.refuseRefund)
	g.GET("/due", o.due)
	g.GET("/due.csv", o.dueFile)
	g.GET("/alarms", o.alarms)
	g.GET("/alarms.csv", o.alarmsFile)
	g.GET("/alarms/:id", o.alarm)
	g.POST("/alarms/:id", o.answer)
	g.GET("/suspense", o.suspense)
	g.GET("/suspense.csv", o.suspenseFile)
	g.GET("/inbox", o.inbox)
	g.GET("/inbox.csv", o.inboxFile)
	g.GET("/inbox/:id", o.event)
	g.POST("/inbox/:id", o.replay)
	g.GET("/jobs", o.jobs)
	g.GET("/jobs.csv", o.jobsFile)
	g.POST("/jobs/:id", o.runAgain)
	g.GET("/jobs/:id", o.toJobs)
	g.GET("/letters", o.letters)
	g.GET("/letters.csv", o.lettersFile)
	g.POST("/letters/:id", o.sendAgain)
	g.GET("/letters/:id", o.letter)
	g.GET("/letters/:id/bounced", o.toLetter)
	g.POST("/letters/:id/bounced", o.bounced)
	g.GET("/letters/templates", o.letterTemplates, writesLetters)
	g.GET("/letters/templates/:name", o.sampleLetter, writesLetters)
	g.GET("/letters/templates/:name/:lang", o.sampleHTML, writesLetters)
	g.GET("/audit", o.audit, o.readsAudit)
	g.GET("/audit.csv", o.auditFile, o.readsAudit)
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

// holdsAny reports whether the person has one of some roles in a cluster.
func holdsAny(p member.Person, cluster string, among func(member.ClusterRole) bool) bool {
	return slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool { return post.ClusterID == cluster && among(post.Role) })
}

// formsForWhoSends is for pages that are a form and nothing else: to who only reads they are
// not there.
func formsForWhoSends(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !acts(visitor(c)) {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// acts reports whether the person may do more than read somewhere. Events and jobs belong
// to the whole house, which has one account at Stripe, and so to whoever works in it.
func acts(p member.Person) bool {
	return slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool { return post.Role != member.Auditor })
}

// actsIn reports whether the person may do more than read in a cluster.
func actsIn(p member.Person, cluster string) bool {
	return slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool {
		return post.ClusterID == cluster && post.Role != member.Auditor
	})
}

// readsOnly is what an auditor is told.
func readsOnly() error { return fault.New(fault.Forbidden, "role.read_only") }

// in picks the text of a language.
func in(l i18n.Lang, uk, en string) string {
	if l == i18n.EN {
		return en
	}
	return uk
}
