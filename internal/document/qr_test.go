package document_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
	"rsc.io/qr"

	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

var euros = document.Account{IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX", Currency: "EUR", Holder: document.Text{UK: "ГО «Кластер»", EN: "Kharkiv IT Cluster NGO"}}

// The form of EPC069-12: one element a line, in this order, none added.
func TestTheCodeForEuros(t *testing.T) {
	t.Parallel()
	got := document.PaymentCode(&euros, money.Of(500_050, "EUR"), reference, "https://help.example.org/p")
	want := "BCD\n002\n1\nSCT\nCOBADEFFXXX\nKharkiv IT Cluster NGO\nDE89370400440532013000\nEUR5000.50\n\nRF10A1B2C3D4E5"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Whatever the name and the sum, the code keeps to the form: lines, lengths, and at most
// version 13 with correction M, which is what banking apps read.
func TestTheCodeKeepsToItsForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := euros
		a.Holder.EN = rapid.String().Draw(t, "holder")
		sum := money.Of(rapid.Int64Range(1, 999_999_999_99).Draw(t, "minor"), "EUR")
		text := document.PaymentCode(&a, sum, giving.NewReference(), "")
		lines := strings.Split(text, "\n")
		if len(lines) != 10 || lines[7] != "EUR"+sum.Plain() || len([]rune(lines[5])) > 70 || len(text) > 331 {
			t.Fatalf("%q", text)
		}
		code, err := qr.Encode(text, qr.M)
		if err != nil || code.Size > 17+4*13 {
			t.Fatalf("%v, %d modules", err, code.Size)
		}
	})
}

func TestTheCodeForOtherCurrencies(t *testing.T) {
	t.Parallel()
	hryvnias := document.Account{IBAN: "UA213223130000026007233566001", Currency: "UAH", Holder: document.Text{UK: "ГО «Кластер»"}}
	if got, want := document.PaymentCode(&hryvnias, money.Of(123_456, "UAH"), reference, "https://x"), "ГО «Кластер»\nUA213223130000026007233566001\n1234.56 UAH\nRF10A1B2C3D4E5"; got != want {
		t.Errorf("got %q", got)
	}
	if got := document.PaymentCode(nil, money.Of(1, "USD"), reference, "https://x"); got != "https://x" {
		t.Errorf("without an account: %q", got)
	}
	if got := document.PaymentCode(&euros, money.Of(1_000_000_000_00, "EUR"), reference, ""); strings.HasPrefix(got, "BCD") {
		t.Error("more than the form takes stands in its form")
	}
}
