package gateway_test

import (
	"errors"
	"testing"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/stripesim"
)

// inEuros is a bench whose campaign counts in dollars and accepts euros at 1.08, with a
// balance at Stripe in these currencies; none: in each its own.
func inEuros(t *testing.T, settle ...string) *gatewaytest.Bench {
	t.Helper()
	b := gatewaytest.New(t, func(o *gatewaytest.Options) {
		o.Sandbox.SettleIn, o.Config = settle, func(c *gateway.Config) { c.Methods = []string{"card", "customer_balance", "invoice"} }
	})
	b.Accept("EUR", "1.08")
	return b
}

// payIn pays an amount of a pledge by card.
func payIn(t *testing.T, b *gatewaytest.Bench, pledge string, a money.Amount) giving.Payment {
	t.Helper()
	p, err := b.Gateway.Checkout(t.Context(), gateway.Order{PledgeID: pledge, PersonID: b.Payer, Amount: a, Title: "Апарати ШВЛ"})
	if err != nil {
		t.Fatal(err)
	}
	b.Pay(p, stripesim.CardPays)
	return b.Sync(p)
}

// What was promised in euros and paid in euros is fulfilled, whatever Stripe makes of it.
// The gift counts at the pledge's rate, and what Stripe's own conversion brought more or
// less is an exchange difference.
func TestAPledgeInEurosIsChargedInEurosAndCountsAtItsRate(t *testing.T) {
	t.Parallel()
	b := inEuros(t, "usd")
	pledge := b.PledgeIn(money.Of(100_000, "EUR"))
	p := payIn(t, b, pledge, money.Of(100_000, "EUR"))
	theirs := b.Sim.Books().Payments[p.IntentID]
	if p.Charge() != money.Of(100_000, "EUR") || p.ReceivedMinor != 108_000 || p.Presented() != p.Charge() || p.SettledIn != "USD" || p.SettledMinor != theirs.Gross {
		t.Errorf("payment = %+v, Stripe says %+v", p, theirs)
	}
	if p.DriftMinor != 108_000-theirs.Gross || p.DriftMinor == 0 || b.Balance(ledger.Drift(b.Campaign, "USD")) != p.DriftMinor {
		t.Errorf("drift = %d, of a gross of %d", p.DriftMinor, theirs.Gross)
	}
	if got := b.PledgeOf(pledge); got.Received != 108_000 || !got.ToPay().IsZero() || !got.Outstanding().IsZero() {
		t.Errorf("pledge = %+v", got)
	}
	if b.Free() != 108_000-p.FeeMinor-p.DriftMinor || b.Acts("payment.amount-differs") != 0 {
		t.Errorf("free = %d, %d alarms", b.Free(), b.Acts("payment.amount-differs"))
	}
	b.SameBooks()
}

// A rate at which Stripe's conversion brings more than was promised is a gain, not a loss.
func TestAnExchangeGainIsInTheFund(t *testing.T) {
	t.Parallel()
	b := inEuros(t, "usd")
	b.Accept("GBP", "0.5")
	p := payIn(t, b, b.PledgeIn(money.Of(10_000, "GBP")), money.Of(10_000, "GBP"))
	if p.ReceivedMinor != 5_000 || p.DriftMinor >= 0 || b.Free() != 5_000-p.FeeMinor-p.DriftMinor {
		t.Errorf("payment = %+v, free = %d", p, b.Free())
	}
	b.SameBooks()
}

// Money that stays in euros at Stripe goes through the exchange at the pledge's rate: both
// sides of it are what the gift was, after the fee, and nothing has drifted.
func TestAPledgeSettledInItsOwnCurrencyGoesThroughTheExchange(t *testing.T) {
	t.Parallel()
	b := inEuros(t)
	p := payIn(t, b, b.PledgeIn(money.Of(100_000, "EUR")), money.Of(100_000, "EUR"))
	euros := b.Balance(ledger.Stripe(b.Cluster, "EUR"))
	if p.ReceivedMinor != 108_000 || p.DriftMinor != 0 || p.SettledIn != "EUR" || b.AtStripe() != 0 {
		t.Errorf("payment = %+v", p)
	}
	if b.Balance(ledger.Exchange(b.Cluster, "EUR")) != -euros || b.Balance(ledger.Exchange(b.Cluster, "USD")) != b.Free() || b.Free() != 108_000-p.FeeMinor {
		t.Errorf("exchange: %d EUR, %d USD; %d at Stripe, %d free", b.Balance(ledger.Exchange(b.Cluster, "EUR")), b.Balance(ledger.Exchange(b.Cluster, "USD")), euros, b.Free())
	}
	b.SameBooks()
}

// Refunds on days with other rates give back at the pledge's rate what was asked in the
// campaign's currency, and to the payer euros; the last of them gives back all the rest.
func TestAPledgeInEurosIsRefundedInEuros(t *testing.T) {
	t.Parallel()
	b := inEuros(t, "usd")
	pledge := b.PledgeIn(money.Of(100_001, "EUR"))
	p := payIn(t, b, pledge, money.Of(100_001, "EUR"))
	received := p.ReceivedMinor
	for _, minor := range []int64{10_000, 33_333, received - 43_333} {
		must(t, b.Sim.Advance(24*time.Hour))
		r, err := giving.AskRefund(t.Context(), b.DB, b.Now, giving.RefundWish{PaymentID: p.ID, PersonID: b.Coordinator, Amount: b.Amount(minor), Reason: "Тест"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Charge().Currency != "EUR" || r.ChargedMinor <= 0 {
			t.Errorf("request = %+v", r)
		}
		if _, err := giving.ApproveRefund(t.Context(), b.DB, b.Now, r.ID, b.Approver); err != nil {
			t.Fatal(err)
		}
		must(t, b.Gateway.Refund(t.Context(), r.ID))
		p = b.Sync(p)
		b.SameBooks()
	}
	if p.State != giving.Refunded || p.ChargedBack != 100_001 || p.RefundedMinor < received-1 || p.RefundedMinor > received+1 {
		t.Errorf("payment = %+v", p)
	}
	if n := b.Count("ledger.entries WHERE kind = 'suspense'"); n != 0 {
		t.Errorf("%d entries in suspense", n)
	}
	if left := b.PledgeOf(pledge).ToPay(); left != money.Of(100_001, "EUR") {
		t.Errorf("%v is to be paid again", left)
	}
}

// Of small refunds each is rounded by itself; the last one still leaves nothing behind.
func TestTheLastRefundGivesBackAllThatIsLeftOfTheCharge(t *testing.T) {
	t.Parallel()
	b := inEuros(t, "usd")
	b.Accept("UAH", "0.0241")
	p := payIn(t, b, b.PledgeIn(money.Of(1_000_001, "UAH")), money.Of(1_000_001, "UAH"))
	for _, minor := range []int64{1, 1, 1, p.ReceivedMinor - 3} {
		r, err := giving.AskRefund(t.Context(), b.DB, b.Now, giving.RefundWish{PaymentID: p.ID, PersonID: b.Coordinator, Amount: b.Amount(minor), Reason: "Тест"})
		if err == nil {
			_, err = giving.ApproveRefund(t.Context(), b.DB, b.Now, r.ID, b.Approver)
		}
		if err == nil {
			err = b.Gateway.Refund(t.Context(), r.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		p = b.Sync(p)
	}
	if p.ChargedBack != 1_000_001 || p.State != giving.Refunded {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

func TestAPledgeInEurosIsDisputedAtItsRate(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string][]string{"converted": {"usd"}, "kept in euros": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := inEuros(t, settle...)
			p := payIn(t, b, b.PledgeIn(money.Of(50_000, "EUR")), money.Of(50_000, "EUR"))
			must(t, b.Sim.Advance(24*time.Hour))
			dispute := b.Dispute(p, stripesim.Dispute{Amount: 20_000})
			if p = b.Sync(p); p.State != giving.InDispute || p.DisputedMinor != 21_600 || p.ChargedBack != 0 {
				t.Errorf("disputed: %+v", p)
			}
			b.SameBooks()
			must(t, b.Sim.LoseDispute(dispute))
			if p = b.Sync(p); p.LostMinor != 21_600 || p.ChargedBack != 20_000 {
				t.Errorf("lost: %+v", p)
			}
			b.SameBooks()
		})
	}
}

// Currencies without decimals and with three count to their last unit.
func TestPledgesInYensAndDinarsCountExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate string
		a    money.Amount
		own  int64
	}{{"0.0067", money.Of(150_001, "JPY"), 100_501}, {"3.25", money.Of(123_450, "KWD"), 40_121}} {
		t.Run(string(c.a.Currency), func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			b.Accept(c.a.Currency, c.rate)
			pledge := b.PledgeIn(c.a)
			part := money.Of(c.a.Minor/30*10, c.a.Currency)
			first := payIn(t, b, pledge, part)
			rest := b.PledgeOf(pledge).ToPay()
			second := payIn(t, b, pledge, rest)
			if got := b.PledgeOf(pledge); got.Amount.Minor != c.own || first.ReceivedMinor+second.ReceivedMinor != c.own || part.Minor+rest.Minor != c.a.Minor || !got.ToPay().IsZero() {
				t.Errorf("pledge = %+v, parts %v and %v", got, part, rest)
			}
			b.SameBooks()
		})
	}
}

// By transfer and by invoice too the payer is asked for the currency of the promise, and
// its methods are those of that currency.
func TestAPledgeInEurosIsPaidByTransferAndInvoice(t *testing.T) {
	t.Parallel()
	b := inEuros(t)
	order := gateway.Order{PledgeID: b.PledgeIn(money.Of(40_000, "EUR")), PersonID: b.Payer, Amount: money.Of(40_000, "EUR"), Title: "Апарати ШВЛ"}
	p, err := b.Gateway.Transfer(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	if p.TransferTo.IBAN == "" || p.RemainingMinor != 40_000 || p.AmountMinor != 43_200 {
		t.Errorf("transfer = %+v", p)
	}
	order.PledgeID = b.PledgeIn(money.Of(40_000, "EUR"))
	if p, err = b.Gateway.Invoice(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	if p.Charge() != order.Amount || p.SessionURL == "" {
		t.Errorf("invoice = %+v", p)
	}
	order.Amount = money.Of(43_200, "USD")
	_, err = b.Gateway.Checkout(t.Context(), order)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Key != "pledge.paid_in" {
		t.Errorf("dollars for a pledge in euros: %v", err)
	}
}

// The amount that Stripe names is compared with what was charged.
func TestAChargeThatDiffersRaisesAnAlarm(t *testing.T) {
	t.Parallel()
	b := inEuros(t, "usd")
	pledge := b.PledgeIn(money.Of(10_000, "EUR"))
	p, err := b.Gateway.Checkout(t.Context(), gateway.Order{PledgeID: pledge, PersonID: b.Payer, Amount: money.Of(10_000, "EUR"), Title: "Апарати ШВЛ"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Owner.Exec(`UPDATE payments SET charged_minor = 9000`); err == nil {
		t.Fatal("a charge was changed after it was agreed")
	}
	if _, err := b.Owner.Exec(`ALTER TABLE payments DISABLE TRIGGER payments_charge_stays; UPDATE payments SET charged_minor = 9000`); err != nil {
		t.Fatal(err)
	}
	b.Pay(p, stripesim.CardPays)
	if p = b.Sync(p); b.Acts("payment.amount-differs") != 1 || p.ReceivedMinor != 12_000 {
		t.Errorf("payment = %+v, %d alarms", p, b.Acts("payment.amount-differs"))
	}
	b.SameBooks()
}

// The public reads what was promised beside what it counts as, where it reads the amount;
// and the sum in euros is of gifts with a name and an amount alone.
func TestThePublicIsToldOfOriginalsThatAreNotHidden(t *testing.T) {
	t.Parallel()
	b := inEuros(t, "usd")
	for i, v := range []giving.Visibility{giving.Named, giving.AmountHidden, giving.Anonymous} {
		p := b.Promise(1)
		p.Amount, p.Visibility = money.Of(int64(10_000*(i+1)), "EUR"), v
		id, err := giving.MakePledge(t.Context(), b.DB, b.Now, p)
		if err != nil {
			t.Fatal(err)
		}
		paid := p.Amount
		if v == giving.Anonymous {
			paid.Minor /= 2 // the rest is awaited
		}
		payIn(t, b, id, paid)
	}
	c, err := report.New(b.DB).Campaign(t.Context(), b.Slug)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Originals) != 1 || c.Originals[0].Currency != "EUR" || c.Originals[0].Received != 10_000 || c.Originals[0].Counted != 10_800 {
		t.Errorf("originals = %+v", c.Originals)
	}
	if len(c.Gifts) != 2 || c.Gifts[0].Original != nil || c.Gifts[0].Amount != nil {
		t.Errorf("a hidden amount is told: %+v", c.Gifts)
	}
	if o := c.Gifts[1].Original; o == nil || o.Amount != money.Of(10_000, "EUR") || o.Rate != "1.08" || o.Source != "NBU" || *c.Gifts[1].Amount != money.Of(10_800, "USD") {
		t.Errorf("a named gift: %+v", c.Gifts[1])
	}
	totals := c.Totals
	if totals.Received-totals.Refunded != totals.Fees+totals.Disputed+totals.Lost+totals.Drift+totals.Allocated+totals.Earmarked+totals.Free-totals.Shortfall || totals.Drift == 0 || totals.Lost != 0 {
		t.Errorf("totals = %+v", totals)
	}
	then, err := report.New(b.DB).Summary(t.Context(), b.Slug, b.Now().AddDate(0, 0, 1))
	then.Totals.AsOf = totals.AsOf
	if err != nil || then.Totals != totals || totals.Unpaid == 0 {
		t.Errorf("as of a day ahead %+v, %v, and now %+v", then.Totals, err, totals)
	}
	before, err := report.New(b.DB).Summary(t.Context(), b.Slug, b.Now().AddDate(0, 0, -1))
	if err != nil || len(before.Originals) != 0 {
		t.Errorf("yesterday %+v had come, %v", before.Originals, err)
	}
}
