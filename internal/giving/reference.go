package giving

import (
	"crypto/rand"
	"strings"
)

// Reference is what a payer writes on a bank transfer so that the money finds its pledge: a
// creditor reference of ISO 11649, RF and two check digits before ten characters of our own.
// The check digits catch every letter typed for a letter and every digit for a digit, and all
// but one in 97 of other mistakes.
type Reference string

const (
	// referenceSigns leaves out I, L, O and U, which people read as other signs.
	referenceSigns  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	referenceOwn    = 10
	referenceLength = len("RF00") + referenceOwn
)

// NewReference makes a reference that nobody can guess from another one.
func NewReference() Reference {
	random := make([]byte, referenceOwn)
	_, _ = rand.Read(random) // never fails: crypto/rand would end the program first
	own := make([]byte, referenceOwn)
	for i, b := range random {
		own[i] = referenceSigns[int(b)%len(referenceSigns)]
	}
	check := 98 - mod97(string(own)+"RF00")
	return Reference("RF" + string([]byte{'0' + byte(check/10), '0' + byte(check%10)}) + string(own))
}

// Valid reports whether the reference has our form and its check digits fit.
func (r Reference) Valid() bool {
	if len(r) != referenceLength || r[:2] != "RF" {
		return false
	}
	for i, c := range []byte(r[2:]) {
		digit := c >= '0' && c <= '9'
		if !digit && (i < 2 || c < 'A' || c > 'Z') {
			return false
		}
	}
	return mod97(string(r[4:]+r[:4])) == 1
}

// String sets the reference in groups of four, as it is printed and read aloud.
func (r Reference) String() string {
	var groups []string
	for s := string(r); s != ""; s = s[min(4, len(s)):] {
		groups = append(groups, s[:min(4, len(s))])
	}
	return strings.Join(groups, " ")
}

// FindReferences finds the valid references in what a payer wrote, in their order and each
// once. Spaces, hyphens, small letters and Cyrillic letters that look like Latin ones do no
// harm. Something that nearly is a reference is none: the check digits decide.
func FindReferences(text string) []Reference {
	signs := make([]byte, 0, len(text))
	for _, c := range strings.ToUpper(text) {
		switch latin, alike := lookalikes[c]; {
		case alike:
			signs = append(signs, latin)
		case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z':
			signs = append(signs, byte(c))
		case c == ' ' || c == '-' || c == '\u00a0' || c == '\n' || c == '\r' || c == '\t': // banks break lines anywhere
		default:
			signs = append(signs, '.')
		}
	}
	var found []Reference
	seen := map[Reference]bool{}
	for i := 0; i+referenceLength <= len(signs); i++ {
		r := Reference(signs[i : i+referenceLength])
		if r.Valid() && !seen[r] {
			seen[r] = true
			found = append(found, r)
		}
	}
	return found
}

// lookalikes are the Cyrillic capitals that a payer may type for Latin ones.
var lookalikes = map[rune]byte{
	'А': 'A', 'В': 'B', 'С': 'C', 'Е': 'E', 'Н': 'H', 'І': 'I', 'К': 'K', 'М': 'M', 'О': 'O', 'Р': 'P', 'Т': 'T', 'Х': 'X', 'У': 'Y',
}

// mod97 is the remainder by 97 (ISO/IEC 7064) of a text in which A stands for 10 and Z for 35.
func mod97(text string) int {
	rest := 0
	for _, c := range []byte(text) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}
