package stripesim

import (
	"fmt"
	"strings"

	iso "github.com/bojanz/currency"
)

// cardMost and otherMost are Stripe's limits of twelve and eight digits; a SEPA debit is
// limited to ten thousand euros.
const (
	cardMost  = 999_999_999_999
	otherMost = 99_999_999
	sepaMost  = 1_000_000
)

// onlyCurrency of those methods that have one.
var onlyCurrency = map[string]string{methodBank: "usd", methodSEPA: "eur"}

var (
	// zeroDecimal currencies have no minor unit at Stripe, whatever ISO 4217 says.
	zeroDecimal = set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
	// threeDecimal currencies are sent in thousandths that must end in 0.
	threeDecimal = set("bhd jod kwd omr tnd")
	// wholeOnly currencies are sent in hundredths that must end in 00.
	wholeOnly = set("isk ugx")

	// smallest charges by Stripe's list, in minor units; other currencies take 50,
	// where Stripe converts to the currency of settlement.
	smallest = map[string]int64{
		"aed": 200, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "mxn": 1000,
		"myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
	}
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// exponent says how many digits of an amount stand after the point at Stripe.
func exponent(currency string) int {
	switch {
	case zeroDecimal[currency]:
		return 0
	case threeDecimal[currency]:
		return 3
	}
	return 2
}

// plainAmount writes minor units as major ones without a sign of the currency.
func plainAmount(minor int64, currency string) string {
	digits := exponent(currency)
	if digits == 0 {
		return fmt.Sprint(minor)
	}
	sign, unit := "", int64(100)
	if digits == 3 {
		unit = 1000
	}
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s%d.%0*d", sign, minor/unit, digits, minor%unit)
}

// checkAmount holds Stripe's rules about what may be charged, and how.
func checkAmount(amount int64, currency string, methods []string) error {
	if err := checkCurrency(currency, "line_items[0][price_data][currency]"); err != nil {
		return err
	}
	least := int64(50)
	if m, ok := smallest[currency]; ok {
		least = m
	}
	if amount < least {
		return badRequest("amount_too_small", "", fmt.Sprintf("The total amount due must add up to at least %s %s", plainAmount(least, currency), currency))
	}
	for _, m := range methods {
		most := int64(otherMost)
		if m == methodCard {
			most = cardMost
		}
		if only := onlyCurrency[m]; only != "" && only != currency {
			return badRequest("", "payment_method_types", "The payment method `"+m+"` cannot be used with currency `"+currency+"`.")
		}
		if m == methodTransfer && bankTransferTypes[currency] == "" {
			return badRequest("", "payment_method_types", "The payment method `customer_balance` cannot be used with currency `"+currency+"`. The sandbox takes bank transfers in usd and eur.")
		}
		if m == methodSEPA {
			most = sepaMost
		}
		if amount > most {
			return badRequest("amount_too_large", "", fmt.Sprintf("The total amount due must be no more than %s %s with %s", plainAmount(most, currency), currency, m))
		}
	}
	return checkSteps(amount, currency, "line_items")
}

func checkCurrency(currency, param string) error {
	if currency == "" || currency != strings.ToLower(currency) || !iso.IsValid(strings.ToUpper(currency)) {
		return badRequest("", param, fmt.Sprintf("Invalid currency: %s. Stripe currently supports lower-case ISO codes.", currency))
	}
	return nil
}

// step is the smallest amount that a currency has in practice, in minor units.
func step(currency string) int64 {
	switch {
	case threeDecimal[currency]:
		return 10
	case wholeOnly[currency]:
		return 100
	}
	return 1
}

// checkSteps refuses amounts finer than a currency has in practice.
func checkSteps(amount int64, currency, param string) error {
	if s := step(currency); amount%s != 0 {
		return badRequest("", param, fmt.Sprintf("Invalid amount: in %s it must be a multiple of %d.", currency, s))
	}
	return nil
}
