package i18n_test

import (
	"errors"
	"testing"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

func TestPluralFormsFollowCLDR(t *testing.T) {
	uk := map[int64]string{
		0: "0 полів", 1: "1 поле", 2: "2 поля", 5: "5 полів", 11: "11 полів", 21: "21 поле", 22: "22 поля", 111: "111 полів", 1284: "1\u00a0284 поля",
	}
	for n, want := range uk {
		if got := i18n.UK.N("common.form.errors", n); got != "Не записано: треба виправити "+want {
			t.Errorf("uk %d = %q, want %q", n, got, want)
		}
	}
	en := map[int64]string{
		0: "0 fields need", 1: "1 field needs", 2: "2 fields need", 5: "5 fields need", 11: "11 fields need",
		21: "21 fields need", 22: "22 fields need", 111: "111 fields need", 1284: "1,284 fields need",
	}
	for n, want := range en {
		if got := i18n.EN.N("common.form.errors", n); got != "Not recorded: "+want+" correcting" {
			t.Errorf("en %d = %q, want %q", n, got, want)
		}
	}
}

func TestMatchPrefersUkrainianWhenNothingFits(t *testing.T) {
	for header, want := range map[string]i18n.Lang{
		"": i18n.UK, "uk-UA,uk;q=0.9,en;q=0.5": i18n.UK, "en-GB,en;q=0.9": i18n.EN, "en;q=0.4,uk;q=0.8": i18n.UK,
		"fr-FR, de;q=0.5": i18n.UK, "fr, en;q=0.1": i18n.EN, "\x00;;;": i18n.UK, "*": i18n.UK,
	} {
		if got := i18n.Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
}

func TestParseKnowsOnlyOurLanguages(t *testing.T) {
	for s, want := range map[string]bool{"uk": true, "en": true, "": false, "UK": false, "uk-UA": false, "de": false} {
		if _, ok := i18n.Parse(s); ok != want {
			t.Errorf("Parse(%q) = %v, want %v", s, ok, want)
		}
	}
}

func TestAMissingMessageShowsItsKey(t *testing.T) {
	for _, l := range append(i18n.Langs(), "de") {
		if got := l.T("no.such.message", 1); got != "no.such.message" {
			t.Errorf("%s: T = %q", l, got)
		}
		if _, err := l.Plural("no.such.message", 2); !errors.Is(err, i18n.ErrMissing) {
			t.Errorf("%s: Plural error = %v", l, err)
		}
	}
}

func TestArgumentsAreWrittenAsTheLanguageWritesThem(t *testing.T) {
	left := fault.In("amount", "payment.more_than_left", money.Of(123456789, "USD"))
	if got, want := i18n.UK.Fault(left), "За обіцянкою лишилося 1\u00a0234\u00a0567,89\u00a0$. Напишіть цю суму або меншу"; got != want {
		t.Errorf("uk = %q, want %q", got, want)
	}
	if got, want := i18n.EN.Fault(left), "$1,234,567.89 is left on the pledge. Type that amount or less"; got != want {
		t.Errorf("en = %q, want %q", got, want)
	}
	if got, want := i18n.EN.Fault(fault.New(fault.Invalid, "money.too_fine", 0, money.Of(1500, "JPY"))), "This currency has no smaller units. Did you mean ¥1,500?"; got != want {
		t.Errorf("en = %q, want %q", got, want)
	}
	if got, want := i18n.EN.Fault(fault.New(fault.Invalid, "money.too_fine", 2, money.Of(500050, "USD"))), "2 decimal places at most. Did you mean $5,000.50?"; got != want {
		t.Errorf("en = %q, want %q", got, want)
	}
}

func TestAMissingArgumentLeavesAGap(t *testing.T) {
	if got, err := i18n.EN.Text("fault.payment.more_than_left"); !errors.Is(err, i18n.ErrArguments) || got != "… is left on the pledge. Type that amount or less" {
		t.Errorf("%q, %v", got, err)
	}
}
