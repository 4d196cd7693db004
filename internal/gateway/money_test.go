package gateway_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/stripesim"
)

func TestCase048DeclineThenSuccessInTheSameSession(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	var declined *stripesim.Declined
	if err := b.Sim.Pay(p.SessionID, stripesim.CardNoFunds); !errors.As(err, &declined) {
		t.Fatalf("error = %v", err)
	}
	p = b.Sync(p)
	if p.State != giving.Declined || p.Decline != "card_declined/insufficient_funds" || p.ReceivedMinor != 0 {
		t.Errorf("after the decline: %+v", p)
	}
	if again := b.Checkout(pledge, 10_000); again.ID != p.ID || again.SessionURL != p.SessionURL {
		t.Errorf("a second page was opened beside the declined one: %+v", again)
	}
	b.Pay(p, stripesim.CardPays)
	p = b.Sync(p)
	if p.State != giving.Paid || p.Decline != "" || p.ReceivedMinor != 10_000 {
		t.Errorf("after the success: %+v", p)
	}
	b.SameBooks()
}

func TestCase049ThreeDeclinesThenAbandoned(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	for range 3 {
		if err := b.Sim.Pay(p.SessionID, stripesim.CardDeclined); err == nil {
			t.Fatal("the card was not declined")
		}
	}
	if err := b.Sim.Advance(25 * time.Hour); err != nil {
		t.Fatal(err)
	}
	hearAll(t, b, b.Events())
	if got := b.Payment(p.ID); got.State != giving.Expired || got.ReceivedMinor != 0 {
		t.Errorf("payment = %+v", got)
	}
	if n := b.Count("ledger.entries"); n != 0 {
		t.Errorf("%d entries for nothing", n)
	}
}

func TestCase059DebitOnItsWayIsNotReceivedAndCase060Settles(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	b.Pay(p, stripesim.AccountPays)
	hearAll(t, b, b.Events())
	p = b.Payment(p.ID)
	if p.State != giving.Processing || p.ReceivedMinor != 0 || b.Free() != 0 {
		t.Errorf("payment = %+v, free = %d", p, b.Free())
	}
	promise, err := giving.PledgeOf(t.Context(), b.DB, pledge, b.Payer)
	if err != nil || promise.OnItsWay != 10_000 || promise.Received != 0 || promise.Outstanding().Minor != 0 {
		t.Errorf("pledge = %+v, error = %v", promise, err)
	}
	if err := b.Sim.Advance(5 * 24 * time.Hour); err != nil { // case 60
		t.Fatal(err)
	}
	p = b.Sync(p)
	if p.State != giving.Paid || p.ReceivedMinor != 10_000 || p.FeeMinor != 80 || p.Method != "us_bank_account" {
		t.Errorf("settled: %+v", p)
	}
	b.SameBooks()
}

func TestCase061FailedDebitCanBePaidAgain(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	b.Pay(p, stripesim.AccountPays)
	p = b.Sync(p)
	if err := b.Sim.FailDebit(p.IntentID, "account_closed"); err != nil {
		t.Fatal(err)
	}
	p = b.Sync(p)
	if p.State != giving.Failed || p.Decline != "account_closed" || b.Count("ledger.entries") != 0 {
		t.Errorf("payment = %+v, %d entries", p, b.Count("ledger.entries"))
	}
	second := b.Checkout(pledge, 10_000)
	b.Pay(second, stripesim.CardPays)
	if second = b.Sync(second); second.ID == p.ID || second.State != giving.Paid {
		t.Errorf("second payment = %+v", second)
	}
	b.SameBooks()
}

// While a debit is on its way, the same money cannot be paid a second time.
func TestCase064NothingIsLeftToPayBesideADebitOnItsWay(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 6_000)
	b.Pay(p, stripesim.AccountPays)
	b.Sync(p)
	if _, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 6_000)); err == nil || !strings.Contains(err.Error(), "payment.more_than_left") {
		t.Errorf("error = %v", err)
	}
	rest := b.Checkout(pledge, 4_000)
	b.Pay(rest, stripesim.CardPays)
	if got := b.Sync(rest); got.State != giving.Paid {
		t.Errorf("rest = %+v", got)
	}
	if p = b.Payment(p.ID); p.State != giving.Processing {
		t.Errorf("the debit is %s", p.State)
	}
}

// Refunds are made at Stripe's dashboard, in full or in parts, and end in our books.
func TestCase072RefundsFromTheDashboardAlsoCase069InFull(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	fee := p.FeeMinor
	for i, part := range []int64{1, 3_333, 6_665, 1} { // case 70: to the cent
		b.Refund(p, part)
		hearAll(t, b, only(b.Events(), "refund"))
		want := giving.RefundedInPart
		if i == 3 {
			want = giving.Refunded // case 69
		}
		if p = b.Payment(p.ID); p.State != want {
			t.Errorf("after part %d the payment is %s, want %s", i, p.State, want)
		}
	}
	if p.RefundedMinor != 10_000 || p.ReceivedMinor != 10_000 || p.FeeMinor != fee {
		t.Errorf("payment = %+v", p)
	}
	// Stripe keeps its fee, so the campaign is left with less than nothing.
	if b.Free() != 0 || b.Shortfall() != fee || b.AtStripe() != -fee {
		t.Errorf("free %d, shortfall %d, at Stripe %d", b.Free(), b.Shortfall(), b.AtStripe())
	}
	b.SameBooks()
}

// More refunds than one page of Stripe's list holds.
func TestCase043AllPagesOfRefundsAreRead(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(20_000)
	for range 103 {
		b.Refund(p, 100)
	}
	if p = b.Sync(p); p.RefundedMinor != 10_300 || b.Count("ledger.entries") != 104 {
		t.Errorf("refunded %d in %d entries", p.RefundedMinor, b.Count("ledger.entries"))
	}
	b.SameBooks()
}

func TestCase096FeeOfZeroIsBooked(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	b.Before(edited("balance_transaction", func(bt map[string]any) { bt["fee"], bt["net"] = 0, bt["amount"] }))
	if p = b.Sync(p); p.FeeMinor != 0 || b.AtStripe() != 10_000 || b.Free() != 10_000 {
		t.Errorf("payment = %+v, at Stripe %d, free %d", p, b.AtStripe(), b.Free())
	}
	b.VerifyBooks()
}

// The status can come before the money: then the payment is paid and nothing is posted yet.
func TestCase097BalanceTransactionThatComesLater(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	pledge := b.Pledge(10_000)
	p := b.Checkout(pledge, 10_000)
	b.Pay(p, stripesim.CardPays)
	b.Before(edited("charge", func(c map[string]any) { c["balance_transaction"] = nil }))
	if p = b.Sync(p); p.State != giving.Paid || p.ReceivedMinor != 0 || b.Count("ledger.entries") != 0 {
		t.Errorf("without the money: %+v", p)
	}
	if _, err := b.Gateway.Checkout(t.Context(), b.Order(pledge, 10_000)); err == nil {
		t.Error("what is paid can be paid again")
	}
	b.Up()
	if p = b.Sync(p); p.ReceivedMinor != 10_000 {
		t.Errorf("with the money: %+v", p)
	}
	b.SameBooks()
}

// The balance at Stripe is kept in euros: the books hold both currencies, joined at the
// rate of the gift, and a refund on a dearer day costs a loss.
func TestCase099OtherSettlementCurrencyReachesTheBooksAtItsRate(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, func(o *gatewaytest.Options) { o.Sandbox.SettleIn = []string{"eur"} })
	p := b.Paid(10_000)
	theirs := b.Sim.Books().Payments[p.IntentID]
	if p.ReceivedMinor != 10_000 || p.SettledIn != "EUR" || p.SettledMinor != theirs.Gross || p.ExchangeRate == "" || b.Free()+p.FeeMinor != 10_000 {
		t.Errorf("payment = %+v, Stripe says %+v", p, theirs)
	}
	if got := b.Balance(ledger.Stripe(b.Cluster, "EUR")); got != theirs.Net || b.AtStripe() != 0 {
		t.Errorf("%d euro cents at Stripe and %d dollar cents, Stripe says %d", got, b.AtStripe(), theirs.Net)
	}
	b.SameBooks()

	drifted := int64(0) // case 79: the sandbox's rates differ by the day
	for range 3 {
		if err := b.Sim.Advance(24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		b.Refund(p, 3_000)
		p = b.Sync(p)
		drifted += p.DriftMinor
		b.SameBooks()
	}
	if p.RefundedMinor != 9_000 || drifted == 0 || p.DriftMinor != b.Balance(ledger.Drift(b.Campaign, "USD")) {
		t.Errorf("payment = %+v", p)
	}
	if err := b.Sim.LoseDispute(b.Dispute(p, stripesim.Dispute{Amount: 1_000})); err != nil {
		t.Fatal(err)
	}
	if p = b.Sync(p); p.State != giving.DisputeLost || p.LostMinor != 1_000 || p.DisputedMinor != 0 {
		t.Errorf("after the dispute: %+v", p)
	}
	b.SameBooks()
	if n := b.Count("ledger.entries WHERE kind = 'suspense'"); n != 0 {
		t.Errorf("%d entries in suspense", n)
	}
}

// Somebody changed the amount at Stripe. What came in is what Stripe says, and somebody is told.
func TestCase055AmountThatDiffersIsBookedAsStripeSays(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	if _, err := b.Owner.Exec(`UPDATE payments SET amount_minor = 9000`); err != nil {
		t.Fatal(err)
	}
	b.Pay(p, stripesim.CardPays)
	p = b.Sync(p)
	if p.ReceivedMinor != 10_000 || b.Acts("payment.amount-differs") != 1 {
		t.Errorf("payment = %+v, %d alarms", p, b.Acts("payment.amount-differs"))
	}
	b.Refund(p, 100)
	b.Sync(p)
	if b.Acts("payment.amount-differs") != 1 {
		t.Error("the refund alarmed again")
	}
	b.SameBooks()
}

// edited alters the objects of one kind in the sandbox's answers.
func edited(kind string, edit func(map[string]any)) func(http.Handler) http.Handler {
	return func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			sandbox.ServeHTTP(rec, r)
			var answer any
			body := rec.Body.Bytes()
			if json.Unmarshal(body, &answer) == nil {
				walk(answer, kind, edit)
				body, _ = json.Marshal(answer) // it was JSON a moment ago
			}
			maps.Copy(w.Header(), rec.Header())
			w.WriteHeader(rec.Code)
			_, _ = w.Write(body)
		})
	}
}

func walk(v any, kind string, edit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		if v["object"] == kind {
			edit(v)
		}
		for _, inner := range v {
			walk(inner, kind, edit)
		}
	case []any:
		for _, inner := range v {
			walk(inner, kind, edit)
		}
	}
}

// Campaigns in currencies without decimals, with three, and in Stripe's special cases,
// whose balance is kept in dollars: a gift, a refund of a part and a dispute of the rest.
func TestCase094OddCurrenciesSettledInAnother(t *testing.T) {
	t.Parallel()
	for currency, minor := range map[money.Currency]int64{"JPY": 500_000, "KWD": 150_100, "ISK": 900_000, "UGX": 500_000, "HUF": 9_000_000} {
		t.Run(string(currency), func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t, func(o *gatewaytest.Options) { o.Currency, o.Sandbox.SettleIn = currency, []string{"usd"} })
			p := b.Paid(minor)
			if p.ReceivedMinor != minor || p.SettledIn != "USD" || b.Free()+p.FeeMinor != minor {
				t.Fatalf("payment = %+v, %d free", p, b.Free())
			}
			must(t, b.Sim.Advance(24*time.Hour))
			must(t, b.Gateway.Refund(t.Context(), refundOf(t, b, p, minor/10).ID))
			b.Dispute(b.Payment(p.ID), stripesim.Dispute{})
			p = b.Sync(p)
			if p.RefundedMinor != minor/10 || p.DisputedMinor != minor-minor/10 || p.Here() != 0 {
				t.Errorf("payment = %+v", p)
			}
			if n := b.Count("ledger.entries WHERE kind = 'suspense'"); n != 0 {
				t.Errorf("%d entries in suspense", n)
			}
			b.SameBooks()
		})
	}
}

// A SEPA debit takes up to two weeks, and can be taken back long after.
func TestCase060SEPADebitSettlesFailsOrIsDisputed(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]giving.State{stripesim.IBANPays: giving.Paid, stripesim.IBANFails: giving.Failed, stripesim.IBANDisputed: giving.InDispute} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t, func(o *gatewaytest.Options) {
				o.Currency, o.Config = "EUR", func(c *gateway.Config) { c.Methods = []string{"card", "sepa_debit"} }
			})
			p := b.Checkout(b.Pledge(500_000), 500_000)
			b.Pay(p, number)
			if p = b.Sync(p); p.State != giving.Processing || p.ReceivedMinor != 0 {
				t.Errorf("submitted: %+v", p)
			}
			must(t, b.Sim.Advance(15*24*time.Hour))
			hearAll(t, b, b.Events())
			if p = b.Payment(p.ID); p.State != want || (p.ReceivedMinor == 500_000) == (want == giving.Failed) {
				t.Errorf("payment = %+v", p)
			}
			b.SameBooks()
		})
	}
}
