package money

import (
	"strings"

	"kopiyka/internal/fault"
)

// maxDigits keeps every amount well inside int64, with room to sum a million of them.
const maxDigits = 14

// Parse reads a positive amount as people write it in Ukrainian or English: "5000",
// "5000,50", "5 000,50", "1,234.56", "1.234,56". It refuses, with a fault, everything
// that could be read in two ways ("1,005") or that is finer than the currency.
// Digits are 0–9 only; signs, exponents and other scripts' digits are refused.
func Parse(text string, c Currency) (Amount, error) {
	s := strings.TrimSpace(text)
	if s == "" {
		return Amount{}, fault.New(fault.Invalid, "money.empty")
	}
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "\u2212") {
		return Amount{}, fault.New(fault.Invalid, "money.negative")
	}
	whole, fraction, err := split(s, c)
	if err != nil {
		return Amount{}, err
	}
	finer := max(len(fraction)-c.Exponent(), 0)
	fraction = fraction[:len(fraction)-finer] + strings.Repeat("0", max(c.Exponent()-len(fraction), 0))
	digits := strings.TrimLeft(whole+fraction, "0")
	if len(digits) > maxDigits {
		return Amount{}, fault.New(fault.Invalid, "money.too_large")
	}
	var minor int64
	for _, d := range digits {
		minor = minor*10 + int64(d-'0')
	}
	switch {
	case finer > 0: // say what may have been meant, and let the person decide
		return Amount{}, fault.New(fault.Invalid, "money.too_fine", c.Exponent(), Amount{max(minor, 1), c})
	case minor == 0:
		return Amount{}, fault.New(fault.Invalid, "money.zero")
	}
	return Amount{minor, c}, nil
}

// split takes a written number apart into its digits before and after the decimal sign.
func split(s string, c Currency) (whole, fraction string, err error) {
	notANumber := fault.New(fault.Invalid, "money.not_a_number")
	decimal := strings.LastIndexAny(s, ".,")
	if decimal < 0 {
		whole, ok := ungroup(s, " \u00a0\u202f'’")
		if !ok {
			return "", "", notANumber
		}
		return whole, "", nil
	}
	head, tail, sign := s[:decimal], s[decimal+1:], s[decimal]
	if !allDigits(tail) || tail == "" || head == "" {
		return "", "", notANumber
	}
	other := "."
	if sign == '.' {
		other = ","
	}
	if strings.IndexByte(head, sign) >= 0 {
		// "1,234,567": groups only. The same sign cannot also be the decimal one.
		if whole, ok := ungroup(s, string(sign)); ok {
			return whole, "", nil
		}
		return "", "", notANumber
	}
	if allDigits(head) && len(head) <= 3 && len(tail) == 3 && c.Exponent() != 3 {
		return "", "", fault.New(fault.Invalid, "money.ambiguous", s, head+tail)
	}
	whole, ok := ungroup(head, " \u00a0\u202f'’"+other)
	if !ok {
		return "", "", notANumber
	}
	return whole, tail, nil
}

// ungroup removes one kind of group separator, and refuses groups that are not of three.
func ungroup(s, separators string) (string, bool) {
	if allDigits(s) {
		return s, s != ""
	}
	for _, sep := range separators {
		groups := strings.Split(s, string(sep))
		if len(groups) < 2 {
			continue
		}
		for i, g := range groups {
			if !allDigits(g) || (i == 0 && (len(g) < 1 || len(g) > 3)) || (i > 0 && len(g) != 3) {
				return "", false
			}
		}
		return strings.Join(groups, ""), true
	}
	return "", false
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
