package stripesim

import (
	"errors"
	"fmt"
	"time"
)

func finalizeInvoice(c *call) (any, error) {
	advance := c.params.choice("auto_advance", "true", "false")
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	inv, err := c.invoiceIn("finalized", invoiceDraft)
	if err != nil {
		return nil, err
	}
	if advance != "" {
		inv.AutoAdvance = advance == "true"
	}
	return c.finalize(inv)
}

// finalize gives a draft its number, its page and its payment intent. From here on what
// it asks for cannot change.
func (t *tx) finalize(inv invoice) (invoice, error) {
	terms, _ := t.invoiceTerms.find(inv.ID)
	if len(inv.Lines.Data) == 0 {
		return inv, badRequest("invoice_no_customer_line_items", "", "Nothing to invoice for customer.")
	}
	if inv.Total < 0 {
		return inv, badRequest("", "", "The sandbox does not implement invoices below zero.")
	}
	if inv.Total > 0 {
		if err := checkAmount(inv.Total, inv.Currency, inv.methods()); err != nil {
			return inv, err
		}
		var options *transferOptions
		if inv.PaymentSettings.Options != nil {
			options = inv.PaymentSettings.Options.CustomerBalance
		}
		if err := checkTransfer(inv.methods(), options, opt(inv.Customer), inv.Currency); err != nil {
			return inv, err
		}
	}
	t.forget(inv.ID)
	if inv.Number == "" {
		cus, _ := t.customers.find(inv.Customer)
		inv.Number = opt(fmt.Sprintf("%s-%0*d", cus.InvoicePrefix, numberWidth, cus.NextInvoiceSequence))
		cus.NextInvoiceSequence++
		save(t, &t.customers, cus)
	}
	now := t.now.Unix()
	inv.Status, inv.StatusTransitions.Finalized, inv.EffectiveAt, inv.EndingBalance = invoiceOpen, &now, &now, new(int64)
	inv.HostedURL = opt(terms.Origin + "/i/" + inv.ID)
	if terms.Days > 0 {
		inv.DueDate = new(t.now.Add(time.Duration(terms.Days) * 24 * time.Hour).Unix())
	}
	if inv.Total == 0 {
		save(t, &t.invoices, inv)
		t.emit("invoice.finalized", inv, nil)
		return t.invoiceIsPaid(inv, ""), nil
	}
	if inv.DueDate != nil {
		t.later(invoiceOverdue, inv.ID, time.Unix(*inv.DueDate, 0).Sub(t.now))
	}
	pi := t.newIntent(inv.Total, inv.Currency)
	pi.Customer, pi.Invoice, pi.PaymentMethodTypes, pi.ReceiptEmail = opt(inv.Customer), opt(inv.ID), inv.methods(), inv.CustomerEmail
	pi.Description = "Payment for Invoice"
	if inv.PaymentSettings.Options != nil {
		pi.PaymentMethodOptions = *inv.PaymentSettings.Options
	}
	save(t, &t.intents, pi)
	inv.PaymentIntent = opt(pi.ID)
	save(t, &t.invoices, inv)
	t.emit("invoice.finalized", inv, nil)
	t.emit("payment_intent.created", pi, nil)
	return inv, nil
}

// sendInvoice tells the customer; the sandbox has no mail, the event is all there is.
func sendInvoice(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	inv, err := c.invoiceIn("sent", invoiceDraft, invoiceOpen, invoiceUncollectible, invoicePaid)
	if err != nil {
		return nil, err
	}
	if inv.CollectionMethod != billByMail {
		return nil, badRequest("", "", "You can only manually send an invoice if its collection method is 'send_invoice'.")
	}
	if inv.Status == invoiceDraft {
		if inv, err = c.finalize(inv); err != nil {
			return nil, err
		}
	}
	c.emit("invoice.sent", inv, nil)
	return inv, nil
}

// invoiceIsPaid closes an invoice; charge is empty if it was paid elsewhere or asked nothing.
func (t *tx) invoiceIsPaid(inv invoice, charge string) invoice {
	t.forget(inv.ID)
	inv.Status, inv.Paid, inv.AmountPaid, inv.AmountRemaining, inv.Charge = invoicePaid, true, inv.AmountDue, 0, opt(charge)
	inv.StatusTransitions.Paid = new(t.now.Unix())
	if charge != "" {
		inv.Attempted = true
		inv.AttemptCount++
	}
	save(t, &t.invoices, inv)
	t.emit("invoice.paid", inv, nil)
	t.emit("invoice.payment_succeeded", inv, nil)
	return inv
}

// invoiceHears tells an invoice what became of an attempt to pay it.
func (t *tx) invoiceHears(pi paymentIntent, ch charge) {
	inv, ok := t.invoices.find(string(pi.Invoice))
	switch {
	case !ok:
	case ch.Status == chargeSucceeded && !inv.Paid:
		t.invoiceIsPaid(inv, ch.ID)
	case ch.Status == chargeFailed && !inv.Paid:
		inv.Attempted = true
		inv.AttemptCount++
		save(t, &t.invoices, inv)
		t.emit("invoice.payment_failed", inv, nil)
	}
}

// payInvoice takes the money by Stripe's test card, or notes that it came elsewhere.
func payInvoice(c *call) (any, error) {
	elsewhere := c.params.choice("paid_out_of_band", "true", "false") == "true"
	method := c.params.choice("payment_method", "pm_card_visa")
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	inv, err := c.invoiceIn("paid", invoiceOpen, invoiceUncollectible)
	if err != nil {
		return nil, err
	}
	pi, _ := c.intents.find(string(inv.PaymentIntent))
	if pi.Status == intentProcessing {
		return nil, badRequest("", "", "A payment of this invoice is on its way.")
	}
	switch {
	case elsewhere:
		inv.PaidOutOfBand = true
		c.cancel(pi, "automatic")
		return c.invoiceIsPaid(inv, ""), nil
	case method == "":
		return nil, badRequest("", "", "There is no payment method to pay this invoice with. Give payment_method or paid_out_of_band.")
	}
	in := instrument{method: methodCard, number: CardPays, expMonth: 12, expYear: c.now.Year() + 1}
	pi = c.release(pi)
	c.succeed(pi, c.newCharge(pi, in))
	inv, _ = c.invoices.find(inv.ID)
	return inv, nil
}

func voidInvoice(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	inv, err := c.invoiceIn("voided", invoiceOpen, invoiceUncollectible)
	if err != nil {
		return nil, err
	}
	pi, _ := c.intents.find(string(inv.PaymentIntent))
	if pi.Status == intentProcessing {
		return nil, badRequest("", "", "A payment of this invoice is on its way.")
	}
	c.forget(inv.ID)
	inv.Status, inv.StatusTransitions.Voided = invoiceVoid, new(c.now.Unix())
	save(c.tx, &c.invoices, inv)
	c.cancel(pi, "void_invoice")
	c.emit("invoice.voided", inv, nil)
	return inv, nil
}

func markUncollectible(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	inv, err := c.invoiceIn("marked uncollectible", invoiceOpen)
	if err != nil {
		return nil, err
	}
	inv.Status, inv.StatusTransitions.Uncollectible = invoiceUncollectible, new(c.now.Unix())
	save(c.tx, &c.invoices, inv)
	c.emit("invoice.marked_uncollectible", inv, nil)
	return inv, nil
}

// advanceInvoice finalizes a draft that was left alone. One that cannot be finalized
// stays a draft.
func (t *tx) advanceInvoice(inv invoice) {
	if inv.Status != invoiceDraft {
		return
	}
	inv, err := t.finalize(inv)
	if err == nil && inv.Status == invoiceOpen && inv.CollectionMethod == billByMail {
		t.emit("invoice.sent", inv, nil)
	}
}

// lateInvoice tells that the day of payment has gone by.
func (t *tx) lateInvoice(inv invoice) {
	if inv.Status == invoiceOpen {
		t.emit("invoice.overdue", inv, nil)
	}
}

// ErrNotPayable says that an invoice is a draft, void or paid.
var ErrNotPayable = errors.New("the invoice is not open")

// PayInvoice submits the page of an invoice for a test, with a test number as Pay takes
// them. It answers nil, a *Declined, ErrNotPayable, or what is wrong with the number.
func (s *Sim) PayInvoice(invoice, number string) error {
	in, err := s.instrument(number)
	if err != nil {
		return err
	}
	return s.submitInvoice(invoice, in)
}

func (s *Sim) submitInvoice(id string, in instrument) error {
	var declined *Declined
	err := s.update(eventCause{}, func(t *tx) error {
		inv, ok := t.invoices.find(id)
		if !ok {
			return noSuch("invoice", id, "invoice")
		}
		pi, _ := t.intents.find(string(inv.PaymentIntent))
		if inv.Status != invoiceOpen && inv.Status != invoiceUncollectible || pi.Status == intentProcessing {
			return fmt.Errorf("invoice %s is %s: %w", id, inv.Status, ErrNotPayable)
		}
		declined = t.payIntent(t.release(pi), checkoutSession{}, in)
		return nil
	})
	if err == nil && declined != nil {
		err = declined
	}
	return err
}
