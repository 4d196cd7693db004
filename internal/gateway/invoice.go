package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
)

// TakesInvoices reports whether companies can ask for an invoice of Stripe's.
func (g *Gateway) TakesInvoices() bool { return slices.Contains(g.config.Methods, invoiceMethod) }

// invoiceDays are how long an invoice may wait to be paid.
const invoiceDays = 30

// Invoice starts a payment by an invoice of Stripe's, which carries the company's purchase
// order. The answer has the address of its page; a second call has the same.
func (g *Gateway) Invoice(ctx context.Context, o Order) (giving.Payment, error) {
	if !g.TakesInvoices() {
		return giving.Payment{}, fault.New(fault.Conflict, "payment.no_invoices")
	}
	if err := CheckAmount(o.Amount); err != nil {
		return giving.Payment{}, err
	}
	payment, err := g.start(ctx, o, giving.ByInvoice)
	if err != nil || payment.InvoiceID != "" {
		return payment, err
	}
	invoice, err := g.openInvoice(ctx, payment)
	if err != nil {
		return payment, g.notOpened(ctx, payment, err)
	}
	if err := g.sync(ctx, payment.ID, refs{invoice: invoice}); err != nil {
		return payment, g.forPayer(payment.ID, err)
	}
	return giving.PaymentOf(ctx, g.db, payment.ID, o.PersonID)
}

// openInvoice makes an invoice in three calls, each under a key of its own that follows
// from the payment's: cut off anywhere, it is gone through again and makes the same one.
func (g *Gateway) openInvoice(ctx context.Context, p giving.Payment) (string, error) {
	units, err := toStripe(p.Charge())
	if err != nil {
		return "", err
	}
	customer, err := g.customer(ctx, p.ID)
	if err != nil {
		return "", err
	}
	currency := strings.ToLower(string(p.Charge().Currency))
	params := &stripe.InvoiceParams{
		Customer: &customer.ID, Currency: &currency, CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(invoiceDays),
		AutoAdvance: stripe.Bool(false), PendingInvoiceItemsBehavior: stripe.String("exclude"), Description: &p.Title, Metadata: metadata(p),
		PaymentSettings: &stripe.InvoicePaymentSettingsParams{PaymentMethodTypes: stripe.StringSlice(g.methods(p.Charge().Currency))},
	}
	if customer.Order != "" {
		params.CustomFields = []*stripe.InvoiceCustomFieldParams{{Name: stripe.String("PO"), Value: &customer.Order}}
	}
	params.Context = ctx
	params.SetIdempotencyKey(p.IdempotencyKey + "-invoice")
	invoice, err := g.api.Invoices.New(params)
	if err != nil {
		return "", stripeErr("make an invoice", err)
	}
	if invoice.Livemode != g.config.live() {
		return "", errors.New("make an invoice: its mode is not this deployment's")
	}
	item := &stripe.InvoiceItemParams{Customer: &customer.ID, Invoice: &invoice.ID, Amount: &units, Currency: &currency, Description: &p.Title}
	item.Context = ctx
	item.SetIdempotencyKey(p.IdempotencyKey + "-item")
	if _, err := g.api.InvoiceItems.New(item); err != nil {
		return "", stripeErr("write the line of an invoice", err)
	}
	final := &stripe.InvoiceFinalizeInvoiceParams{AutoAdvance: stripe.Bool(false)}
	final.Context = ctx
	final.SetIdempotencyKey(p.IdempotencyKey + "-final")
	if _, err := g.api.Invoices.FinalizeInvoice(invoice.ID, final); err != nil {
		return "", stripeErr("finalize an invoice", err)
	}
	return invoice.ID, nil
}

func (g *Gateway) invoice(ctx context.Context, id string) (*stripe.Invoice, error) {
	params := &stripe.InvoiceParams{}
	params.Context = ctx
	invoice, err := g.api.Invoices.Get(id, params)
	if err != nil {
		return nil, stripeErr("read an invoice", err)
	}
	return invoice, nil
}

// invoiceFacts reads an invoice and the payment intent under it. One that somebody calls
// paid without Stripe has brought no money here: it is closed, and a person looks for the
// money at the bank.
func (g *Gateway) invoiceFacts(ctx context.Context, p giving.Payment, id string) (giving.Facts, error) {
	invoice, err := g.invoice(ctx, id)
	if err != nil {
		return giving.Facts{}, err
	}
	if invoice.Metadata["payment_id"] != p.ID {
		return giving.Facts{}, errOtherPayment
	}
	facts := giving.Facts{State: giving.Open, InvoiceID: invoice.ID, PageURL: invoice.HostedInvoiceURL, ReadAt: g.now()}
	if invoice.DueDate != 0 {
		facts.DueAt = time.Unix(invoice.DueDate, 0).UTC()
	}
	if invoice.PaymentIntent != nil {
		intent, err := g.intent(ctx, invoice.PaymentIntent.ID)
		if err != nil {
			return facts, err
		}
		if facts, err = g.addIntent(ctx, facts, intent, invoiceState(invoice, intent)); err != nil || len(facts.Movements) > 0 {
			return facts, err
		}
	}
	switch invoice.Status {
	case stripe.InvoiceStatusPaid:
		if invoice.PaidOutOfBand {
			facts.State, facts.OutOfBand = giving.Expired, true
		}
	case stripe.InvoiceStatusVoid:
		facts.State = giving.Expired
	case stripe.InvoiceStatusUncollectible:
		facts.State = giving.Failed
	}
	return facts, nil
}

func invoiceState(invoice *stripe.Invoice, intent *stripe.PaymentIntent) giving.State {
	switch {
	case intent.Status == stripe.PaymentIntentStatusSucceeded:
		return giving.Paid
	case intent.Status == stripe.PaymentIntentStatusProcessing:
		return giving.Processing
	case intent.Status == stripe.PaymentIntentStatusCanceled:
		return giving.Expired
	case intent.LastPaymentError != nil && invoice.Status == stripe.InvoiceStatusOpen:
		return giving.Declined
	}
	return giving.Open
}

// closeInvoice voids an invoice that nobody has paid.
func (g *Gateway) closeInvoice(ctx context.Context, p giving.Payment) error {
	if p.InvoiceID == "" { // its answer was lost: the same keys bring the same one back
		invoice, err := g.openInvoice(ctx, p)
		if status(err) == http.StatusBadRequest {
			return giving.Abandon(ctx, g.db, p.ID)
		}
		if err != nil {
			return err
		}
		p.InvoiceID = invoice
	}
	params := &stripe.InvoiceVoidInvoiceParams{}
	params.Context = ctx
	if _, err := g.api.Invoices.VoidInvoice(p.InvoiceID, params); err != nil {
		err = stripeErr("void an invoice", err)
		if status(err) != http.StatusBadRequest { // 400: it was paid or void already
			return err
		}
	}
	return g.sync(ctx, p.ID, refs{invoice: p.InvoiceID})
}
