package stripesim_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

const childJournal = "STRIPESIM_TEST_JOURNAL"

// TestMain lets the test binary be a sandbox of its own process, to be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childJournal); path != "" {
		if err := serveChild(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveChild(path string) error {
	sim, err := stripesim.New(stripesim.Options{Journal: path})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	return sim.Serve(context.Background(), listener)
}

func journalAt(path string) func(*stripesim.Options) {
	return func(o *stripesim.Options) { o.Journal = path }
}

func TestKilledSandboxForgetsNothingItAnswered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childJournal+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the sandbox did not say its address")
	}
	api := speaker(lines.Text(), "sk_test_1", 0)
	answered := make(chan string, 1000)
	for range 4 {
		go func() {
			for {
				cus, err := api.Customers.New(&stripe.CustomerParams{Name: stripe.String("x")})
				if err != nil {
					answered <- ""
					return
				}
				answered <- cus.ID
			}
		}()
	}
	var known []string
	for len(known) < 40 {
		known = append(known, <-answered)
	}
	if err := cmd.Process.Kill(); err != nil { // kill -9, in the middle of four calls
		t.Fatal(err)
	}
	for ended := 0; ended < 4; {
		if id := <-answered; id == "" {
			ended++
		} else {
			known = append(known, id)
		}
	}
	_ = cmd.Wait() // it says "killed", which we know

	l := open(t, journalAt(path), func(o *stripesim.Options) { o.Now = nil })
	for _, id := range known {
		if _, err := l.api.Customers.Get(id, nil); err != nil {
			t.Errorf("customer %s was answered and is lost: %v", id, err)
		}
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "sandbox.jsonl")
	first := open(t, journalAt(path))
	paid, debit, declined := first.session().ID, first.session(byDebit).ID, first.session().ID
	first.mustPay(paid, stripesim.CardPays)
	first.mustPay(debit, stripesim.AccountPays)
	if err := first.pay(declined, stripesim.CardNoFunds); err == nil {
		t.Fatal("the declined card paid")
	}
	if _, err := first.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &first.look(paid).PaymentIntent.ID, Amount: stripe.Int64(7)}); err != nil {
		t.Fatal(err)
	}
	first.liveAFullLife()
	keyed := sessionParams()
	keyed.SetIdempotencyKey("attempt-1")
	cs, err := first.api.CheckoutSessions.New(keyed)
	if err != nil {
		t.Fatal(err)
	}
	first.quiet()
	paths := []string{
		"/v1/disputes?limit=100", "/v1/radar/early_fraud_warnings", "/v1/payouts", "/v1/balance_transactions?limit=100&payout=" + first.firstPayout(), "/v1/invoices", "/v1/invoiceitems",
		"/v1/customers/" + first.firstCustomer() + "/cash_balance", "/v1/customers/" + first.firstCustomer() + "/cash_balance_transactions",
		"/v1/checkout/sessions?limit=100", "/v1/payment_intents?limit=100", "/v1/charges?limit=100&expand[]=data.refunds",
		"/v1/balance_transactions?limit=100", "/v1/refunds", "/v1/events?limit=100", "/v1/balance", "/v1/checkout/sessions/" + paid + "/line_items",
	}
	before := map[string]string{}
	for _, p := range paths {
		before[p] = first.call("GET", p, "").body
	}
	books := first.sim.Books()
	if err := first.sim.Close(); err != nil {
		t.Fatal(err)
	}
	if got := first.call("GET", "/v1/balance", ""); got.status != http.StatusInternalServerError {
		t.Errorf("a closed sandbox answers %d", got.status)
	}

	// The file of a process that was killed in the middle of a line.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"rows":[{"kind":"charge","id":"ch_torn","va`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	second := open(t, journalAt(path), func(o *stripesim.Options) { o.RefundsWait = true })
	for _, p := range paths {
		if diff := cmp.Diff(before[p], second.call("GET", p, "").body); diff != "" {
			t.Errorf("%s after the restart (-before +after):\n%s", p, diff)
		}
	}
	if diff := cmp.Diff(books, second.sim.Books()); diff != "" {
		t.Errorf("books (-before +after):\n%s", diff)
	}
	if got := second.sim.Now(); !got.Equal(clock().Add(49 * time.Hour)) {
		t.Errorf("the clock says %s", got)
	}
	again, err := second.api.CheckoutSessions.New(keyed)
	if err != nil || again.ID != cs.ID {
		t.Errorf("the key of before makes %v, %v; want %s", again, err, cs.ID)
	}
	second.must(second.sim.SetRefundsWait(false))
	if err := second.sim.Advance(96 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := second.look(debit).PaymentStatus; got != "paid" {
		t.Errorf("the debit of before the restart is %s", got)
	}
	// What was on the timetable happens after the restart.
	if po := second.payout(second.firstPayout()); po.Status != "paid" || po.ReconciliationStatus != "completed" {
		t.Errorf("the payout of before the restart is %s, %s", po.Status, po.ReconciliationStatus)
	}
	for it := second.api.Refunds.List(&stripe.RefundListParams{}); it.Next(); {
		if re := it.Refund(); re.Status == "pending" {
			t.Errorf("refund %s of before the restart is pending for ever", re.ID)
		}
	}
	var waiting string
	for it := second.api.PaymentIntents.List(&stripe.PaymentIntentListParams{}); it.Next(); {
		if pi := it.PaymentIntent(); pi.Status == "requires_action" {
			waiting = pi.ID
		}
	}
	if err := second.sim.FundTransfer(waiting, 300_000); err != nil {
		t.Errorf("the transfer of before the restart: %v", err)
	}
	if f := second.sim.Books().Payments[waiting]; f.Received != 500_000 {
		t.Errorf("the transfer came in two lives and is %+v", f)
	}
}

// liveAFullLife leaves something of every kind behind, finished and not, within 49 hours.
func (l *lab) liveAFullLife() {
	l.t.Helper()
	paid := l.paid(stripesim.CardPays)
	_, err := l.sim.WarnOfFraud(paid.ID)
	l.must(err)
	l.paid(stripesim.CardDisputed)
	l.paid(stripesim.CardInquiry)
	l.refund(l.paid(stripesim.CardRefundPending).ID, 11)
	l.refund(l.paid(stripesim.CardRefundFails).ID, 13)
	cus := l.customer()
	l.must(l.sim.FundTransfer(l.awaited(cus, "usd").PaymentIntent.ID, 200_000))
	l.must(l.sim.FundCustomer(cus, "eur", 5, "unknown"))
	l.draft()
	l.must(l.sim.PayInvoice(l.sent().ID, stripesim.CardPays))
	l.must(l.sim.Advance(48 * time.Hour))
	_, err = l.sim.PayOut("usd")
	l.must(err)
	l.must(l.sim.Advance(30 * time.Minute))
	_, err = l.sim.ChargeFee(5, "usd", "Radar")
	l.must(err)
	l.must(l.sim.SetRefundsWait(true))
	if re := l.refund(paid.ID, 17); re.BalanceTransaction != nil {
		l.t.Error("a refund left a balance that has nothing")
	}
	l.must(l.sim.Advance(30 * time.Minute))
}

func (l *lab) firstPayout() string {
	it := l.api.Payouts.List(&stripe.PayoutListParams{})
	it.Next()
	return it.Payout().ID
}

// firstCustomer is the one whose cash liveAFullLife moves: the oldest.
func (l *lab) firstCustomer() string {
	id := ""
	for it := l.api.Customers.List(&stripe.CustomerListParams{}); it.Next(); {
		id = it.Customer().ID
	}
	return id
}

func TestRestartDeliversWhatWasNotDelivered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	first := open(t, journalAt(path), func(o *stripesim.Options) { o.RetryAfter = time.Hour })
	first.inbox.answer(func(n int) int { // takes two of four
		if n <= 2 {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	first.mustPay(first.session().ID, stripesim.CardPays)
	taken := first.inbox.until("four deliveries", func(n int, _ []stripe.Event) bool { return n == 4 })
	if err := first.sim.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, journalAt(path))
	second.inbox.until("the other two", func(_ int, events []stripe.Event) bool { return len(events) >= 2 })
	second.quiet()
	got := map[string]bool{}
	for _, ev := range append(taken, second.inbox.until("all", func(int, []stripe.Event) bool { return true })...) {
		got[ev.ID] = true
	}
	if len(got) != 4 {
		t.Errorf("%d of 4 events were taken over both lives", len(got))
	}
}

func TestJournalIsCompactedAtStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	l := open(t, journalAt(path))
	p := &stripe.CustomerParams{}
	p.SetIdempotencyKey("k")
	if _, err := l.api.Customers.New(p); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if err := l.sim.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	l.quiet()
	if err := l.sim.Close(); err != nil {
		t.Fatal(err)
	}
	before := lines(t, path)
	l = open(t, journalAt(path))
	if err := l.sim.Close(); err != nil {
		t.Fatal(err)
	}
	// What is left: the head, the clock, the customer, its event. The key is outdated.
	if after := lines(t, path); before < 200 || after != 4 {
		t.Errorf("%d lines before and %d after, want over 200 and 4", before, after)
	}
	if files, err := filepath.Glob(path + "*"); err != nil || len(files) != 1 {
		t.Errorf("files left: %v, %v", files, err)
	}
}

func lines(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(raw), "\n")
}

func TestSpoiledJournalIsNotGuessedAt(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"another file":  "hello\nworld\n",
		"another head":  `{"journal":"other 1"}` + "\n",
		"broken middle": `{"journal":"kopiyka sandbox journal 1"}` + "\n{\n" + `{"rows":[]}` + "\n",
		"unknown kind":  `{"journal":"kopiyka sandbox journal 1"}` + "\n" + `{"rows":[{"kind":"dream","id":"1","value":{}}]}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sandbox.jsonl")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := stripesim.New(stripesim.Options{Journal: path}); err == nil {
				t.Error("the sandbox opened it")
			}
			if raw, err := os.ReadFile(path); err != nil || string(raw) != text {
				t.Errorf("the file was changed to %q, %v", raw, err)
			}
		})
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	sim, err := stripesim.New(stripesim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, listener) }()
	if _, err := speaker("http://"+listener.Addr().String(), "sk_test_1", 0).Accounts.Get(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	for range 2 {
		if err := sim.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := sim.Advance(time.Second); err == nil {
		t.Error("a closed sandbox advanced")
	}
}
