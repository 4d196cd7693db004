package i18n

import (
	"regexp"
	"strings"
)

// dash is a dash between words. It stays on the line of the word before it.
const dash = noBreak + "– "

// grouped is a number with spaces between its thousands.
var grouped = regexp.MustCompile(`\b[0-9]{1,3}( [0-9]{3})+\b`)

// ties are further spaces of a text, in either language, at which no line may break: before
// what a number counts, and inside a date.
var ties = []*regexp.Regexp{
	regexp.MustCompile(`([0-9]) ([₴$€£%]|млн|тис\.|шт\.|million|pcs)`),
	regexp.MustCompile(`(млн|тис\.) ([₴$€£])`),
	regexp.MustCompile(`(№|No\.) ([0-9])`),
	regexp.MustCompile(`\b([0-9]{1,2}) (` + strings.Join(months(), "|") + `)`),
	regexp.MustCompile(`(` + strings.Join(months(), "|") + `) ([0-9]{4})\b`),
}

func months() []string {
	var all []string
	for _, l := range Langs() {
		names := monthNames[l]
		all = append(all, names[:]...)
	}
	return all
}

// Tie is a text that a person wrote, with spaces that do not break where a line must not:
// "108 700 $" and "27 березня" stay whole, and no line begins with a dash.
func Tie(text string) string {
	text = grouped.ReplaceAllStringFunc(text, func(n string) string { return strings.ReplaceAll(n, " ", noBreak) })
	for _, t := range ties {
		text = t.ReplaceAllString(text, "${1}"+noBreak+"${2}")
	}
	return strings.ReplaceAll(text, " – ", dash)
}
