package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
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

	company string // its id

	mu     sync.Mutex
	server *exec.Cmd
	said   bytes.Buffer // what the servers wrote, for a failed test
}

func openScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, dsn: pgtest.DSN(t), addr: freeAddr(t)}
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
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.owner.Get(&s.company, `SELECT id FROM companies`); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "DATABASE_URL="+s.dsn, "KOPIYKA_ADDR="+s.addr, "STRIPE_SECRET_KEY="+sceneKey,
		"STRIPE_API_BASE="+s.box, "STRIPE_PAGE_ORIGIN="+s.box, "STRIPE_WEBHOOK_SECRET="+sceneSecret, "STRIPE_METHODS=card,us_bank_account")
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
	till := p.post(p.absolute(pledge)+"/payments", url.Values{"amount": {amount}}, http.StatusSeeOther)
	if till == "" {
		return
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
		Fee      int64 `db:"fee_minor"`
		Intent   string
	}
	if err := s.owner.Select(&payments, `SELECT id, received_minor, refunded_minor, fee_minor, coalesce(payment_intent_id, '') AS intent FROM payments`); err != nil {
		s.t.Fatal(err)
	}
	paid, refunded := 0, 0
	known := map[string]bool{}
	for _, p := range payments {
		known[p.Intent] = true
		facts := theirs.Payments[p.Intent]
		if p.Received != facts.Received || p.Refunded != facts.Refunded || p.Fee != facts.Fee {
			s.t.Errorf("payment %s: received %d, refunded %d, fee %d; the sandbox says %d, %d, %d", p.ID, p.Received, p.Refunded, p.Fee, facts.Received, facts.Refunded, facts.Fee)
		}
		if p.Received > 0 {
			paid++
		}
		if p.Refunded > 0 {
			refunded++
		}
	}
	for intent, facts := range theirs.Payments {
		if facts.Received > 0 && !known[intent] {
			s.t.Errorf("the sandbox took %d by %s, and our books do not know it", facts.Received, intent)
		}
	}
	if paid < len(payments)/3 || refunded == 0 {
		s.t.Errorf("of %d payments %d came in and %d were refunded: this was no trial", len(payments), paid, refunded)
	}
	s.t.Logf("%d payments, %d came in, %d went back in part or whole, %d.%02d net at Stripe", len(payments), paid, refunded, ours/100, ours%100)
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
