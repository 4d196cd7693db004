package gateway

import (
	"slices"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// Stripe counts some currencies in other units than ISO 4217 does
// (https://docs.stripe.com/currencies, "Zero-decimal" and "Special cases").
var (
	zeroDecimal = set("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
	// ISK and UGX are sent with two decimals that must be 00, though they have none.
	hundredfold = set("ISK", "UGX")
	// Of these Stripe takes thousandths, the last of which must be 0.
	threeDecimal = set("BHD", "JOD", "KWD", "OMR", "TND")
)

func set(codes ...money.Currency) map[money.Currency]bool {
	m := make(map[money.Currency]bool, len(codes))
	for _, c := range codes {
		m[c] = true
	}
	return m
}

// stripeExponent is the number of decimals in which Stripe counts a currency.
func stripeExponent(c money.Currency) int {
	switch {
	case hundredfold[c]:
		return 2
	case zeroDecimal[c]:
		return 0
	case threeDecimal[c]:
		return 3
	}
	return 2
}

// toStripe is the amount in Stripe's units. What Stripe cannot express is refused, never
// rounded.
func toStripe(a money.Amount) (int64, error) {
	units := a.Minor
	for e := a.Currency.Exponent(); e < stripeExponent(a.Currency); e++ {
		units *= 10
	}
	for e := a.Currency.Exponent(); e > stripeExponent(a.Currency); e-- {
		if units%10 != 0 {
			return 0, fault.In("amount", "payment.too_fine_for_stripe", string(a.Currency))
		}
		units /= 10
	}
	if units%step(a.Currency) != 0 {
		return 0, fault.In("amount", "payment.too_fine_for_stripe", string(a.Currency))
	}
	return units, nil
}

// fromStripe is an amount that Stripe wrote, in our units.
func fromStripe(units int64, c money.Currency) money.Amount {
	for e := stripeExponent(c); e < c.Exponent(); e++ {
		units *= 10
	}
	for e := stripeExponent(c); e > c.Exponent(); e-- {
		units /= 10 // exact: these currencies come in hundreds
	}
	return money.Of(units, c)
}

// minimums are the least that Stripe charges, in Stripe's units
// (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). They are
// checked here to say it kindly; Stripe checks them again after its conversion.
var minimums = map[money.Currency]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
	"HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
	"SEK": 300, "SGD": 50, "THB": 1000,
}

// maximum is eight digits: what Stripe takes by every method. Cards would take more.
const maximum = 99_999_999

// onlyIn are methods that Stripe offers in some currencies alone: beside another currency
// it refuses the whole checkout page
// (https://docs.stripe.com/payments/payment-methods/payment-method-support).
var onlyIn = map[string]map[money.Currency]bool{
	"us_bank_account": set("USD"), "sepa_debit": set("EUR"), "bacs_debit": set("GBP"), "au_becs_debit": set("AUD"), "acss_debit": set("CAD", "USD"),
	"bancontact": set("EUR"), transferMethod: set("USD", "EUR"), "eps": set("EUR"), "ideal": set("EUR"), "giropay": set("EUR"), "p24": set("EUR", "PLN"), "blik": set("PLN"),
}

// Of the configured methods these two have no place on a checkout page: a transfer needs
// an account that is shown to the payer, and an invoice is a page of its own.
const transferMethod, invoiceMethod = "customer_balance", "invoice"

// methods are the ways of paying that a checkout page in a currency offers.
func (g *Gateway) methods(c money.Currency) []string {
	var all []string
	for _, m := range g.config.Methods {
		if m == transferMethod || m == invoiceMethod {
			continue
		}
		if onlyIn[m] == nil || onlyIn[m][c] {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return []string{"card"}
	}
	return all
}

// Takes reports whether some way of paying that is configured works in a currency.
func (g *Gateway) Takes(c money.Currency) bool {
	return slices.ContainsFunc(g.config.Methods, func(m string) bool { return onlyIn[m] == nil || onlyIn[m][c] })
}

// CheckAmount refuses, with a fault about the field "amount", what cannot be paid through
// Stripe at once.
func CheckAmount(a money.Amount) error {
	units, err := toStripe(a)
	if err != nil {
		return err
	}
	if least := Least(a.Currency); a.Minor < least.Minor {
		return fault.In("amount", "payment.below_minimum", least)
	}
	if units > maximum {
		return fault.In("amount", "payment.above_maximum", Most(a.Currency))
	}
	return nil
}

// commonMinimum stands for a currency whose minimum Stripe does not publish. What Stripe
// then still finds too small, it says when it is asked.
const commonMinimum = 50

// Least is the smallest amount that can be paid in a currency, as far as Stripe tells.
func Least(c money.Currency) money.Amount {
	units, published := minimums[c]
	if !published {
		units = commonMinimum
	}
	return fromStripe((units+step(c)-1)/step(c)*step(c), c)
}

// Most is the largest amount that can be paid at once in a currency.
func Most(c money.Currency) money.Amount { return fromStripe(maximum/step(c)*step(c), c) }

// step is what amounts of a currency are multiples of, in Stripe's units.
func step(c money.Currency) int64 {
	switch {
	case hundredfold[c]:
		return 100
	case threeDecimal[c]:
		return 10
	}
	return 1
}
