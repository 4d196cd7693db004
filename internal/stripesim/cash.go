package stripesim

import (
	"fmt"
	"time"
)

// cash is what a customer has sent by bank transfer and no payment has used yet.
type cash struct {
	Customer string `json:"customer"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
	Funded   int64  `json:"funded"` // when something last came
}

func cashKey(customer, currency string) string { return customer + "/" + currency }
func (c cash) key() string                     { return cashKey(c.Customer, c.Currency) }

// cashKept is how long Stripe keeps money that belongs to no payment before it sends it back.
const cashKept = 75 * 24 * time.Hour

// cashTransaction is a movement of a customer's cash.
type cashTransaction struct {
	ID            string       `json:"id"`
	Object        string       `json:"object"`
	Applied       *cashPayment `json:"applied_to_payment,omitempty"`
	Created       int64        `json:"created"`
	Currency      string       `json:"currency"`
	Customer      string       `json:"customer"`
	EndingBalance int64        `json:"ending_balance"`
	Funded        *cashFunded  `json:"funded,omitempty"`
	Livemode      bool         `json:"livemode"`
	NetAmount     int64        `json:"net_amount"`
	Type          string       `json:"type"`
	Unapplied     *cashPayment `json:"unapplied_from_payment,omitempty"`
}

type cashPayment struct {
	PaymentIntent string `json:"payment_intent"`
}

type cashFunded struct {
	BankTransfer cashTransfer `json:"bank_transfer"`
}

type cashTransfer struct {
	EU        *euSender `json:"eu_bank_transfer,omitempty"`
	US        *usSender `json:"us_bank_transfer,omitempty"`
	Reference opt       `json:"reference"`
	Type      string    `json:"type"`
}

type euSender struct {
	BIC       string `json:"bic"`
	IBANLast4 string `json:"iban_last4"`
	Sender    string `json:"sender_name"`
}

type usSender struct {
	Network string `json:"network"`
	Sender  string `json:"sender_name"`
}

func (c cashTransaction) key() string      { return c.ID }
func (c cashTransaction) createdAt() int64 { return c.Created }

// moveCash changes a customer's cash by a transaction and tells of it.
func (t *tx) moveCash(customer, currency string, ct cashTransaction) cash {
	c, ok := t.cash.find(cashKey(customer, currency))
	if !ok {
		c = cash{Customer: customer, Currency: currency}
	}
	c.Amount += ct.NetAmount
	if ct.Type == "funded" {
		c.Funded = t.now.Unix()
		t.later(cashReturns, c.key(), cashKept)
	}
	save(t, &t.cash, c)
	ct.ID, ct.Object, ct.Created = newID("ccsbtxn_1", 23), "customer_cash_balance_transaction", t.now.Unix()
	ct.Customer, ct.Currency, ct.EndingBalance = customer, currency, c.Amount
	save(t, &t.cashTransactions, ct)
	t.emit("customer_cash_balance_transaction.created", ct, nil)
	return c
}

// fund lets a bank transfer of a customer arrive. It pays the payment that its reference
// names; without one, the payment that lacks exactly this sum; else the oldest payments
// that wait. What is left over stays the customer's cash. Sender is the name that the bank
// tells, which decides nothing.
func (t *tx) fund(customer, currency string, amount int64, reference, sender string) cashTransaction {
	how := cashTransfer{Reference: opt(reference), Type: bankTransferTypes[currency]}
	if currency == "eur" {
		how.EU = &euSender{"SNDXDE22", "3000", sender}
	} else {
		how.US = &usSender{"domestic_wire_us", sender}
	}
	t.moveCash(customer, currency, cashTransaction{Type: "funded", NetAmount: amount, Funded: &cashFunded{how}})
	ct, _ := t.cashTransactions.find(t.cashTransactions.order[len(t.cashTransactions.order)-1])
	for _, pi := range t.toPay(customer, currency, amount, reference) {
		t.applyCash(pi)
	}
	if c, _ := t.cash.find(cashKey(customer, currency)); c.Amount > 0 {
		t.emit("cash_balance.funds_available", t.cashBalance(customer), nil)
	}
	return ct
}

// toPay lists the intents that a transfer pays, first to last.
func (t *tx) toPay(customer, currency string, amount int64, reference string) []string {
	var waiting, exact []string
	for _, w := range t.transferWaits.all() {
		pi, _ := t.intents.find(w.Intent)
		if string(pi.Customer) != customer || pi.Currency != currency {
			continue
		}
		if reference != "" && pi.NextAction.Instructions.Reference == reference {
			return []string{pi.ID}
		}
		waiting = append(waiting, pi.ID)
		if pi.NextAction.Instructions.AmountRemaining == amount {
			exact = append(exact, pi.ID)
		}
	}
	if len(exact) > 0 {
		return exact[:1]
	}
	return waiting
}

// applyCash pays an intent from its customer's cash: as far as it goes, and an invoice's
// only when it goes all the way.
func (t *tx) applyCash(intent string) {
	pi, _ := t.intents.find(intent)
	wait, ok := t.transferWaits.find(intent)
	have, _ := t.cash.find(cashKey(string(pi.Customer), pi.Currency))
	if !ok || have.Amount <= 0 {
		return
	}
	lacks := pi.NextAction.Instructions.AmountRemaining
	take := min(lacks, have.Amount)
	if pi.Invoice != "" && take < lacks {
		return
	}
	t.moveCash(string(pi.Customer), pi.Currency, cashTransaction{Type: "applied_to_payment", NetAmount: -take, Applied: &cashPayment{pi.ID}})
	if take < lacks {
		next := *pi.NextAction
		next.Instructions.AmountRemaining -= take
		pi.NextAction = &next
		save(t, &t.intents, pi)
		t.emit("payment_intent.partially_funded", pi, nil)
		return
	}
	drop(t, &t.transferWaits, intent)
	pi.NextAction = nil
	t.succeed(pi, t.newCharge(pi, instrument{method: methodTransfer}))
	t.arrive(wait.Session)
}

// release gives back to the customer what an intent had taken that will not be paid.
func (t *tx) release(pi paymentIntent) paymentIntent {
	if pi.NextAction == nil {
		return pi
	}
	had := pi.Amount - pi.NextAction.Instructions.AmountRemaining
	drop(t, &t.transferWaits, pi.ID)
	pi.NextAction = nil
	if had > 0 {
		t.moveCash(string(pi.Customer), pi.Currency, cashTransaction{Type: "unapplied_from_payment", NetAmount: had, Unapplied: &cashPayment{pi.ID}})
		t.emit("cash_balance.funds_available", t.cashBalance(string(pi.Customer)), nil)
	}
	return pi
}

// returnCash sends money back that has belonged to no payment for too long.
func (t *tx) returnCash(key string) {
	c, _ := t.cash.find(key)
	if c.Amount > 0 && c.Funded <= t.now.Add(-cashKept).Unix() {
		t.moveCash(c.Customer, c.Currency, cashTransaction{Type: "return_initiated", NetAmount: -c.Amount})
	}
}

// FundTransfer lets a bank transfer arrive for a payment intent that waits for one, with
// the reference that its payer was told: a part, the rest, or more than that. What is too
// much stays with the customer.
func (s *Sim) FundTransfer(intent string, amount int64) error {
	return s.update(eventCause{}, func(t *tx) error {
		pi, ok := t.intents.find(intent)
		if !ok {
			return noSuch("payment_intent", intent, "intent")
		}
		if pi.NextAction == nil {
			return fmt.Errorf("payment intent %s is %s: it waits for no transfer", intent, pi.Status)
		}
		if amount <= 0 {
			return fmt.Errorf("a transfer of %d", amount)
		}
		t.fund(string(pi.Customer), pi.Currency, amount, pi.NextAction.Instructions.Reference, usualSender)
		return nil
	})
}

// FundCustomer lets a bank transfer of a customer arrive with whatever reference, none
// or a wrong one.
func (s *Sim) FundCustomer(customer, currency string, amount int64, reference string) error {
	return s.FundCustomerFrom(customer, currency, amount, reference, usualSender)
}

// usualSender is whose name stands on a transfer when nobody says another.
const usualSender = "Sandbox Payer"

// FundCustomerFrom is the same with the name of whoever sent the money: a company's
// director, or another company.
func (s *Sim) FundCustomerFrom(customer, currency string, amount int64, reference, sender string) error {
	return s.update(eventCause{}, func(t *tx) error {
		if _, ok := t.customers.find(customer); !ok {
			return noSuch("customer", customer, "customer")
		}
		if amount <= 0 || bankTransferTypes[currency] == "" {
			return fmt.Errorf("a transfer of %d %s", amount, currency)
		}
		t.fund(customer, currency, amount, reference, sender)
		return nil
	})
}

type cashBalance struct {
	Object    string           `json:"object"`
	Available map[string]int64 `json:"available"` // null if there never was any
	Customer  string           `json:"customer"`
	Livemode  bool             `json:"livemode"`
	Settings  cashSettings     `json:"settings"`
}

type cashSettings struct {
	ReconciliationMode string `json:"reconciliation_mode"`
	UsingDefault       bool   `json:"using_merchant_default"`
}

func (t *tx) cashBalance(customer string) cashBalance {
	b := cashBalance{Object: "cash_balance", Customer: customer, Settings: cashSettings{"automatic", true}}
	for _, c := range t.cash.all() {
		if c.Customer == customer {
			if b.Available == nil {
				b.Available = map[string]int64{}
			}
			b.Available[c.Currency] = c.Amount
		}
	}
	return b
}

func getCashBalance(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	if _, ok := c.customers.find(c.id); !ok {
		return nil, noSuch("customer", c.id, "customer")
	}
	return c.cashBalance(c.id), nil
}

func listCashTransactions(c *call) (any, error) {
	if _, ok := c.customers.find(c.id); !ok {
		return nil, noSuch("customer", c.id, "customer")
	}
	return list(c, &c.cashTransactions, func(ct cashTransaction) bool { return ct.Customer == c.id })
}

func getCashTransaction(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	ct, ok := c.cashTransactions.find(c.inner)
	if !ok || ct.Customer != c.id {
		return nil, noSuch("customer_cash_balance_transaction", c.inner, "transaction")
	}
	return ct, nil
}

// fundCash is Stripe's own helper for tests of bank transfers.
func fundCash(c *call) (any, error) {
	amount, given := c.params.integer("amount")
	if !given {
		c.params.required("amount", "")
	}
	currency := c.params.required("currency", c.params.text("currency", 3))
	reference := c.params.text("reference", 5000)
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	if _, ok := c.customers.find(c.id); !ok {
		return nil, noSuch("customer", c.id, "customer")
	}
	if amount <= 0 {
		return nil, badRequest("parameter_invalid_integer", "amount", "Invalid positive integer")
	}
	if bankTransferTypes[currency] == "" {
		return nil, badRequest("", "currency", "The sandbox takes bank transfers in usd and eur.")
	}
	return c.fund(c.id, currency, amount, reference, usualSender), nil
}
