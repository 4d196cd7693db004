package stripesim

import (
	"fmt"
	"math"
	"slices"
)

// order is what a session sells and what its intent will carry: facts that Stripe
// keeps beside the session and does not show in it.
type order struct {
	Session             string            `json:"session"`
	Items               []lineItem        `json:"items"`
	IntentMetadata      map[string]string `json:"intent_metadata"`
	Description         opt               `json:"description"`
	ReceiptEmail        opt               `json:"receipt_email"`
	StatementDescriptor opt               `json:"statement_descriptor"`
}

func (o order) key() string { return o.Session }

type lineItem struct {
	ID             string `json:"id"`
	Object         string `json:"object"`
	AmountDiscount int64  `json:"amount_discount"`
	AmountSubtotal int64  `json:"amount_subtotal"`
	AmountTax      int64  `json:"amount_tax"`
	AmountTotal    int64  `json:"amount_total"`
	Currency       string `json:"currency"`
	Description    string `json:"description"`
	Price          price  `json:"price"`
	Quantity       int64  `json:"quantity"`
}

type price struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	Active            bool              `json:"active"`
	BillingScheme     string            `json:"billing_scheme"`
	Created           int64             `json:"created"`
	Currency          string            `json:"currency"`
	CustomUnitAmount  never             `json:"custom_unit_amount"`
	Livemode          bool              `json:"livemode"`
	LookupKey         never             `json:"lookup_key"`
	Metadata          map[string]string `json:"metadata"`
	Nickname          never             `json:"nickname"`
	Product           string            `json:"product"`
	Recurring         never             `json:"recurring"`
	TaxBehavior       string            `json:"tax_behavior"`
	TiersMode         never             `json:"tiers_mode"`
	TransformQuantity never             `json:"transform_quantity"`
	Type              string            `json:"type"`
	UnitAmount        int64             `json:"unit_amount"`
	UnitAmountDecimal string            `json:"unit_amount_decimal"`
}

func (li lineItem) key() string      { return li.ID }
func (li lineItem) createdAt() int64 { return li.Price.Created }

func createSession(c *call) (any, error) {
	p := c.params
	cs := checkoutSession{
		ID: newID("cs_test_", 58), Object: "checkout.session", Created: c.now.Unix(), Status: sessionOpen,
		PaymentStatus: "unpaid", UIMode: "hosted", PaymentMethodRule: "if_required",
		CustomFields: []none{}, ShippingOptions: []none{},
		Mode:               p.required("mode", p.choice("mode", "payment", "setup", "subscription")),
		SuccessURL:         p.required("success_url", p.url("success_url")),
		CancelURL:          opt(p.url("cancel_url")),
		ClientReferenceID:  opt(p.text("client_reference_id", 200)),
		Customer:           opt(p.text("customer", 5000)),
		CustomerEmail:      opt(p.email("customer_email")),
		Locale:             opt(p.choice("locale", locales...)),
		SubmitType:         opt(p.choice("submit_type", "auto", "book", "donate", "pay")),
		PaymentMethodTypes: c.methods(),
		ExpiresAt:          c.expiry(),
		Metadata:           p.metadata("metadata"),
	}
	cs.PaymentMethodOptions.CustomerBalance = c.transferOptions()
	o := order{Session: cs.ID, Items: c.lineItems()}
	c.intentData(&o)
	p.choice("ui_mode", "hosted")
	if err := p.finish(); err != nil {
		return nil, err
	}
	if err := c.sum(&cs, o.Items); err != nil {
		return nil, err
	}
	if err := c.checkPayer(&cs); err != nil {
		return nil, err
	}
	if err := checkTransfer(cs.PaymentMethodTypes, cs.PaymentMethodOptions.CustomerBalance, cs.Customer, cs.Currency); err != nil {
		return nil, err
	}
	cs.URL = opt(c.origin + "/c/pay/" + cs.ID)
	save(c.tx, &c.sessions, cs)
	save(c.tx, &c.orders, o)
	c.remind(cs.ExpiresAt)
	return cs, nil
}

var methodsKnown = []string{methodCard, methodBank, methodSEPA, methodTransfer}

func (c *call) methods() []string {
	all := c.params.texts("payment_method_types", 5000)
	seen := map[string]bool{}
	for i, m := range all {
		param := fmt.Sprintf("payment_method_types[%d]", i)
		if !slices.Contains(methodsKnown, m) {
			c.params.fail(param, "", "The sandbox implements the payment method types card, us_bank_account, sepa_debit and customer_balance only.")
		}
		if seen[m] {
			c.params.fail(param, "", "Each payment method type can be given once.")
		}
		seen[m] = true
	}
	if len(all) == 0 {
		return []string{methodCard}
	}
	return all
}

// intentData reads what the payment intent will carry once it is made.
func (c *call) intentData(o *order) {
	p := c.params.group("payment_intent_data")
	o.IntentMetadata = p.metadata("metadata")
	o.Description = opt(p.text("description", 1000))
	o.ReceiptEmail = opt(p.email("receipt_email"))
	o.StatementDescriptor = opt(p.text("statement_descriptor", 22))
	p.choice("capture_method", "automatic", "automatic_async")
}

const mostItems = 100

func (c *call) lineItems() []lineItem {
	groups := c.params.groups("line_items")
	if len(groups) == 0 {
		c.params.fail("line_items", "parameter_missing", "The `line_items` parameter is required in payment mode.")
	}
	if len(groups) > mostItems {
		c.params.fail("line_items", "", "A session in payment mode can have up to 100 line items.")
		return nil
	}
	var out []lineItem
	for _, p := range groups {
		out = append(out, c.lineItem(p))
	}
	return out
}

func (c *call) lineItem(p *params) lineItem {
	quantity, given := p.integer("quantity")
	if !given {
		p.fail("quantity", "parameter_missing", "Missing required param: quantity.")
	} else if quantity < 1 || quantity > 999_999 {
		p.fail("quantity", "parameter_invalid_integer", "Invalid positive integer")
	}
	data := p.group("price_data")
	currency := data.required("currency", data.text("currency", 3))
	unit, given := data.integer("unit_amount")
	if !given {
		data.fail("unit_amount", "parameter_missing", "Missing required param: unit_amount.")
	} else if unit < 0 || unit > cardMost {
		data.fail("unit_amount", "parameter_invalid_integer", "Invalid non-negative integer")
	}
	product := data.group("product_data")
	name := product.required("name", product.text("name", 5000))
	product.text("description", 40000)
	product.metadata("metadata")
	return lineItem{
		ID: newID("li_1", 23), Object: "item", AmountSubtotal: unit * quantity, AmountTotal: unit * quantity,
		Currency: currency, Description: name, Quantity: quantity,
		Price: price{
			ID: newID("price_1", 23), Object: "price", BillingScheme: "per_unit", Created: c.now.Unix(), Currency: currency,
			Metadata: map[string]string{}, Product: newID("prod_", 14), TaxBehavior: "unspecified", Type: "one_time",
			UnitAmount: unit, UnitAmountDecimal: fmt.Sprint(unit),
		},
	}
}

// sum adds the items up and holds Stripe's limits on the total.
func (c *call) sum(cs *checkoutSession, items []lineItem) error {
	if cs.Mode != "payment" {
		return badRequest("", "mode", "The sandbox implements Checkout in payment mode only.")
	}
	cs.Currency = items[0].Currency
	for i, item := range items {
		if item.Currency != cs.Currency {
			return badRequest("", fmt.Sprintf("line_items[%d][price_data][currency]", i), "All line items must have the same currency.")
		}
		if cs.AmountTotal > math.MaxInt64-item.AmountTotal {
			return badRequest("amount_too_large", "line_items", "The total is too large.")
		}
		cs.AmountTotal += item.AmountTotal
	}
	cs.AmountSubtotal = cs.AmountTotal
	return checkAmount(cs.AmountTotal, cs.Currency, cs.PaymentMethodTypes)
}

// checkPayer holds the rules about who may be named as the payer.
func (c *call) checkPayer(cs *checkoutSession) error {
	if cs.Customer == "" {
		cs.CustomerCreation = "if_required"
		return nil
	}
	if cs.CustomerEmail != "" {
		return badRequest("", "customer_email", "You may only specify one of these parameters: customer, customer_email.")
	}
	if _, ok := c.customers.find(string(cs.Customer)); !ok {
		return noSuch("customer", string(cs.Customer), "customer")
	}
	return nil
}

func listLineItems(c *call) (any, error) {
	o, ok := c.orders.find(c.id)
	if !ok {
		return nil, noSuch("checkout.session", c.id, "session")
	}
	items := newTable[lineItem]("item")
	for i := len(o.Items) - 1; i >= 0; i-- { // lists show the last row first; items keep their order
		items.set(o.Items[i])
	}
	return list(c, &items, nil)
}

// locales are those of Stripe's Checkout. Ukrainian is not among them.
var locales = []string{
	"auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it",
	"ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
}
