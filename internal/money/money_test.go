package money_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

func TestParseReadsWhatPeopleWrite(t *testing.T) {
	for text, want := range map[string]int64{
		"5000": 500000, "5000,50": 500050, "5000.5": 500050, "5 000,50": 500050,
		"5\u00a0000": 500000, "5\u202f000,01": 500001, "1,234.56": 123456, "1.234,56": 123456,
		"1,234,567.89": 123456789, "1,234,567": 123456700, " 7 ": 700, "0,01": 1, "007": 700,
		"1'234.50": 123450, "12 345": 1234500,
	} {
		got, err := money.Parse(text, "USD")
		if err != nil || got != money.Of(want, "USD") {
			t.Errorf("Parse(%q) = %v, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseRefusesWithAReason(t *testing.T) {
	for text, want := range map[string]string{
		"": "money.empty", "   ": "money.empty", "-1": "money.negative", "−5": "money.negative",
		"0": "money.zero", "0,00": "money.zero", "1,005": "money.ambiguous", "1.005": "money.ambiguous",
		"1e9": "money.not_a_number", "１２": "money.not_a_number", "0x10": "money.not_a_number",
		"1,5,5": "money.not_a_number", "12 34": "money.not_a_number", "+5": "money.not_a_number",
		"5$": "money.not_a_number", ",5": "money.not_a_number", "5,": "money.not_a_number",
		"1000,505": "money.too_fine", "12345678901234567": "money.too_large", "1\x00": "money.not_a_number",
		"٥": "money.not_a_number", "1 234.567,89": "money.not_a_number", "\xff": "money.not_a_number",
	} {
		_, err := money.Parse(text, "USD")
		f, ok := fault.As(err)
		if !ok || f.Key != want || f.Kind != fault.Invalid {
			t.Errorf("Parse(%q) = %v, want %s", text, err, want)
		}
	}
}

func TestParseKnowsTheCurrency(t *testing.T) {
	if got, err := money.Parse("1500", "JPY"); err != nil || got.Minor != 1500 {
		t.Errorf("JPY: %v, %v", got, err)
	}
	if _, err := money.Parse("1500,5", "JPY"); err == nil {
		t.Error("half a yen was taken")
	}
	if got, err := money.Parse("1,005", "KWD"); err != nil || got.Minor != 1005 {
		t.Errorf("KWD: %v, %v", got, err)
	}
}

// What Plain writes, Parse reads back.
func TestParseUndoesPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]money.Currency{"USD", "UAH", "JPY", "EUR"}).Draw(t, "currency")
		want := money.Of(rapid.Int64Range(1, 99999999999999).Draw(t, "minor"), c)
		got, err := money.Parse(want.Plain(), c)
		if err != nil || got != want {
			t.Fatalf("Parse(%q) = %v, %v", want.Plain(), got, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"5000,50", "1,005", "1e9", "１２", "-1", "1 234 567,89"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := money.Parse(s, "USD")
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("Parse(%q): %v is no fault", s, err)
			}
			return
		}
		if got.Minor <= 0 {
			t.Fatalf("Parse(%q) = %v", s, got)
		}
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, s)
		if len(digits) == 0 {
			t.Fatalf("Parse(%q) = %v out of no digits", s, got)
		}
	})
}

func TestSumsOfDifferentCurrenciesAreRefused(t *testing.T) {
	if _, err := money.Of(1, "USD").Add(money.Of(1, "EUR")); !errors.Is(err, money.ErrCurrencies) {
		t.Errorf("err = %v", err)
	}
	if _, err := money.Of(math.MaxInt64, "USD").Add(money.Of(1, "USD")); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("err = %v", err)
	}
	if _, err := money.Of(-2, "USD").Sub(money.Of(math.MaxInt64, "USD")); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("err = %v", err)
	}
	if got, err := money.Of(5, "USD").Sub(money.Of(7, "USD")); err != nil || got.Minor != -2 {
		t.Errorf("5 − 7 = %v, %v", got, err)
	}
}

func TestPlain(t *testing.T) {
	for want, a := range map[string]money.Amount{
		"1234.56": money.Of(123456, "USD"), "-0.05": money.Of(-5, "USD"), "7": money.Of(7, "JPY"),
		"-92233720368547758.08": money.Of(math.MinInt64, "USD"), "0.005": money.Of(5, "KWD"),
	} {
		if got := a.Plain(); got != want {
			t.Errorf("Plain = %q, want %q", got, want)
		}
	}
}
