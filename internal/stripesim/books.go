package stripesim

import "maps"

// Books are the sandbox's own accounts, for a test to compare a ledger with.
type Books struct {
	// Totals are the sums of balance transactions by currency.
	Totals map[string]Totals
	// Payments are the facts of each payment intent, by its id.
	Payments map[string]Payment
	// Payouts are the sums of each payout, by its id.
	Payouts map[string]PayoutFacts
}

// Totals are sums in minor units of one currency.
type Totals struct {
	ByType map[string]Sum // charge, payment, refund, payment_refund, adjustment, payout, …
	Sum                   // of all types
}

// Sum adds balance transactions up. Net is always Gross − Fee.
type Sum struct {
	Count           int
	Gross, Fee, Net int64
}

func (s *Sum) add(bt balanceTransaction) {
	s.Count++
	s.Gross += bt.Amount
	s.Fee += bt.Fee
	s.Net += bt.Net
}

// Payment is what became of one payment intent. What was asked and taken is in the
// currency of the payment; what moved on the balance in that of the balance.
type Payment struct {
	Session           string
	ClientReferenceID string
	Metadata          map[string]string // of the intent
	Status            string            // of the intent
	PaymentStatus     string            // of the session
	Invoice           string
	Currency          string
	Amount            int64 // asked
	Received          int64 // taken, whether it came back later or not

	Settled      string // the currency of the balance, empty as long as nothing moved
	Gross        int64  // what came
	Refunded     int64  // less what came back of failed refunds
	Disputed     int64  // withdrawn by disputes, less what was reinstated
	FailedLate   int64  // taken back by the bank after success
	Fee          int64
	Net          int64    // gross − refunded − disputed − failed late − fee
	Failed       int      // charges that were refused or came back
	Transactions []string // ids of its balance transactions, oldest first
}

// Books adds everything up as of now.
func (s *Sim) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Books{Totals: map[string]Totals{}, Payments: map[string]Payment{}, Payouts: map[string]PayoutFacts{}}
	owner := map[opt]string{} // charge, refund or dispute → intent
	for _, pi := range s.db.intents.all() {
		b.Payments[pi.ID] = Payment{Metadata: maps.Clone(pi.Metadata), Status: pi.Status, Invoice: string(pi.Invoice), Currency: pi.Currency, Amount: pi.Amount}
	}
	for _, cs := range s.db.sessions.all() {
		if p, ok := b.Payments[string(cs.PaymentIntent)]; ok {
			p.Session, p.ClientReferenceID, p.PaymentStatus = cs.ID, string(cs.ClientReferenceID), cs.PaymentStatus
			b.Payments[string(cs.PaymentIntent)] = p
		}
	}
	for _, ch := range s.db.charges.all() {
		owner[opt(ch.ID)] = string(ch.PaymentIntent)
		p := b.Payments[string(ch.PaymentIntent)]
		if ch.Status == chargeFailed {
			p.Failed++
		}
		if ch.Status == chargeSucceeded || ch.FailureBalanceTransaction != "" {
			p.Received += ch.Amount
		}
		b.Payments[string(ch.PaymentIntent)] = p
	}
	for _, re := range s.db.refunds.all() {
		owner[opt(re.ID)] = string(re.PaymentIntent)
	}
	for _, d := range s.db.disputes.all() {
		owner[opt(d.ID)] = string(d.PaymentIntent)
	}
	for _, bt := range s.db.transactions.all() {
		b.book(bt, owner[bt.Source])
	}
	s.payoutFacts(b)
	return b
}

// book adds a balance transaction to the totals, and to its payment if it has one.
func (b Books) book(bt balanceTransaction, intent string) {
	total := b.Totals[bt.Currency]
	if total.ByType == nil {
		total.ByType = map[string]Sum{}
	}
	sum := total.ByType[bt.Type]
	sum.add(bt)
	total.ByType[bt.Type] = sum
	total.add(bt)
	b.Totals[bt.Currency] = total

	p, ok := b.Payments[intent]
	if !ok {
		return // a payout, or a fee without a source
	}
	p.Transactions = append(p.Transactions, bt.ID)
	p.Settled = bt.Currency
	p.Fee += bt.Fee
	p.Net += bt.Net
	switch bt.Type {
	case "charge", "payment":
		p.Gross += bt.Amount
	case "adjustment":
		p.Disputed -= bt.Amount
	case "payment_failure_refund":
		p.FailedLate -= bt.Amount
	default: // refunds and their failures
		p.Refunded -= bt.Amount
	}
	b.Payments[intent] = p
}
