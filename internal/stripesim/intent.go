package stripesim

import "fmt"

const (
	intentNeedsMethod = "requires_payment_method"
	intentProcessing  = "processing"
	intentSucceeded   = "succeeded"
	intentCanceled    = "canceled"
)

type paymentIntent struct {
	ID                      string            `json:"id"`
	Object                  string            `json:"object"`
	Amount                  int64             `json:"amount"`
	AmountCapturable        int64             `json:"amount_capturable"`
	AmountDetails           amountDetails     `json:"amount_details"`
	AmountReceived          int64             `json:"amount_received"`
	Application             never             `json:"application"`
	ApplicationFeeAmount    never             `json:"application_fee_amount"`
	AutomaticPaymentMethods never             `json:"automatic_payment_methods"`
	CanceledAt              *int64            `json:"canceled_at"`
	CancellationReason      opt               `json:"cancellation_reason"`
	CaptureMethod           string            `json:"capture_method"`
	ClientSecret            string            `json:"client_secret"`
	ConfirmationMethod      string            `json:"confirmation_method"`
	Created                 int64             `json:"created"`
	Currency                string            `json:"currency"`
	Customer                opt               `json:"customer"`
	Description             opt               `json:"description"`
	Invoice                 opt               `json:"invoice"`
	LastPaymentError        *paymentError     `json:"last_payment_error"`
	LatestCharge            opt               `json:"latest_charge"`
	Livemode                bool              `json:"livemode"`
	Metadata                map[string]string `json:"metadata"`
	NextAction              *nextAction       `json:"next_action"`
	OnBehalfOf              never             `json:"on_behalf_of"`
	PaymentMethod           opt               `json:"payment_method"`
	PaymentMethodOptions    methodOptions     `json:"payment_method_options"`
	PaymentMethodTypes      []string          `json:"payment_method_types"`
	Processing              never             `json:"processing"`
	ReceiptEmail            opt               `json:"receipt_email"`
	Review                  never             `json:"review"`
	SetupFutureUsage        never             `json:"setup_future_usage"`
	Shipping                never             `json:"shipping"`
	StatementDescriptor     opt               `json:"statement_descriptor"`
	StatementSuffix         never             `json:"statement_descriptor_suffix"`
	Status                  string            `json:"status"`
	TransferData            never             `json:"transfer_data"`
	TransferGroup           never             `json:"transfer_group"`
}

type amountDetails struct {
	Tip none `json:"tip"`
}

// paymentError is why the last attempt failed.
type paymentError struct {
	Charge      string `json:"charge"`
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code,omitempty"`
	DocURL      string `json:"doc_url"`
	Message     string `json:"message"`
	Type        string `json:"type"`
}

func (p paymentIntent) key() string      { return p.ID }
func (p paymentIntent) createdAt() int64 { return p.Created }

// intentOf finds the session's payment intent or makes it: since 2022-08-01
// Stripe makes it only once the payer submits.
func (t *tx) intentOf(cs *checkoutSession) paymentIntent {
	if pi, ok := t.intents.find(string(cs.PaymentIntent)); ok {
		return pi
	}
	o, _ := t.orders.find(cs.ID)
	pi := t.newIntent(cs.AmountTotal, cs.Currency)
	pi.Customer, pi.Description, pi.Metadata, pi.PaymentMethodTypes = cs.Customer, o.Description, o.IntentMetadata, cs.PaymentMethodTypes
	pi.ReceiptEmail, pi.StatementDescriptor, pi.PaymentMethodOptions = o.ReceiptEmail, o.StatementDescriptor, cs.PaymentMethodOptions
	save(t, &t.intents, pi)
	t.emit("payment_intent.created", pi, nil)
	cs.PaymentIntent = opt(pi.ID)
	save(t, &t.sessions, *cs)
	return pi
}

// sessionOf finds the session that an intent belongs to. Each intent has one.
func (t *tx) sessionOf(intent string) (checkoutSession, bool) {
	for _, cs := range t.sessions.all() {
		if string(cs.PaymentIntent) == intent {
			return cs, true
		}
	}
	return checkoutSession{}, false
}

func (t *tx) cancel(pi paymentIntent, reason string) paymentIntent {
	pi = t.release(pi)
	pi.Status, pi.CancellationReason, pi.CanceledAt = intentCanceled, opt(reason), new(t.now.Unix())
	save(t, &t.intents, pi)
	t.emit("payment_intent.canceled", pi, nil)
	return pi
}

func getIntent(c *call) (any, error) {
	return getOne(c, &c.intents, "payment_intent", "intent")
}

func listIntents(c *call) (any, error) {
	customer := opt(c.params.text("customer", 5000))
	return list(c, &c.intents, func(pi paymentIntent) bool { return customer == "" || pi.Customer == customer })
}

func cancelIntent(c *call) (any, error) {
	reason := c.params.choice("cancellation_reason", "abandoned", "duplicate", "fraudulent", "requested_by_customer")
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	pi, ok := c.intents.find(c.id)
	if !ok {
		return nil, noSuch("payment_intent", c.id, "intent")
	}
	if cs, _ := c.sessionOf(pi.ID); cs.Status == sessionOpen {
		return nil, badRequest("", "", "You cannot cancel the PaymentIntent for a Checkout Session. Expire the Checkout Session instead.")
	}
	if pi.Invoice != "" {
		return nil, badRequest("", "", "You cannot cancel the PaymentIntent of an invoice. Void the invoice instead.")
	}
	if pi.Status != intentNeedsMethod && pi.Status != intentNeedsConfirm && pi.Status != intentNeedsAction {
		return nil, badRequest("payment_intent_unexpected_state", "",
			fmt.Sprintf("You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent that waits for its payer may be canceled in the sandbox.", pi.Status))
	}
	return c.cancel(pi, reason), nil
}
