package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/gateway/gatewaytest"
)

// measuredLists are the lists whose pages are measured, by who reads them. Deep is a query
// for the id, or the number, of the last row of page 999, or of the last but one when the list
// is shorter; its argument is the house's cluster.
var measuredLists = []struct{ name, email, address, deep string }{
	{"payments", "coordinator@example.org", "/office/payments?", `SELECT y.id::text FROM payments y JOIN campaigns c ON c.id = y.campaign_id WHERE c.cluster_id = $1 ORDER BY y.started_at DESC, y.id DESC`},
	{"payments-of-a-state", "coordinator@example.org", "/office/payments?state=paid&", `SELECT y.id::text FROM payments y JOIN campaigns c ON c.id = y.campaign_id WHERE c.cluster_id = $1 AND y.state = 'paid' ORDER BY y.started_at DESC, y.id DESC`},
	{"refunds", "coordinator@example.org", "/office/refunds?state=all&", `SELECT r.id::text FROM refund_requests r JOIN payments y ON y.id = r.payment_id JOIN campaigns c ON c.id = y.campaign_id WHERE c.cluster_id = $1 ORDER BY r.asked_at DESC, r.id DESC`},
	{"due", "coordinator@example.org", "/office/due?", `SELECT i.id::text FROM instalments i JOIN pledges p ON p.id = i.pledge_id JOIN payments y ON y.pledge_id = p.id JOIN campaigns c ON c.id = p.campaign_id WHERE c.cluster_id = $1 AND y.state = 'expired' ORDER BY i.due_on DESC, i.id DESC`},
	{"pledges", "coordinator@example.org", "/office/pledges?", `SELECT p.id::text FROM pledges p JOIN campaigns c ON c.id = p.campaign_id WHERE c.cluster_id = $1 ORDER BY p.id DESC`},
	{"write-offs", "coordinator@example.org", "/office/write-offs?state=all&", `SELECT w.id::text FROM write_offs w JOIN campaigns c ON c.id = w.campaign_id WHERE c.cluster_id = $1 ORDER BY w.id DESC`},
	{"documents", "coordinator@example.org", "/office/documents?", `SELECT id::text FROM documents WHERE cluster_id = $1 ORDER BY id DESC`},
	{"letters", "coordinator@example.org", "/office/letters?", `SELECT id::text FROM letters WHERE cluster_id = $1 ORDER BY id DESC`},
	{"alarms", "coordinator@example.org", "/office/alarms?state=answered&", `SELECT act_id::text FROM alarms WHERE cluster_id = $1 AND NOT open ORDER BY act_id DESC`},
	{"suspense", "coordinator@example.org", "/office/suspense?", `SELECT l.id::text FROM ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id WHERE a.code = 'suspense:' || $1 ORDER BY l.id DESC`},
	{"inbox", "coordinator@example.org", "/office/inbox?state=done&", `SELECT event_id FROM inbox_events WHERE state = 'done' AND $1 <> '' ORDER BY received_at DESC, event_id DESC`},
	{"jobs", "coordinator@example.org", "/office/jobs?state=done&", `SELECT id::text FROM jobs.river_job WHERE state = 'completed' AND $1 <> '' ORDER BY id DESC`},
	{"allocations", "coordinator@example.org", "/office/allocations?state=decided&", `SELECT d.allocation_id::text FROM allocation_decisions d WHERE $1 <> '' ORDER BY 1 DESC`},
	{"portal-pledges", "payer@example.org", "/portal/companies/ganok/pledges?", `SELECT p.id::text FROM pledges p JOIN companies k ON k.id = p.company_id WHERE k.slug = 'ganok' AND $1 <> '' ORDER BY p.id DESC`},
	{"portal-payments", "payer@example.org", "/portal/companies/ganok/payments?", `SELECT y.id::text FROM payments y JOIN pledges p ON p.id = y.pledge_id JOIN companies k ON k.id = p.company_id WHERE k.slug = 'ganok' AND $1 <> '' ORDER BY p.id DESC, y.id DESC`},
	{"donors", "", "/en/campaigns/ventilators/donors?", `SELECT p.number::text FROM pledges p JOIN campaigns c ON c.id = p.campaign_id WHERE c.slug = 'ventilators' AND $1 <> '' ORDER BY p.number DESC`},
}

// BenchmarkListPages measures pages of lists at a hundred thousand rows beside the same at a
// thousand, and the thousandth page (or the last of a shorter list) beside the first. The
// pages are asked for through the whole door, nothing of them is cached, and the two sides
// of a ratio take turns. Only the ratios can be compared with other runs.
func BenchmarkListPages(b *testing.B) {
	big := crowded(b, 100_000)
	b.Run("page", func(b *testing.B) { // a database belongs to one benchmark, and this is the second's
		small := crowded(b, 1_000)
		for _, list := range measuredLists {
			less, more := small.reader(list.email), big.reader(list.email)
			first := strings.TrimRight(list.address, "?&")
			deep := list.address + "after=" + url.QueryEscape(big.lastBefore(list.deep))
			b.Run(list.name, func(b *testing.B) {
				for b.Loop() {
					report(b, "1e5/1e3", func() time.Duration { return big.read(more, first) }, func() time.Duration { return small.read(less, first) })
					report(b, "deep/first", func() time.Duration { return big.read(more, deep) }, func() time.Duration { return big.read(more, first) })
				}
				took := big.read(more, first)
				b.ReportMetric(float64(took.Microseconds())/1000, "ms/page")
			})
		}
	})
}

// report tells the median ratio of rounds in which both sides take turns.
func report(b *testing.B, unit string, one, other func() time.Duration) {
	const rounds, each = 9, 12
	one()
	other() // whatever is new to a connection is past
	var ratios []float64
	for range rounds {
		var a, z time.Duration
		for range each {
			a += one()
			z += other()
		}
		ratios = append(ratios, a.Seconds()/z.Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[rounds/2], unit)
}

// crowded is a house with n of everything.
func crowded(b *testing.B, n int) *house {
	b.Helper()
	h := openOn(b, gatewaytest.New(b), nil)
	crowd(b, h.World, n)
	h.letIn()
	return h
}

// lastBefore is the row below which page 1000 of a list begins, or the last full page.
func (h *house) lastBefore(list string) string {
	h.t.Helper()
	var id string
	err := h.Owner.Get(&id, fmt.Sprintf(`SELECT * FROM (%s OFFSET least(999 * 50, ((SELECT count(*) FROM (%s) a) / 50 - 1) * 50) - 1 LIMIT 1) x`, list, list), h.Cluster)
	if err != nil {
		h.t.Fatalf("%v\n%s", err, list)
	}
	return id
}

// reader is the session of somebody, or none.
func (h *house) reader(email string) []*http.Cookie {
	h.t.Helper()
	at, err := url.Parse(h.server.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.visitor(email).Jar.Cookies(at)
}

// read asks for a page that is not in the cache and tells how long it took.
func (h *house) read(session []*http.Cookie, address string) time.Duration {
	h.t.Helper()
	h.web.Changed()
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodGet, address, nil)
	for _, c := range session {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	begun := time.Now()
	h.web.ServeHTTP(rec, r)
	took := time.Since(begun)
	if rec.Code != http.StatusOK {
		h.t.Fatalf("%s: %d\n%.300s", address, rec.Code, rec.Body)
	}
	return took
}
