package stripesim

import "strings"

type customer struct {
	ID                  string            `json:"id"`
	Object              string            `json:"object"`
	Address             never             `json:"address"`
	Balance             int64             `json:"balance"`
	Created             int64             `json:"created"`
	Currency            never             `json:"currency"`
	DefaultSource       never             `json:"default_source"`
	Delinquent          bool              `json:"delinquent"`
	Description         opt               `json:"description"`
	Discount            never             `json:"discount"`
	Email               opt               `json:"email"`
	InvoicePrefix       string            `json:"invoice_prefix"`
	InvoiceSettings     invoiceSettings   `json:"invoice_settings"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	Name                opt               `json:"name"`
	NextInvoiceSequence int64             `json:"next_invoice_sequence"`
	Phone               opt               `json:"phone"`
	PreferredLocales    []string          `json:"preferred_locales"`
	Shipping            never             `json:"shipping"`
	TaxExempt           string            `json:"tax_exempt"`
	TestClock           never             `json:"test_clock"`
}

type invoiceSettings struct {
	CustomFields         never `json:"custom_fields"`
	DefaultPaymentMethod never `json:"default_payment_method"`
	Footer               never `json:"footer"`
	RenderingOptions     never `json:"rendering_options"`
}

func (c customer) key() string      { return c.ID }
func (c customer) createdAt() int64 { return c.Created }

func createCustomer(c *call) (any, error) {
	cus := customer{
		ID: newID("cus_", 14), Object: "customer", Created: c.now.Unix(),
		InvoicePrefix: strings.ToUpper(newID("", 8)), NextInvoiceSequence: 1,
		PreferredLocales: []string{}, TaxExempt: "none",
		Name:        opt(c.params.text("name", 256)),
		Email:       opt(c.params.email("email")),
		Phone:       opt(c.params.text("phone", 20)),
		Description: opt(c.params.text("description", 5000)),
		Metadata:    c.params.metadata("metadata"),
	}
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	save(c.tx, &c.customers, cus)
	c.emit("customer.created", cus, nil)
	return cus, nil
}

func getCustomer(c *call) (any, error) { return getOne(c, &c.customers, "customer", "customer") }

func listCustomers(c *call) (any, error) {
	email := opt(c.params.text("email", 512))
	return list(c, &c.customers, func(cus customer) bool { return email == "" || cus.Email == email })
}
