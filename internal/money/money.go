// Package money is an amount: int64 minor units and a currency. It adds, subtracts and
// reads what a person typed. No float touches it, and nothing here rounds: what is finer
// than the currency is refused.
//
// Exponents are those of ISO 4217 as CLDR publishes them; Stripe's own table lives at
// Stripe's door, in package gateway.
package money

import (
	"errors"
	"fmt"
	"math"

	"github.com/bojanz/currency"
)

// Currency is an ISO 4217 code in capitals, such as "UAH".
type Currency string

// Known reports whether c is a currency that CLDR lists. None at all is not one.
func (c Currency) Known() bool { return c != "" && currency.IsValid(string(c)) }

// Exponent is the number of decimal places of the minor unit: 2 for UAH, 0 for JPY.
func (c Currency) Exponent() int {
	digits, ok := currency.GetDigits(string(c))
	if !ok {
		return 2
	}
	return int(digits)
}

// unit is the number of minor units in one major unit.
func (c Currency) unit() int64 {
	unit := int64(1)
	for range c.Exponent() {
		unit *= 10
	}
	return unit
}

// Amount is a sum of money in minor units.
type Amount struct {
	Minor    int64
	Currency Currency
}

// Of makes an amount.
func Of(minor int64, c Currency) Amount { return Amount{minor, c} }

// ErrCurrencies tells that two amounts of different currencies met.
var ErrCurrencies = errors.New("money: amounts of different currencies")

// ErrOverflow tells that a sum does not fit int64.
var ErrOverflow = errors.New("money: the sum is too large")

// Add returns a + b, ErrCurrencies or ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrencies, a.Currency, b.Currency)
	}
	if (b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor) || (b.Minor < 0 && a.Minor < math.MinInt64-b.Minor) {
		return Amount{}, ErrOverflow
	}
	return Amount{a.Minor + b.Minor, a.Currency}, nil
}

// Sub returns a − b, ErrCurrencies or ErrOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return a.Add(Amount{-b.Minor, b.Currency})
}

// IsZero reports whether nothing is there.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Plain is the amount with a point and no groups, as CSV and logs carry it: "1234.56".
func (a Amount) Plain() string {
	exp := a.Currency.Exponent()
	if exp == 0 {
		return fmt.Sprintf("%d", a.Minor)
	}
	sign, minor := "", uint64(a.Minor)
	if a.Minor < 0 {
		sign, minor = "-", uint64(-(a.Minor+1))+1 // math.MinInt64 has no positive twin
	}
	unit := uint64(a.Currency.unit())
	return fmt.Sprintf("%s%d.%0*d", sign, minor/unit, exp, minor%unit)
}

// String is for logs and tests: "1234.56 USD". Pages use i18n.
func (a Amount) String() string { return a.Plain() + " " + string(a.Currency) }
