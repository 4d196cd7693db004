package stripesim

import (
	"fmt"
	"time"
)

const (
	refundSucceeded = "succeeded"
	refundPending   = "pending"
	refundFailed    = "failed"
	refundCanceled  = "canceled"
)

// refundDelay is how long a refund is on its way whose end is not known at once.
const refundDelay = 3 * 24 * time.Hour

type refund struct {
	ID                     string             `json:"id"`
	Object                 string             `json:"object"`
	Amount                 int64              `json:"amount"`
	BalanceTransaction     opt                `json:"balance_transaction"`
	Charge                 opt                `json:"charge"`
	Created                int64              `json:"created"`
	Currency               string             `json:"currency"`
	DestinationDetails     *refundDestination `json:"destination_details,omitempty"`
	FailureTransaction     string             `json:"failure_balance_transaction,omitempty"`
	FailureReason          string             `json:"failure_reason,omitempty"`
	Metadata               map[string]string  `json:"metadata"`
	PaymentIntent          opt                `json:"payment_intent"`
	Reason                 opt                `json:"reason"`
	ReceiptNumber          never              `json:"receipt_number"`
	SourceTransferReversal never              `json:"source_transfer_reversal"`
	Status                 string             `json:"status"`
	TransferReversal       never              `json:"transfer_reversal"`
}

type refundDestination struct {
	Card refundToCard `json:"card"`
	Type string       `json:"type"`
}

type refundToCard struct {
	ReferenceStatus string `json:"reference_status"`
	ReferenceType   string `json:"reference_type"`
	Type            string `json:"type"`
}

func (r refund) key() string      { return r.ID }
func (r refund) createdAt() int64 { return r.Created }

// shortRefund is a refund that waits for money in the balance. The row goes with the wait.
type shortRefund struct {
	Refund string `json:"refund"`
}

func (r shortRefund) key() string { return r.Refund }

func createRefund(c *call) (any, error) {
	chargeID, intentID := c.params.text("charge", 5000), c.params.text("payment_intent", 5000)
	amount, partly := c.params.integer("amount")
	re := refund{
		Reason:   opt(c.params.choice("reason", "duplicate", "fraudulent", "requested_by_customer")),
		Metadata: c.params.metadata("metadata"),
	}
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	ch, err := c.chargeToRefund(chargeID, intentID)
	if err != nil {
		return nil, err
	}
	left := ch.Amount - ch.AmountRefunded
	if !partly {
		amount = left
	}
	if err := c.refundable(ch, amount, left); err != nil {
		return nil, err
	}
	return c.refund(ch, re, amount), nil
}

// chargeToRefund takes either id, or both when they belong together.
func (t *tx) chargeToRefund(chargeID, intentID string) (charge, error) {
	if chargeID == "" && intentID == "" {
		return charge{}, badRequest("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	if intentID != "" {
		pi, ok := t.intents.find(intentID)
		if !ok {
			return charge{}, noSuch("payment_intent", intentID, "payment_intent")
		}
		if chargeID != "" && chargeID != string(pi.LatestCharge) {
			return charge{}, badRequest("", "charge", "The charge does not belong to the payment intent.")
		}
		chargeID = string(pi.LatestCharge)
	}
	ch, ok := t.charges.find(chargeID)
	if !ok {
		return charge{}, noSuch("charge", chargeID, "charge")
	}
	return ch, nil
}

func (t *tx) refundable(ch charge, amount, left int64) error {
	switch {
	case ch.Status == chargePending:
		return badRequest("charge_not_refundable", "charge", "This charge is still pending; it can be refunded once it has succeeded.")
	case ch.Status != chargeSucceeded:
		return badRequest("charge_not_refundable", "charge", "This PaymentIntent does not have a successful charge to refund.")
	case left == 0:
		return badRequest("charge_already_refunded", "", "Charge "+ch.ID+" has already been refunded.")
	case amount <= 0:
		return badRequest("parameter_invalid_integer", "amount", "Invalid positive integer")
	case amount > left:
		return badRequest("", "amount", fmt.Sprintf("Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			plainAmount(amount, ch.Currency), plainAmount(left, ch.Currency)))
	}
	for _, d := range t.disputes.all() {
		if d.Charge == ch.ID && !d.IsChargeRefundable {
			return badRequest("charge_disputed", "", "This charge has been charged back; cannot issue a refund.")
		}
	}
	return checkSteps(amount, ch.Currency, "amount")
}

// refund gives amount of a charge back. Stripe keeps its fee. To most cards it has
// succeeded at once; to a bank account it is pending and has no balance transaction
// until the bank has taken it; and where refunds wait for the balance, one that it does
// not cover is pending as well.
func (t *tx) refund(ch charge, re refund, amount int64) refund {
	ch = t.bookNow(ch)
	prefix := "re_3"
	if ch.method() == methodCard {
		re.DestinationDetails = &refundDestination{refundToCard{"pending", "acquirer_reference_number", "refund"}, "card"}
	} else {
		prefix = "pyr_1"
	}
	re.ID, re.Object, re.Created, re.Amount, re.Currency = newID(prefix, 23), "refund", t.now.Unix(), amount, ch.Currency
	re.Charge, re.PaymentIntent, re.Status = opt(ch.ID), ch.PaymentIntent, refundPending
	if t.short(re) {
		save(t, &t.shortRefunds, shortRefund{re.ID})
	} else {
		re = t.sendRefund(ch, re)
	}
	save(t, &t.refunds, re)

	before := map[string]any{"amount_refunded": ch.AmountRefunded}
	ch.AmountRefunded += amount
	if ch.Refunded = ch.AmountRefunded == ch.Amount; ch.Refunded {
		before["refunded"] = false
	}
	save(t, &t.charges, ch)
	t.emit("charge.refunded", ch, before)
	t.emit("refund.created", re, nil)
	return re
}

// short says whether a refund has to wait for money in the balance.
func (t *tx) short(re refund) bool {
	if !t.sim.opt.RefundsWait {
		return false
	}
	sum, currency, _ := t.settle(re.Amount, re.Currency)
	return t.held(currency) < sum
}

// SetRefundsWait changes Options.RefundsWait from here on.
func (s *Sim) SetRefundsWait(wait bool) error {
	return s.update(eventCause{}, func(t *tx) error {
		s.opt.RefundsWait = wait
		return nil
	})
}

// sendRefund lets a refund leave, in the way of its method and of its test card.
func (t *tx) sendRefund(ch charge, re refund) refund {
	switch {
	case ch.method() != methodCard:
		t.later(refundSucceeds, re.ID, refundDelay)
		return re
	case ch.card() == last4(CardRefundPending):
		t.later(refundSucceeds, re.ID, refundDelay)
		return t.bookRefund(ch, re)
	case ch.card() == last4(CardRefundFails):
		t.later(refundFails, re.ID, refundDelay)
	}
	re = t.bookRefund(ch, re)
	re.Status = refundSucceeded
	return re
}

// bookRefund takes the refund out of the balance, at the rate of the day.
func (t *tx) bookRefund(ch charge, re refund) refund {
	kind := "refund"
	if ch.method() != methodCard {
		kind = "payment_refund"
	}
	amount, currency, r := t.settle(-re.Amount, re.Currency)
	bt := t.book(balanceTransaction{
		Type: kind, Category: "refund", Amount: amount, Currency: currency, ExchangeRate: r, Source: opt(re.ID), Description: opt("REFUND FOR CHARGE"),
	})
	re.BalanceTransaction = opt(bt.ID)
	return re
}

// sendShortRefunds lets those go, oldest first, that the balance has come to cover.
func (t *tx) sendShortRefunds() {
	for _, short := range t.shortRefunds.all() {
		re, _ := t.refunds.find(short.Refund)
		if t.short(re) {
			continue
		}
		drop(t, &t.shortRefunds, short.key())
		ch, _ := t.charges.find(string(re.Charge))
		if sent := t.sendRefund(ch, re); sent.Status != re.Status || sent.BalanceTransaction != re.BalanceTransaction {
			t.tellRefund(sent, map[string]any{"status": re.Status, "balance_transaction": re.BalanceTransaction})
		}
	}
}

// tellRefund saves a refund and tells of it in all the ways in which Stripe has done so
// over the years.
func (t *tx) tellRefund(re refund, before map[string]any) {
	save(t, &t.refunds, re)
	t.emit("charge.refund.updated", re, before)
	t.emit("refund.updated", re, before)
	if re.Status == refundFailed {
		t.emit("refund.failed", re, nil)
	}
}

func (t *tx) settleRefund(re refund) {
	if re.Status != refundPending {
		return
	}
	before := map[string]any{"status": re.Status}
	if re.BalanceTransaction == "" {
		before["balance_transaction"] = nil
		ch, _ := t.charges.find(string(re.Charge))
		re = t.bookRefund(ch, re)
	}
	re.Status = refundSucceeded
	t.tellRefund(re, before)
}

// failRefund lets a refund come back: its money, if it had left, is in the balance again,
// and the charge is refunded by that much less.
func (t *tx) failRefund(re refund, reason string) {
	if reason == "" {
		reason = "expired_or_canceled_card"
		if re.DestinationDetails == nil {
			reason = "unknown"
		}
	}
	before := map[string]any{"status": re.Status}
	if left, ok := t.transactions.find(string(re.BalanceTransaction)); ok {
		bt := t.book(balanceTransaction{
			Type: "refund_failure", Category: "refund_failure", Amount: -left.Amount, Currency: left.Currency, ExchangeRate: left.ExchangeRate,
			Source: opt(re.ID), Description: opt("REFUND FAILURE"),
		})
		re.FailureTransaction = bt.ID
	}
	re.Status, re.FailureReason = refundFailed, reason
	t.unrefund(re)
	t.tellRefund(re, before)
}

// unrefund takes a refund out of what its charge has given back.
func (t *tx) unrefund(re refund) {
	t.forget(re.ID)
	drop(t, &t.shortRefunds, re.ID)
	ch, _ := t.charges.find(string(re.Charge))
	ch.AmountRefunded -= re.Amount
	ch.Refunded = false
	save(t, &t.charges, ch)
}

// SettleRefund lets a pending refund succeed now, whether its money is there or not.
func (s *Sim) SettleRefund(id string) error {
	return s.withRefund(id, func(t *tx, re refund) error {
		if re.Status != refundPending {
			return fmt.Errorf("refund %s is %s, not pending", id, re.Status)
		}
		t.forget(id)
		drop(t, &t.shortRefunds, id)
		t.settleRefund(re)
		return nil
	})
}

// FailRefund lets a refund come back that was pending or had succeeded, for one of
// Stripe's reasons; empty means expired_or_canceled_card, or unknown of a bank.
func (s *Sim) FailRefund(id, reason string) error {
	return s.withRefund(id, func(t *tx, re refund) error {
		if re.Status != refundPending && re.Status != refundSucceeded {
			return fmt.Errorf("refund %s is %s already", id, re.Status)
		}
		t.failRefund(re, reason)
		return nil
	})
}

func (s *Sim) withRefund(id string, do func(*tx, refund) error) error {
	return s.update(eventCause{}, func(t *tx) error {
		re, ok := t.refunds.find(id)
		if !ok {
			return noSuch("refund", id, "refund")
		}
		return do(t, re)
	})
}

// RefundCharge gives a part of a payment back, or what is left of it if amount is zero,
// as somebody at Stripe's dashboard would. The payment is named by its intent or charge.
func (s *Sim) RefundCharge(payment string, amount int64) (id string, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		ch, err := t.chargeOf(payment)
		if err != nil {
			return err
		}
		left := ch.Amount - ch.AmountRefunded
		if amount == 0 {
			amount = left
		}
		if err := t.refundable(ch, amount, left); err != nil {
			return err
		}
		id = t.refund(ch, refund{Reason: "requested_by_customer", Metadata: map[string]string{}}, amount).ID
		return nil
	})
	return id, err
}

func getRefund(c *call) (any, error) { return getOne(c, &c.refunds, "refund", "refund") }

func listRefunds(c *call) (any, error) {
	charge := opt(c.params.text("charge", 5000))
	intent := opt(c.params.text("payment_intent", 5000))
	return list(c, &c.refunds, func(re refund) bool {
		return (charge == "" || re.Charge == charge) && (intent == "" || re.PaymentIntent == intent)
	})
}

// cancelRefund takes a refund back that has not left the balance.
func cancelRefund(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	re, ok := c.refunds.find(c.id)
	if !ok {
		return nil, noSuch("refund", c.id, "refund")
	}
	if re.Status != refundPending || re.BalanceTransaction != "" {
		return nil, badRequest("", "refund", fmt.Sprintf("This refund cannot be canceled: it is %s. Only a refund whose money has not left can be.", re.Status))
	}
	before := map[string]any{"status": re.Status}
	re.Status = refundCanceled
	c.unrefund(re)
	c.tellRefund(re, before)
	return re, nil
}

func (t *tx) refundsOf(charge string) []refund {
	out := []refund{}
	for _, re := range t.refunds.all() {
		if string(re.Charge) == charge {
			out = append(out, re)
		}
	}
	return out
}
