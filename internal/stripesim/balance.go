package stripesim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

type balanceTransaction struct {
	ID           string    `json:"id"`
	Object       string    `json:"object"`
	Amount       int64     `json:"amount"`
	AvailableOn  int64     `json:"available_on"`
	Created      int64     `json:"created"`
	Currency     string    `json:"currency"`
	Description  opt       `json:"description"`
	ExchangeRate ratio     `json:"exchange_rate"`
	Fee          int64     `json:"fee"`
	FeeDetails   []feePart `json:"fee_details"`
	Net          int64     `json:"net"`
	Category     string    `json:"reporting_category"`
	Source       opt       `json:"source"`
	Status       string    `json:"status"`
	Type         string    `json:"type"`
}

type feePart struct {
	Amount      int64  `json:"amount"`
	Application never  `json:"application"`
	Currency    string `json:"currency"`
	Description string `json:"description"`
	Type        string `json:"type"`
}

func (b balanceTransaction) key() string      { return b.ID }
func (b balanceTransaction) createdAt() int64 { return b.Created }

// availableAfter is Stripe's T+2 of a new account, counted in plain days. What leaves
// the balance has left it at once.
const availableAfter = 48 * time.Hour

// book completes a movement of the balance, in the currency of the balance, and saves it.
func (t *tx) book(bt balanceTransaction) balanceTransaction {
	bt.ID, bt.Object = newID("txn_3", 23), "balance_transaction"
	bt.Created, bt.AvailableOn = t.now.Unix(), t.now.Unix()
	if bt.Type == "charge" || bt.Type == "payment" {
		bt.AvailableOn = t.now.Add(availableAfter).Unix()
	}
	bt.Net, bt.Status = bt.Amount-bt.Fee, "pending"
	bt.FeeDetails = []feePart{}
	if bt.Fee != 0 {
		bt.FeeDetails = append(bt.FeeDetails, feePart{Amount: bt.Fee, Currency: bt.Currency, Description: "Stripe processing fees", Type: "stripe_fee"})
	}
	save(t, &t.transactions, bt)
	return bt
}

// fee is what Stripe keeps: 2.9 % + 30 of a card payment, 0.8 % and at most 500 of
// a bank debit in dollars, 0.8 % + 30 and at most 600 of one in euros, 0.5 % and at most
// 500 of a bank transfer; in minor units and rounded half up.
func fee(method string, amount int64) int64 {
	switch method {
	case methodBank:
		return min((amount*8+500)/1000, 500)
	case methodSEPA:
		return min((amount*8+500)/1000+30, 600)
	case methodTransfer:
		return min((amount*5+500)/1000, 500)
	}
	return (amount*29+500)/1000 + 30
}

// ChargeFee lets Stripe take a fee that belongs to no payment, such as one for Radar, in
// minor units of a currency of the balance. Its balance transaction has no source.
func (s *Sim) ChargeFee(amount int64, currency, what string) (transaction string, err error) {
	if amount <= 0 || what == "" {
		return "", fmt.Errorf("a fee without a source has an amount and says what it is for, not %d for %q", amount, what)
	}
	if err := checkSettlement([]string{currency}); err != nil {
		return "", err
	}
	err = s.update(eventCause{}, func(t *tx) error {
		bt := t.book(balanceTransaction{Type: "stripe_fee", Category: "fee", Amount: -amount, Currency: currency, Description: opt(what)})
		transaction = bt.ID
		return nil
	})
	return transaction, err
}

// held is all that the account has in a currency, available or not.
func (t *tx) held(currency string) int64 {
	var sum int64
	for _, bt := range t.transactions.rows {
		if bt.Currency == currency {
			sum += bt.Net
		}
	}
	return sum
}

// asOf shows the transaction with the status that its date gives it.
func (b balanceTransaction) asOf(now time.Time) balanceTransaction {
	if b.AvailableOn <= now.Unix() {
		b.Status = "available"
	}
	return b
}

func getTransaction(c *call) (any, error) {
	return getOne(c, &c.transactions, "balance_transaction", "id")
}

func listTransactions(c *call) (any, error) {
	currency := c.params.text("currency", 3)
	source := opt(c.params.text("source", 5000))
	kind := c.params.text("type", 5000)
	member, err := c.inPayout()
	if err != nil {
		return nil, err
	}
	return list(c, &c.transactions, func(bt balanceTransaction) bool {
		return (currency == "" || bt.Currency == currency) && (source == "" || bt.Source == source) && (kind == "" || bt.Type == kind) && member(bt)
	})
}

type balance struct {
	Object    string          `json:"object"`
	Available []balanceAmount `json:"available"`
	Livemode  bool            `json:"livemode"`
	Pending   []balanceAmount `json:"pending"`
}

type balanceAmount struct {
	Amount      int64       `json:"amount"`
	Currency    string      `json:"currency"`
	SourceTypes sourceTypes `json:"source_types"`
}

type sourceTypes struct {
	BankAccount int64 `json:"bank_account,omitempty"`
	Card        int64 `json:"card"`
}

func getBalance(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	sums := map[string]*[2]balanceAmount{} // by currency: available, pending
	for _, bt := range c.transactions.all() {
		sum := sums[bt.Currency]
		if sum == nil {
			sum = &[2]balanceAmount{{Currency: bt.Currency}, {Currency: bt.Currency}}
			sums[bt.Currency] = sum
		}
		part := &sum[0]
		if bt.asOf(c.now).Status == "pending" {
			part = &sum[1]
		}
		part.Amount += bt.Net
		if bt.Type == "payment" || bt.Type == "payment_refund" {
			part.SourceTypes.BankAccount += bt.Net
		} else {
			part.SourceTypes.Card += bt.Net
		}
	}
	if len(sums) == 0 {
		sums["usd"] = &[2]balanceAmount{{Currency: "usd"}, {Currency: "usd"}}
	}
	out := balance{Object: "balance"}
	for _, sum := range sums {
		out.Available = append(out.Available, sum[0])
		out.Pending = append(out.Pending, sum[1])
	}
	byCurrency := func(a, b balanceAmount) int { return cmp.Compare(a.Currency, b.Currency) }
	slices.SortFunc(out.Available, byCurrency)
	slices.SortFunc(out.Pending, byCurrency)
	return out, nil
}
