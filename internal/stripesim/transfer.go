package stripesim

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
)

const (
	intentNeedsConfirm = "requires_confirmation"
	intentNeedsAction  = "requires_action"
)

// bankTransferTypes are the kinds of bank transfer by currency that the sandbox models.
var bankTransferTypes = map[string]string{"usd": "us_bank_transfer", "eur": "eu_bank_transfer"}

// transferCountries are those in which Stripe has bank accounts for euros.
var transferCountries = []string{"BE", "DE", "ES", "FR", "IE", "NL"}

// methodOptions are how the payer may pay; only bank transfers have anything to say.
type methodOptions struct {
	CustomerBalance *transferOptions `json:"customer_balance,omitempty"`
}

type transferOptions struct {
	BankTransfer transferKind `json:"bank_transfer"`
	FundingType  string       `json:"funding_type"`
}

type transferKind struct {
	EU   *transferCountry `json:"eu_bank_transfer,omitempty"`
	Type string           `json:"type"`
}

type transferCountry struct {
	Country string `json:"country"`
}

// transferOptions reads payment_method_options[customer_balance], which says what kind
// of bank account the payer will send the money to.
func (c *call) transferOptions() *transferOptions {
	all := c.params.group("payment_method_options")
	p := all.group("customer_balance")
	if p.node == nil {
		return nil
	}
	kind := p.group("bank_transfer")
	o := &transferOptions{
		FundingType: p.required("funding_type", p.choice("funding_type", "bank_transfer")),
		BankTransfer: transferKind{
			Type: kind.required("type", kind.choice("type", "eu_bank_transfer", "us_bank_transfer")),
		},
	}
	if eu := kind.group("eu_bank_transfer"); o.BankTransfer.Type == "eu_bank_transfer" {
		o.BankTransfer.EU = &transferCountry{eu.required("country", eu.choice("country", transferCountries...))}
	}
	return o
}

// checkTransfer holds what Stripe wants of a payment by bank transfer.
func checkTransfer(methods []string, o *transferOptions, customer opt, currency string) error {
	asked := false
	for _, m := range methods {
		asked = asked || m == methodTransfer
	}
	switch {
	case !asked:
		return nil
	case customer == "":
		return badRequest("parameter_missing", "customer", "You must provide a customer when using the payment method `customer_balance`.")
	case o == nil:
		return badRequest("parameter_missing", "payment_method_options[customer_balance]", "You must say payment_method_options[customer_balance][funding_type] when using the payment method `customer_balance`.")
	case o.BankTransfer.Type != bankTransferTypes[currency]:
		return badRequest("", "payment_method_options[customer_balance][bank_transfer][type]", "The bank transfer type "+o.BankTransfer.Type+" cannot be used with currency "+currency+".")
	}
	return nil
}

// nextAction is what the payer has to do: to send money to a bank account.
type nextAction struct {
	Instructions transferInstructions `json:"display_bank_transfer_instructions"`
	Type         string               `json:"type"`
}

type transferInstructions struct {
	AmountRemaining int64              `json:"amount_remaining"`
	Currency        string             `json:"currency"`
	Addresses       []financialAddress `json:"financial_addresses"`
	URL             string             `json:"hosted_instructions_url"`
	Reference       string             `json:"reference"`
	Type            string             `json:"type"`
}

type financialAddress struct {
	ABA      *abaRecord  `json:"aba,omitempty"`
	IBAN     *ibanRecord `json:"iban,omitempty"`
	Networks []string    `json:"supported_networks"`
	Type     string      `json:"type"`
}

type abaRecord struct {
	AccountNumber string `json:"account_number"`
	BankName      string `json:"bank_name"`
	RoutingNumber string `json:"routing_number"`
}

type ibanRecord struct {
	AccountHolder string `json:"account_holder_name"`
	BIC           string `json:"bic"`
	Country       string `json:"country"`
	IBAN          string `json:"iban"`
}

// transferWait says that an intent waits for a bank transfer. The row goes with the wait.
type transferWait struct {
	Intent  string `json:"intent"`
	Session string `json:"session"`
}

func (w transferWait) key() string { return w.Intent }

// awaitTransfer tells the payer where to send the money, and takes what is there already.
func (t *tx) awaitTransfer(pi paymentIntent, session, origin string) paymentIntent {
	o := pi.PaymentMethodOptions.CustomerBalance
	pi.Status, pi.PaymentMethod, pi.LastPaymentError = intentNeedsAction, opt(newID("pm_1", 23)), nil
	pi.NextAction = &nextAction{Type: "display_bank_transfer_instructions", Instructions: transferInstructions{
		AmountRemaining: pi.Amount, Currency: pi.Currency, Type: o.BankTransfer.Type, Reference: newReference(),
		Addresses: []financialAddress{addressOf(string(pi.Customer), o)}, URL: origin + "/transfer/" + pi.ID,
	}}
	save(t, &t.intents, pi)
	save(t, &t.transferWaits, transferWait{pi.ID, session})
	t.emit("payment_intent.requires_action", pi, nil)
	if session != "" {
		if cs, ok := t.sessions.find(session); ok && cs.Status == sessionOpen {
			t.complete(cs, "unpaid", "")
		}
	}
	t.applyCash(pi.ID)
	pi, _ = t.intents.find(pi.ID)
	return pi
}

// newReference is what the payer is asked to write on the transfer.
func newReference() string { return strings.ToUpper(newID("", 12)) }

// addressOf is the bank account that a customer sends money to: always the same one.
func addressOf(customer string, o *transferOptions) financialAddress {
	sum := sha256.Sum256([]byte(customer))
	number := new(big.Int).SetBytes(sum[:])
	if o.BankTransfer.EU == nil {
		return financialAddress{Type: "aba", Networks: []string{"ach", "domestic_wire_us"}, ABA: &abaRecord{
			AccountNumber: fmt.Sprintf("%017d", number.Mod(number, power(17))), BankName: "STRIPE TEST BANK", RoutingNumber: "999999999",
		}}
	}
	country := o.BankTransfer.EU.Country
	return financialAddress{Type: "iban", Networks: []string{"sepa"}, IBAN: &ibanRecord{
		AccountHolder: "Stripe Sandbox", BIC: "SNDXIE22", Country: country, IBAN: iban(country, fmt.Sprintf("%018d", number.Mod(number, power(18)))),
	}}
}

// iban puts the check digits of ISO 13616 before an account number of digits.
func iban(country, account string) string {
	digits := account
	for _, letter := range country + "00" {
		if letter >= 'A' {
			digits += fmt.Sprint(letter - 'A' + 10)
		} else {
			digits += string(letter)
		}
	}
	n, _ := new(big.Int).SetString(digits, 10)
	return fmt.Sprintf("%s%02d%s", country, 98-n.Mod(n, big.NewInt(97)).Int64(), account)
}
