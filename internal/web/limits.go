package web

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/web/office"
)

// dear are the addresses behind which each request costs somebody something, beside files
// and searches, which are known by their form.
var dear = map[string]member.Limit{
	"POST /portal/companies/:slug/team":                  member.Invitations,
	"POST /portal/companies/:slug/invitations/:id":       member.Invitations,
	"POST /portal/companies/:slug/second-factor":         member.Invitations, // a letter to each colleague
	"POST /office/clusters/:slug/people":                 member.Invitations,
	"POST /office/clusters/:slug/invitations/:id":        member.Invitations,
	"POST /office/companies/:id/owner":                   member.Invitations,
	"POST /office/companies/:id/invitations/:invitation": member.Invitations,
	"POST /office/applications/:id/accept":               member.Invitations,

	"POST /portal/pledges":              member.Pledges,
	"POST /portal/pledges/:id/amend":    member.Pledges,
	"POST /portal/pledges/:id/cancel":   member.Pledges,
	"POST /portal/pledges/:id/release":  member.Pledges,
	"POST /portal/pledges/:id/payments": member.Payments,
	"POST /office/payments/:id/refund":  member.Payments,

	"POST /office/payments/:id/ask": member.Questions,
	"POST /office/reconciliation":   member.Questions,
	"POST /office/inbox/:id":        member.Questions,
	"POST /office/jobs/:id":         member.Questions,
	"POST /office/letters/:id":      member.Invitations,

	"POST /portal/pledges/:id/documents":            member.Files,
	"POST /portal/companies/:slug/statements/:year": member.Files,
	"GET /portal/documents/:id/:lang":               member.Files,
	"GET /portal/companies/:slug/statements/:year":  member.Files,
	"GET /office/documents/:id/:lang":               member.Files,
	"GET /account/data.json":                        member.Files,
	"POST " + office.StatementsPath:                 member.Uploads,
	"POST " + office.ImportsPath:                    member.Uploads,
	"POST /office/company-files/:id":                member.Uploads,
	"POST /office/clusters/:slug/logo":              member.Uploads,
	"POST /portal/companies/:slug/logo":             member.Uploads,
}

// limitOf is the limit of what a request asks for, if it costs.
func limitOf(c echo.Context) (member.Limit, bool) {
	r := c.Request()
	if l, found := dear[r.Method+" "+c.Path()]; found {
		return l, true
	}
	if r.Method != http.MethodGet {
		return member.Limit{}, false
	}
	for _, kind := range []string{".csv", ".xlsx", ".pdf", ".xml"} {
		if strings.HasSuffix(c.Path(), kind) {
			return member.Files, true
		}
	}
	if q := r.URL.RawQuery; q != "" && (c.QueryParam("q") != "" || c.QueryParam("as_of") != "") {
		return member.Searches, true
	}
	return member.Limit{}, false
}

// limited counts what is dear: for the person who is signed in, or else for the host.
func limited(db *sqlx.DB, now clock.Clock) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			l, found := limitOf(c)
			if !found {
				return next(c)
			}
			who := "ip:" + network(c.RealIP())
			if person, in := member.SignedIn(c.Request().Context()); in {
				who = person.ID
			}
			if err := l.Take(c.Request().Context(), db, now(), who); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// burst is how many seconds' worth an address may ask for at once, after it was quiet.
const burst = 10

// pace bounds how often one address asks, in the memory of this process: it is for what is
// cheap, and there a few times as much from several processes does no harm. It keeps for each
// address the time until which it has used up its share.
type pace struct {
	now    clock.Clock
	each   int64 // nanoseconds of a request
	ahead  int64 // how far an address may run ahead of the clock
	seed   maphash.Seed
	shards [32]shard
}

// shard is a part of the addresses. When it has grown, those of before are kept for as long
// again, and forgotten then: they have been quiet meanwhile or are kept anew.
type shard struct {
	mu          sync.Mutex
	now, before map[string]int64
}

// mostKept bounds the addresses of a shard. Whoever makes us forget by coming from many
// addresses has as many shares anyway.
const mostKept = 4096

// newPace makes one that lets an address ask so often a second; with 0 it refuses nobody.
func newPace(now clock.Clock, perSecond int) *pace {
	p := &pace{now: now, seed: maphash.MakeSeed()}
	if perSecond > 0 {
		p.each = int64(time.Second) / int64(perSecond)
		p.ahead = burst * int64(time.Second)
	}
	return p
}

// middleware refuses who asks too often. This machine's own addresses pass: nobody from
// elsewhere has them, and a proxy that nobody told us of would be everybody in one.
func (p *pace) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	if p.each == 0 {
		return next
	}
	return func(c echo.Context) error {
		host := c.RealIP()
		if host == "127.0.0.1" || host == "::1" {
			return next(c)
		}
		if wait := p.take(network(host)); wait > 0 {
			return fault.New(fault.TooMany, "limit.pace").Again(wait)
		}
		return next(c)
	}
}

// take uses up the share of one request, or says how long to wait for it.
func (p *pace) take(host string) time.Duration {
	now := p.now().UnixNano()
	s := &p.shards[maphash.String(p.seed, host)%uint64(len(p.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	until, found := s.now[host]
	if !found {
		until = s.before[host]
	}
	until = max(until, now) + p.each
	if over := until - now - p.ahead; over > 0 {
		return time.Duration(over)
	}
	if s.now == nil || len(s.now) >= mostKept {
		s.before, s.now = s.now, make(map[string]int64)
	}
	s.now[host] = until
	return 0
}

// network is what is counted as one visitor: an address, and of IPv6 the half that a provider
// gives to one house.
func network(host string) string {
	if strings.IndexByte(host, ':') < 0 {
		return host
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	half, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return half.String()
}
