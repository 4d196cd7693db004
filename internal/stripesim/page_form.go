package stripesim

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// payForm is what a payer typed. The CVC is looked at and never kept.
type payForm struct {
	Method  string
	Number  string
	Expiry  string
	CVC     string
	Name    string
	Account string
	Holder  string
	IBAN    string
	Payer   string // holder of the IBAN
}

func readForm(v url.Values) payForm {
	get := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	return payForm{get("method"), get("number"), get("expiry"), get("cvc"), get("name"), get("account"), get("holder"), get("iban"), get("payer")}
}

// mistakes are keys of texts by the name of the field.
type mistakes map[string]string

// instrument reads the form into what can be paid with, as of now.
func (f payForm) instrument(now time.Time) (instrument, mistakes) {
	wrong := mistakes{}
	note := func(field, mistake string) {
		if mistake != "" {
			wrong[field] = "error." + mistake
		}
	}
	switch f.Method {
	case methodBank:
		note("account", accountMistake(f.Account))
		note("holder", nameMistake(f.Holder, "holder_empty"))
		return instrument{method: methodBank, number: f.Account, holder: f.Holder}, wrong
	case methodSEPA:
		number := strings.ToUpper(strings.NewReplacer(" ", "", "\u00a0", "").Replace(f.IBAN))
		note("iban", ibanMistake(number))
		note("payer", nameMistake(f.Payer, "holder_empty"))
		return instrument{method: methodSEPA, number: number, holder: f.Payer}, wrong
	case methodTransfer:
		return instrument{method: methodTransfer}, wrong
	}
	number := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(f.Number)
	month, year, mistake := readExpiry(f.Expiry, now)
	note("number", cardMistake(number))
	note("expiry", mistake)
	note("cvc", cvcMistake(f.CVC))
	note("name", nameMistake(f.Name, "name_empty"))
	return instrument{method: methodCard, number: number, holder: f.Name, expMonth: month, expYear: year}, wrong
}

func cardMistake(number string) string {
	_, known := cardVerdicts[number]
	switch {
	case number == "":
		return "number_empty"
	case !digits(number):
		return "number_letters"
	case len(number) != 16:
		return "number_length"
	case !known:
		return "number_unknown"
	}
	return ""
}

func accountMistake(account string) string {
	end, known := accountEndings[account]
	switch {
	case account == "":
		return "account_empty"
	case !digits(account):
		return "account_shape"
	case !known || end.method != methodBank:
		return "account_unknown"
	}
	return ""
}

func ibanMistake(number string) string {
	end, known := accountEndings[number]
	switch {
	case number == "":
		return "iban_empty"
	case !known || end.method != methodSEPA:
		return "iban_unknown"
	}
	return ""
}

func cvcMistake(cvc string) string {
	switch {
	case cvc == "":
		return "cvc_empty"
	case len(cvc) != 3 || !digits(cvc):
		return "cvc_shape"
	}
	return ""
}

func nameMistake(name, empty string) string {
	switch {
	case name == "":
		return empty
	case utf8.RuneCountInString(name) > 200:
		return "name_long"
	}
	return ""
}

// longestCard is how many years a card can still be valid.
const longestCard = 50

// readExpiry takes 12/34, 12 / 34, 12/2034 and 1234. A card lives to the end of its month.
func readExpiry(s string, now time.Time) (month, year int, mistake string) {
	s = strings.ReplaceAll(s, " ", "")
	if s == "" {
		return 0, 0, "expiry_empty"
	}
	mm, yy, cut := strings.Cut(s, "/")
	if !cut && len(s) == 4 {
		mm, yy = s[:2], s[2:]
	}
	if !digits(mm) || !digits(yy) || len(mm) < 1 || len(mm) > 2 || len(yy) != 2 && len(yy) != 4 {
		return 0, 0, "expiry_shape"
	}
	month, _ = strconv.Atoi(mm)
	year, _ = strconv.Atoi(yy)
	if len(yy) == 2 {
		year += 2000
	}
	switch {
	case month < 1 || month > 12:
		return 0, 0, "expiry_month"
	case year < now.Year() || year == now.Year() && month < int(now.Month()):
		return 0, 0, "expiry_past"
	case year > now.Year()+longestCard:
		return 0, 0, "expiry_far"
	}
	return month, year, ""
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
