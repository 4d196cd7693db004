package stripesim_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

func (l *lab) refund(intent string, minor int64) *stripe.Refund {
	l.t.Helper()
	re, err := l.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent, Amount: &minor})
	l.must(err)
	return re
}

func (l *lab) refundNow(id string) *stripe.Refund {
	l.t.Helper()
	p := &stripe.RefundParams{}
	p.AddExpand("charge")
	p.AddExpand("failure_balance_transaction")
	re, err := l.api.Refunds.Get(id, p)
	l.must(err)
	return re
}

func TestRefundFailsAfterItHadSucceeded(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardRefundFails)
	re := l.refund(pi.ID, 200_000)
	if re.Status != "succeeded" || re.BalanceTransaction == nil {
		t.Errorf("at first: %s, transaction %v", re.Status, re.BalanceTransaction)
	}
	l.must(l.sim.Advance(72 * time.Hour))
	re = l.refundNow(re.ID)
	bt := re.FailureBalanceTransaction
	if re.Status != "failed" || re.FailureReason != "expired_or_canceled_card" || bt == nil {
		t.Fatalf("later: %s, %s, %v", re.Status, re.FailureReason, bt)
	}
	if bt.Amount != 200_000 || bt.Fee != 0 || bt.Type != "refund_failure" || bt.ReportingCategory != "refund_failure" || bt.Source.ID != re.ID {
		t.Errorf("came back: %d, %s, %s", bt.Amount, bt.Type, bt.ReportingCategory)
	}
	if re.Charge.AmountRefunded != 0 || re.Charge.Refunded {
		t.Errorf("the charge is refunded by %d yet", re.Charge.AmountRefunded)
	}
	if f := l.sim.Books().Payments[pi.ID]; f.Refunded != 0 || f.Net != 485_470 || len(f.Transactions) != 3 {
		t.Errorf("books: %+v", f)
	}
	l.told("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
		"charge.refunded", "refund.created", "charge.refund.updated", "refund.updated", "refund.failed")
	if err := l.sim.FailRefund(re.ID, ""); err == nil {
		t.Error("it failed twice")
	}
}

func TestPendingRefunds(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{"a card": stripesim.CardRefundPending, "a bank account": stripesim.AccountPays} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			cs := l.session(byDebit)
			l.mustPay(cs.ID, number)
			pi := l.look(cs.ID).PaymentIntent.ID
			if number == stripesim.AccountPays {
				l.must(l.sim.Settle(pi))
			}
			settles, fails := l.refund(pi, 1000), l.refund(pi, 70)
			for _, re := range []*stripe.Refund{settles, fails} {
				if re.Status != "pending" || (re.BalanceTransaction == nil) != (number == stripesim.AccountPays) {
					t.Errorf("at first: %s, transaction %v", re.Status, re.BalanceTransaction)
				}
			}
			l.must(l.sim.FailRefund(fails.ID, "declined"))
			l.must(l.sim.Advance(72 * time.Hour))
			if got := l.refundNow(settles.ID); got.Status != "succeeded" || got.BalanceTransaction == nil {
				t.Errorf("later: %s, transaction %v", got.Status, got.BalanceTransaction)
			}
			got := l.refundNow(fails.ID)
			if got.Status != "failed" || got.FailureReason != "declined" || got.Charge.AmountRefunded != 1000 {
				t.Errorf("failed: %s, %s; the charge is refunded by %d", got.Status, got.FailureReason, got.Charge.AmountRefunded)
			}
			if f := l.sim.Books().Payments[pi]; f.Refunded != 1000 {
				t.Errorf("books: %+v", f)
			}
			if err := l.sim.SettleRefund(settles.ID); err == nil {
				t.Error("it succeeded twice")
			}
		})
	}
}

func TestRefundIsCancelledBeforeItsMoneyLeaves(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session(byDebit)
	l.mustPay(cs.ID, stripesim.AccountPays)
	pi := l.look(cs.ID).PaymentIntent.ID
	l.must(l.sim.Settle(pi))
	re := l.refund(pi, 1000)
	got, err := l.api.Refunds.Cancel(re.ID, nil)
	l.must(err)
	if got.Status != "canceled" || l.refundNow(re.ID).Charge.AmountRefunded != 0 {
		t.Errorf("cancelled: %s", got.Status)
	}
	l.must(l.sim.Advance(30 * 24 * time.Hour))
	if f := l.sim.Books().Payments[pi]; f.Refunded != 0 {
		t.Errorf("money left all the same: %+v", f)
	}
	for _, id := range []string{re.ID, l.refund(l.paid(stripesim.CardPays).ID, 5).ID} {
		_, err := l.api.Refunds.Cancel(id, nil)
		if e := stripeError(t, err); e.HTTPStatusCode != 400 {
			t.Errorf("cancel of a refund that is over: %d", e.HTTPStatusCode)
		}
	}
}

func TestRefundWaitsForTheBalance(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) { o.RefundsWait = true })
	first := l.paid(stripesim.CardPays)
	re := l.refund(first.ID, 500_000) // the fee is gone: 14,530 are missing
	if re.Status != "pending" || re.BalanceTransaction != nil {
		t.Fatalf("a refund that the balance does not cover: %s, %v", re.Status, re.BalanceTransaction)
	}
	if f := l.sim.Books(); f.Totals["usd"].Net != 485_470 {
		t.Errorf("the balance is %d", f.Totals["usd"].Net)
	}
	l.paid(stripesim.CardPays)
	if got := l.refundNow(re.ID); got.Status != "succeeded" || got.BalanceTransaction == nil {
		t.Errorf("with new money: %s", got.Status)
	}
	l.must(l.sim.SetRefundsWait(false))
	if re := l.refund(l.paid(stripesim.CardPays).ID, 500_000); re.Status != "succeeded" {
		t.Errorf("where refunds do not wait: %s", re.Status)
	}
}
