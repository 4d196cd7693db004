package stripesim

import (
	"fmt"
	"strings"
	"time"
)

// debit is a bank debit on its way, and how it will end. The row goes when it has.
type debit struct {
	Charge  string `json:"charge"`
	Intent  string `json:"intent"`
	Session string `json:"session"`
	Due     int64  `json:"due"`
	Failure string `json:"failure"` // "" settles
	Dispute bool   `json:"dispute,omitempty"`
}

func (d debit) key() string { return d.Charge }

func docPage(code string) string { return strings.ReplaceAll(code, "_", "-") }

// order sends a bank debit on its way: the session is complete, the money is not here.
func (t *tx) order(cs checkoutSession, pi paymentIntent, ch charge, in instrument) {
	ch.Status = chargePending
	save(t, &t.charges, ch)
	pi.Status, pi.LatestCharge, pi.PaymentMethod, pi.LastPaymentError = intentProcessing, opt(ch.ID), ch.PaymentMethod, nil
	save(t, &t.intents, pi)
	end := accountEndings[in.number]
	d := debit{Charge: ch.ID, Intent: pi.ID, Session: cs.ID, Due: t.now.Add(t.sim.opt.DebitDelay).Unix(), Failure: end.failure, Dispute: end.dispute}
	save(t, &t.debits, d)
	t.remind(d.Due)
	t.emit("payment_intent.processing", pi, nil)
	t.emit("charge.pending", ch, nil)
	if cs.ID != "" {
		t.complete(cs, "unpaid", in.holder)
	}
}

// resolve ends a debit, well if failure is empty.
func (t *tx) resolve(d debit, failure string) {
	ch, _ := t.charges.find(d.Charge)
	pi, _ := t.intents.find(d.Intent)
	drop(t, &t.debits, d.key())
	if failure != "" {
		t.returned(pi, ch, failure)
		if cs, ok := t.sessions.find(d.Session); ok {
			t.emit("checkout.session.async_payment_failed", cs, nil)
		}
		return
	}
	ch = t.succeed(pi, ch)
	t.arrive(d.Session)
	if d.Dispute {
		t.mustDispute(ch, Dispute{Reason: disputeNoDebit})
	}
}

// arrive tells that the money a session was waiting for has come.
func (t *tx) arrive(session string) {
	if cs, ok := t.sessions.find(session); ok {
		cs.PaymentStatus = "paid"
		save(t, &t.sessions, cs)
		t.emit("checkout.session.async_payment_succeeded", cs, nil)
	}
}

// Settle lets the pending debit of a payment intent succeed now, whatever its
// account would have done. It fails if none is pending.
func (s *Sim) Settle(intent string) error { return s.endDebit(intent, "") }

// FailDebit lets the pending debit of a payment intent fail now, with a failure
// code of Stripe's such as account_closed; empty means insufficient_funds.
func (s *Sim) FailDebit(intent, code string) error {
	if code == "" {
		code = "insufficient_funds"
	}
	return s.endDebit(intent, code)
}

func (s *Sim) endDebit(intent, failure string) error {
	return s.update(eventCause{}, func(t *tx) error {
		for _, d := range t.debits.all() {
			if d.Intent == intent {
				t.resolve(d, failure)
				return nil
			}
		}
		return fmt.Errorf("payment intent %q has no pending debit", intent)
	})
}

// PendingDebits lists the payment intents whose debits are on their way, with the
// time each is due, oldest first.
func (s *Sim) PendingDebits() (intents []string, due []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.db.debits.all() {
		intents = append(intents, d.Intent)
		due = append(due, time.Unix(d.Due, 0))
	}
	return intents, due
}
