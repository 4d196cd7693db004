package stripesim

import (
	"slices"
	"time"
)

// bill is what a page asks a payer for: the sum of a session or of an invoice.
type bill struct {
	ID        string
	State     billState
	Amount    int64
	Currency  string
	Items     []billItem
	Email     string
	Reference string
	Due       int64 // 0 is no date
	Cancel    string
	Onward    string // where the payer goes afterwards
	Transfer  string // page of the bank's details, once the payer has asked for them
	Methods   []string
	Locale    string
	Lang      string // as the merchant noted it
}

type billItem struct {
	Name   string
	Amount int64
}

type billState string

const (
	billOpen    billState = "open"
	billPaid    billState = "paid"
	billPending billState = "pending" // a debit is on its way
	billWaiting billState = "waiting" // for a bank transfer
	billExpired billState = "expired"
	billVoid    billState = "void"
)

func (b bill) offers(method string) bool { return slices.Contains(b.Methods, method) }

// lookFor finds a bill as of now: a session whose time is over is shown as expired.
func (s *Sim) lookFor(find func(*tx) (bill, error)) (b bill, now time.Time, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		now = t.now
		b, err = find(t)
		return err
	})
	return b, now, err
}

func sessionBill(id string) func(*tx) (bill, error) {
	return func(t *tx) (bill, error) {
		cs, ok := t.sessions.find(id)
		if !ok {
			return bill{}, noSuch("checkout.session", id, "session")
		}
		o, _ := t.orders.find(id)
		b := bill{
			ID: cs.ID, State: billOpen, Amount: cs.AmountTotal, Currency: cs.Currency, Email: string(t.payerEmail(cs)), Reference: string(cs.ClientReferenceID),
			Cancel: string(cs.CancelURL), Onward: cs.successURL(), Methods: cs.PaymentMethodTypes, Locale: string(cs.Locale), Lang: cs.Metadata["lang"],
		}
		for _, item := range o.Items {
			b.Items = append(b.Items, billItem{item.Description, item.AmountTotal})
		}
		pi, _ := t.intents.find(string(cs.PaymentIntent))
		switch {
		case cs.Status == sessionExpired:
			b.State = billExpired
		case cs.Status == sessionComplete && cs.PaymentStatus == "paid":
			b.State = billPaid
		case cs.Status == sessionComplete && pi.NextAction != nil:
			b.State, b.Transfer = billWaiting, "/transfer/"+pi.ID
		case cs.Status == sessionComplete:
			b.State = billPending
		}
		return b, nil
	}
}

func invoiceBill(id string) func(*tx) (bill, error) {
	return func(t *tx) (bill, error) {
		inv, ok := t.invoices.find(id)
		if !ok || inv.Status == invoiceDraft {
			return bill{}, noSuch("invoice", id, "invoice")
		}
		b := bill{
			ID: inv.ID, State: billOpen, Amount: inv.AmountDue, Currency: inv.Currency, Email: string(inv.CustomerEmail), Reference: string(inv.Number),
			Onward: "/i/" + inv.ID, Methods: inv.methods(), Lang: inv.Metadata["lang"],
		}
		if inv.DueDate != nil {
			b.Due = *inv.DueDate
		}
		for _, line := range inv.Lines.Data {
			b.Items = append(b.Items, billItem{string(line.Description), line.Amount})
		}
		pi, _ := t.intents.find(string(inv.PaymentIntent))
		switch {
		case inv.Status == invoicePaid:
			b.State = billPaid
		case inv.Status == invoiceVoid:
			b.State = billVoid
		case pi.Status == intentProcessing:
			b.State = billPending
		case pi.NextAction != nil:
			b.Transfer = "/transfer/" + pi.ID
		}
		return b, nil
	}
}
