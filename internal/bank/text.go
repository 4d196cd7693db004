package bank

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kopiyka/internal/money"
)

// clean makes one line of a text: white space of any kind becomes one space, and what cannot
// be shown or kept is left out. Too long a text is cut.
func clean(parts ...string) string {
	text := strings.Join(strings.FieldsFunc(strings.Join(parts, " "), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError
	}), " ")
	if utf8.RuneCountInString(text) <= maxText {
		return text
	}
	return string([]rune(text)[:maxText])
}

// squeeze is an account's number without the spaces that it is printed with.
func squeeze(account string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return unicode.ToUpper(r)
	}, account)
}

var (
	errNotANumber = errors.New("bank: not an amount")
	errTooFine    = errors.New("bank: finer than the currency")
	errTooLarge   = errors.New("bank: too large an amount")
)

// minorOf reads digits with one decimal sign, as statements write amounts: never negative,
// never grouped. Zeros behind the currency's last place are allowed, more than that is not.
func minorOf(text string, sign byte, c money.Currency) (int64, error) {
	whole, fraction, _ := strings.Cut(text, string(sign))
	if whole == "" || !digits(whole) || !digits(fraction) {
		return 0, errNotANumber
	}
	exponent := c.Exponent()
	for len(fraction) > exponent {
		if fraction[len(fraction)-1] != '0' {
			return 0, errTooFine
		}
		fraction = fraction[:len(fraction)-1]
	}
	var minor int64
	for _, d := range whole + fraction + strings.Repeat("0", exponent-len(fraction)) {
		if minor > maxAmount/10 {
			return 0, errTooLarge
		}
		minor = minor*10 + int64(d-'0')
	}
	if minor > maxAmount {
		return 0, errTooLarge
	}
	return minor, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isCurrency has the form of an ISO 4217 code.
func isCurrency(s string) bool {
	return len(s) == 3 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && s[2] >= 'A' && s[2] <= 'Z'
}

// day reads a date, or the date of a moment, of years that a statement can be from.
func day(text, layout string) (time.Time, bool) {
	t, err := time.Parse(layout, text)
	if err != nil || t.Year() < 1990 || t.Year() > 2100 {
		return time.Time{}, false
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), true
}
