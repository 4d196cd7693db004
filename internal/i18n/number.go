package i18n

import (
	"strconv"
	"strings"
)

// Number groups a whole number by thousands: "1 284", "1,284".
func (l Lang) Number(n int64) string {
	group, sign := noBreak, ""
	if l == EN {
		group = ","
	}
	digits := strconv.FormatInt(n, 10)
	if n < 0 {
		sign, digits = minus, digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + group + digits[i:]
	}
	return sign + digits
}

// Percent writes tenths of a per cent: 654 is "65,4 %" and "65.4%".
func (l Lang) Percent(tenths int64) string {
	sign := ""
	if tenths < 0 {
		sign, tenths = minus, -tenths
	}
	point, end := ",", noBreak+"%"
	if l == EN {
		point, end = ".", "%"
	}
	return sign + l.Number(tenths/10) + point + strconv.FormatInt(tenths%10, 10) + end
}

// Decimal writes a number that has a point as the language does: "41.5" is "41,5".
func (l Lang) Decimal(plain string) string {
	if l == EN {
		return plain
	}
	return strings.Replace(plain, ".", ",", 1)
}
