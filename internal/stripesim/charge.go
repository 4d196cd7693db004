package stripesim

const (
	chargeSucceeded = "succeeded"
	chargePending   = "pending"
	chargeFailed    = "failed"
)

type charge struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	Amount                    int64             `json:"amount"`
	AmountCaptured            int64             `json:"amount_captured"`
	AmountRefunded            int64             `json:"amount_refunded"`
	Application               never             `json:"application"`
	ApplicationFee            never             `json:"application_fee"`
	ApplicationFeeAmount      never             `json:"application_fee_amount"`
	BalanceTransaction        opt               `json:"balance_transaction"`
	BillingDetails            person            `json:"billing_details"`
	StatementAsShown          opt               `json:"calculated_statement_descriptor"`
	Captured                  bool              `json:"captured"`
	Created                   int64             `json:"created"`
	Currency                  string            `json:"currency"`
	Customer                  opt               `json:"customer"`
	Description               opt               `json:"description"`
	Disputed                  bool              `json:"disputed"`
	FailureBalanceTransaction opt               `json:"failure_balance_transaction"`
	FailureCode               opt               `json:"failure_code"`
	FailureMessage            opt               `json:"failure_message"`
	FraudDetails              none              `json:"fraud_details"`
	Invoice                   opt               `json:"invoice"`
	Livemode                  bool              `json:"livemode"`
	Metadata                  map[string]string `json:"metadata"`
	OnBehalfOf                never             `json:"on_behalf_of"`
	Outcome                   outcome           `json:"outcome"`
	Paid                      bool              `json:"paid"`
	PaymentIntent             opt               `json:"payment_intent"`
	PaymentMethod             opt               `json:"payment_method"`
	PaymentMethodDetails      methodDetails     `json:"payment_method_details"`
	ReceiptEmail              opt               `json:"receipt_email"`
	ReceiptNumber             never             `json:"receipt_number"`
	ReceiptURL                never             `json:"receipt_url"`
	Refunded                  bool              `json:"refunded"`
	Review                    never             `json:"review"`
	Shipping                  never             `json:"shipping"`
	SourceTransfer            never             `json:"source_transfer"`
	StatementDescriptor       opt               `json:"statement_descriptor"`
	StatementSuffix           never             `json:"statement_descriptor_suffix"`
	Status                    string            `json:"status"`
	TransferData              never             `json:"transfer_data"`
	TransferGroup             never             `json:"transfer_group"`
}

type outcome struct {
	NetworkStatus string `json:"network_status"`
	Reason        opt    `json:"reason"`
	RiskLevel     string `json:"risk_level,omitempty"`
	SellerMessage string `json:"seller_message"`
	Type          string `json:"type"`
}

type methodDetails struct {
	Type          string       `json:"type"`
	Card          *cardDetails `json:"card,omitempty"`
	USBankAccount *bankDetails `json:"us_bank_account,omitempty"`
	SEPADebit     *sepaDetails `json:"sepa_debit,omitempty"`
	Transfer      *none        `json:"customer_balance,omitempty"`
}

type cardDetails struct {
	Brand        string     `json:"brand"`
	Checks       cardChecks `json:"checks"`
	Country      string     `json:"country"`
	ExpMonth     int        `json:"exp_month"`
	ExpYear      int        `json:"exp_year"`
	Fingerprint  string     `json:"fingerprint"`
	Funding      string     `json:"funding"`
	Installments never      `json:"installments"`
	Last4        string     `json:"last4"`
	Mandate      never      `json:"mandate"`
	Network      string     `json:"network"`
	ThreeDSecure never      `json:"three_d_secure"`
	Wallet       never      `json:"wallet"`
}

type cardChecks struct {
	AddressLine1 never  `json:"address_line1_check"`
	PostalCode   never  `json:"address_postal_code_check"`
	CVC          string `json:"cvc_check"`
}

type bankDetails struct {
	AccountHolderType string `json:"account_holder_type"`
	AccountType       string `json:"account_type"`
	BankName          string `json:"bank_name"`
	Fingerprint       string `json:"fingerprint"`
	Last4             string `json:"last4"`
	RoutingNumber     string `json:"routing_number"`
}

type sepaDetails struct {
	BankCode    string `json:"bank_code"`
	BranchCode  string `json:"branch_code"`
	Country     string `json:"country"`
	Fingerprint string `json:"fingerprint"`
	Last4       string `json:"last4"`
	Mandate     string `json:"mandate"`
}

func (c charge) key() string      { return c.ID }
func (c charge) createdAt() int64 { return c.Created }

// method is card, us_bank_account, sepa_debit or customer_balance, whichever paid.
func (c charge) method() string { return c.PaymentMethodDetails.Type }

// card is the last four digits of the card that paid, or nothing.
func (c charge) card() string {
	if c.PaymentMethodDetails.Card == nil {
		return ""
	}
	return c.PaymentMethodDetails.Card.Last4
}

// chargeOf finds a charge by its id, or the latest one of a payment intent by the intent's.
func (t *tx) chargeOf(id string) (charge, error) {
	if pi, ok := t.intents.find(id); ok {
		id = string(pi.LatestCharge)
	}
	ch, ok := t.charges.find(id)
	if !ok {
		return charge{}, noSuch("charge", id, "charge")
	}
	return ch, nil
}

// newCharge is one attempt to take the money of an intent, not yet saved.
func (t *tx) newCharge(pi paymentIntent, in instrument) charge {
	prefix := "ch_3"
	if in.method != methodCard {
		prefix = "py_3" // Stripe names what a card did not pay otherwise
	}
	ch := charge{
		ID: newID(prefix, 23), Object: "charge", Amount: pi.Amount, BillingDetails: person{Name: opt(in.holder)},
		Created: t.now.Unix(), Currency: pi.Currency, Customer: pi.Customer, Description: pi.Description,
		Invoice: pi.Invoice, Metadata: pi.Metadata, PaymentIntent: opt(pi.ID), PaymentMethod: opt(newID("pm_1", 23)),
		PaymentMethodDetails: in.details(), ReceiptEmail: pi.ReceiptEmail, StatementDescriptor: pi.StatementDescriptor,
		Outcome: outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", SellerMessage: "Payment complete.", Type: "authorized"},
	}
	return ch
}

func getCharge(c *call) (any, error) { return getOne(c, &c.charges, "charge", "id") }

func listCharges(c *call) (any, error) {
	customer := opt(c.params.text("customer", 5000))
	intent := opt(c.params.text("payment_intent", 5000))
	return list(c, &c.charges, func(ch charge) bool {
		return (customer == "" || ch.Customer == customer) && (intent == "" || ch.PaymentIntent == intent)
	})
}
