package member

import (
	"strings"

	"golang.org/x/net/idna"

	"kopiyka/internal/fault"
)

// newEmail reads the address of somebody who is to be written to for the first time. Beside
// being an address, it is written in Latin letters alone: among others are some that only
// look like them, and what looks like a colleague's address would be somebody else's. A
// domain in other letters is written as computers do, xn--…, and is shown so everywhere.
// Below .invalid nobody has an address: there stand those who are erased.
func newEmail(s string) (string, error) {
	s, err := cleanEmail(s)
	if err != nil {
		return "", err
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return "", fault.In("email", "person.email_letters")
		}
	}
	domain := s[strings.LastIndexByte(s, '@')+1:]
	if ascii, err := asciiDomain(domain); err != nil || ascii != domain || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".invalid") {
		return "", fault.In("email", "person.email_form")
	}
	return s, nil
}

// asciiDomain is a domain as computers write it: xn--… for letters beyond the Latin ones.
func asciiDomain(domain string) (string, error) { return idna.Lookup.ToASCII(domain) }
