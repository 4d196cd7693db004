package stripesim_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

// draft is an invoice of two lines, 5,000.00 in all, to be paid within 30 days.
func (l *lab) draft(change ...func(*stripe.InvoiceParams)) *stripe.Invoice {
	l.t.Helper()
	p := &stripe.InvoiceParams{
		Customer: stripe.String(l.customer()), CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(30), Currency: stripe.String("usd"),
		Description: stripe.String("PO 4711"), AutoAdvance: stripe.Bool(false),
	}
	p.AddMetadata("payment", "pay-1")
	for _, c := range change {
		c(p)
	}
	inv, err := l.api.Invoices.New(p)
	l.must(err)
	for text, minor := range map[string]int64{"Ventilators": 400_000, "Filters": 100_000} {
		_, err := l.api.InvoiceItems.New(&stripe.InvoiceItemParams{
			Customer: p.Customer, Invoice: &inv.ID, Amount: &minor, Currency: p.Currency, Description: &text,
		})
		l.must(err)
	}
	return inv
}

func (l *lab) sent(change ...func(*stripe.InvoiceParams)) *stripe.Invoice {
	l.t.Helper()
	inv, err := l.api.Invoices.SendInvoice(l.draft(change...).ID, nil)
	l.must(err)
	return inv
}

func (l *lab) invoice(id string) *stripe.Invoice {
	l.t.Helper()
	p := &stripe.InvoiceParams{}
	p.AddExpand("payment_intent")
	p.AddExpand("charge.balance_transaction")
	inv, err := l.api.Invoices.Get(id, p)
	l.must(err)
	return inv
}

func invoicedBy(methods ...string) func(*stripe.InvoiceParams) {
	return func(p *stripe.InvoiceParams) {
		p.PaymentSettings = &stripe.InvoicePaymentSettingsParams{PaymentMethodTypes: stripe.StringSlice(methods)}
		for _, m := range methods {
			if m == "customer_balance" {
				p.PaymentSettings.PaymentMethodOptions = &stripe.InvoicePaymentSettingsPaymentMethodOptionsParams{CustomerBalance: &stripe.InvoicePaymentSettingsPaymentMethodOptionsCustomerBalanceParams{
					FundingType: stripe.String("bank_transfer"), BankTransfer: &stripe.InvoicePaymentSettingsPaymentMethodOptionsCustomerBalanceBankTransferParams{Type: stripe.String("us_bank_transfer")},
				}}
			}
		}
	}
}

func TestInvoiceIsDraftedSentAndPaidByCard(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv := l.draft()
	if inv.Status != "draft" || inv.HostedInvoiceURL != "" || inv.PaymentIntent != nil || inv.Number != "" {
		t.Errorf("draft: %s, %q, number %q", inv.Status, inv.HostedInvoiceURL, inv.Number)
	}
	inv, err := l.api.Invoices.SendInvoice(inv.ID, nil)
	l.must(err)
	if inv.Status != "open" || inv.AmountDue != 500_000 || inv.AmountRemaining != 500_000 || inv.Total != 500_000 || len(inv.Lines.Data) != 2 {
		t.Errorf("sent: %s, due %d, %d lines", inv.Status, inv.AmountDue, len(inv.Lines.Data))
	}
	if inv.DueDate != clock().Add(30*24*time.Hour).Unix() || inv.HostedInvoiceURL != l.url+"/i/"+inv.ID || inv.Number == "" {
		t.Errorf("due %d, %s, number %s", inv.DueDate, inv.HostedInvoiceURL, inv.Number)
	}
	declined := new(stripesim.Declined)
	if err := l.sim.PayInvoice(inv.ID, stripesim.CardNoFunds); !errors.As(err, &declined) {
		t.Errorf("a declined card: %v", err)
	}
	l.must(l.sim.PayInvoice(inv.ID, stripesim.CardPays))
	inv = l.invoice(inv.ID)
	if inv.Status != "paid" || !inv.Paid || inv.AmountPaid != 500_000 || inv.AmountRemaining != 0 || inv.AttemptCount != 2 || inv.PaidOutOfBand {
		t.Errorf("paid: %s, %d paid, %d attempts", inv.Status, inv.AmountPaid, inv.AttemptCount)
	}
	if inv.Charge.Invoice.ID != inv.ID || inv.Charge.BalanceTransaction.Amount != 500_000 || inv.PaymentIntent.Status != "succeeded" {
		t.Errorf("charge of %s, %d", inv.Charge.Invoice.ID, inv.Charge.BalanceTransaction.Amount)
	}
	if f := l.sim.Books().Payments[inv.PaymentIntent.ID]; f.Invoice != inv.ID || f.Net != 485_470 {
		t.Errorf("books: %+v", f)
	}
	l.told("customer.created", "invoice.created", "invoiceitem.created", "invoiceitem.created", "invoice.finalized", "payment_intent.created", "invoice.sent",
		"charge.failed", "payment_intent.payment_failed", "invoice.payment_failed", "charge.succeeded", "payment_intent.succeeded", "invoice.paid", "invoice.payment_succeeded")
	if err := l.sim.PayInvoice(inv.ID, stripesim.CardPays); !errors.Is(err, stripesim.ErrNotPayable) {
		t.Errorf("paid twice: %v", err)
	}
}

func TestInvoiceByDebit(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv := l.sent(invoicedBy("us_bank_account"))
	l.must(l.sim.PayInvoice(inv.ID, stripesim.AccountClosed))
	if err := l.sim.PayInvoice(inv.ID, stripesim.AccountPays); !errors.Is(err, stripesim.ErrNotPayable) {
		t.Errorf("a second debit while the first is on its way: %v", err)
	}
	for verb, call := range map[string]func(string) error{
		"void": func(id string) error { _, err := l.api.Invoices.VoidInvoice(id, nil); return err },
		"pay": func(id string) error {
			_, err := l.api.Invoices.Pay(id, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
			return err
		},
	} {
		if e := stripeError(t, call(inv.ID)); e.HTTPStatusCode != http.StatusBadRequest {
			t.Errorf("%s while a debit is on its way: %d", verb, e.HTTPStatusCode)
		}
	}
	l.must(l.sim.Advance(96 * time.Hour))
	if got := l.invoice(inv.ID); got.Status != "open" || got.AttemptCount != 1 {
		t.Errorf("after the debit failed: %s, %d attempts", got.Status, got.AttemptCount)
	}
	l.must(l.sim.PayInvoice(inv.ID, stripesim.AccountPays))
	l.must(l.sim.Advance(96 * time.Hour))
	if got := l.invoice(inv.ID); got.Status != "paid" || got.AttemptCount != 2 {
		t.Errorf("after the second debit: %s, %d attempts", got.Status, got.AttemptCount)
	}
}

// Stripe applies a transfer to an invoice in full or not at all.
func TestInvoiceByTransferIsPaidInFullOrNotAtAll(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv := l.sent(invoicedBy("card", "customer_balance"))
	l.must(l.sim.PayInvoice(inv.ID, stripesim.ByTransfer))
	pi := l.invoice(inv.ID).PaymentIntent
	if pi.Status != "requires_action" {
		t.Fatalf("the intent is %s", pi.Status)
	}
	l.must(l.sim.FundTransfer(pi.ID, 499_999))
	got := l.invoice(inv.ID)
	if got.Status != "open" || got.PaymentIntent.NextAction.DisplayBankTransferInstructions.AmountRemaining != 500_000 || l.cash(inv.Customer.ID)["usd"] != 499_999 {
		t.Errorf("a part: %s, the customer has %d", got.Status, l.cash(inv.Customer.ID)["usd"])
	}
	l.must(l.sim.FundTransfer(pi.ID, 2))
	if got := l.invoice(inv.ID); got.Status != "paid" || l.cash(inv.Customer.ID)["usd"] != 1 {
		t.Errorf("in full: %s, the customer has %d", got.Status, l.cash(inv.Customer.ID)["usd"])
	}
}

func TestInvoicePaidElsewhereMovesNoMoney(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv := l.sent()
	got, err := l.api.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
	l.must(err)
	if got.Status != "paid" || !got.PaidOutOfBand || got.Charge != nil {
		t.Errorf("%s, out of band %v, charge %v", got.Status, got.PaidOutOfBand, got.Charge)
	}
	if books := l.sim.Books(); len(books.Totals) != 0 || l.invoice(inv.ID).PaymentIntent.Status != "canceled" {
		t.Errorf("books: %+v", books.Totals)
	}
}

func TestInvoiceIsVoidedOrGivenUp(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv, err := l.api.Invoices.VoidInvoice(l.sent().ID, nil)
	l.must(err)
	if inv.Status != "void" || l.invoice(inv.ID).PaymentIntent.CancellationReason != "void_invoice" {
		t.Errorf("voided: %s", inv.Status)
	}
	if err := l.sim.PayInvoice(inv.ID, stripesim.CardPays); !errors.Is(err, stripesim.ErrNotPayable) {
		t.Errorf("a void invoice was paid: %v", err)
	}
	inv, err = l.api.Invoices.MarkUncollectible(l.sent().ID, nil)
	l.must(err)
	if inv.Status != "uncollectible" {
		t.Errorf("given up: %s", inv.Status)
	}
	if inv, err = l.api.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaymentMethod: stripe.String("pm_card_visa")}); err != nil || inv.Status != "paid" {
		t.Errorf("paid after it was given up: %v, %v", inv, err)
	}
}

func TestInvoiceAdvancesByTheClock(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv := l.draft(func(p *stripe.InvoiceParams) { p.AutoAdvance = stripe.Bool(true) })
	other := l.draft()
	l.must(l.sim.Advance(time.Hour))
	if got := l.invoice(inv.ID); got.Status != "open" || l.invoice(other.ID).Status != "draft" {
		t.Errorf("after an hour: %s and %s", got.Status, l.invoice(other.ID).Status)
	}
	l.must(l.sim.Advance(31 * 24 * time.Hour))
	kind := "invoice.overdue"
	if it := l.api.Events.List(&stripe.EventListParams{Type: &kind}); !it.Next() {
		t.Error("nobody says that it is overdue")
	}
}

func TestDraftsCanBeChangedAndThrownAway(t *testing.T) {
	t.Parallel()
	l := open(t)
	inv := l.draft()
	p := &stripe.InvoiceParams{Description: stripe.String("PO 4712"), DaysUntilDue: stripe.Int64(10)}
	p.AddMetadata("second", "2")
	got, err := l.api.Invoices.Update(inv.ID, p)
	l.must(err)
	if diff := cmp.Diff(map[string]string{"payment": "pay-1", "second": "2"}, got.Metadata); diff != "" || got.Description != "PO 4712" {
		t.Errorf("changed: %s\n%s", got.Description, diff)
	}
	if got, err = l.api.Invoices.FinalizeInvoice(inv.ID, nil); err != nil || got.DueDate != clock().Add(10*24*time.Hour).Unix() {
		t.Errorf("finalized: %v, %v", got, err)
	}
	_, err = l.api.Invoices.Update(inv.ID, &stripe.InvoiceParams{Description: stripe.String("PO 4713")})
	if e := stripeError(t, err); e.Code != "invoice_not_editable" {
		t.Errorf("changed when it was out: %s", e.Code)
	}
	_, err = l.api.Invoices.Del(inv.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("thrown away when it was out: %d", e.HTTPStatusCode)
	}
	gone := l.draft()
	if del, err := l.api.Invoices.Del(gone.ID, nil); err != nil || !del.Deleted {
		t.Errorf("thrown away: %v, %v", del, err)
	}
	_, err = l.api.Invoices.Get(gone.ID, nil)
	if e := stripeError(t, err); e.Code != "resource_missing" {
		t.Errorf("fetched after that: %s", e.Code)
	}
}

func TestItemsWaitForTheirInvoice(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	for _, minor := range []int64{7_000, -500} {
		_, err := l.api.InvoiceItems.New(&stripe.InvoiceItemParams{Customer: &cus, Amount: &minor, Currency: stripe.String("eur")})
		l.must(err)
	}
	inv, err := l.api.Invoices.New(&stripe.InvoiceParams{Customer: &cus, PendingInvoiceItemsBehavior: stripe.String("include")})
	l.must(err)
	inv, err = l.api.Invoices.FinalizeInvoice(inv.ID, nil)
	l.must(err)
	if inv.Total != 6_500 || inv.Currency != "eur" || len(inv.Lines.Data) != 2 {
		t.Errorf("total %d %s of %d lines", inv.Total, inv.Currency, len(inv.Lines.Data))
	}
}

func TestInvoicesThatAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus, other := l.customer(), l.customer()
	draft, empty := l.draft(), func() string {
		inv, err := l.api.Invoices.New(&stripe.InvoiceParams{Customer: &cus})
		l.must(err)
		return inv.ID
	}()
	for name, c := range map[string]struct{ path, form, code string }{
		"no customer":              {"/v1/invoices", "collection_method=send_invoice&days_until_due=3", "parameter_missing"},
		"nobody":                   {"/v1/invoices", "customer=cus_none", "resource_missing"},
		"sent without a date":      {"/v1/invoices", "collection_method=send_invoice&customer=" + cus, ""},
		"two dates":                {"/v1/invoices", "days_until_due=3&due_date=99999999999&customer=" + cus, ""},
		"due yesterday":            {"/v1/invoices", "due_date=1&customer=" + cus, ""},
		"a method we lack":         {"/v1/invoices", "payment_settings[payment_method_types][0]=paypal&customer=" + cus, ""},
		"tax":                      {"/v1/invoices", "automatic_tax[enabled]=true&customer=" + cus, "parameter_unknown"},
		"an item for nobody":       {"/v1/invoiceitems", "amount=1&currency=usd&customer=cus_none", "resource_missing"},
		"an item without currency": {"/v1/invoiceitems", "amount=1&customer=" + cus, "parameter_missing"},
		"a stranger's item":        {"/v1/invoiceitems", "amount=1&customer=" + other + "&invoice=" + empty, "resource_missing"},
		"another currency":         {"/v1/invoiceitems", "amount=1&currency=eur&customer=" + cus + "&invoice=" + empty, ""},
		"half a yen":               {"/v1/invoiceitems", "amount=1&currency=xyz&customer=" + cus, ""},
		"finalized with nothing":   {"/v1/invoices/" + empty + "/finalize", "", "invoice_no_customer_line_items"},
		"a draft that is paid":     {"/v1/invoices/" + draft.ID + "/pay", "paid_out_of_band=true", ""},
		"a draft that is voided":   {"/v1/invoices/" + draft.ID + "/void", "", ""},
	} {
		got := l.call("POST", c.path, c.form)
		e := struct{ Error struct{ Code string } }{}
		decode(t, got.body, &e)
		if got.status != 400 && got.status != 404 || e.Error.Code != c.code {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
