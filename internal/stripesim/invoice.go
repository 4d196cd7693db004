package stripesim

import (
	"fmt"
	"slices"
	"time"
)

const (
	invoiceDraft         = "draft"
	invoiceOpen          = "open"
	invoicePaid          = "paid"
	invoiceVoid          = "void"
	invoiceUncollectible = "uncollectible"

	billByMail  = "send_invoice"
	billAtOnce  = "charge_automatically"
	daysMost    = 1000
	draftsLast  = time.Hour // then a draft that advances by itself is finalized
	numberWidth = 4
)

type invoice struct {
	ID                    string             `json:"id"`
	Object                string             `json:"object"`
	AccountCountry        string             `json:"account_country"`
	AccountName           string             `json:"account_name"`
	AccountTaxIDs         never              `json:"account_tax_ids"`
	AmountDue             int64              `json:"amount_due"`
	AmountPaid            int64              `json:"amount_paid"`
	AmountRemaining       int64              `json:"amount_remaining"`
	AmountShipping        int64              `json:"amount_shipping"`
	Application           never              `json:"application"`
	ApplicationFeeAmount  never              `json:"application_fee_amount"`
	AttemptCount          int                `json:"attempt_count"`
	Attempted             bool               `json:"attempted"`
	AutoAdvance           bool               `json:"auto_advance"`
	AutomaticTax          automaticTax       `json:"automatic_tax"`
	BillingReason         string             `json:"billing_reason"`
	Charge                opt                `json:"charge"`
	CollectionMethod      string             `json:"collection_method"`
	Created               int64              `json:"created"`
	Currency              string             `json:"currency"`
	CustomFields          []customField      `json:"custom_fields"`
	Customer              string             `json:"customer"`
	CustomerAddress       never              `json:"customer_address"`
	CustomerEmail         opt                `json:"customer_email"`
	CustomerName          opt                `json:"customer_name"`
	CustomerPhone         opt                `json:"customer_phone"`
	CustomerShipping      never              `json:"customer_shipping"`
	CustomerTaxExempt     string             `json:"customer_tax_exempt"`
	CustomerTaxIDs        []none             `json:"customer_tax_ids"`
	DefaultPaymentMethod  never              `json:"default_payment_method"`
	DefaultSource         never              `json:"default_source"`
	DefaultTaxRates       []none             `json:"default_tax_rates"`
	Description           opt                `json:"description"`
	Discount              never              `json:"discount"`
	Discounts             []none             `json:"discounts"`
	DueDate               *int64             `json:"due_date"`
	EffectiveAt           *int64             `json:"effective_at"`
	EndingBalance         *int64             `json:"ending_balance"`
	Footer                opt                `json:"footer"`
	FromInvoice           never              `json:"from_invoice"`
	HostedURL             opt                `json:"hosted_invoice_url"`
	PDF                   never              `json:"invoice_pdf"`
	Issuer                issuer             `json:"issuer"`
	LastFinalizationError never              `json:"last_finalization_error"`
	LatestRevision        never              `json:"latest_revision"`
	Lines                 invoiceLines       `json:"lines"`
	Livemode              bool               `json:"livemode"`
	Metadata              map[string]string  `json:"metadata"`
	NextPaymentAttempt    *int64             `json:"next_payment_attempt"`
	Number                opt                `json:"number"`
	OnBehalfOf            never              `json:"on_behalf_of"`
	Paid                  bool               `json:"paid"`
	PaidOutOfBand         bool               `json:"paid_out_of_band"`
	PaymentIntent         opt                `json:"payment_intent"`
	PaymentSettings       paymentSettings    `json:"payment_settings"`
	PeriodEnd             int64              `json:"period_end"`
	PeriodStart           int64              `json:"period_start"`
	PostPaymentCredit     int64              `json:"post_payment_credit_notes_amount"`
	PrePaymentCredit      int64              `json:"pre_payment_credit_notes_amount"`
	Quote                 never              `json:"quote"`
	ReceiptNumber         never              `json:"receipt_number"`
	Rendering             never              `json:"rendering"`
	ShippingCost          never              `json:"shipping_cost"`
	ShippingDetails       never              `json:"shipping_details"`
	StartingBalance       int64              `json:"starting_balance"`
	StatementDescriptor   opt                `json:"statement_descriptor"`
	Status                string             `json:"status"`
	StatusTransitions     invoiceTransitions `json:"status_transitions"`
	Subscription          never              `json:"subscription"`
	Subtotal              int64              `json:"subtotal"`
	SubtotalExcludingTax  int64              `json:"subtotal_excluding_tax"`
	Tax                   never              `json:"tax"`
	TestClock             never              `json:"test_clock"`
	Total                 int64              `json:"total"`
	TotalDiscounts        []none             `json:"total_discount_amounts"`
	TotalExcludingTax     int64              `json:"total_excluding_tax"`
	TotalTaxAmounts       []none             `json:"total_tax_amounts"`
	TransferData          never              `json:"transfer_data"`
	WebhooksDeliveredAt   never              `json:"webhooks_delivered_at"`
}

type customField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type issuer struct {
	Type string `json:"type"`
}

type paymentSettings struct {
	DefaultMandate never          `json:"default_mandate"`
	Options        *methodOptions `json:"payment_method_options"`
	Types          []string       `json:"payment_method_types"` // null: by the account, which takes cards
}

type invoiceTransitions struct {
	Finalized     *int64 `json:"finalized_at"`
	Uncollectible *int64 `json:"marked_uncollectible_at"`
	Paid          *int64 `json:"paid_at"`
	Voided        *int64 `json:"voided_at"`
}

// invoiceTerms are facts that Stripe keeps beside an invoice: how its date of payment
// follows from the day it is finalized.
type invoiceTerms struct {
	Invoice string `json:"invoice"`
	Days    int64  `json:"days"` // 0: due_date was given, or none is wanted
	Origin  string `json:"origin"`
}

func (i invoiceTerms) key() string { return i.Invoice }

func (i invoice) key() string      { return i.ID }
func (i invoice) createdAt() int64 { return i.Created }

// methods are those that the invoice can be paid by.
func (i invoice) methods() []string {
	if len(i.PaymentSettings.Types) == 0 {
		return []string{methodCard}
	}
	return i.PaymentSettings.Types
}

func createInvoice(c *call) (any, error) {
	p := c.params
	inv := invoice{
		ID: newID("in_1", 23), Object: "invoice", AccountCountry: "US", AccountName: c.sim.opt.Merchant, BillingReason: "manual",
		Created: c.now.Unix(), PeriodStart: c.now.Unix(), PeriodEnd: c.now.Unix(), Status: invoiceDraft, Issuer: issuer{"self"},
		CustomerTaxIDs: []none{}, DefaultTaxRates: []none{}, Discounts: []none{}, TotalDiscounts: []none{}, TotalTaxAmounts: []none{},
		Customer:         p.required("customer", p.text("customer", 5000)),
		CollectionMethod: billAtOnce,
	}
	inv.Lines = invoiceLines{Object: "list", Data: []invoiceLine{}, URL: "/v1/invoices/" + inv.ID + "/lines"}
	if m := p.choice("collection_method", billAtOnce, billByMail); m != "" {
		inv.CollectionMethod = m
	}
	inv.AutoAdvance = p.choice("auto_advance", "true", "false") == "true"
	inv.Currency = p.text("currency", 3)
	pending := p.choice("pending_invoice_items_behavior", "exclude", "include") == "include"
	terms := invoiceTerms{Invoice: inv.ID, Origin: c.origin}
	c.readInvoice(&inv, &terms)
	if err := p.finish(); err != nil {
		return nil, err
	}
	cus, ok := c.customers.find(inv.Customer)
	if !ok {
		return nil, noSuch("customer", inv.Customer, "customer")
	}
	if inv.CollectionMethod == billByMail && terms.Days == 0 && inv.DueDate == nil {
		return nil, badRequest("", "days_until_due", "If invoice `collection_method`=`send_invoice`, you must specify `due_date` or `days_until_due`.")
	}
	inv.CustomerEmail, inv.CustomerName, inv.CustomerPhone, inv.CustomerTaxExempt = cus.Email, cus.Name, cus.Phone, cus.TaxExempt
	if inv.Currency == "" {
		inv.Currency = c.currencyOfItems(inv.Customer, pending)
	}
	save(c.tx, &c.invoices, inv)
	save(c.tx, &c.invoiceTerms, terms)
	if pending {
		for _, item := range c.invoiceItems.all() {
			if item.Customer == inv.Customer && item.Invoice == "" && item.Currency == inv.Currency {
				inv = c.addToInvoice(inv, item)
			}
		}
	}
	c.emit("invoice.created", inv, nil)
	if inv.AutoAdvance {
		c.later(invoiceFinal, inv.ID, draftsLast)
	}
	return inv, nil
}

// readInvoice reads what can be said when an invoice is made and as long as it is a draft.
func (c *call) readInvoice(inv *invoice, terms *invoiceTerms) {
	p := c.params
	set := func(field string, most int, into *opt) {
		if v := p.text(field, most); v != "" {
			*into = opt(v)
		}
	}
	set("description", 1500, &inv.Description)
	set("footer", 5000, &inv.Footer)
	set("number", 26, &inv.Number)
	set("statement_descriptor", 22, &inv.StatementDescriptor)
	metadata := map[string]string{}
	for k, v := range inv.Metadata {
		metadata[k] = v
	}
	for k, v := range p.metadata("metadata") {
		metadata[k] = v
	}
	inv.Metadata = metadata
	if fields := p.groups("custom_fields"); len(fields) > 0 {
		inv.CustomFields = nil
		for _, f := range fields {
			inv.CustomFields = append(inv.CustomFields, customField{f.required("name", f.text("name", 40)), f.required("value", f.text("value", 140))})
		}
	}
	if len(inv.CustomFields) > 4 {
		p.fail("custom_fields", "", "An invoice has at most four custom fields.")
	}
	days, givenDays := p.integer("days_until_due")
	due, givenDue := p.integer("due_date")
	if givenDays && givenDue {
		p.fail("due_date", "", "You may only specify one of these parameters: due_date, days_until_due.")
	}
	if givenDays && (days < 1 || days > daysMost) {
		p.fail("days_until_due", "parameter_invalid_integer", "This value must be between 1 and 1000.")
	}
	if givenDue && due <= c.now.Unix() {
		p.fail("due_date", "", "The due date must be in the future.")
	}
	if givenDays || givenDue {
		terms.Days, inv.DueDate = days, nil
		if givenDue {
			inv.DueDate = &due
		}
	}
	c.readSettings(inv)
}

func (c *call) readSettings(inv *invoice) {
	outer := c.params
	c.params = outer.group("payment_settings")
	defer func() { c.params = outer }()
	if c.params.node == nil {
		return
	}
	if types := c.params.texts("payment_method_types", 5000); len(types) > 0 {
		for i, m := range types {
			if !slices.Contains(methodsKnown, m) {
				c.params.fail(fmt.Sprintf("payment_method_types[%d]", i), "", "The sandbox implements the payment method types card, us_bank_account, sepa_debit and customer_balance only.")
			}
		}
		inv.PaymentSettings.Types = types
	}
	if o := c.transferOptions(); o != nil {
		inv.PaymentSettings.Options = &methodOptions{o}
	}
}

// updateInvoice changes a draft. Of an invoice that is out only the metadata can change.
func updateInvoice(c *call) (any, error) {
	inv, ok := c.invoices.find(c.id)
	if !ok {
		return nil, noSuch("invoice", c.id, "invoice")
	}
	terms, _ := c.invoiceTerms.find(inv.ID)
	if inv.Status != invoiceDraft {
		for field := range c.params.node.kids {
			if field != "metadata" && field != "expand" {
				return nil, badRequest("invoice_not_editable", field, "Finalized invoices can't be updated in this way.")
			}
		}
	}
	if c.params.node.kids["auto_advance"] != nil {
		inv.AutoAdvance = c.params.choice("auto_advance", "true", "false") == "true"
	}
	c.readInvoice(&inv, &terms)
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	save(c.tx, &c.invoices, inv)
	save(c.tx, &c.invoiceTerms, terms)
	c.emit("invoice.updated", inv, nil)
	return inv, nil
}

// deletedInvoice is all that is left of a draft.
type deletedInvoice struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

func deleteInvoice(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	inv, err := c.invoiceIn("deleted", invoiceDraft)
	if err != nil {
		return nil, err
	}
	for _, item := range c.invoiceItems.all() {
		if string(item.Invoice) == inv.ID {
			drop(c.tx, &c.invoiceItems, item.ID)
		}
	}
	c.forget(inv.ID)
	drop(c.tx, &c.invoices, inv.ID)
	drop(c.tx, &c.invoiceTerms, inv.ID)
	c.emit("invoice.deleted", inv, nil)
	return deletedInvoice{inv.ID, "invoice", true}, nil
}

// invoiceIn finds the invoice of the call, which must be in one of these states.
func (c *call) invoiceIn(verb string, states ...string) (invoice, error) {
	inv, ok := c.invoices.find(c.id)
	if !ok {
		return inv, noSuch("invoice", c.id, "invoice")
	}
	if !slices.Contains(states, inv.Status) {
		return inv, badRequest("", "", fmt.Sprintf("This invoice is %s: it can't be %s.", inv.Status, verb))
	}
	return inv, nil
}

func getInvoice(c *call) (any, error) { return getOne(c, &c.invoices, "invoice", "invoice") }

func listInvoices(c *call) (any, error) {
	customer := c.params.text("customer", 5000)
	status := c.params.choice("status", invoiceDraft, invoiceOpen, invoicePaid, invoiceUncollectible, invoiceVoid)
	method := c.params.choice("collection_method", billAtOnce, billByMail)
	return list(c, &c.invoices, func(i invoice) bool {
		return (customer == "" || i.Customer == customer) && (status == "" || i.Status == status) && (method == "" || i.CollectionMethod == method)
	})
}
