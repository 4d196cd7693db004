package stripesim_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

func settling(currencies ...string) func(*stripesim.Options) {
	return func(o *stripesim.Options) { o.SettleIn = currencies }
}

// paidIn is a payment by card in some currency.
func (l *lab) paidIn(minor int64, currency string) *stripe.PaymentIntent {
	l.t.Helper()
	cs := l.session(amount(minor, currency))
	l.mustPay(cs.ID, stripesim.CardPays)
	return l.look(cs.ID).PaymentIntent
}

func TestOtherCurrenciesAreConverted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		into     []string
		settled  string
		amount   int64
		rate     float64
	}{
		{500_000, "usd", []string{"usd"}, "usd", 500_000, 0},
		{500_000, "eur", []string{"usd", "eur"}, "eur", 500_000, 0},
		{500_000, "eur", []string{"usd"}, "usd", 540_541, 1.0810810811}, // 1/0.9213, less 4 in a thousand on this day
		{60_000, "jpy", []string{"usd"}, "usd", 40_040, 0.6673366834},   // a yen is two thirds of a cent
		{500_000, "usd", []string{"jpy"}, "jpy", 743_265, 1.48653},
		{1_000_010, "kwd", []string{"usd"}, "usd", 323_906, 0.323902439}, // thousandths of a dinar
		{4_127_000, "uah", []string{"eur", "usd"}, "eur", 91_761, 0.0222344269},
		{500_001, "usd", []string{"isk"}, "isk", 68_425_300, 136.8504}, // whole krónur
		{100_000, "thb", []string{"usd"}, "usd", 99_600, 0.996},        // no rate of its own: a dollar
	} {
		t.Run(c.currency+" into "+c.settled, func(t *testing.T) {
			t.Parallel()
			l := open(t, settling(c.into...))
			pi := l.paidIn(c.minor, c.currency)
			bt := pi.LatestCharge.BalanceTransaction
			if bt.Amount != c.amount || string(bt.Currency) != c.settled || bt.ExchangeRate != c.rate {
				t.Errorf("%d %s settled as %d %s at %v, want %d %s at %v", c.minor, c.currency, bt.Amount, bt.Currency, bt.ExchangeRate, c.amount, c.settled, c.rate)
			}
			if pi.Amount != c.minor || string(pi.Currency) != c.currency || pi.LatestCharge.Amount != c.minor {
				t.Errorf("the payment is %d %s", pi.Amount, pi.Currency)
			}
			f := l.sim.Books().Payments[pi.ID]
			if f.Received != c.minor || f.Gross != c.amount || f.Settled != c.settled || f.Net != bt.Net {
				t.Errorf("books: %+v", f)
			}
		})
	}
}

// The rate that is told is the rate that was used: whoever multiplies arrives at the cent.
func TestRateTimesAmountIsTheAmount(t *testing.T) {
	t.Parallel()
	l := open(t, settling("usd"))
	for day := range 8 {
		for _, currency := range []string{"eur", "uah", "jpy", "vnd", "pln", "kwd"} {
			minor := int64(7_654_320 + 10*day)
			pi := l.paidIn(minor, currency)
			raw := l.call("GET", "/v1/balance_transactions/"+pi.LatestCharge.BalanceTransaction.ID, "").body
			var bt struct {
				Amount int64
				Rate   jsonNumber `json:"exchange_rate"`
			}
			decode(t, raw, &bt)
			r, ok := new(big.Rat).SetString(string(bt.Rate))
			if !ok {
				t.Fatalf("rate %q", bt.Rate)
			}
			r.Mul(r, new(big.Rat).SetInt64(minor))
			if got := r.FloatString(0); got != big.NewInt(bt.Amount).String() {
				t.Errorf("day %d: %d %s at %s is %s, the transaction says %d", day, minor, currency, bt.Rate, got, bt.Amount)
			}
		}
		l.must(l.sim.Advance(24 * time.Hour))
	}
}

// jsonNumber keeps the digits of a number as they were written.
type jsonNumber string

func (n *jsonNumber) UnmarshalJSON(raw []byte) error { *n = jsonNumber(raw); return nil }

func TestMoneyLeavesAtTheRateOfItsDay(t *testing.T) {
	t.Parallel()
	l := open(t, settling("usd"))
	pi := l.paidIn(1_000_000, "eur")
	came := pi.LatestCharge.BalanceTransaction
	l.must(l.sim.Advance(48 * time.Hour))
	re := l.refund(pi.ID, 400_000)
	d, err := l.sim.OpenDispute(pi.ID, stripesim.Dispute{})
	l.must(err)
	sum := func(id string) *stripe.BalanceTransaction {
		bt, err := l.api.BalanceTransactions.Get(id, nil)
		l.must(err)
		return bt
	}
	left := sum(re.BalanceTransaction.ID)
	if left.Currency != "usd" || left.ExchangeRate == came.ExchangeRate || left.Amount == -came.Amount*4/10 {
		t.Errorf("the refund left as %d %s at %v, as it had come: %v", left.Amount, left.Currency, left.ExchangeRate, came.ExchangeRate)
	}
	got, err := l.api.Disputes.Get(d, nil)
	l.must(err)
	out := got.BalanceTransactions[0]
	if got.Amount != 600_000 || got.Currency != "eur" || out.Currency != "usd" || out.Fee != 1500 {
		t.Errorf("disputed %d %s, withdrawn %d %s", got.Amount, got.Currency, out.Amount, out.Currency)
	}
	// What comes back of it, whenever, is the same part of what had gone.
	l.must(l.sim.Advance(72 * time.Hour))
	l.must(l.sim.PartWinDispute(d, 200_000))
	got, err = l.api.Disputes.Get(d, nil)
	l.must(err)
	if back := got.BalanceTransactions[1].Amount; back != (-out.Amount+1)/3 {
		t.Errorf("of %d a third came back as %d", out.Amount, back)
	}
	l.must(l.sim.FailRefund(re.ID, ""))
	if back := sum(l.refundNow(re.ID).FailureBalanceTransaction.ID); back.Amount != -left.Amount {
		t.Errorf("the refund left as %d and came back as %d", left.Amount, back.Amount)
	}
}

func TestSettlementCanChange(t *testing.T) {
	t.Parallel()
	l := open(t)
	before := l.paidIn(1000, "eur").LatestCharge.BalanceTransaction
	l.must(l.sim.SetSettlement("usd"))
	after := l.paidIn(1000, "eur").LatestCharge.BalanceTransaction
	if before.Currency != "eur" || after.Currency != "usd" {
		t.Errorf("settled in %s, then in %s", before.Currency, after.Currency)
	}
	if a, err := l.api.Accounts.Get(); err != nil || a.DefaultCurrency != "usd" {
		t.Errorf("account: %v, %v", a, err)
	}
	if err := l.sim.SetSettlement("USD"); err == nil {
		t.Error("it settles in USD")
	}
	if _, err := stripesim.New(stripesim.Options{SettleIn: []string{"xxz"}}); err == nil {
		t.Error("it opened to settle in xxz")
	}
}

func TestSEPADebits(t *testing.T) {
	t.Parallel()
	bySEPA := func(p *stripe.CheckoutSessionParams) {
		p.PaymentMethodTypes = stripe.StringSlice([]string{"card", "sepa_debit"})
	}
	for number, failure := range map[string]string{
		stripesim.IBANPays: "", stripesim.IBANDisputed: "", stripesim.IBANFails: "bank_account_unusable", stripesim.IBANNoFunds: "insufficient_funds",
		stripesim.IBANSourceLimit: "charge_exceeds_source_limit", stripesim.IBANWeeklyLimit: "charge_exceeds_weekly_limit", "AT611904300234573201": "",
	} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			cs := l.session(amount(900_000, "eur"), bySEPA)
			l.mustPay(cs.ID, number)
			pi := l.look(cs.ID).PaymentIntent
			if pi.Status != "processing" || pi.LatestCharge.Status != "pending" || pi.LatestCharge.BalanceTransaction != nil {
				t.Errorf("ordered: %s, %s", pi.Status, pi.LatestCharge.Status)
			}
			details := pi.LatestCharge.PaymentMethodDetails
			if details.Type != "sepa_debit" || details.SEPADebit.Last4 != number[len(number)-4:] || details.SEPADebit.Country != number[:2] {
				t.Errorf("paid by %s, %+v", details.Type, details.SEPADebit)
			}
			l.must(l.sim.Advance(96 * time.Hour))
			cs = l.look(cs.ID)
			ch := cs.PaymentIntent.LatestCharge
			if failure != "" {
				if ch.Status != "failed" || ch.FailureCode != failure || cs.PaymentStatus != "unpaid" {
					t.Errorf("later: %s, %s, session %s", ch.Status, ch.FailureCode, cs.PaymentStatus)
				}
				return
			}
			if cs.PaymentStatus != "paid" || ch.BalanceTransaction.Fee != 600 || ch.Disputed != (number == stripesim.IBANDisputed) {
				t.Errorf("later: %s, fee %d, disputed %v", cs.PaymentStatus, ch.BalanceTransaction.Fee, ch.Disputed)
			}
		})
	}
	l := open(t)
	for name, change := range map[string]func(*stripe.CheckoutSessionParams){"in dollars": amount(1000, "usd"), "over ten thousand": amount(1_000_001, "eur")} {
		_, err := l.api.CheckoutSessions.New(sessionParams(change, bySEPA))
		if e := stripeError(t, err); e.HTTPStatusCode != 400 {
			t.Errorf("%s: %d", name, e.HTTPStatusCode)
		}
	}
}

func TestDebitsThatFailByTheirNumber(t *testing.T) {
	t.Parallel()
	for number, failure := range map[string]string{
		stripesim.AccountClosed: "account_closed", stripesim.AccountNoFunds: "insufficient_funds", stripesim.AccountNotAllowed: "debit_not_authorized",
		stripesim.AccountWeeklyLimit: "charge_exceeds_weekly_limit",
	} {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			cs := l.session(byDebit)
			l.mustPay(cs.ID, number)
			l.must(l.sim.Advance(96 * time.Hour))
			if ch := l.look(cs.ID).PaymentIntent.LatestCharge; ch.Status != "failed" || ch.FailureCode != failure {
				t.Errorf("%s, %s", ch.Status, ch.FailureCode)
			}
		})
	}
}
