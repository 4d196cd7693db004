// Package text says what people may write where others read it: reasons, messages, notes.
// It judges characters and lengths, never words, and changes nothing; of a name it makes a
// part of an address.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kopiyka/internal/fault"
)

// Check refuses, with a fault about the field, what is no UTF-8, has characters that
// nobody sees or that turn the line around, or is longer than most characters. An empty
// text passes.
func Check(field, s string, most int) *fault.Fault {
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return fault.In(field, "text.not_utf8")
	case strings.ContainsFunc(s, hidden):
		return fault.In(field, "text.hidden_characters")
	case utf8.RuneCountInString(s) > most:
		return fault.In(field, "text.too_long", most)
	}
	return nil
}

// hidden are control characters, and those by which a text can be shown other than it is
// written (Unicode Technical Report 36, section 2.1: bidirectional overrides and
// isolates). Joiners stay: emoji and some scripts need them.
func hidden(c rune) bool {
	if unicode.IsControl(c) {
		return c != '\n' && c != '\r' && c != '\t'
	}
	return c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069' || c == '\ufeff'
}
