package stripesim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

// members are the balance transactions that Stripe lists under a payout, without its own.
func (l *lab) members(payout string) (all []*stripe.BalanceTransaction, net int64) {
	l.t.Helper()
	p := &stripe.BalanceTransactionListParams{Payout: &payout}
	p.Limit = stripe.Int64(2) // so that paging is part of it
	it := l.api.BalanceTransactions.List(p)
	for it.Next() {
		if bt := it.BalanceTransaction(); bt.Type != "payout" {
			all = append(all, bt)
			net += bt.Net
		}
	}
	l.must(it.Err())
	return all, net
}

func (l *lab) payout(id string) *stripe.Payout {
	l.t.Helper()
	po, err := l.api.Payouts.Get(id, nil)
	l.must(err)
	return po
}

func TestPayoutIsTheSumOfItsMembers(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardPays)
	if _, err := l.sim.PayOut("usd"); !errors.Is(err, stripesim.ErrNothingToPayOut) {
		t.Errorf("before anything is available: %v", err)
	}
	l.must(l.sim.Advance(48 * time.Hour))
	l.paid(stripesim.CardPays) // not available yet
	l.refund(pi.ID, 100_000)
	l.paid(stripesim.CardDisputed)
	_, err := l.sim.ChargeFee(700, "usd", "Radar")
	l.must(err)
	id, err := l.sim.PayOut("usd")
	l.must(err)

	po := l.payout(id)
	want := int64(485_470 - 100_000 - 501_500 - 700) // refunds, disputes and fees are gone at once
	if po.Amount != want || !po.Automatic || po.Status != "pending" || po.ReconciliationStatus != "in_progress" {
		t.Errorf("payout: %d, want %d; automatic %v, %s, %s", po.Amount, want, po.Automatic, po.Status, po.ReconciliationStatus)
	}
	if _, net := l.members(id); net == po.Amount {
		t.Error("the members are complete before the payout is itemized")
	}
	l.must(l.sim.Advance(time.Hour))
	all, net := l.members(id)
	if po = l.payout(id); po.ReconciliationStatus != "completed" || net != po.Amount || len(all) != 4 {
		t.Errorf("itemized: %s, %d members with %d, want 4 with %d", po.ReconciliationStatus, len(all), net, po.Amount)
	}
	l.must(l.sim.Advance(47 * time.Hour))
	if po = l.payout(id); po.Status != "paid" {
		t.Errorf("after two days: %s", po.Status)
	}
	facts := l.sim.Books()
	if f := facts.Payouts[id]; f.Net != po.Amount || f.Members != 4 || f.Status != "paid" {
		t.Errorf("books: %+v", f)
	}
	// The next one has the rest and nothing twice.
	next, err := l.sim.PayOut("usd")
	l.must(err)
	l.must(l.sim.Advance(time.Hour))
	if all, net := l.members(next); len(all) != 2 || net != 2*485_470 {
		t.Errorf("the next payout: %d members with %d", len(all), net)
	}
	if total := l.sim.Books().Totals["usd"].Net; total != 0 {
		t.Errorf("the balance is %d after everything was paid out", total)
	}
	l.must(l.sim.Advance(1000 * time.Hour))
	if _, err := l.sim.PayOut("usd"); !errors.Is(err, stripesim.ErrNothingToPayOut) {
		t.Errorf("a third payout: %v", err)
	}
}

func TestPayoutEvents(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.paid(stripesim.CardPays)
	l.must(l.sim.Advance(48 * time.Hour))
	id, err := l.sim.PayOut("usd")
	l.must(err)
	l.must(l.sim.Advance(48 * time.Hour))
	l.must(l.sim.FailPayout(id, "")) // Stripe calls it paid, and it may fail yet
	po := l.payout(id)
	if po.Status != "failed" || po.FailureCode != "account_closed" || po.FailureBalanceTransaction == nil {
		t.Errorf("failed: %s, %s, %v", po.Status, po.FailureCode, po.FailureBalanceTransaction)
	}
	if total := l.sim.Books().Totals["usd"]; total.Net != 485_470 || total.ByType["payout_failure"].Net != 485_470 {
		t.Errorf("books: %+v", total)
	}
	for what, err := range map[string]error{"fails twice": l.sim.FailPayout(id, ""), "fails without reason": l.sim.FailPayout(id, "whim"), "is nobody's": l.sim.FailPayout("po_none", "")} {
		if err == nil {
			t.Errorf("a payout %s", what)
		}
	}
	l.told("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
		"payout.created", "payout.updated", "payout.reconciliation_completed", "payout.updated", "payout.paid", "payout.updated", "payout.failed")
	again, err := l.sim.PayOut("usd")
	l.must(err)
	l.must(l.sim.Advance(time.Hour))
	if all, net := l.members(again); len(all) != 1 || all[0].Type != "payout_failure" || net != 485_470 {
		t.Errorf("what came back is paid out with %d members, %d", len(all), net)
	}
}

func TestNegativePayoutTakesFromTheBank(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.paid(stripesim.CardDisputed)
	id, err := l.sim.PayOut("usd")
	l.must(err)
	if po := l.payout(id); po.Amount != -501_500 {
		t.Errorf("payout of %d", po.Amount)
	}
	if total := l.sim.Books().Totals["usd"].Net; total != 485_470 {
		t.Errorf("the balance is %d", total)
	}
}

func TestPayoutByHand(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.paid(stripesim.CardPays)
	byHand := func(minor int64, currency string) (*stripe.Payout, error) {
		return l.api.Payouts.New(&stripe.PayoutParams{Amount: &minor, Currency: &currency})
	}
	_, err := byHand(1, "usd")
	if e := stripeError(t, err); e.Code != "balance_insufficient" {
		t.Errorf("before anything is available: %s", e.Code)
	}
	l.must(l.sim.Advance(48 * time.Hour))
	po, err := byHand(400_000, "usd")
	l.must(err)
	if po.Automatic || po.ReconciliationStatus != "not_applicable" || po.Status != "pending" {
		t.Errorf("payout: automatic %v, %s, %s", po.Automatic, po.ReconciliationStatus, po.Status)
	}
	it := l.api.BalanceTransactions.List(&stripe.BalanceTransactionListParams{Payout: &po.ID})
	if it.Next() || stripeError(t, it.Err()).HTTPStatusCode != 400 {
		t.Error("the members of a payout by hand are listed")
	}
	_, err = byHand(85_471, "usd")
	if e := stripeError(t, err); e.Code != "balance_insufficient" {
		t.Errorf("more than is left: %s", e.Code)
	}
	po, err = l.api.Payouts.Cancel(po.ID, nil)
	l.must(err)
	if total := l.sim.Books().Totals["usd"]; po.Status != "canceled" || total.Net != 485_470 || total.ByType["payout_cancel"].Count != 1 {
		t.Errorf("cancelled: %s, books %+v", po.Status, total)
	}
	_, err = l.api.Payouts.Cancel(po.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("cancelled twice: %d", e.HTTPStatusCode)
	}
	for name, c := range map[string]struct {
		minor    int64
		currency string
	}{"nothing": {0, "usd"}, "less": {-1, "usd"}, "no currency": {1, "xyz"}, "half a forint": {150, "huf"}, "a fils": {1, "kwd"}} {
		_, err := byHand(c.minor, c.currency)
		if e := stripeError(t, err); e.HTTPStatusCode != 400 {
			t.Errorf("%s: %d", name, e.HTTPStatusCode)
		}
	}
}

// However far the clock jumps, each thing happens in its own time.
func TestPayoutsByTheClock(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) { o.PayoutEvery = 24 * time.Hour })
	cs := l.session(byDebit)
	l.mustPay(cs.ID, stripesim.AccountPays) // settles after four days, is available after six
	l.paid(stripesim.CardPays)
	l.must(l.sim.Advance(10 * 24 * time.Hour))
	var days []int64
	for it := l.api.Payouts.List(&stripe.PayoutListParams{}); it.Next(); {
		po := it.Payout()
		days = append(days, (po.Created-clock().Unix())/86_400)
		if po.Status != "paid" || po.ReconciliationStatus != "completed" {
			t.Errorf("payout: %s, %s", po.Status, po.ReconciliationStatus)
		}
	}
	if diff := cmp.Diff([]int64{6, 2}, days); diff != "" {
		t.Errorf("days of the payouts (-want +got):\n%s", diff)
	}
	if ch := l.look(cs.ID).PaymentIntent.LatestCharge; ch.BalanceTransaction.Created != clock().Add(96*time.Hour).Unix() {
		t.Errorf("the debit settled at %d", ch.BalanceTransaction.Created)
	}
	if total := l.sim.Books().Totals["usd"].Net; total != 0 || !l.sim.Now().Equal(clock().Add(240*time.Hour)) {
		t.Errorf("the balance is %d at %s", total, l.sim.Now())
	}
}
