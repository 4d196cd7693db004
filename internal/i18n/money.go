package i18n

import (
	"strings"

	"github.com/bojanz/currency"

	"kopiyka/internal/money"
)

const (
	noBreak = "\u00a0"
	minus   = "\u2212"
)

// symbols are the signs that a reader of this site knows; others come from CLDR, which
// writes USD and "UAH" out where the sign could be mistaken.
var symbols = map[string]string{"USD": "$", "UAH": "₴", "EUR": "€", "GBP": "£"}

// The formatters only read their fields once made, so that requests may share them.
var (
	exact = map[Lang]*currency.Formatter{UK: formatter(UK), EN: formatter(EN)}
	whole = map[Lang]*currency.Formatter{UK: wholeFormatter(UK), EN: wholeFormatter(EN)}
)

func formatter(l Lang) *currency.Formatter {
	f := currency.NewFormatter(currency.NewLocale(string(l)))
	f.SymbolMap = symbols
	return f
}

func wholeFormatter(l Lang) *currency.Formatter {
	f := formatter(l)
	f.MinDigits = 0
	return f
}

// Money is an amount to the kopiyka: "108 700,00 ₴", "$108,700.00". Spaces do not break,
// and a minus is U+2212.
func (l Lang) Money(a money.Amount) string { return l.amount(exact, a) }

// MoneyWhole leaves the kopiykas out when there are none: "250 000 $". An amount that has
// some is shown exactly, so that nothing is ever rounded away.
func (l Lang) MoneyWhole(a money.Amount) string {
	if a.Minor%unit(a.Currency) != 0 {
		return l.Money(a)
	}
	return l.amount(whole, a)
}

func (l Lang) amount(with map[Lang]*currency.Formatter, a money.Amount) string {
	f, ok := with[l]
	if !ok {
		f = with[UK]
	}
	v, err := currency.NewAmountFromInt64(a.Minor, string(a.Currency))
	if err != nil {
		// No currency that anyone knows: the number is still better than nothing.
		return strings.TrimRight(strings.ReplaceAll(a.Plain(), "-", minus)+noBreak+string(a.Currency), noBreak)
	}
	return strings.Replace(f.Format(v), "-", minus, 1)
}

// Sum is an amount in three pieces, so that a page may set the kopiykas a shade lighter.
// Put together they are Money.
type Sum struct {
	Main string // "214 380", "−$214,380"
	Kop  string // ",50"; empty for currencies without a minor unit
	Rest string // " $", "" where the sign stands in front
}

// Sum takes an amount apart into its main part and its kopiykas.
func (l Lang) Sum(a money.Amount) Sum {
	s := l.Money(a)
	digits := a.Currency.Exponent()
	end := strings.LastIndexAny(s, "0123456789") + 1
	cut := end - digits - 1 // the separator is one byte in both languages
	if digits == 0 || cut < 0 {
		return Sum{Main: s[:end], Rest: s[end:]}
	}
	return Sum{Main: s[:cut], Kop: s[cut:end], Rest: s[end:]}
}

// String is the amount as Money writes it.
func (s Sum) String() string { return s.Main + s.Kop + s.Rest }

func unit(c money.Currency) int64 {
	u := int64(1)
	for range c.Exponent() {
		u *= 10
	}
	return u
}
