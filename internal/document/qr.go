package document

import (
	"strings"

	"rsc.io/qr"

	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

// PaymentCode is what an invoice's square code says to a banking app. For euros it is a
// credit transfer of the European Payments Council (EPC069-12, version 002); for others
// there is no common form, and it is plain text that a person can copy from: the IBAN, the
// sum and the reference, or where to pay by card. Empty: there is nothing to say.
func PaymentCode(a *Account, sum money.Amount, ref giving.Reference, payURL string) string {
	switch {
	case a == nil:
		return payURL
	case sum.Currency == "EUR" && sum.Minor <= 999_999_999_99:
		return strings.Join([]string{"BCD", "002", "1", "SCT", a.BIC, cut(a.Holder.EN, 70), a.IBAN, "EUR" + sum.Plain(), "", string(ref)}, "\n")
	}
	return strings.Join([]string{cut(a.Holder.UK, 70), a.IBAN, sum.String(), string(ref)}, "\n")
}

// cut keeps a name to what a field takes, on one line.
func cut(s string, most int) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), most)])
}

// square is a code as rows of black modules, with the quiet edge that readers need.
func square(text string) (*qr.Code, error) { return qr.Encode(text, qr.M) }
