package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// latin writes Ukrainian letters as passports do (resolution 55 of 2010), without its
// exceptions at the beginning of words.
var latin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "h", 'ґ': "g", 'д': "d", 'е': "e", 'є': "ie", 'ж': "zh", 'з': "z", 'и': "y", 'і': "i", 'ї': "i", 'й': "i",
	'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch",
	'ш': "sh", 'щ': "shch", 'ь': "", 'ю': "iu", 'я': "ia",
}

// MaxSlug is how long a part of an address that was made of a name is at most.
const MaxSlug = 60

// Slug makes a name into a part of an address: "ТОВ «Ґанок»" is "tov-ganok". Of a name
// without any letter or digit of ours nothing is left.
func Slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToLower(name)) {
		switch s, ukrainian := latin[r]; {
		case ukrainian:
			b.WriteString(s)
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '’' || r == '\'' || r == 'ʼ':
		default:
			b.WriteByte('-')
		}
	}
	slug := strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '-' }), "-")
	if len(slug) > MaxSlug {
		slug = strings.TrimRight(slug[:MaxSlug], "-")
	}
	return slug
}

// Blank reports whether a text shows nothing: it is empty, or all of it is space and
// characters that nobody sees.
func Blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}
