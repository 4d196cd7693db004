package stripesim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"golang.org/x/net/html"

	"kopiyka/internal/stripesim"
)

// press submits the form of a page whose button says so, with some fields filled in, and
// follows where it leads.
func (l *lab) press(path, button string, fill url.Values) shown {
	l.t.Helper()
	d := parsePage(l.t, l.get(path))
	for n := range d.root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.Contains(text(n), button) {
			continue
		}
		form := url.Values{}
		for _, in := range (doc{l.t, n}).find("name", "") {
			value := attr(in, "value")
			if in.Data == "select" {
				value = attr((doc{l.t, in}).find("value", "")[0], "value")
			}
			form.Set(attr(in, "name"), value)
		}
		for k, v := range fill {
			if _, ok := form[k]; !ok {
				l.t.Fatalf("the form of %q has no field %s: %v", button, k, form)
			}
			form[k] = v
		}
		got := l.post(attr(n, "action"), form)
		if got.status != http.StatusSeeOther {
			return got
		}
		return l.get(got.header.Get("Location"))
	}
	l.t.Fatalf("%s has no button %q", path, button)
	return shown{}
}

// pressed is press that has to succeed and say what was done.
func (l *lab) pressed(path, button string, fill url.Values) {
	l.t.Helper()
	got := l.press(path, button, fill)
	if got.status != http.StatusOK || len(parsePage(l.t, got).find("id", "done")) != 1 {
		l.t.Errorf("%q: %d, and nobody says that it is done", button, got.status)
	}
}

func deskOf(intent string) string { return "/desk/payments/" + intent + "?lang=en" }

func TestDeskShowsPaymentsAndTheirStates(t *testing.T) {
	t.Parallel()
	l := open(t)
	for lang, want := range map[string]string{"uk": "Платежів ще немає", "en": "No payments yet"} {
		if got := l.get("/desk?lang=" + lang); got.status != http.StatusOK || !strings.Contains(got.body, want) || !strings.Contains(got.body, "Kharkiv IT Cluster") {
			t.Errorf("%s: %d without %q", lang, got.status, want)
		}
	}
	pending := l.session(byDebit).ID
	l.mustPay(pending, stripesim.AccountPays)
	failed := l.session().ID
	if err := l.pay(failed, stripesim.CardDeclined); err == nil {
		t.Fatal("the declined card paid")
	}
	late := l.session(byDebit).ID
	l.mustPay(late, stripesim.AccountPays)
	l.must(l.sim.Settle(l.look(late).PaymentIntent.ID))
	l.must(l.sim.FailLate(l.look(late).PaymentIntent.ID, ""))
	part := l.paid(stripesim.CardPays)
	l.refund(part.ID, 1)
	lost := l.paid(stripesim.CardDisputed)
	l.must(l.sim.LoseDispute(l.disputeOf(lost.ID).ID))
	l.paid(stripesim.CardDisputed)
	l.paid(stripesim.CardInquiry)
	cus := l.customer()
	l.awaited(cus, "eur")
	l.must(l.sim.FundTransfer(l.awaited(cus, "usd").PaymentIntent.ID, 1))
	l.refund(l.paid(stripesim.CardPays).ID, 500_000)
	l.paid(stripesim.CardPays)
	got := l.get("/desk?lang=en")
	for _, state := range []string{"on its way", "failed", "taken back by the bank", "refunded in part", "dispute lost", ">disputed<", "received, a bank asks",
		"waits for a transfer", "a part has come", ">refunded<", ">received<"} {
		if !strings.Contains(got.body, state) {
			t.Errorf("no payment is %q", state)
		}
	}
	if strings.Contains(got.body, "<script") || strings.Contains(got.body, "style=") {
		t.Error("the desk has inline script or style")
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self';") {
		t.Errorf("policy %q", csp)
	}
}

func TestDeskPagesItsPayments(t *testing.T) {
	t.Parallel()
	l := open(t)
	seen := map[string]bool{}
	var made []string
	for range 45 {
		made = append(made, l.paid(stripesim.CardPays).ID)
	}
	path, pages := "/desk?lang=en", 0
	for path != "" {
		pages++
		d := parsePage(t, l.get(path))
		path = ""
		for _, a := range d.find("href", "") {
			href := attr(a, "href")
			if id, ok := strings.CutPrefix(href, "/desk/payments/"); ok {
				id, _, _ = strings.Cut(id, "?")
				if seen[id] {
					t.Errorf("%s is on two pages", id)
				}
				seen[id] = true
			}
			if attr(a, "rel") == "next" {
				path = href
			}
		}
	}
	if pages != 3 || len(seen) != len(made) {
		t.Errorf("%d payments on %d pages, want %d on 3", len(seen), pages, len(made))
	}
}

func TestDeskEndsDebits(t *testing.T) {
	t.Parallel()
	l := open(t)
	order := func() string {
		cs := l.session(byDebit)
		l.mustPay(cs.ID, stripesim.AccountPays)
		return l.look(cs.ID).PaymentIntent.ID
	}
	settled, failed := order(), order()
	l.pressed(deskOf(settled), "Settle", nil)
	l.pressed(deskOf(failed), "Return the debit", url.Values{"fail-code": {"account_closed"}})
	l.pressed(deskOf(settled), "Take it back", url.Values{"late-code": {"debit_not_authorized"}})
	books := l.sim.Books().Payments
	if books[settled].FailedLate != 500_000 || books[failed].Received != 0 || books[failed].Failed != 1 {
		t.Errorf("books: %+v", books)
	}
	// Whoever has an old page open is told, and nothing happens twice.
	got := l.post("/desk/payments/"+settled+"/settle?lang=en", url.Values{})
	if got.status != http.StatusConflict || !strings.Contains(got.body, "That did not work") {
		t.Errorf("settled again: %d", got.status)
	}
}

// A reference finds its payment, without one the sum does, and the sender's name nothing.
func TestDeskLetsTransfersArriveWithAnyReference(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	status := func(id string) string { return string(l.look(id).PaymentStatus) }
	older, newer := l.awaited(cus, "usd"), l.awaited(cus, "usd")
	l.must(l.sim.FundTransfer(older.PaymentIntent.ID, 1)) // lacks another sum from now on
	arrive := func(at, reference, sender string) {
		t.Helper()
		l.pressed(deskOf(at), "Let it arrive", url.Values{"fund-amount": {"5000"}, "fund-reference": {reference}, "fund-sender": {sender}})
	}
	arrive(older.PaymentIntent.ID, "wrong", "Olena Director")
	if status(older.ID) != "unpaid" || status(newer.ID) != "paid" {
		t.Errorf("a wrong reference: the older is %s, the newer %s", status(older.ID), status(newer.ID))
	}
	third := l.awaited(cus, "usd")
	arrive(older.PaymentIntent.ID, "right", "")
	arrive(third.PaymentIntent.ID, "missing", "")
	if status(older.ID) != "paid" || status(third.ID) != "paid" {
		t.Errorf("the right one: %s, none: %s", status(older.ID), status(third.ID))
	}
	if body := l.get("/desk?lang=en").body; strings.Contains(body, "Olena Director") {
		t.Error("the desk shows a sender's name, which belongs to the customer's cash")
	}
	fourth := l.awaited(cus, "usd")
	for id, value := range map[string]string{"fund-reference": "mine", "fund-sender": strings.Repeat("ї", 201)} {
		got := l.press(deskOf(fourth.PaymentIntent.ID), "Let it arrive", url.Values{"fund-amount": {"1"}, id: {value}})
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s = %.10q: %d", id, value, got.status)
		}
	}
}

func TestDeskWarnsOfFraud(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardPays)
	before := l.sim.Books()
	l.pressed(deskOf(pi.ID), "Let it warn", nil)
	if got := l.get("/desk?lang=en").body; !strings.Contains(got, "radar.early_fraud_warning.created") {
		t.Error("nobody is told of the warning")
	}
	if !reflect.DeepEqual(l.sim.Books(), before) {
		t.Error("a warning moved money")
	}
	debit := l.session(byDebit)
	l.mustPay(debit.ID, stripesim.AccountPays)
	if got := l.post("/desk/payments/"+l.look(debit.ID).PaymentIntent.ID+"/warn?lang=en", url.Values{}); got.status != http.StatusConflict {
		t.Errorf("a network warns of a debit: %d", got.status)
	}
}

func TestDeskRefunds(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardPays)
	for typed, mistake := range map[string]string{"": "type an amount", "x": "in digits", "5000.01": "not left", "0": "more than nothing", "1.001": "in digits"} {
		got := l.press(deskOf(pi.ID), "Refund the payer", url.Values{"refund-amount": {typed}})
		d := parsePage(t, got)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, mistake) || attr(d.one("id", "refund-amount"), "value") != typed {
			t.Errorf("%q: %d without %q", typed, got.status, mistake)
		}
	}
	l.pressed(deskOf(pi.ID), "Refund the payer", url.Values{"refund-amount": {"1,250.00"[:1] + "250.50"}})
	if f := l.sim.Books().Payments[pi.ID]; f.Refunded != 125_050 {
		t.Errorf("refunded %d", f.Refunded)
	}
	l.pressed(deskOf(pi.ID), "The refund fails", nil)
	if f := l.sim.Books().Payments[pi.ID]; f.Refunded != 0 {
		t.Errorf("refunded %d after the refund failed", f.Refunded)
	}
	pending := l.paid(stripesim.CardRefundPending)
	l.refund(pending.ID, 100)
	l.pressed(deskOf(pending.ID), "The refund arrives", nil)
	if got := l.press(deskOf(pending.ID), "The refund fails", nil); got.status != http.StatusOK {
		t.Errorf("a refund that had arrived came back: %d", got.status)
	}
}

func TestDeskDisputes(t *testing.T) {
	t.Parallel()
	l := open(t)
	won, part, lost, asked := l.paid(stripesim.CardPays).ID, l.paid(stripesim.CardPays).ID, l.paid(stripesim.CardPays).ID, l.paid(stripesim.CardPays).ID
	for _, pi := range []string{won, part, lost} {
		l.pressed(deskOf(pi), "The payer disputes it", url.Values{"dispute-amount": {"4000"}})
	}
	l.pressed(deskOf(asked), "The payer disputes it", url.Values{"dispute-kind": {"inquiry"}, "dispute-reason": {"duplicate"}})
	if f := l.sim.Books().Payments; f[won].Disputed != 400_000 || f[asked].Disputed != 0 {
		t.Errorf("disputed %d, asked about %d", f[won].Disputed, f[asked].Disputed)
	}
	l.pressed(deskOf(won), "Win", nil)
	if got := l.press(deskOf(part), "Win a part", url.Values{"part-amount": {"4000"}}); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "not a part") {
		t.Errorf("all of it as a part: %d", got.status)
	}
	l.pressed(deskOf(part), "Win a part", url.Values{"part-amount": {"1500"}})
	l.pressed(deskOf(lost), "Lose", nil)
	l.pressed(deskOf(asked), "Make it a dispute", nil)
	books := l.sim.Books().Payments
	for pi, want := range map[string]int64{won: 0, part: 250_000, lost: 400_000, asked: 500_000} {
		if books[pi].Disputed != want {
			t.Errorf("disputed %d, want %d", books[pi].Disputed, want)
		}
	}
	if got := l.post("/desk/payments/"+won+"/disputes/"+l.disputeOf(asked).ID+"/win", url.Values{}); got.status != http.StatusNotFound {
		t.Errorf("another payment's dispute: %d", got.status)
	}
	if l.disputeOf(asked).Reason != "duplicate" {
		t.Errorf("reason %s", l.disputeOf(asked).Reason)
	}
}

func TestDeskFundsTransfers(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	pi := l.awaited(cus, "eur").PaymentIntent.ID
	l.pressed(deskOf(pi), "Half: €2,500.00", nil)
	l.pressed(deskOf(pi), "Let it arrive", url.Values{"fund-amount": {"0,50"}})
	l.pressed(deskOf(pi), "More: €2,749.45", nil)
	if f := l.sim.Books().Payments[pi]; f.Received != 500_000 || l.cash(cus)["eur"] != 24_995 {
		t.Errorf("received %d, the customer has %d", f.Received, l.cash(cus)["eur"])
	}
}

func TestDeskPaysOutAndMovesTheClock(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.paid(stripesim.CardPays)
	l.pressed("/desk?lang=en", "Move the clock", url.Values{"hours": {"72"}})
	if got := l.sim.Now(); !got.Equal(clock().Add(72 * time.Hour)) {
		t.Errorf("the clock says %s", got)
	}
	l.pressed("/desk?lang=en", "Take the fee", url.Values{"fee-amount": {"5.00"}})
	l.pressed("/desk?lang=en", "Pay out", nil)
	l.pressed("/desk?lang=en", "Send it back", nil)
	total := l.sim.Books().Totals["usd"]
	if total.Net != 485_470-500 || total.ByType["payout_failure"].Net != 484_970 {
		t.Errorf("books: %+v", total)
	}
	for name, c := range map[string]struct {
		path   string
		form   url.Values
		status int
	}{
		"back in time":        {"/desk/clock", url.Values{"hours": {"-1"}}, http.StatusUnprocessableEntity},
		"no time":             {"/desk/clock", url.Values{}, http.StatusUnprocessableEntity},
		"a fee of nothing":    {"/desk/fee", url.Values{"fee-amount": {"0"}, "fee-currency": {"usd"}}, http.StatusUnprocessableEntity},
		"a fee in nothing":    {"/desk/fee", url.Values{"fee-amount": {"1"}}, http.StatusUnprocessableEntity},
		"a payout in yen":     {"/desk/payout", url.Values{"currency": {"jpy"}}, http.StatusConflict},
		"a payout in nothing": {"/desk/payout", url.Values{}, http.StatusBadRequest},
		"nobody's payout":     {"/desk/payouts/po_none/fail", url.Values{}, http.StatusNotFound},
		"an invented button":  {"/desk/payouts/po_none/burn", url.Values{}, http.StatusBadRequest},
		"nobody's payment":    {"/desk/payments/pi_none/settle", url.Values{}, http.StatusNotFound},
		"nobody's event":      {"/desk/events/evt_none/resend", url.Values{}, http.StatusNotFound},
		"no such mishap":      {"/desk/mishap", url.Values{"mishap": {"burn"}, "mishap-count": {"1"}}, http.StatusUnprocessableEntity},
		"a mishap for many":   {"/desk/mishap", url.Values{"mishap": {"drop"}, "mishap-count": {"1001"}}, http.StatusUnprocessableEntity},
		"a delay of nothing":  {"/desk/mishap", url.Values{"mishap": {"delay"}, "mishap-count": {"1"}, "mishap-delay": {"0"}}, http.StatusUnprocessableEntity},
	} {
		if got := l.post(c.path+"?lang=en", c.form); got.status != c.status {
			t.Errorf("%s: %d, want %d", name, got.status, c.status)
		}
	}
	for _, path := range []string{"/desk/payments/pi_none", "/desk/pay"} {
		if got := l.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	req := l.request("POST", "/desk/clock", "hours=1")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := l.do(req); got.status != http.StatusForbidden {
		t.Errorf("another site moved the clock: %d", got.status)
	}
}

func TestDeskDisturbsTheNextDeliveries(t *testing.T) {
	t.Parallel()
	customers := func(l *lab, n int) {
		for i := range n {
			_, err := l.api.Customers.New(&stripe.CustomerParams{Name: stripe.String(fmt.Sprint(i))})
			l.must(err)
		}
	}
	names := func(events []stripe.Event) string {
		var out []string
		for _, ev := range events {
			var cus stripe.Customer
			if err := cus.UnmarshalJSON(ev.Data.Raw); err != nil {
				t.Error(err)
			}
			out = append(out, cus.Name)
		}
		return strings.Join(out, " ")
	}
	arrived := func(l *lab, n int) string {
		return names(l.inbox.until(fmt.Sprint(n, " deliveries"), func(seen int, _ []stripe.Event) bool { return seen >= n }))
	}
	for what, c := range map[string]struct {
		count int
		want  string
	}{"drop": {2, "2 3"}, "duplicate": {1, "0 0 1 2 3"}, "reorder": {3, "3 2 1 0"}} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			l.pressed("/desk?lang=en", "Order it", url.Values{"mishap": {what}, "mishap-count": {fmt.Sprint(c.count)}})
			if !strings.Contains(l.get("/desk?lang=en").body, fmt.Sprintf("Another %d: ", c.count)) {
				t.Error("the desk does not say what is ordered")
			}
			customers(l, 4)
			want := strings.Split(c.want, " ")
			got := strings.Split(arrived(l, len(want)), " ")
			if what == "reorder" { // the fourth is not disturbed and comes when it comes
				if held := slices.DeleteFunc(slices.Clone(got), func(n string) bool { return n == "3" }); !slices.Equal(held, []string{"2", "1", "0"}) {
					t.Errorf("arrived %v", got)
				}
			}
			count := map[string]int{}
			for _, n := range got {
				count[n]++
			}
			for _, n := range want {
				count[n]--
			}
			for n, off := range count {
				if off != 0 {
					t.Errorf("arrived %v, want %v (%s)", got, want, n)
				}
			}
		})
	}
	t.Run("delay", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		l.must(l.sim.DisturbNext(stripesim.MishapDelay, 1, time.Hour))
		customers(l, 2)
		if got := arrived(l, 1); got != "1" {
			t.Errorf("arrived first: %s", got)
		}
	})
	t.Run("called off", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		l.must(l.sim.DisturbNext(stripesim.MishapDrop, 5, 0))
		l.must(l.sim.DisturbNext(stripesim.MishapDrop, 0, 0))
		customers(l, 1)
		arrived(l, 1)
	})
	l := open(t)
	for _, err := range []error{l.sim.DisturbNext("burn", 1, 0), l.sim.DisturbNext(stripesim.MishapDrop, -1, 0), l.sim.DisturbNext(stripesim.MishapDelay, 1, 0), l.sim.DisturbNext(stripesim.MishapDrop, 1, time.Second)} {
		if err == nil {
			t.Error("a mishap that cannot be was ordered")
		}
	}
}

func TestDeskSendsEventsAgain(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardPays)
	l.paid(stripesim.CardPays)
	l.inbox.until("eight events", func(n int, _ []stripe.Event) bool { return n == 8 })
	d := parsePage(t, l.get(deskOf(pi.ID)))
	forms := 0
	for _, f := range d.find("action", "") {
		if strings.HasSuffix(attr(f, "action"), "/resend?lang=en") {
			forms++
		}
	}
	if forms != 4 {
		t.Errorf("the payment's page lists %d events, want its own 4", forms)
	}
	l.pressed(deskOf(pi.ID), "charge.succeeded", nil)
	l.inbox.until("nine events", func(n int, _ []stripe.Event) bool { return n == 9 })
}
