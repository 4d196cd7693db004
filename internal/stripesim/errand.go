package stripesim

import "time"

// errand is something that the sandbox will do by its clock. The row goes when it is done.
type errand struct {
	ID     string     `json:"id"`
	Do     errandKind `json:"do"`
	Object string     `json:"object"`
	Due    int64      `json:"due"`
}

func (e errand) key() string { return e.ID }

type errandKind string

const (
	refundSucceeds  errandKind = "refund.succeed"
	refundFails     errandKind = "refund.fail"
	payoutArrives   errandKind = "payout.arrive"
	payoutItemized  errandKind = "payout.itemize"
	payoutScheduled errandKind = "payout.schedule"
	cashReturns     errandKind = "cash.return"
	invoiceFinal    errandKind = "invoice.finalize"
	invoiceOverdue  errandKind = "invoice.overdue"
)

// later writes an errand down.
func (t *tx) later(do errandKind, object string, after time.Duration) {
	e := errand{newID("errand_", 12), do, object, t.now.Add(after).Unix()}
	save(t, &t.errands, e)
	t.remind(e.Due)
}

// forget drops the errands about an object that something else has settled.
func (t *tx) forget(object string) {
	for _, e := range t.errands.all() {
		if e.Object == object {
			drop(t, &t.errands, e.ID)
		}
	}
}

// run does what has fallen due.
func (t *tx) run(e errand) {
	switch drop(t, &t.errands, e.ID); e.Do {
	case refundSucceeds:
		if re, ok := t.refunds.find(e.Object); ok {
			t.settleRefund(re)
		}
	case refundFails:
		if re, ok := t.refunds.find(e.Object); ok {
			t.failRefund(re, "")
		}
	case payoutArrives:
		if po, ok := t.payouts.find(e.Object); ok {
			t.arrivePayout(po)
		}
	case payoutItemized:
		if po, ok := t.payouts.find(e.Object); ok {
			t.itemize(po)
		}
	case invoiceFinal:
		if inv, ok := t.invoices.find(e.Object); ok {
			t.advanceInvoice(inv)
		}
	case invoiceOverdue:
		if inv, ok := t.invoices.find(e.Object); ok {
			t.lateInvoice(inv)
		}
	case cashReturns:
		t.returnCash(e.Object)
	case payoutScheduled:
		t.payOutEverything()
		t.later(payoutScheduled, e.Object, t.sim.opt.PayoutEvery)
	}
}
