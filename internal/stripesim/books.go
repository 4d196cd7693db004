package stripesim

import "maps"

// Books are the sandbox's own accounts, for a test to compare a ledger with.
type Books struct {
	// Totals are the sums of balance transactions by currency.
	Totals map[string]Totals
	// Payments are the facts of each payment intent, by its id.
	Payments map[string]Payment
}

// Totals are sums in minor units of one currency.
type Totals struct {
	ByType map[string]Sum // charge, payment, refund, payment_refund
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

// Payment is what became of one payment intent.
type Payment struct {
	Session           string
	ClientReferenceID string
	Metadata          map[string]string // of the intent
	Status            string            // of the intent
	PaymentStatus     string            // of the session
	Currency          string
	Amount            int64 // asked
	Received          int64 // taken
	Refunded          int64
	Fee               int64
	Net               int64    // received − refunded − fee
	Failed            int      // charges that were refused or came back
	Transactions      []string // ids of its balance transactions, oldest first
}

// Books adds everything up as of now.
func (s *Sim) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Books{Totals: map[string]Totals{}, Payments: map[string]Payment{}}
	owner := map[string]string{} // charge or refund → intent
	for _, pi := range s.db.intents.all() {
		b.Payments[pi.ID] = Payment{
			Metadata: maps.Clone(pi.Metadata), Status: pi.Status, Currency: pi.Currency, Amount: pi.Amount, Received: pi.AmountReceived,
		}
	}
	for _, cs := range s.db.sessions.all() {
		if p, ok := b.Payments[string(cs.PaymentIntent)]; ok {
			p.Session, p.ClientReferenceID, p.PaymentStatus = cs.ID, string(cs.ClientReferenceID), cs.PaymentStatus
			b.Payments[string(cs.PaymentIntent)] = p
		}
	}
	for _, ch := range s.db.charges.all() {
		owner[ch.ID] = string(ch.PaymentIntent)
		if ch.Status == chargeFailed {
			p := b.Payments[string(ch.PaymentIntent)]
			p.Failed++
			b.Payments[string(ch.PaymentIntent)] = p
		}
	}
	for _, re := range s.db.refunds.all() {
		owner[re.ID] = string(re.PaymentIntent)
	}
	for _, bt := range s.db.transactions.all() {
		b.book(bt, owner[bt.Source])
	}
	return b
}

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

	p := b.Payments[intent]
	p.Transactions = append(p.Transactions, bt.ID)
	p.Fee += bt.Fee
	p.Net += bt.Net
	if bt.Amount < 0 {
		p.Refunded -= bt.Amount
	}
	b.Payments[intent] = p
}
