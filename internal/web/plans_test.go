package web_test

import (
	"database/sql/driver"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web"
)

// growing are the tables that every gift, event or act makes longer. Nothing that a visitor
// asks for may read one of them from end to end.
// Statements are not among them, though their lines are: there is one a day and account, and
// part of a file's name may be looked for in all of ten years'. Nor are companies and their
// memberships: there are as many as a country has, and part of a name may be looked for.
var growing = []string{
	"pledges", "payments", "inbox_events", "audit_acts", "alarms", "alarm_answers", "river_job", "entries", "lines", "lots", "draws",
	"allocations", "allocation_decisions", "exchange_rates", "instalments", "instalment_changes", "pledge_acts", "write_offs", "refund_requests", "payouts",
	"statement_lines", "statement_line_rests", "line_matches", "match_undoings", "match_undoing_decisions", "statement_imports", "reconciliations", "documents",
	"letters", "letter_states", "company_applications", "application_confirmations", "application_decisions", "invitations", "invitation_ends",
	"audit_act_clusters",
}

// listAddresses are the lists of all doors, with every way to narrow them. {…} stands for
// something of the crowd.
var listAddresses = map[string][]string{
	"coordinator@example.org": {
		"/office", "/office/payments", "/office/payments?after={payment}", "/office/payments?campaign={slug}", "/office/payments?campaign=crowd-c&state=expired",
		"/office/payments?state=expired", "/office/payments?state=disputed", "/office/payments?amount=12.34", "/office/payments?amount=9999999", "/office/payments?from=2020-03-01&until=2020-03-02",
		"/office/payments?from=2031-01-01", "/office/payments?q={reference}", "/office/payments?q={payment}", "/office/payments?q=cs_crowd_77", "/office/payments?q=evt_crowd_77",
		"/office/payments?q={word}", "/office/payments?q=nobody+of+this+name", "/office/payments?q=!!", "/office/payments.csv?state=expired", "/office/payments/{payment}",
		"/office/refunds", "/office/refunds?state=all", "/office/refunds?state=all&q={payment}", "/office/refunds?q={payment}", "/office/refunds?q={reference}", "/office/refunds?state=all&q={word}", "/office/refunds?state=all&q=!!", "/office/refunds?state=all&q=re_crowd_5", "/office/refunds.csv?state=all", "/office/payments?q=re_crowd_5",
		"/office/pledges", "/office/pledges?after={pledge}", "/office/pledges?campaign={slug}", "/office/pledges?q={reference}", "/office/pledges?q={word}&campaign=crowd-c", "/office/pledges?q=nobody+of+this+name", "/office/pledges?q={pledge}", "/office/pledges.csv", "/office/pledges/{pledge}", "/office/due", "/office/due?after={instalment}", "/office/due?state=all", "/office/due?campaign={slug}", "/office/due.csv",
		"/office/alarms", "/office/alarms?after=5000", "/office/alarms?state=answered", "/office/alarms?q={payment}", "/office/alarms.csv",
		"/office/suspense", "/office/suspense?after=5000", "/office/suspense.csv",
		"/office/inbox", "/office/inbox?after=evt_crowd_300", "/office/inbox?state=new", "/office/inbox?state=done", "/office/inbox?q=ch_crowd_77", "/office/inbox?q=evt_crowd_77", "/office/inbox.csv?state=done",
		"/office/inbox/evt_crowd_77",
		"/office/jobs", "/office/jobs?after=500", "/office/jobs?state=waiting", "/office/jobs?state=running", "/office/jobs?state=done", "/office/jobs?q=crowd", "/office/jobs.csv",
		"/office/allocations", "/office/allocations?state=decided", "/office/allocations?state=decided&q=hospitals", "/office/allocations?state=decided&q=nothing", "/office/allocations?state=decided&campaign={slug}", "/office/allocations.csv?state=decided",
		"/office/documents", "/office/documents?after={document}", "/office/documents?kind=receipt", "/office/documents?kind=invoice", "/office/documents?q=2026-77", "/office/documents?company={word}", "/office/documents.csv",
		"/office/letters", "/office/letters?after={letter}", "/office/letters?state=refused", "/office/letters?state=sent", "/office/letters?state=waiting", "/office/letters?state=given-up", "/office/letters?q=person-7", "/office/letters?q=nobody", "/office/letters?name=digest", "/office/letters.csv",
		"/office/due?q={reference}", "/office/due?q={word}", "/office/suspense?q=txn_1",
		"/office/undoings", "/office/write-offs", "/office/write-offs?state=all", "/office/write-offs?state=all&campaign={slug}", "/office/write-offs.csv?state=all",
		"/office/statements", "/office/statements?q=may", "/office/statements.csv", "/office/unmatched?q=may",
		"/office/statements?after={statement}", "/office/statements/{statement}", "/office/statements/{statement}?after={line}", "/office/reconciliation",
		"/office/unmatched", "/office/unmatched?after={day}.{line}", "/office/unmatched?q=crowd", "/office/unmatched?q=12.34", "/office/unmatched?q=nobody+of+this+name", "/office/unmatched.csv",
		"/office/lines/{line}",
		"/office/rates", "/office/rates?after={rate}", "/office/rates.csv",
		"/office/companies", "/office/companies?after={company}", "/office/companies?state=former", "/office/companies?q={word}", "/office/companies?q=14360570", "/office/companies?kind=member&joined=2016", "/office/companies.csv", "/office/companies/{company}",
		"/office/applications", "/office/applications?after={application}", "/office/applications?state=decided", "/office/applications?state=decided&after={application}", "/office/applications.csv", "/office/applications.csv?state=decided", "/office/applications/{application}",
		"/office/people", "/office/members", "/office/members?year=2016",
	},
	"approver@example.org": { // who is an auditor here
		"/office/audit", "/office/audit?after=5000", "/office/audit?person=payer", "/office/audit?person=coordinator%40example.org", "/office/audit?person=nobody", "/office/audit?subject={payment}", "/office/audit?subject=payment:{payment}",
		"/office/audit?act=payment.gift", "/office/audit?act=rate.entered", "/office/audit?from=2020-03-01&until=2020-03-02", "/office/audit?from=2031-01-01", "/office/audit?person=payer&act=payment.gift&from=2020-03-01&until=2021-03-02",
		"/office/audit.csv?act=rate.entered", "/office/audit.csv?person=payer&from=2020-03-01&until=2020-03-02", "/account/trail", "/account/trail?after=5000",
	},
	"payer@example.org": {
		"/account/trail", "/account/trail?after=5000", "/account/trail.csv", "/account/data.json",
		"/portal/pledges/{own}", "/portal/pledges/{own}/history",
		"/portal", "/portal/companies/ganok/pledges", "/portal/companies/ganok/pledges?after={own}", "/portal/companies/ganok/pledges?q={reference}", "/portal/companies/ganok/pledges?q=PO-7", "/portal/companies/ganok/pledges.csv",
		"/portal/companies/ganok/payments", "/portal/companies/ganok/payments?after={ownpayment}", "/portal/companies/ganok/payments?state=expired", "/portal/companies/ganok/payments?q={reference}", "/portal/companies/ganok/payments.csv",
		"/portal/companies/ganok", "/portal/companies/ganok/team", "/portal/companies/ganok/leave",
		"/portal/companies/ganok/documents", "/portal/companies/ganok/documents?kind=invoice", "/portal/companies/ganok/documents?q=2026-7", "/portal/companies/ganok/documents.csv",
	},
	"": {
		"/uk/campaigns/{slug}/donors", "/uk/campaigns/{slug}/donors?after=60", "/uk/companies/ganok", "/uk/companies",
	},
}

// A list that reads a whole table is quick on the day it is written and slow a year later.
// Every query that the lists send is explained on a hundred thousand rows.
func TestNoListReadsAGrowingTableFromEndToEnd(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	crowd(t, b.World, 100_000)
	b.Tx(func(tx *sqlx.Tx) error {
		return member.GiveClusterRole(t.Context(), tx, b.Approver, b.Cluster, member.Auditor)
	})
	log := &queries{seen: map[string]bool{}}
	h := openOn(t, b, pgtest.Ears{Query: log.hear}.Open(t, pgtest.DSN(t)))
	h.letIn()
	known := h.ofTheCrowd()

	asked := 0
	for email, addresses := range listAddresses {
		visitor := h.visitor(email)
		for _, address := range addresses {
			log.take()
			address = known.Replace(address)
			h.look(visitor, address)
			for _, q := range log.take() {
				asked++
				h.explain(address, q)
			}
		}
	}
	if asked < 100 {
		t.Errorf("only %d queries were heard: the ear is deaf", asked)
	}
}

// The guard itself: a query that does read from end to end is found.
func TestAReadingFromEndToEndIsNoticed(t *testing.T) {
	t.Parallel()
	plan := "Limit  (cost=0)\n  ->  Parallel Seq Scan on payments y  (cost=0)\n"
	if got := wholeTables(plan); !slices.Equal(got, []string{"payments"}) {
		t.Errorf("found %v", got)
	}
	if got := wholeTables("->  Seq Scan on campaigns c  (cost=0)\n->  Index Scan using payments_pkey on payments\n"); len(got) > 0 {
		t.Errorf("found %v", got)
	}
}

var seqScan = regexp.MustCompile(`Seq Scan on (\w+)`)

// wholeTables are the growing tables that a plan reads from end to end.
func wholeTables(plan string) []string {
	var found []string
	for _, m := range seqScan.FindAllStringSubmatch(plan, -1) {
		if slices.Contains(growing, m[1]) {
			found = append(found, m[1])
		}
	}
	return found
}

// enoughOfAFile is more than the first chunks of an export: by then all its queries were
// heard, and the rest of the rows is those again.
const enoughOfAFile = 256 << 10

// look opens an address and reads its beginning.
func (h *house) look(c *http.Client, address string) {
	h.t.Helper()
	res, err := c.Get(h.server.URL + address)
	if err != nil {
		h.t.Fatalf("%s: %v", address, err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, enoughOfAFile))
	if err != nil || res.StatusCode != http.StatusOK {
		h.t.Errorf("%s: %d, %v\n%.200s", address, res.StatusCode, err, said)
	}
}

func (h *house) explain(address string, q heard) {
	h.t.Helper()
	var plan []string
	if err := h.Owner.SelectContext(h.t.Context(), &plan, `EXPLAIN `+q.text, q.args...); err != nil {
		h.t.Errorf("%s: explain: %v\n%s", address, err, q.text)
		return
	}
	text := strings.Join(plan, "\n")
	if whole := wholeTables(text); len(whole) > 0 {
		h.t.Errorf("%s reads %v from end to end:\n%s\n%s", address, whole, q.text, text)
	}
}

// ofTheCrowd names things of the crowd that an address may ask for.
func (h *house) ofTheCrowd() *strings.Replacer {
	h.t.Helper()
	var payment, pledge, instalment, reference, name, rate string
	if err := h.Owner.Get(&rate, `SELECT id FROM exchange_rates ORDER BY id DESC OFFSET 60 LIMIT 1`); err != nil {
		h.t.Fatal(err)
	}
	err := h.Owner.QueryRowx(`SELECT y.id, p.id, i.id, p.reference, k.name_en FROM payments y JOIN instalments i ON i.pledge_id = y.pledge_id JOIN pledges p ON p.id = y.pledge_id JOIN companies k ON k.id = p.company_id
		WHERE y.campaign_id = $1 AND p.due_on IS NOT NULL AND k.slug LIKE 'company-%' ORDER BY y.started_at OFFSET 300 LIMIT 1`, h.Campaign).Scan(&payment, &pledge, &instalment, &reference, &name)
	if err != nil {
		h.t.Fatal(err)
	}
	var own, ownPayment string
	err = h.Owner.QueryRowx(`SELECT p.id, y.id FROM pledges p JOIN payments y ON y.pledge_id = p.id WHERE p.company_id = $1 ORDER BY p.id DESC OFFSET 300 LIMIT 1`, h.Company).Scan(&own, &ownPayment)
	if err != nil {
		h.t.Fatal(err)
	}
	var letter, document string
	if err := h.Owner.Get(&document, `SELECT id FROM documents WHERE cluster_id = $1 ORDER BY id DESC OFFSET 300 LIMIT 1`, h.Cluster); err != nil {
		h.t.Fatal(err)
	}
	if err := h.Owner.Get(&letter, `SELECT id FROM letters WHERE cluster_id = $1 ORDER BY id DESC OFFSET 300 LIMIT 1`, h.Cluster); err != nil {
		h.t.Fatal(err)
	}
	var statement, line, day string
	err = h.Owner.QueryRowx(`SELECT l.statement_id, l.id, l.booked_on::text FROM statement_lines l JOIN line_matches m ON m.line_id = l.id ORDER BY l.id OFFSET 250 LIMIT 1`).Scan(&statement, &line, &day)
	if err != nil {
		h.t.Fatal(err)
	}
	var company, application string
	err = h.Owner.QueryRowx(`SELECT k.id, a.id FROM (SELECT m.company_id AS id FROM memberships m JOIN companies c ON c.id = m.company_id WHERE m.cluster_id = $1 AND c.slug LIKE 'company-%' ORDER BY 1 DESC OFFSET 100 LIMIT 1) k,
		(SELECT id FROM company_applications WHERE cluster_id = $1 ORDER BY id DESC OFFSET 100 LIMIT 1) a`, h.Cluster).Scan(&company, &application)
	if err != nil {
		h.t.Fatal(err)
	}
	word := strings.TrimPrefix(name, "Company ")
	return strings.NewReplacer("{company}", company, "{application}", application, "{payment}", payment, "{pledge}", pledge, "{own}", own, "{document}", document, "{letter}", letter, "{ownpayment}", ownPayment, "{instalment}", instalment,
		"{reference}", reference, "{word}", url.QueryEscape(word[:12]), "{slug}", h.Slug, "{statement}", statement, "{line}", line, "{day}", day, "{rate}", rate)
}

// openOn opens the doors before a connection to the bench's database; nil is the bench's own.
func openOn(t testing.TB, b *gatewaytest.Bench, db *sqlx.DB) *house {
	t.Helper()
	if db == nil {
		db = b.DB
	}
	vault, err := member.NewVault(make([]byte, member.VaultKeySize))
	if err != nil {
		t.Fatal(err)
	}
	w, err := web.New(web.Parts{
		DB: db, Vault: vault, Gateway: b.Gateway, Now: clock.System, Log: slog.New(slog.DiscardHandler),
		Config: config.Config{Addr: "127.0.0.1:0", URL: "http://127.0.0.1", StripeBase: b.URL, StripePageOrigin: b.URL},
		Wake:   b.Workers.Wake, Working: b.Workers.Working,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return &house{Bench: b, web: w, server: server, vault: vault, t: t}
}

// queries hears what is asked of a database. Each text is kept once between two takings.
type queries struct {
	mu   sync.Mutex
	kept []heard
	seen map[string]bool
}

type heard struct {
	text string
	args []any
}

func (q *queries) hear(text string, args []driver.NamedValue) {
	if first := strings.ToUpper(strings.TrimSpace(text)); !strings.HasPrefix(first, "SELECT") && !strings.HasPrefix(first, "WITH") {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.seen[text] {
		return
	}
	q.seen[text] = true
	h := heard{text: text}
	for _, a := range args {
		h.args = append(h.args, a.Value)
	}
	q.kept = append(q.kept, h)
}

func (q *queries) take() []heard {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := q.kept
	q.kept, q.seen = nil, map[string]bool{}
	return kept
}
