package stripesim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	payoutPending  = "pending"
	payoutPaid     = "paid"
	payoutFailed   = "failed"
	payoutCanceled = "canceled"

	itemizing  = "in_progress"
	itemized   = "completed"
	noItemized = "not_applicable"

	payoutTravels = 2 * 24 * time.Hour // until it should be at the bank
	itemizedAfter = time.Hour          // until its members can be listed
)

type payout struct {
	ID                   string            `json:"id"`
	Object               string            `json:"object"`
	Amount               int64             `json:"amount"`
	ArrivalDate          int64             `json:"arrival_date"`
	Automatic            bool              `json:"automatic"`
	BalanceTransaction   opt               `json:"balance_transaction"`
	Created              int64             `json:"created"`
	Currency             string            `json:"currency"`
	Description          opt               `json:"description"`
	Destination          opt               `json:"destination"`
	FailureTransaction   opt               `json:"failure_balance_transaction"`
	FailureCode          opt               `json:"failure_code"`
	FailureMessage       opt               `json:"failure_message"`
	Livemode             bool              `json:"livemode"`
	Metadata             map[string]string `json:"metadata"`
	Method               string            `json:"method"`
	OriginalPayout       never             `json:"original_payout"`
	ReconciliationStatus string            `json:"reconciliation_status"`
	ReversedBy           never             `json:"reversed_by"`
	SourceType           string            `json:"source_type"`
	StatementDescriptor  opt               `json:"statement_descriptor"`
	Status               string            `json:"status"`
	Type                 string            `json:"type"`
}

func (p payout) key() string      { return p.ID }
func (p payout) createdAt() int64 { return p.Created }

// paidOut says that a balance transaction left with a payout.
type paidOut struct {
	Transaction string `json:"transaction"`
	Payout      string `json:"payout"`
}

func (p paidOut) key() string { return p.Transaction }

// PayoutFacts are what Books knows of a payout.
type PayoutFacts struct {
	Currency  string
	Amount    int64
	Status    string
	Automatic bool
	Members   int   // balance transactions that left with it, itself not counted
	Net       int64 // their sum, which is the amount of an automatic payout
}

func (s *Sim) payoutFacts(b Books) {
	for _, po := range s.db.payouts.all() {
		b.Payouts[po.ID] = PayoutFacts{Currency: po.Currency, Amount: po.Amount, Status: po.Status, Automatic: po.Automatic}
	}
	for _, m := range s.db.paidOut.all() {
		bt, _ := s.db.transactions.find(m.Transaction)
		if bt.Type == "payout" {
			continue
		}
		f := b.Payouts[m.Payout]
		f.Members++
		f.Net += bt.Net
		b.Payouts[m.Payout] = f
	}
}

// ErrNothingToPayOut says that nothing of the balance is available.
var ErrNothingToPayOut = errors.New("nothing of the balance is available to pay out")

// PayOut pays everything out that is available in a currency, as the automatic payouts
// of an account do: all balance transactions that have become available and have left
// with no payout yet. If they sum to less than zero, the payout is negative and takes
// the money from the bank account. It answers the payout's id, or ErrNothingToPayOut.
func (s *Sim) PayOut(currency string) (id string, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		po, ok := t.payOut(currency)
		if !ok {
			return fmt.Errorf("%s: %w", currency, ErrNothingToPayOut)
		}
		id = po.ID
		return nil
	})
	return id, err
}

func (t *tx) payOut(currency string) (payout, bool) {
	var members []balanceTransaction
	var sum int64
	for _, bt := range t.transactions.all() {
		_, left := t.paidOut.find(bt.ID)
		if !left && bt.Currency == currency && bt.AvailableOn <= t.now.Unix() {
			members = append(members, bt)
			sum += bt.Net
		}
	}
	if sum == 0 {
		return payout{}, false
	}
	po := t.newPayout(sum, currency)
	po.Automatic, po.ReconciliationStatus = true, itemizing
	po = t.sendPayout(po)
	for _, bt := range members {
		save(t, &t.paidOut, paidOut{bt.ID, po.ID})
	}
	t.later(payoutItemized, po.ID, itemizedAfter)
	return po, true
}

func (t *tx) newPayout(amount int64, currency string) payout {
	return payout{
		ID: newID("po_1", 23), Object: "payout", Amount: amount, ArrivalDate: t.now.Add(payoutTravels).Unix(), Created: t.now.Unix(),
		Currency: currency, Destination: "ba_1KopiykaSandboxBank00000", Metadata: map[string]string{}, Method: "standard",
		ReconciliationStatus: noItemized, SourceType: "card", Status: payoutPending, Type: "bank_account",
	}
}

// sendPayout lets the money leave the balance. The payout's own balance transaction is
// one of those that Stripe lists under the payout.
func (t *tx) sendPayout(po payout) payout {
	bt := t.book(balanceTransaction{
		Type: "payout", Category: "payout", Amount: -po.Amount, Currency: po.Currency, Source: opt(po.ID), Description: "STRIPE PAYOUT",
	})
	save(t, &t.paidOut, paidOut{bt.ID, po.ID})
	po.BalanceTransaction = opt(bt.ID)
	save(t, &t.payouts, po)
	t.later(payoutArrives, po.ID, payoutTravels)
	t.emit("payout.created", po, nil)
	return po
}

// arrivePayout: Stripe calls a payout paid when it should be there. It may fail yet.
func (t *tx) arrivePayout(po payout) {
	if po.Status != payoutPending {
		return
	}
	before := map[string]any{"status": po.Status}
	po.Status = payoutPaid
	save(t, &t.payouts, po)
	t.emit("payout.updated", po, before)
	t.emit("payout.paid", po, nil)
}

// itemize makes the members of a payout known; until then a list of them is incomplete.
func (t *tx) itemize(po payout) {
	before := map[string]any{"reconciliation_status": po.ReconciliationStatus}
	po.ReconciliationStatus = itemized
	save(t, &t.payouts, po)
	t.emit("payout.updated", po, before)
	t.emit("payout.reconciliation_completed", po, nil)
}

// payoutMessages are the reasons for which a bank sends a payout back.
var payoutMessages = map[string]string{
	"account_closed":       "The bank account has been closed.",
	"account_frozen":       "The bank account has been frozen.",
	"could_not_process":    "The bank could not process this payout.",
	"invalid_currency":     "The bank was unable to process this payout because of its currency.",
	"no_account":           "The bank account details on file are probably incorrect. No bank account could be located with those details.",
	"incorrect_holder":     "The bank notified us that the account holder's name is wrong.",
	"insufficient_funds":   "Your Stripe account has insufficient funds to cover the payout.",
	"declined":             "The bank has declined this payout.",
	"debit_not_authorized": "Debit transactions are not approved on your bank account.",
}

// FailPayout lets a payout come back to the balance, also one that was paid, for one of
// Stripe's reasons; empty means account_closed. Its members stay its members: what comes
// back is a movement of its own, for another payout.
func (s *Sim) FailPayout(id, code string) error {
	if code == "" {
		code = "account_closed"
	}
	message, ok := payoutMessages[code]
	if !ok {
		return fmt.Errorf("%q is not a reason of Stripe's for a payout to fail", code)
	}
	return s.update(eventCause{}, func(t *tx) error {
		po, ok := t.payouts.find(id)
		if !ok {
			return noSuch("payout", id, "payout")
		}
		if po.Status != payoutPending && po.Status != payoutPaid {
			return fmt.Errorf("payout %s is %s already", id, po.Status)
		}
		po.FailureCode, po.FailureMessage = opt(code), opt(message)
		t.bringBack(po, payoutFailed)
		return nil
	})
}

// bringBack returns a payout's money to the balance.
func (t *tx) bringBack(po payout, status string) payout {
	before := map[string]any{"status": po.Status}
	kind, event := "payout_failure", "payout.failed"
	if status == payoutCanceled {
		kind, event = "payout_cancel", "payout.canceled"
	}
	bt := t.book(balanceTransaction{
		Type: kind, Category: "payout_reversal", Amount: po.Amount, Currency: po.Currency, Source: opt(po.ID), Description: "STRIPE PAYOUT",
	})
	for _, e := range t.errands.all() { // it arrives no more, but its members are still told
		if e.Object == po.ID && e.Do == payoutArrives {
			drop(t, &t.errands, e.ID)
		}
	}
	po.Status, po.FailureTransaction = status, opt(bt.ID)
	save(t, &t.payouts, po)
	t.emit("payout.updated", po, before)
	t.emit(event, po, nil)
	return po
}

// payOutEverything is the daily payout: one for each currency that has something.
func (t *tx) payOutEverything() {
	currencies := map[string]bool{}
	for _, bt := range t.transactions.rows {
		currencies[bt.Currency] = true
	}
	for _, currency := range slices.Sorted(maps.Keys(currencies)) {
		t.payOut(currency)
	}
}

// schedulePayouts makes sure that the next automatic payout is on the timetable, or that
// none is if the sandbox was opened without.
func (s *Sim) schedulePayouts() error {
	return s.update(eventCause{}, func(t *tx) error {
		t.forget(string(payoutScheduled))
		if s.opt.PayoutEvery > 0 {
			t.later(payoutScheduled, string(payoutScheduled), s.opt.PayoutEvery)
		}
		return nil
	})
}

// createPayout is a payout by hand. Stripe does not say what is in one.
func createPayout(c *call) (any, error) {
	amount, given := c.params.integer("amount")
	if !given {
		c.params.required("amount", "")
	}
	currency := c.params.required("currency", c.params.text("currency", 3))
	po := c.newPayout(amount, currency)
	po.Description = opt(c.params.text("description", 5000))
	po.StatementDescriptor = opt(c.params.text("statement_descriptor", 22))
	po.Metadata = c.params.metadata("metadata")
	c.params.choice("method", "standard")
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	if err := c.payable(amount, currency); err != nil {
		return nil, err
	}
	return c.sendPayout(po), nil
}

func (c *call) payable(amount int64, currency string) error {
	if err := checkSettlement([]string{currency}); err != nil {
		return badRequest("", "currency", "Invalid currency: "+currency+".")
	}
	if amount <= 0 {
		return badRequest("parameter_invalid_integer", "amount", "Invalid positive integer")
	}
	if (currency == "huf" || currency == "twd") && amount%100 != 0 {
		return badRequest("", "amount", "Payouts in "+currency+" must be multiples of 100.")
	}
	if err := checkSteps(amount, currency, "amount"); err != nil {
		return err
	}
	var available int64
	for _, bt := range c.transactions.rows {
		if bt.Currency == currency && bt.AvailableOn <= c.now.Unix() {
			available += bt.Net
		}
	}
	if amount > available {
		return badRequest("balance_insufficient", "", "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low: "+
			plainAmount(available, currency)+" "+currency+" are available.")
	}
	return nil
}

func getPayout(c *call) (any, error) { return getOne(c, &c.payouts, "payout", "payout") }

func listPayouts(c *call) (any, error) {
	status := c.params.choice("status", payoutPending, payoutPaid, payoutFailed, payoutCanceled)
	return list(c, &c.payouts, func(po payout) bool { return status == "" || po.Status == status })
}

func cancelPayout(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	po, ok := c.payouts.find(c.id)
	if !ok {
		return nil, noSuch("payout", c.id, "payout")
	}
	if po.Automatic || po.Status != payoutPending {
		return nil, badRequest("", "payout", "Payouts can only be canceled while they are pending, and automatic ones not at all.")
	}
	return c.bringBack(po, payoutCanceled), nil
}

// inPayout narrows a list of balance transactions to the members of a payout. As long as
// the payout is not itemized, its newest member is not listed yet.
func (c *call) inPayout() (func(balanceTransaction) bool, error) {
	id := c.params.text("payout", 5000)
	if id == "" {
		return func(balanceTransaction) bool { return true }, nil
	}
	po, ok := c.payouts.find(id)
	switch {
	case !ok:
		return nil, noSuch("payout", id, "payout")
	case !po.Automatic:
		return nil, badRequest("", "payout", "Balance transaction history can only be filtered on automatic payouts, not manual.")
	}
	last := ""
	if po.ReconciliationStatus != itemized {
		for _, m := range c.paidOut.all() {
			if m.Payout == id {
				last = m.Transaction
			}
		}
	}
	return func(bt balanceTransaction) bool {
		m, ok := c.paidOut.find(bt.ID)
		return ok && m.Payout == id && bt.ID != last
	}, nil
}
