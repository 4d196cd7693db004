package stripesim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
	"pgregory.net/rapid"

	"kopiyka/internal/stripesim"
)

// Whatever happens, and in whatever order, the books are the sums of what Stripe's API
// lists, every movement has one owner, and every payout is the sum of its members.
func TestBooksAreTheSumsOfTheBalance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := open(t, settling("usd", "eur"))
		l.must(l.sim.SetEndpoints()) // nobody listens
		life := &randomLife{lab: l, rt: rt, customer: l.customer()}
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			life.step()
		}
		books := l.sim.Books()
		if diff := cmp.Diff(l.sumsOfTheAPI(), netsOf(books)); diff != "" {
			rt.Fatalf("the balance (-API +books):\n%s", diff)
		}
		owned := map[string]int64{}
		for id, p := range books.Payments {
			if p.Net != p.Gross-p.Refunded-p.Disputed-p.FailedLate-p.Fee {
				rt.Fatalf("payment %s does not add up: %+v", id, p)
			}
			owned[p.Settled] += p.Net
		}
		for currency, total := range books.Totals {
			for _, kind := range []string{"payout", "payout_failure", "payout_cancel", "stripe_fee"} {
				owned[currency] += total.ByType[kind].Net
			}
			if owned[currency] != total.Net {
				rt.Fatalf("%s: payments, payouts and fees are %d, the balance moved by %d", currency, owned[currency], total.Net)
			}
		}
		for id, po := range books.Payouts {
			if po.Automatic && po.Net != po.Amount {
				rt.Fatalf("payout %s of %d has members of %d", id, po.Amount, po.Net)
			}
		}
		for it := l.api.Charges.List(&stripe.ChargeListParams{}); it.Next(); {
			ch, sum := it.Charge(), int64(0)
			for re := l.api.Refunds.List(&stripe.RefundListParams{Charge: &ch.ID}); re.Next(); {
				if s := re.Refund().Status; s == "succeeded" || s == "pending" {
					sum += re.Refund().Amount
				}
			}
			if ch.AmountRefunded != sum {
				rt.Fatalf("charge %s is refunded by %d, its refunds are %d", ch.ID, ch.AmountRefunded, sum)
			}
		}
	})
}

// sumsOfTheAPI adds up what Stripe's list of balance transactions says, by currency.
func (l *lab) sumsOfTheAPI() map[string]int64 {
	sums := map[string]int64{}
	p := &stripe.BalanceTransactionListParams{}
	p.Limit = stripe.Int64(7)
	it := l.api.BalanceTransactions.List(p)
	for it.Next() {
		bt := it.BalanceTransaction()
		sums[string(bt.Currency)] += bt.Net
		if bt.Net != bt.Amount-bt.Fee {
			l.t.Errorf("%s: net %d of %d and fee %d", bt.ID, bt.Net, bt.Amount, bt.Fee)
		}
	}
	l.must(it.Err())
	return sums
}

func netsOf(b stripesim.Books) map[string]int64 {
	out := map[string]int64{}
	for currency, total := range b.Totals {
		out[currency] = total.Net
	}
	return out
}

// randomLife lets anything happen to anything. What cannot happen is refused, which is
// as good as anything else.
type randomLife struct {
	*lab
	rt       *rapid.T
	customer string
	intents  []string
	refunds  []string
	disputes []string
	payouts  []string
}

func (r *randomLife) one(of []string) string {
	if len(of) == 0 {
		return "none"
	}
	return rapid.SampledFrom(of).Draw(r.rt, "which")
}

func (r *randomLife) amount() int64 { return 10 * rapid.Int64Range(10, 60_000).Draw(r.rt, "amount") }

func (r *randomLife) step() {
	switch rapid.SampledFrom([]string{"pay", "pay", "pay", "fund", "settle", "late", "refund", "refund ends", "dispute", "dispute ends", "pay out", "payout fails", "fee", "clock"}).Draw(r.rt, "what") {
	case "pay":
		r.pay()
	case "fund":
		_ = r.sim.FundTransfer(r.one(r.intents), r.amount())
	case "settle":
		_ = r.sim.Settle(r.one(r.intents))
	case "late":
		_ = r.sim.FailLate(r.one(r.intents), "")
	case "refund":
		if id, err := r.sim.RefundCharge(r.one(r.intents), r.amount()); err == nil {
			r.refunds = append(r.refunds, id)
		}
	case "refund ends":
		if rapid.Bool().Draw(r.rt, "well") {
			_ = r.sim.SettleRefund(r.one(r.refunds))
		} else {
			_ = r.sim.FailRefund(r.one(r.refunds), "")
		}
	case "dispute":
		if id, err := r.sim.OpenDispute(r.one(r.intents), stripesim.Dispute{Inquiry: rapid.Bool().Draw(r.rt, "inquiry")}); err == nil {
			r.disputes = append(r.disputes, id)
		}
	case "dispute ends":
		id := r.one(r.disputes)
		end := rapid.SampledFrom([]func() error{
			func() error { return r.sim.WinDispute(id) }, func() error { return r.sim.LoseDispute(id) },
			func() error { return r.sim.PartWinDispute(id, r.amount()) }, func() error { return r.sim.EscalateInquiry(id) },
		}).Draw(r.rt, "end")
		_ = end()
	case "pay out":
		if id, err := r.sim.PayOut(rapid.SampledFrom([]string{"usd", "eur"}).Draw(r.rt, "currency")); err == nil {
			r.payouts = append(r.payouts, id)
		}
	case "payout fails":
		_ = r.sim.FailPayout(r.one(r.payouts), "")
	case "fee":
		_, err := r.sim.ChargeFee(r.amount(), "eur", "Radar")
		r.must(err)
	case "clock":
		r.must(r.sim.Advance(time.Duration(rapid.IntRange(1, 100).Draw(r.rt, "hours")) * time.Hour))
	}
}

func (r *randomLife) pay() {
	number := rapid.SampledFrom([]string{
		stripesim.CardPays, stripesim.CardDisputed, stripesim.CardInquiry, stripesim.CardRefundFails, stripesim.CardRefundPending,
		stripesim.AccountPays, stripesim.AccountDisputed, stripesim.IBANPays, stripesim.IBANFails, stripesim.ByTransfer,
	}).Draw(r.rt, "number")
	change := amount(1000*rapid.Int64Range(1, 900).Draw(r.rt, "thousands"), rapid.SampledFrom([]string{"usd", "eur", "uah", "jpy", "kwd"}).Draw(r.rt, "currency"))
	switch number {
	case stripesim.AccountPays, stripesim.AccountDisputed:
		change = byDebit
	case stripesim.IBANPays, stripesim.IBANFails:
		change = func(p *stripe.CheckoutSessionParams) {
			amount(200_000, "eur")(p)
			p.PaymentMethodTypes = stripe.StringSlice([]string{"sepa_debit"})
		}
	case stripesim.ByTransfer:
		change = byTransfer(r.customer, "usd")
	}
	cs := r.session(change)
	r.mustPay(cs.ID, number)
	r.intents = append(r.intents, r.look(cs.ID).PaymentIntent.ID)
}
