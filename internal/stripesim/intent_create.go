package stripesim

import "slices"

// createIntent makes a payment intent without a checkout: for a bank transfer, the one
// method that needs no page to be paid.
func createIntent(c *call) (any, error) {
	p := c.params
	amount, given := p.integer("amount")
	if !given {
		p.required("amount", "")
	}
	pi := c.newIntent(amount, p.required("currency", p.text("currency", 3)))
	pi.Customer = opt(p.text("customer", 5000))
	pi.PaymentMethodTypes = p.texts("payment_method_types", 5000)
	pi.Description = opt(p.text("description", 1000))
	pi.ReceiptEmail = opt(p.email("receipt_email"))
	pi.StatementDescriptor = opt(p.text("statement_descriptor", 22))
	pi.Metadata = p.metadata("metadata")
	pi.PaymentMethodOptions.CustomerBalance = c.transferOptions()
	confirm := p.choice("confirm", "true", "false") == "true"
	method := c.transferMethod()
	if err := p.finish(); err != nil {
		return nil, err
	}
	if !slices.Equal(pi.PaymentMethodTypes, []string{methodTransfer}) {
		return nil, badRequest("", "payment_method_types", "The sandbox makes payment intents for customer_balance only. Other methods are paid in Checkout.")
	}
	if err := checkAmount(pi.Amount, pi.Currency, pi.PaymentMethodTypes); err != nil {
		return nil, err
	}
	if _, ok := c.customers.find(string(pi.Customer)); pi.Customer != "" && !ok {
		return nil, noSuch("customer", string(pi.Customer), "customer")
	}
	if err := checkTransfer(pi.PaymentMethodTypes, pi.PaymentMethodOptions.CustomerBalance, pi.Customer, pi.Currency); err != nil {
		return nil, err
	}
	if method {
		pi.Status = intentNeedsConfirm
	}
	save(c.tx, &c.intents, pi)
	c.emit("payment_intent.created", pi, nil)
	if !confirm {
		return pi, nil
	}
	return c.confirm(pi, method)
}

// newIntent is a payment intent that asks for an amount, not yet saved.
func (t *tx) newIntent(amount int64, currency string) paymentIntent {
	id := newID("pi_3", 23)
	return paymentIntent{
		ID: id, Object: "payment_intent", Amount: amount, Currency: currency, Created: t.now.Unix(), CaptureMethod: "automatic",
		ClientSecret: id + newID("_secret_", 25), ConfirmationMethod: "automatic", Metadata: map[string]string{}, Status: intentNeedsMethod,
	}
}

// transferMethod reads payment_method_data[type]; customer_balance is all that a method
// without a page can be.
func (c *call) transferMethod() bool {
	return c.params.group("payment_method_data").choice("type", methodTransfer) != ""
}

func confirmIntent(c *call) (any, error) {
	method := c.transferMethod()
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	pi, ok := c.intents.find(c.id)
	if !ok {
		return nil, noSuch("payment_intent", c.id, "intent")
	}
	if cs, ok := c.sessionOf(pi.ID); ok && cs.Status == sessionOpen {
		return nil, badRequest("", "", "You cannot confirm the PaymentIntent of a Checkout Session: its payer does.")
	}
	return c.confirm(pi, method)
}

func (c *call) confirm(pi paymentIntent, method bool) (any, error) {
	switch {
	case pi.Status != intentNeedsMethod && pi.Status != intentNeedsConfirm:
		return nil, badRequest("payment_intent_unexpected_state", "", "This PaymentIntent's status is "+pi.Status+": it cannot be confirmed.")
	case pi.Status == intentNeedsMethod && !method:
		return nil, badRequest("parameter_missing", "payment_method_data", "You cannot confirm this PaymentIntent because it's missing a payment method.")
	case pi.PaymentMethodOptions.CustomerBalance == nil:
		return nil, badRequest("", "payment_method_data[type]", "This PaymentIntent does not take customer_balance.")
	}
	return c.awaitTransfer(pi, "", c.origin), nil
}
