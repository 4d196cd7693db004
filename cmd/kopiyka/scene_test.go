package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/seed"
	"kopiyka/internal/stripesim"
)

const sceneSecret, sceneKey, scenePassword = "whsec_of_the_chaos_scene", "sk_test_scene", "a long enough password"

// scene is the whole program as others see it: a server process, a sandbox, a database,
// and browsers without JavaScript.
type scene struct {
	t     *testing.T
	dsn   string
	owner *sqlx.DB
	sim   *stripesim.Sim
	box   string // the sandbox's address
	addr  string // the server's
	path  string // the program's

	company string // its id

	asks, approves string // people of the cluster

	mu     sync.Mutex
	server *exec.Cmd
	said   bytes.Buffer // what the servers wrote, for a failed test
}

func openScene(t *testing.T, program string) *scene {
	t.Helper()
	s := &scene{t: t, path: program, dsn: pgtest.DSN(t), addr: freeAddr(t)}
	_, s.owner = pgtest.Both(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.box = "http://" + listener.Addr().String()
	s.sim, err = stripesim.New(stripesim.Options{
		URL: s.box, RedirectWait: -1, RetryAfter: 50 * time.Millisecond,
		Endpoints: []stripesim.Endpoint{{URL: "http://" + s.addr + "/hooks/stripe", Secrets: []string{sceneSecret}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.sim.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-served, s.sim.Close()); err != nil {
			t.Error(err)
		}
	})
	s.seed()
	t.Cleanup(func() {
		s.stopServer()
		if t.Failed() {
			t.Logf("the servers said:\n%s", s.said.String())
		}
	})
	return s
}

// seed enters a cluster with one company and one campaign.
func (s *scene) seed() {
	s.t.Helper()
	plan := seed.Plan{
		Cluster:   seed.Cluster{Slug: "cluster", Name: seed.Text{UK: "Кластер", EN: "Cluster"}},
		Companies: []seed.Company{{Slug: "company", Name: seed.Text{UK: "Компанія", EN: "Company"}, MemberSince: time.Now().AddDate(-1, 0, 0)}},
		Campaigns: []seed.Campaign{{Slug: "relief", Title: seed.Text{UK: "Допомога", EN: "Relief"}, Summary: seed.Text{UK: "Стисло", EN: "In short"},
			Story: seed.Text{UK: "Історія", EN: "Story"}, Goal: "1000000", Currency: "USD"}},
	}
	plan.Companies[0].Owner.Email, plan.Companies[0].Owner.Name, plan.Companies[0].Owner.Password = "payer@company.test", "Payer", scenePassword
	tx, err := s.owner.BeginTxx(context.Background(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := plan.Enter(context.Background(), tx, time.Now()); err != nil {
		s.t.Fatal(err)
	}
	if _, err := tx.Exec(`UPDATE people SET password_given_at = NULL`); err != nil { // as if the payer had changed it
		s.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.owner.Get(&s.company, `SELECT id FROM companies`); err != nil {
		s.t.Fatal(err)
	}
	if err := pg.InTx(s.t.Context(), s.owner, s.staff); err != nil {
		s.t.Fatal(err)
	}
}

// staff gives the cluster two people who refund.
func (s *scene) staff(tx *sqlx.Tx) error {
	var cluster string
	if err := tx.Get(&cluster, `SELECT id FROM clusters`); err != nil {
		return err
	}
	for _, p := range []struct {
		id   *string
		role member.ClusterRole
	}{{&s.asks, member.Coordinator}, {&s.approves, member.Approver}} {
		id, err := member.AddPerson(s.t.Context(), tx, time.Now(), string(p.role)+"@cluster.test", string(p.role), "")
		if err != nil {
			return err
		}
		*p.id = id
		if err := member.GiveClusterRole(s.t.Context(), tx, id, cluster, p.role); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.path, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "KOPIYKA_SECRET_KEY="+member.NewVaultKey(), "DATABASE_URL="+s.dsn, "KOPIYKA_ADDR="+s.addr, "STRIPE_SECRET_KEY="+sceneKey,
		"STRIPE_API_BASE="+s.box, "STRIPE_PAGE_ORIGIN="+s.box, "STRIPE_WEBHOOK_SECRET="+sceneSecret, "STRIPE_METHODS=card,us_bank_account,customer_balance,invoice")
	return cmd
}

// run runs another verb beside the server and returns what it printed.
func (s *scene) run(verb string) string {
	s.t.Helper()
	out, err := s.command(verb).CombinedOutput()
	if err != nil {
		s.t.Errorf("kopiyka %s: %v\n%s", verb, err, out)
	}
	return string(out)
}

func (s *scene) startServer() {
	s.t.Helper()
	s.mu.Lock()
	s.server = s.command("serve")
	s.server.Stdout, s.server.Stderr = &locked{mu: &s.mu, to: &s.said}, &locked{mu: &s.mu, to: &s.said}
	err := s.server.Start()
	s.mu.Unlock()
	if err != nil {
		s.t.Fatal(err)
	}
	s.until("the server is ready", func() (bool, error) {
		res, err := http.Get("http://" + s.addr + "/readyz")
		if err != nil {
			return false, nil // it is not listening yet
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK, nil
	})
}

// killServer is kill -9: no goodbye to anybody.
func (s *scene) killServer() {
	s.t.Helper()
	if err := s.server.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = s.server.Wait() // it says that it was killed
}

// stopServer is Ctrl-C, and the server must end well.
func (s *scene) stopServer() {
	if s.server == nil || s.server.ProcessState != nil {
		return
	}
	if err := s.server.Process.Signal(syscall.SIGINT); err != nil {
		s.t.Error(err)
	}
	if err := s.server.Wait(); err != nil {
		s.t.Errorf("the server was told to stop: %v", err)
	}
}

// payer is one person's browser.
type payer struct {
	*scene
	http *http.Client
}

func (s *scene) newPayer() *payer {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Error(err)
	}
	p := &payer{s, &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	p.post("http://"+s.addr+"/sign-in", url.Values{"email": {"payer@company.test"}, "password": {scenePassword}}, http.StatusSeeOther)
	return p
}

// give pledges, and pays or not, in one of the ways in which people do.
func (p *payer) give(dice *rand.Rand) {
	amount := fmt.Sprintf("%d.%02d", 1+dice.IntN(900), dice.IntN(100))
	pledge := p.post("http://"+p.addr+"/portal/pledges", url.Values{
		"campaign": {"relief"}, "company": {p.company}, "amount": {amount}, "currency": {"USD"}, "visibility": {"named"}, "when": {"now"},
	}, http.StatusSeeOther)
	if pledge == "" || dice.IntN(12) == 0 {
		return // promised, and not paid
	}
	form := url.Values{"amount": {amount}}
	switch dice.IntN(6) {
	case 0:
		form.Set("way", string(giving.ByTransfer))
	case 1:
		form.Set("way", string(giving.ByInvoice))
	}
	till := p.post(p.absolute(pledge)+"/payments", form, http.StatusSeeOther)
	if till == "" || form.Has("way") {
		return // what is paid elsewhere is paid later
	}
	card := func(number string) url.Values {
		return url.Values{"method": {"card"}, "number": {number}, "expiry": {"12/34"}, "cvc": {"123"}, "name": {"Payer"}}
	}
	account := func(number string) url.Values {
		return url.Values{"method": {"us_bank_account"}, "account": {number}, "holder": {"Payer"}}
	}
	switch dice.IntN(10) {
	case 0: // opens the page and closes it
	case 1:
		p.fill(till, card("4000000000000002"))
	case 2:
		p.fill(till, card("4000000000009995"))
		p.fill(till, card("4242424242424242"))
	case 3, 4:
		p.fill(till, account("000123456789"))
	case 6:
		p.fill(till, card([]string{"4000000000000259", "4000000000002685", "4000000000001976", "4000000000005126", "4000000000007726"}[dice.IntN(5)]))
	case 5:
		p.fill(till, account("000111111113"))
	default:
		back := p.fill(till, card("4242424242424242"))
		if back != "" && dice.IntN(2) == 0 {
			p.get(back)
		}
	}
}

func (p *payer) absolute(location string) string {
	if strings.HasPrefix(location, "/") {
		location = "http://" + p.addr + location
	}
	location, _, _ = strings.Cut(location, "?")
	location, _, _ = strings.Cut(location, "#")
	return location
}

// fill sends the form of a checkout page, and returns where it leads; "" when declined.
func (p *payer) fill(till string, form url.Values) string {
	res, err := p.http.PostForm(till, form)
	if err != nil {
		p.t.Errorf("the checkout page: %v", err)
		return ""
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body) // only where it leads matters
	if res.StatusCode >= http.StatusInternalServerError {
		p.t.Errorf("the checkout page answered %d", res.StatusCode)
	}
	return res.Header.Get("Location")
}

// get follows the way back from the checkout page. A server that is being killed does not
// answer, and nothing depends on it.
func (p *payer) get(address string) {
	if res, err := p.http.Get(address); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

// post sends a form until it is answered as wanted, the way people click again: the server
// may be away, or Stripe may be. It returns where the answer leads.
func (p *payer) post(address string, form url.Values, want int) (location string) {
	p.until("POST "+strings.TrimPrefix(address, "http://"+p.addr), func() (bool, error) {
		res, err := p.http.PostForm(address, form)
		if err != nil {
			return false, nil // the server is being killed or not up yet
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		switch res.StatusCode {
		case want:
			location = res.Header.Get("Location")
			return true, nil
		case http.StatusServiceUnavailable:
			return false, nil // Stripe did not answer: click again
		}
		return false, fmt.Errorf("answered %d: %.300s", res.StatusCode, body)
	})
	return location
}

// refundSome returns money at Stripe's dashboard: of one payment in six, a part or all.
func (s *scene) refundSome(dice *rand.Rand) {
	s.t.Helper()
	for intent, facts := range s.sim.Books().Payments {
		if facts.Received == 0 || dice.IntN(6) != 0 {
			continue
		}
		units := facts.Received
		if dice.IntN(3) > 0 {
			units = 1 + dice.Int64N(facts.Received)
		}
		form := url.Values{"payment_intent": {intent}, "amount": {strconv.FormatInt(units, 10)}}
		req, err := http.NewRequest(http.MethodPost, s.box+"/v1/refunds", strings.NewReader(form.Encode()))
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(sceneKey, "")
		if res, err := http.DefaultClient.Do(req); err == nil { // a lost answer is a refund all the same
			_ = res.Body.Close()
		}
	}
}

// payElsewhere pays what has a way of its own: transfers come in parts, in full, in excess
// and never; invoices are paid by card and debit, or not.
func (s *scene) payElsewhere(dice *rand.Rand) {
	s.t.Helper()
	var waiting []struct {
		Way    giving.Way
		Stripe string
		Minor  int64
	}
	err := s.owner.Select(&waiting, `SELECT way, coalesce(invoice_id, payment_intent_id) AS stripe, amount_minor AS minor FROM payments
		WHERE way <> 'checkout' AND coalesce(invoice_id, payment_intent_id) IS NOT NULL ORDER BY id`)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range waiting {
		luck := dice.IntN(6)
		switch {
		case luck == 0: // never
		case p.Way == giving.ByInvoice:
			_ = s.sim.PayInvoice(p.Stripe, []string{stripesim.CardDeclined, stripesim.AccountPays, stripesim.AccountNoFunds, stripesim.CardPays, stripesim.CardPays}[luck-1])
		case luck == 1:
			_ = s.sim.FundTransfer(p.Stripe, max(p.Minor/2, 1))
		case luck == 2:
			_ = s.sim.FundTransfer(p.Stripe, p.Minor+dice.Int64N(1_000))
		default: // some of it may have come from what was too much before
			_ = s.sim.FundTransfer(p.Stripe, max(p.Minor/3, 1))
			_ = s.sim.FundTransfer(p.Stripe, p.Minor-max(p.Minor/3, 1))
		}
	}
}

// endDebits lets every bank debit that is on its way end: most settle, some fail.
func (s *scene) endDebits(dice *rand.Rand) {
	s.t.Helper()
	intents, _ := s.sim.PendingDebits()
	for _, intent := range intents {
		end := s.sim.Settle
		if dice.IntN(4) == 0 {
			end = func(intent string) error { return s.sim.FailDebit(intent, "insufficient_funds") }
		}
		if err := end(intent); err != nil {
			s.t.Errorf("end the debit %s: %v", intent, err)
		}
	}
}

// untilHeard waits until the events that came are handled, so that people can ask for
// refunds of payments that they know.
func (s *scene) untilHeard() {
	s.t.Helper()
	s.until("what was heard is handled", func() (bool, error) {
		var waiting int
		err := s.owner.Get(&waiting, `SELECT count(*) FROM inbox_events WHERE state = 'new' AND next_try_at <= now()`)
		return waiting == 0, err
	})
}

// goBack lets money go back in every way. What cannot happen to a payment, because
// something else has happened to it, does not.
func (s *scene) goBack(dice *rand.Rand) {
	s.t.Helper()
	s.refundSome(dice)
	s.refundOurs(dice)
	for _, intent := range slices.Sorted(maps.Keys(s.sim.Books().Payments)) {
		switch dice.IntN(10) {
		case 0:
			_ = s.sim.FailLate(intent, "")
		case 1, 2:
			id, err := s.sim.OpenDispute(intent, stripesim.Dispute{Amount: 1 + dice.Int64N(5_000), Inquiry: dice.IntN(6) == 0})
			if err == nil {
				s.endDispute(dice, id)
			}
		}
	}
	for range 3 {
		if _, err := s.sim.ChargeFee(1+dice.Int64N(2_000), "usd", "Radar"); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *scene) endDispute(dice *rand.Rand, id string) {
	ends := []func(string) error{
		s.sim.WinDispute, s.sim.LoseDispute, s.sim.EscalateInquiry, func(id string) error { return s.sim.PartWinDispute(id, 1) },
	}
	if n := dice.IntN(len(ends) + 1); n < len(ends) {
		_ = ends[n](id) // an inquiry cannot be won, and a dispute does not escalate
	}
}

// refundOurs asks for refunds the way the office does: one person asks, another approves,
// and Stripe, which is unwell, is told. Those that it does not answer are healed later.
func (s *scene) refundOurs(dice *rand.Rand) {
	s.t.Helper()
	g, err := gateway.New(gateway.Config{SecretKey: sceneKey, APIBase: s.box, WebhookSecrets: []string{sceneSecret}, PublicURL: "http://" + s.addr}, s.owner, clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	var paid []struct {
		ID    string
		Minor int64
	}
	if err := s.owner.Select(&paid, `SELECT id, received_minor AS minor FROM payments WHERE state = 'paid' AND received_minor > 1 ORDER BY id`); err != nil {
		s.t.Fatal(err)
	}
	for _, p := range paid {
		if dice.IntN(6) != 0 {
			continue
		}
		r, err := giving.AskRefund(s.t.Context(), s.owner, clock.System, giving.RefundWish{
			PaymentID: p.ID, PersonID: s.asks, Amount: money.Of(1+dice.Int64N(p.Minor), "USD"), Reason: "Paid twice",
		})
		if err == nil && r.NeedsApproval {
			r, err = giving.ApproveRefund(s.t.Context(), s.owner, clock.System, r.ID, s.approves)
		}
		if err != nil {
			if _, refused := fault.As(err); !refused { // it is disputed, or refunded meanwhile
				s.t.Error(err)
			}
			continue
		}
		_ = g.Refund(s.t.Context(), r.ID) // what the sandbox's faults leave of it
	}
}

// payOut pays everything out twice, a week apart: what came back of the first leaves with
// the second.
func (s *scene) payOut(dice *rand.Rand) {
	s.t.Helper()
	for range 2 {
		if err := s.sim.Advance(7 * 24 * time.Hour); err != nil {
			s.t.Error(err)
		}
		id, err := s.sim.PayOut("usd")
		if errors.Is(err, stripesim.ErrNothingToPayOut) {
			continue
		}
		if err == nil && dice.IntN(2) == 0 {
			err = s.sim.FailPayout(id, "")
		}
		if err != nil {
			s.t.Error(err)
		}
	}
	if err := s.sim.Advance(3 * time.Hour); err != nil { // until they are itemised
		s.t.Error(err)
	}
}

// untilQuiet waits until no event waits in the inbox.
func (s *scene) untilQuiet() {
	s.t.Helper()
	s.until("the inbox is empty", func() (bool, error) {
		var waiting, dead int
		err := s.owner.QueryRow(`SELECT count(*) FILTER (WHERE state = 'new'), count(*) FILTER (WHERE state = 'dead') FROM inbox_events`).Scan(&waiting, &dead)
		if dead > 0 {
			err = fmt.Errorf("%d events were laid aside", dead)
		}
		return waiting == 0, err
	})
}

func (s *scene) entries() (n int) {
	s.t.Helper()
	if err := s.owner.Get(&n, `SELECT count(*) FROM ledger.entries`); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// compare holds our books beside the sandbox's, payment by payment and in total.
func (s *scene) compare() {
	s.t.Helper()
	theirs := s.sim.Books()
	var cluster string
	if err := s.owner.Get(&cluster, `SELECT id FROM clusters`); err != nil {
		s.t.Fatal(err)
	}
	ours, err := ledger.Balance(context.Background(), s.owner, ledger.Stripe(cluster, "USD"))
	if err != nil {
		s.t.Fatal(err)
	}
	if want := theirs.Totals["usd"].Net; ours != want {
		s.t.Errorf("our balance at Stripe is %d, the sandbox says %d", ours, want)
	}
	var payments []struct {
		ID       string
		Received int64 `db:"received_minor"`
		Refunded int64 `db:"refunded_minor"`
		Taken    int64
		Fee      int64 `db:"fee_minor"`
		Intent   string
	}
	if err := s.owner.Select(&payments, `SELECT id, received_minor, refunded_minor, disputed_minor + lost_minor AS taken, fee_minor, coalesce(payment_intent_id, '') AS intent FROM payments`); err != nil {
		s.t.Fatal(err)
	}
	paid, refunded, taken := 0, 0, 0
	var ways int
	if err := s.owner.Get(&ways, `SELECT count(DISTINCT way) FROM payments WHERE received_minor > 0`); err != nil || ways != 3 {
		s.t.Errorf("money came by %d ways of 3, %v", ways, err)
	}
	known := map[string]bool{}
	for _, p := range payments {
		known[p.Intent] = true
		facts := theirs.Payments[p.Intent]
		if back := facts.Refunded + facts.FailedLate; p.Received != facts.Received || p.Refunded != back || p.Taken != facts.Disputed || p.Fee != facts.Fee {
			s.t.Errorf("payment %s: received %d, refunded %d, taken back %d, fee %d; the sandbox says %d, %d, %d, %d",
				p.ID, p.Received, p.Refunded, p.Taken, p.Fee, facts.Received, back, facts.Disputed, facts.Fee)
		}
		if p.Received > 0 {
			paid++
		}
		if p.Refunded > 0 {
			refunded++
		}
		if p.Taken > 0 {
			taken++
		}
	}
	for intent, facts := range theirs.Payments {
		if facts.Received > 0 && !known[intent] {
			s.t.Errorf("the sandbox took %d by %s, and our books do not know it", facts.Received, intent)
		}
	}
	if paid < len(payments)/3 || refunded == 0 || taken == 0 {
		s.t.Errorf("of %d payments %d came in, %d were refunded and %d disputed: this was no trial", len(payments), paid, refunded, taken)
	}
	s.t.Logf("%d payments, %d came in, %d went back in part or whole, %d were taken back by banks, %d left at Stripe", len(payments), paid, refunded, taken, ours)
	s.comparePayouts(theirs, cluster)
}

// comparePayouts: each is known and proven, and what is in transit is what was sent and
// did not come back. Nothing is left unexplained, and no refund without an answer.
func (s *scene) comparePayouts(theirs stripesim.Books, cluster string) {
	s.t.Helper()
	var payouts []giving.Payout
	if err := s.owner.Select(&payouts, `SELECT id, amount_minor, state, automatic, members, proven_at FROM payouts`); err != nil {
		s.t.Fatal(err)
	}
	var sent int64
	for _, p := range payouts {
		facts := theirs.Payouts[p.ID]
		if p.AmountMinor != facts.Amount || string(p.State) != facts.Status || p.Members != facts.Members || !p.ProvenAt.Valid {
			s.t.Errorf("payout %+v; the sandbox says %+v", p, facts)
		}
		if p.State != giving.PayoutFailed {
			sent += p.AmountMinor
		}
	}
	transit, err := ledger.Balance(context.Background(), s.owner, ledger.Transit(cluster, "USD"))
	if err != nil {
		s.t.Fatal(err)
	}
	if len(payouts) != len(theirs.Payouts) || len(payouts) == 0 || transit != sent {
		s.t.Errorf("%d payouts of %d are known, %d is in transit of %d", len(payouts), len(theirs.Payouts), transit, sent)
	}
	var odd, open, owed int
	if err := s.owner.QueryRow(`SELECT (SELECT count(*) FROM ledger.entries WHERE kind = 'suspense'), (SELECT count(*) FROM refund_requests WHERE state = 'approved'),
		(SELECT count(*) FROM ledger.entries WHERE kind = 'fee')`).Scan(&odd, &open, &owed); err != nil {
		s.t.Fatal(err)
	}
	if odd != 0 || open != 0 || owed != 3 {
		s.t.Errorf("%d movements are unexplained, %d refunds unanswered, %d fees of 3 booked", odd, open, owed)
	}
}

// patience bounds every wait of a scene.
const patience = 90 * time.Second

func (s *scene) until(what string, done func() (bool, error)) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; {
		ok, err := done()
		if err != nil {
			s.t.Errorf("%s: %v", what, err)
			return
		}
		if ok {
			return
		}
		if time.Now().After(end) {
			s.t.Errorf("%s: not within %s", what, patience)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// locked lets two processes' outputs share one buffer.
type locked struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(b)
}
