// Package exchange is what one currency is worth in another, as people of a cluster have
// entered it: the rate, whose it is, and the day. It never asks a network, and never
// changes what was entered: a mistake is mended by another rate.
package exchange

import (
	"fmt"
	"math/big"
	"strings"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// Value is an exact rate: how many units of one currency a unit of another is, counted in
// parts of 10⁻¹². It is never a float.
type Value int64

const (
	places = 12 // after the point
	digits = 6  // before it
	one    = Value(1_000_000_000_000)
)

// Parse reads a rate as people write it, with a point or a comma: "41,5", "1.0847". What
// is no number, not above zero, or finer or larger than a Value is a fault of kind Invalid.
func Parse(text string) (Value, error) {
	whole, fraction, pointed := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), ".")
	if whole == "" || pointed && fraction == "" || !plain(whole) || !plain(fraction) {
		return 0, fault.New(fault.Invalid, "rate.not_a_number")
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(whole) > digits || len(fraction) > places {
		return 0, fault.New(fault.Invalid, "rate.out_of_range", digits, places)
	}
	var v Value
	for _, d := range whole + fraction + strings.Repeat("0", places-len(fraction)) {
		v = v*10 + Value(d-'0')
	}
	if v == 0 {
		return 0, fault.New(fault.Invalid, "rate.zero")
	}
	return v, nil
}

func plain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// String is the rate with a point and no more places than it has: "41.5". Parse undoes it.
func (v Value) String() string {
	s := fmt.Sprintf("%d.%012d", int64(v/one), int64(v%one))
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Decimal is String: each language writes it with its own point.
func (v Value) Decimal() string { return v.String() }

// Scan reads what the database keeps.
func (v *Value) Scan(from any) error {
	switch s := from.(type) {
	case []byte:
		return v.read(string(s))
	case string:
		return v.read(s)
	}
	return fmt.Errorf("exchange: a rate is kept as %T", from)
}

func (v *Value) read(s string) (err error) {
	*v, err = Parse(s)
	return err
}

// Of is an amount at the rate, in the minor units of another currency, rounded half away
// from zero. It is false when the result is too large.
func (v Value) Of(a money.Amount, to money.Currency) (int64, bool) {
	over, under := new(big.Int).Mul(big.NewInt(a.Minor), big.NewInt(int64(v))), big.NewInt(int64(one))
	over.Mul(over, power(to.Exponent()))
	under.Mul(under, power(a.Currency.Exponent()))
	half := new(big.Int).Set(under) // (2·over ± under) ÷ 2·under, cut off towards zero
	if over.Sign() < 0 {
		half.Neg(half)
	}
	over.Mul(over, big.NewInt(2)).Add(over, half)
	over.Quo(over, under.Mul(under, big.NewInt(2)))
	return over.Int64(), over.IsInt64()
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// apart reports whether two rates differ by more than a fifth of the older.
func apart(older, newer Value) bool {
	difference := newer - older
	if difference < 0 {
		difference = -difference
	}
	return difference > older/5
}
