package member

import "regexp"

var edrpouForm = regexp.MustCompile(`^[0-9]{8}$`)

// ValidEDRPOU reports whether a text is an EDRPOU code: eight digits, the last of which
// checks the others. The schema's edrpou_fits says the same.
func ValidEDRPOU(code string) bool {
	if !edrpouForm.MatchString(code) {
		return false
	}
	first := 1 // the first digit's weight; the next ones' follow it, 1 after 7
	if code >= "30000000" && code <= "60000000" {
		first = 7
	}
	rest := 10
	for more := 0; rest == 10 && more <= 2; more += 2 {
		sum := 0
		for i := range 7 {
			sum += ((first-1+i)%7 + 1 + more) * int(code[i]-'0')
		}
		rest = sum % 11
	}
	return rest%10 == int(code[7]-'0')
}
