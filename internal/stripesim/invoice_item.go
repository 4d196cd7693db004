package stripesim

import (
	"fmt"
	"slices"
)

type invoiceItem struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	Amount            int64             `json:"amount"`
	Currency          string            `json:"currency"`
	Customer          string            `json:"customer"`
	Date              int64             `json:"date"`
	Description       opt               `json:"description"`
	Discountable      bool              `json:"discountable"`
	Discounts         []none            `json:"discounts"`
	Invoice           opt               `json:"invoice"`
	Livemode          bool              `json:"livemode"`
	Metadata          map[string]string `json:"metadata"`
	Period            period            `json:"period"`
	Price             never             `json:"price"`
	Proration         bool              `json:"proration"`
	Quantity          int64             `json:"quantity"`
	Subscription      never             `json:"subscription"`
	TaxRates          []none            `json:"tax_rates"`
	TestClock         never             `json:"test_clock"`
	UnitAmount        int64             `json:"unit_amount"`
	UnitAmountDecimal string            `json:"unit_amount_decimal"`
}

type period struct {
	End   int64 `json:"end"`
	Start int64 `json:"start"`
}

func (i invoiceItem) key() string      { return i.ID }
func (i invoiceItem) createdAt() int64 { return i.Date }

// invoiceLines are the lines inside an invoice, in the shape of a list.
type invoiceLines struct {
	Object  string        `json:"object"`
	Data    []invoiceLine `json:"data"`
	HasMore bool          `json:"has_more"`
	URL     string        `json:"url"`
}

type invoiceLine struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Amount           int64             `json:"amount"`
	AmountExcluding  int64             `json:"amount_excluding_tax"`
	Currency         string            `json:"currency"`
	Description      opt               `json:"description"`
	DiscountAmounts  []none            `json:"discount_amounts"`
	Discountable     bool              `json:"discountable"`
	Discounts        []none            `json:"discounts"`
	InvoiceItem      string            `json:"invoice_item"`
	Livemode         bool              `json:"livemode"`
	Metadata         map[string]string `json:"metadata"`
	Period           period            `json:"period"`
	Price            never             `json:"price"`
	Proration        bool              `json:"proration"`
	Quantity         int64             `json:"quantity"`
	Subscription     never             `json:"subscription"`
	TaxAmounts       []none            `json:"tax_amounts"`
	TaxRates         []none            `json:"tax_rates"`
	Type             string            `json:"type"`
	UnitExcludingTax string            `json:"unit_amount_excluding_tax"`
}

func (l invoiceLine) key() string      { return l.ID }
func (l invoiceLine) createdAt() int64 { return l.Period.Start }

const mostLines = 250

func createInvoiceItem(c *call) (any, error) {
	p := c.params
	amount, given := p.integer("amount")
	if !given {
		p.required("amount", "")
	}
	item := invoiceItem{
		ID: newID("ii_1", 23), Object: "invoiceitem", Amount: amount, UnitAmount: amount, UnitAmountDecimal: fmt.Sprint(amount), Quantity: 1,
		Date: c.now.Unix(), Period: period{c.now.Unix(), c.now.Unix()}, Discounts: []none{}, TaxRates: []none{},
		Customer:    p.required("customer", p.text("customer", 5000)),
		Currency:    p.text("currency", 3),
		Description: opt(p.text("description", 5000)),
		Metadata:    p.metadata("metadata"),
	}
	into := p.text("invoice", 5000)
	if err := p.finish(); err != nil {
		return nil, err
	}
	if _, ok := c.customers.find(item.Customer); !ok {
		return nil, noSuch("customer", item.Customer, "customer")
	}
	inv, ok := c.invoices.find(into)
	switch {
	case into != "" && (!ok || inv.Customer != item.Customer):
		return nil, noSuch("invoice", into, "invoice")
	case ok && inv.Status != invoiceDraft:
		return nil, badRequest("invoice_not_editable", "invoice", "You can't add an item to an invoice that is "+inv.Status+".")
	case ok && len(inv.Lines.Data) == mostLines:
		return nil, badRequest("", "invoice", "An invoice has at most 250 lines.")
	}
	if item.Currency == "" {
		if item.Currency = inv.Currency; item.Currency == "" {
			return nil, badRequest("parameter_missing", "currency", "Missing required param: currency.")
		}
	}
	if ok && item.Currency != inv.Currency {
		return nil, badRequest("", "currency", "The item's currency "+item.Currency+" is not the invoice's, "+inv.Currency+".")
	}
	if item.Amount > cardMost || item.Amount < -cardMost {
		return nil, badRequest("amount_too_large", "amount", "Amount must be no more than 12 digits.")
	}
	if err := checkCurrency(item.Currency, "currency"); err != nil {
		return nil, err
	}
	if err := checkSteps(item.Amount, item.Currency, "amount"); err != nil {
		return nil, err
	}
	save(c.tx, &c.invoiceItems, item)
	if ok {
		c.addToInvoice(inv, item)
		item, _ = c.invoiceItems.find(item.ID)
	}
	c.emit("invoiceitem.created", item, nil)
	return item, nil
}

// addToInvoice makes a line of an item and adds it up.
func (t *tx) addToInvoice(inv invoice, item invoiceItem) invoice {
	item.Invoice = opt(inv.ID)
	save(t, &t.invoiceItems, item)
	inv.Lines.Data = append(slices.Clone(inv.Lines.Data), invoiceLine{
		ID: newID("il_1", 23), Object: "line_item", Amount: item.Amount, AmountExcluding: item.Amount, Currency: item.Currency, Description: item.Description,
		DiscountAmounts: []none{}, Discounts: []none{}, InvoiceItem: item.ID, Metadata: item.Metadata, Period: item.Period, Quantity: item.Quantity,
		TaxAmounts: []none{}, TaxRates: []none{}, Type: "invoiceitem", UnitExcludingTax: item.UnitAmountDecimal,
	})
	inv.Total += item.Amount
	inv.Subtotal, inv.SubtotalExcludingTax, inv.TotalExcludingTax = inv.Total, inv.Total, inv.Total
	inv.AmountDue, inv.AmountRemaining = max(inv.Total, 0), max(inv.Total, 0)
	save(t, &t.invoices, inv)
	return inv
}

// currencyOfItems is the currency of an invoice that names none: that of the items that
// wait for it, or the account's.
func (t *tx) currencyOfItems(customer string, pending bool) string {
	for _, item := range t.invoiceItems.all() {
		if pending && item.Customer == customer && item.Invoice == "" {
			return item.Currency
		}
	}
	return t.sim.defaultCurrency()
}

func getInvoiceItem(c *call) (any, error) {
	return getOne(c, &c.invoiceItems, "invoiceitem", "invoiceitem")
}

func listInvoiceItems(c *call) (any, error) {
	customer := c.params.text("customer", 5000)
	inv := opt(c.params.text("invoice", 5000))
	return list(c, &c.invoiceItems, func(i invoiceItem) bool {
		return (customer == "" || i.Customer == customer) && (inv == "" || i.Invoice == inv)
	})
}

func listInvoiceLines(c *call) (any, error) {
	inv, ok := c.invoices.find(c.id)
	if !ok {
		return nil, noSuch("invoice", c.id, "invoice")
	}
	lines := newTable[invoiceLine]("line_item")
	for _, l := range slices.Backward(inv.Lines.Data) { // lists show the last row first; lines keep their order
		lines.set(l)
	}
	return list(c, &lines, nil)
}
