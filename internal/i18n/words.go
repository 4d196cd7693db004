package i18n

import (
	"fmt"
	"strings"

	"kopiyka/internal/money"
)

// Words is an amount as a document spells it out, so that no stroke of a pen changes it:
// the whole units in words, the minor ones in digits, each noun in the form that its number
// asks for. "дві тисячі одна гривня 05 копійок", "two thousand one hryvnias and 05
// kopiykas". A currency whose name is not known here keeps its code.
func (l Lang) Words(a money.Amount) string {
	major, minor := split(a)
	parts := l.units(a.Currency)
	said := l.count(major, parts.gender) + " " + l.form(parts.major, major)
	if a.Minor < 0 {
		said = minusWord(l) + " " + said
	}
	if a.Currency.Exponent() == 0 {
		return said
	}
	if parts.minor == (forms{}) { // a currency whose minor unit has no name here: as its number is written
		return fmt.Sprintf("%s %0*d/%d", said, a.Currency.Exponent(), minor, unit(a.Currency))
	}
	and := " "
	if l == EN {
		and = " and "
	}
	return fmt.Sprintf("%s%s%0*d %s", said, and, a.Currency.Exponent(), minor, l.form(parts.minor, minor))
}

// split takes an amount without its sign apart into whole and minor units.
func split(a money.Amount) (major, minor uint64) {
	abs := uint64(a.Minor)
	if a.Minor < 0 {
		abs = uint64(-(a.Minor + 1)) + 1 // math.MinInt64 has no positive twin
	}
	u := uint64(unit(a.Currency))
	return abs / u, abs % u
}

func minusWord(l Lang) string {
	if l == EN {
		return "minus"
	}
	return "мінус"
}

// gender is a noun's, which Ukrainian one and two follow: один долар, одна гривня, одне євро.
type gender int

const (
	masculine gender = iota
	feminine
	neuter
)

// forms are a noun beside one, beside two to four, and beside five and more. English has
// the first and the last.
type forms struct{ one, few, many string }

// form picks the noun's form by its number.
func (l Lang) form(f forms, n uint64) string {
	if l == EN {
		if n == 1 {
			return f.one
		}
		return f.many
	}
	switch tens, ones := n%100/10, n%10; {
	case tens == 1 || ones == 0 || ones > 4:
		return f.many
	case ones == 1:
		return f.one
	}
	return f.few
}

// coins are a currency's units.
type coins struct {
	gender       gender // of the whole unit
	major, minor forms
}

func (l Lang) units(c money.Currency) coins {
	known := ukCoins
	if l == EN {
		known = enCoins
	}
	if found, ok := known[c]; ok {
		return found
	}
	return coins{major: forms{string(c), string(c), string(c)}}
}

var ukCoins = map[money.Currency]coins{
	"UAH": {feminine, forms{"гривня", "гривні", "гривень"}, forms{"копійка", "копійки", "копійок"}},
	"USD": {masculine, forms{"долар США", "долари США", "доларів США"}, forms{"цент", "центи", "центів"}},
	"EUR": {neuter, forms{"євро", "євро", "євро"}, forms{"євроцент", "євроценти", "євроцентів"}},
	"GBP": {masculine, forms{"фунт стерлінгів", "фунти стерлінгів", "фунтів стерлінгів"}, forms{"пенс", "пенси", "пенсів"}},
	"PLN": {masculine, forms{"злотий", "злоті", "злотих"}, forms{"грош", "гроші", "грошів"}},
	"CHF": {masculine, forms{"швейцарський франк", "швейцарські франки", "швейцарських франків"}, forms{"сантим", "сантими", "сантимів"}},
	"CZK": {feminine, forms{"чеська крона", "чеські крони", "чеських крон"}, forms{"гелер", "гелери", "гелерів"}},
	"JPY": {feminine, forms{"єна", "єни", "єн"}, forms{}},
	"KWD": {masculine, forms{"кувейтський динар", "кувейтські динари", "кувейтських динарів"}, forms{"філс", "філси", "філсів"}},
}

var enCoins = map[money.Currency]coins{
	"UAH": {major: forms{one: "hryvnia", many: "hryvnias"}, minor: forms{one: "kopiyka", many: "kopiykas"}},
	"USD": {major: forms{one: "US dollar", many: "US dollars"}, minor: forms{one: "cent", many: "cents"}},
	"EUR": {major: forms{one: "euro", many: "euros"}, minor: forms{one: "cent", many: "cents"}},
	"GBP": {major: forms{one: "pound sterling", many: "pounds sterling"}, minor: forms{one: "penny", many: "pence"}},
	"PLN": {major: forms{one: "Polish zloty", many: "Polish zlotys"}, minor: forms{one: "grosz", many: "groszy"}},
	"CHF": {major: forms{one: "Swiss franc", many: "Swiss francs"}, minor: forms{one: "centime", many: "centimes"}},
	"CZK": {major: forms{one: "Czech koruna", many: "Czech korunas"}, minor: forms{one: "haler", many: "halers"}},
	"JPY": {major: forms{one: "Japanese yen", many: "Japanese yen"}},
	"KWD": {major: forms{one: "Kuwaiti dinar", many: "Kuwaiti dinars"}, minor: forms{one: "fils", many: "fils"}},
}

// scales are the names of thousands, millions and so on, from the greatest that an int64
// reaches.
var scales = []struct {
	size   uint64
	gender gender
	uk     forms
	en     string
}{
	{1e18, masculine, forms{"квінтильйон", "квінтильйони", "квінтильйонів"}, "quintillion"},
	{1e15, masculine, forms{"квадрильйон", "квадрильйони", "квадрильйонів"}, "quadrillion"},
	{1e12, masculine, forms{"трильйон", "трильйони", "трильйонів"}, "trillion"},
	{1e9, masculine, forms{"мільярд", "мільярди", "мільярдів"}, "billion"},
	{1e6, masculine, forms{"мільйон", "мільйони", "мільйонів"}, "million"},
	{1e3, feminine, forms{"тисяча", "тисячі", "тисяч"}, "thousand"},
}

// count spells a number out beside a noun of a gender.
func (l Lang) count(n uint64, g gender) string {
	below := ukBelowThousand
	if l == EN {
		below = enBelowThousand
	}
	if n == 0 {
		return below(0, g)[0]
	}
	var words []string
	for _, s := range scales {
		if many := n / s.size; many > 0 {
			words = append(words, below(many, s.gender)...)
			if l == EN {
				words = append(words, s.en)
			} else {
				words = append(words, l.form(s.uk, many))
			}
			n %= s.size
		}
	}
	if n > 0 {
		words = append(words, below(n, g)...)
	}
	return strings.Join(words, " ")
}

var (
	ukOnes = [...]string{"нуль", "один", "два", "три", "чотири", "п’ять", "шість", "сім", "вісім", "дев’ять", "десять", "одинадцять", "дванадцять",
		"тринадцять", "чотирнадцять", "п’ятнадцять", "шістнадцять", "сімнадцять", "вісімнадцять", "дев’ятнадцять"}
	ukTens     = [...]string{"", "", "двадцять", "тридцять", "сорок", "п’ятдесят", "шістдесят", "сімдесят", "вісімдесят", "дев’яносто"}
	ukHundreds = [...]string{"", "сто", "двісті", "триста", "чотириста", "п’ятсот", "шістсот", "сімсот", "вісімсот", "дев’ятсот"}
	enOnes     = [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	enTens = [...]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
)

func ukBelowThousand(n uint64, g gender) []string {
	var words []string
	if n >= 100 {
		words = append(words, ukHundreds[n/100])
	}
	rest := n % 100
	if rest >= 20 {
		words = append(words, ukTens[rest/10])
		rest %= 10
	}
	switch {
	case rest == 1 && g == feminine:
		words = append(words, "одна")
	case rest == 1 && g == neuter:
		words = append(words, "одне")
	case rest == 2 && g == feminine:
		words = append(words, "дві")
	case rest > 0 || n == 0:
		words = append(words, ukOnes[rest])
	}
	return words
}

func enBelowThousand(n uint64, _ gender) []string {
	var words []string
	if n >= 100 {
		words = append(words, enOnes[n/100], "hundred")
	}
	switch rest := n % 100; {
	case rest >= 20 && rest%10 > 0:
		words = append(words, enTens[rest/10]+"-"+enOnes[rest%10])
	case rest >= 20:
		words = append(words, enTens[rest/10])
	case rest > 0 || n == 0:
		words = append(words, enOnes[rest])
	}
	return words
}
