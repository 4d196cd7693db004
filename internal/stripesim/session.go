package stripesim

import (
	"fmt"
	"strings"
	"time"
)

const (
	sessionOpen     = "open"
	sessionComplete = "complete"
	sessionExpired  = "expired"
)

type checkoutSession struct {
	ID                    string            `json:"id"`
	Object                string            `json:"object"`
	AfterExpiration       never             `json:"after_expiration"`
	AllowPromotionCodes   never             `json:"allow_promotion_codes"`
	AmountSubtotal        int64             `json:"amount_subtotal"`
	AmountTotal           int64             `json:"amount_total"`
	AutomaticTax          automaticTax      `json:"automatic_tax"`
	BillingAddress        never             `json:"billing_address_collection"`
	CancelURL             opt               `json:"cancel_url"`
	ClientReferenceID     opt               `json:"client_reference_id"`
	ClientSecret          never             `json:"client_secret"`
	Consent               never             `json:"consent"`
	ConsentCollection     never             `json:"consent_collection"`
	Created               int64             `json:"created"`
	Currency              string            `json:"currency"`
	CurrencyConversion    never             `json:"currency_conversion"`
	CustomFields          []none            `json:"custom_fields"`
	CustomText            customText        `json:"custom_text"`
	Customer              opt               `json:"customer"`
	CustomerCreation      opt               `json:"customer_creation"`
	CustomerDetails       *customerDetails  `json:"customer_details"`
	CustomerEmail         opt               `json:"customer_email"`
	ExpiresAt             int64             `json:"expires_at"`
	Invoice               never             `json:"invoice"`
	InvoiceCreation       never             `json:"invoice_creation"`
	Livemode              bool              `json:"livemode"`
	Locale                opt               `json:"locale"`
	Metadata              map[string]string `json:"metadata"`
	Mode                  string            `json:"mode"`
	PaymentIntent         opt               `json:"payment_intent"`
	PaymentLink           never             `json:"payment_link"`
	PaymentMethodRule     string            `json:"payment_method_collection"`
	PaymentMethodConfig   never             `json:"payment_method_configuration_details"`
	PaymentMethodOptions  methodOptions     `json:"payment_method_options"`
	PaymentMethodTypes    []string          `json:"payment_method_types"`
	PaymentStatus         string            `json:"payment_status"`
	PhoneNumberCollection enabled           `json:"phone_number_collection"`
	RecoveredFrom         never             `json:"recovered_from"`
	SetupIntent           never             `json:"setup_intent"`
	ShippingAddress       never             `json:"shipping_address_collection"`
	ShippingCost          never             `json:"shipping_cost"`
	ShippingDetails       never             `json:"shipping_details"`
	ShippingOptions       []none            `json:"shipping_options"`
	Status                string            `json:"status"`
	SubmitType            opt               `json:"submit_type"`
	Subscription          never             `json:"subscription"`
	SuccessURL            string            `json:"success_url"`
	TotalDetails          totalDetails      `json:"total_details"`
	UIMode                string            `json:"ui_mode"`
	URL                   opt               `json:"url"`
}

type automaticTax struct {
	Enabled   bool  `json:"enabled"`
	Liability never `json:"liability"`
	Status    never `json:"status"`
}

type customText struct {
	AfterSubmit     never `json:"after_submit"`
	ShippingAddress never `json:"shipping_address"`
	Submit          never `json:"submit"`
	Terms           never `json:"terms_of_service_acceptance"`
}

type customerDetails struct {
	person
	TaxExempt string `json:"tax_exempt"`
	TaxIDs    []none `json:"tax_ids"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type totalDetails struct {
	AmountDiscount int64 `json:"amount_discount"`
	AmountShipping int64 `json:"amount_shipping"`
	AmountTax      int64 `json:"amount_tax"`
}

func (cs checkoutSession) key() string      { return cs.ID }
func (cs checkoutSession) createdAt() int64 { return cs.Created }

func (cs checkoutSession) offers(method string) bool {
	for _, m := range cs.PaymentMethodTypes {
		if m == method {
			return true
		}
	}
	return false
}

// successURL is where the payer goes, with the session's id where it was asked for.
func (cs checkoutSession) successURL() string {
	return strings.ReplaceAll(cs.SuccessURL, "{CHECKOUT_SESSION_ID}", cs.ID)
}

// expire closes an open session. An intent that failed before dies with it.
func (t *tx) expire(cs checkoutSession) checkoutSession {
	cs.Status, cs.URL = sessionExpired, ""
	save(t, &t.sessions, cs)
	if pi, ok := t.intents.find(string(cs.PaymentIntent)); ok && pi.Status == intentNeedsMethod {
		t.cancel(pi, "automatic")
	}
	t.emit("checkout.session.expired", cs, nil)
	return cs
}

// complete closes an open session because the payer has paid or ordered a debit.
func (t *tx) complete(cs checkoutSession, paymentStatus, payer string) checkoutSession {
	cs.Status, cs.PaymentStatus, cs.URL = sessionComplete, paymentStatus, ""
	cs.CustomerDetails = &customerDetails{person{Email: t.payerEmail(cs), Name: opt(payer)}, "none", []none{}}
	save(t, &t.sessions, cs)
	t.emit("checkout.session.completed", cs, nil)
	return cs
}

func (t *tx) payerEmail(cs checkoutSession) opt {
	if cus, ok := t.customers.find(string(cs.Customer)); ok {
		return cus.Email
	}
	return cs.CustomerEmail
}

func getSession(c *call) (any, error) {
	return getOne(c, &c.sessions, "checkout.session", "session")
}

func listSessions(c *call) (any, error) {
	customer := opt(c.params.text("customer", 5000))
	intent := opt(c.params.text("payment_intent", 5000))
	status := c.params.choice("status", sessionComplete, sessionExpired, sessionOpen)
	return list(c, &c.sessions, func(cs checkoutSession) bool {
		return (customer == "" || cs.Customer == customer) && (intent == "" || cs.PaymentIntent == intent) && (status == "" || cs.Status == status)
	})
}

func expireSession(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	cs, ok := c.sessions.find(c.id)
	if !ok {
		return nil, noSuch("checkout.session", c.id, "session")
	}
	if cs.Status != sessionOpen {
		return nil, badRequest("", "", fmt.Sprintf("Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %q.", cs.Status))
	}
	return c.expire(cs), nil
}

const (
	sessionLongest  = 24 * time.Hour
	sessionShortest = 30 * time.Minute
	// sessionSlack forgives the seconds between a caller's clock and this one.
	sessionSlack = 10 * time.Second
)

// expiry reads expires_at, which Stripe wants between half an hour and a day away.
func (c *call) expiry() int64 {
	at, given := c.params.integer("expires_at")
	if !given {
		return c.now.Add(sessionLongest).Unix()
	}
	switch left := time.Unix(at, 0).Sub(c.now); {
	case left < sessionShortest-sessionSlack:
		c.params.fail("expires_at", "", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.")
	case left > sessionLongest+sessionSlack:
		c.params.fail("expires_at", "", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.")
	}
	return at
}
