package i18n_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// nb writes an expected text with ~ for the space that does not break.
func nb(s string) string { return strings.ReplaceAll(s, "~", "\u00a0") }

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		a              money.Amount
		uk, en         string
		ukWhole, enWhl string
	}{
		{money.Of(10870000, "UAH"), "108~700,00~₴", "₴108,700.00", "108~700~₴", "₴108,700"},
		{money.Of(25000000, "USD"), "250~000,00~$", "$250,000.00", "250~000~$", "$250,000"},
		{money.Of(21438050, "USD"), "214~380,50~$", "$214,380.50", "214~380,50~$", "$214,380.50"},
		{money.Of(-21438050, "USD"), "−214~380,50~$", "−$214,380.50", "−214~380,50~$", "−$214,380.50"},
		{money.Of(1, "EUR"), "0,01~€", "€0.01", "0,01~€", "€0.01"},
		{money.Of(0, "USD"), "0,00~$", "$0.00", "0~$", "$0"},
		{money.Of(-5, "UAH"), "−0,05~₴", "−₴0.05", "−0,05~₴", "−₴0.05"},
		{money.Of(100000, "USD"), "1~000,00~$", "$1,000.00", "1~000~$", "$1,000"},
		{money.Of(1234567, "JPY"), "1~234~567~¥", "¥1,234,567", "1~234~567~¥", "¥1,234,567"},
		{money.Of(1234567, "KWD"), "1~234,567~KWD", "KWD~1,234.567", "1~234,567~KWD", "KWD~1,234.567"},
		{money.Of(math.MinInt64, "USD"), "−92~233~720~368~547~758,08~$", "−$92,233,720,368,547,758.08", "−92~233~720~368~547~758,08~$", "−$92,233,720,368,547,758.08"},
	} {
		for _, check := range []struct{ what, got, want string }{
			{"uk", i18n.UK.Money(c.a), c.uk}, {"en", i18n.EN.Money(c.a), c.en},
			{"uk whole", i18n.UK.MoneyWhole(c.a), c.ukWhole}, {"en whole", i18n.EN.MoneyWhole(c.a), c.enWhl},
		} {
			if check.got != nb(check.want) {
				t.Errorf("%v %s = %q, want %q", c.a, check.what, check.got, nb(check.want))
			}
		}
	}
}

func TestSumSetsTheKopiykasApart(t *testing.T) {
	for _, c := range []struct {
		l    i18n.Lang
		a    money.Amount
		want i18n.Sum
	}{
		{i18n.UK, money.Of(21438050, "USD"), i18n.Sum{Main: nb("214~380"), Kop: ",50", Rest: nb("~$")}},
		{i18n.EN, money.Of(-21438050, "USD"), i18n.Sum{Main: "−$214,380", Kop: ".50"}},
		{i18n.UK, money.Of(500, "JPY"), i18n.Sum{Main: "500", Rest: nb("~¥")}},
		{i18n.UK, money.Of(7, "KWD"), i18n.Sum{Main: "0", Kop: ",007", Rest: nb("~KWD")}},
	} {
		if got := c.l.Sum(c.a); got != c.want {
			t.Errorf("%s %v = %+v, want %+v", c.l, c.a, got, c.want)
		}
	}
}

// Whatever the amount, its pieces are the amount, and the kopiykas have the currency's width.
func TestSumPutTogetherIsMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Of(rapid.Int64().Draw(t, "minor"), money.Currency(rapid.SampledFrom([]string{"UAH", "USD", "EUR", "JPY", "KWD"}).Draw(t, "currency")))
		for _, l := range i18n.Langs() {
			s := l.Sum(a)
			if s.String() != l.Money(a) {
				t.Fatalf("%s %v: %q ≠ %q", l, a, s, l.Money(a))
			}
			if e := a.Currency.Exponent(); e > 0 && len(s.Kop) != e+1 {
				t.Fatalf("%s %v: kopiykas %q", l, a, s.Kop)
			}
		}
	})
}

// The zero amount stands in every view model that nobody filled in.
func TestAnAmountWithoutCurrencyIsStillANumber(t *testing.T) {
	for _, l := range i18n.Langs() {
		if got := l.Sum(money.Amount{}).String(); got != "0" && got != "0.00" {
			t.Errorf("%s: Sum of nothing = %q", l, got)
		}
		if got := l.MoneyWhole(money.Of(-3, "???")); !strings.HasPrefix(got, "−") || !strings.HasSuffix(got, "\u00a0???") {
			t.Errorf("%s: unknown currency = %q", l, got)
		}
	}
}

func TestNumbersAndPercents(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1~000", "1,000"}, 1284: {"1~284", "1,284"},
		-1234567: {"−1~234~567", "−1,234,567"}, math.MinInt64: {"−9~223~372~036~854~775~808", "−9,223,372,036,854,775,808"},
	} {
		if uk, en := i18n.UK.Number(n), i18n.EN.Number(n); uk != nb(want[0]) || en != want[1] {
			t.Errorf("%d = %q, %q, want %q", n, uk, en, want)
		}
	}
	for n, want := range map[int64][2]string{0: {"0,0~%", "0.0%"}, 654: {"65,4~%", "65.4%"}, 1000: {"100,0~%", "100.0%"}, -5: {"−0,5~%", "−0.5%"}} {
		if uk, en := i18n.UK.Percent(n), i18n.EN.Percent(n); uk != nb(want[0]) || en != want[1] {
			t.Errorf("%d ‰ = %q, %q, want %q", n, uk, en, want)
		}
	}
}

func TestDatesAreToldByTheClockOfKyiv(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ at, uk, en, day, hour, machine string }{
		{"2026-11-22T16:04:00Z", "22 листопада 2026", "22 November 2026", "2026-11-22", "18:04", "2026-11-22T18:04+02:00"},
		{"2020-08-14T15:04:59Z", "14 серпня 2020", "14 August 2020", "2020-08-14", "18:04", "2020-08-14T18:04+03:00"},
		{"2026-01-31T22:30:00Z", "1 лютого 2026", "1 February 2026", "2026-02-01", "00:30", "2026-02-01T00:30+02:00"},
		{"2026-05-01T00:00:00Z", "1 травня 2026", "1 May 2026", "2026-05-01", "03:00", "2026-05-01T03:00+03:00"},
	} {
		v := at(c.at)
		c.uk, c.en = nb(strings.ReplaceAll(c.uk, " ", "~")), nb(strings.ReplaceAll(c.en, " ", "~"))
		if uk, en := i18n.UK.Date(v), i18n.EN.Date(v); uk != c.uk || en != c.en {
			t.Errorf("%s: %q, %q", c.at, uk, en)
		}
		if got, want := i18n.UK.Moment(v), (i18n.Moment{Text: c.uk + ", " + c.hour, Machine: c.machine}); got != want {
			t.Errorf("%s: %+v, want %+v", c.at, got, want)
		}
		if got, want := i18n.EN.Day(v), (i18n.Moment{Text: c.en, Machine: c.day}); got != want {
			t.Errorf("%s: %+v, want %+v", c.at, got, want)
		}
	}
	for _, l := range i18n.Langs() {
		if l.Date(time.Time{}) != "" || l.Day(time.Time{}) != (i18n.Moment{}) || l.Moment(time.Time{}) != (i18n.Moment{}) {
			t.Errorf("%s: the zero time is not empty", l)
		}
	}
}

func TestDateRangeSaysWhatIsSharedOnce(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		from, to time.Time
		uk, en   string
	}{
		{day(2020, 3, 25), day(2020, 3, 30), "25–30~березня~2020", "25–30~March~2020"},
		{day(2020, 3, 25), day(2020, 9, 30), "25~березня~– 30~вересня~2020", "25~March~– 30~September~2020"},
		{day(2020, 12, 25), day(2021, 1, 3), "25~грудня~2020~– 3~січня~2021", "25~December~2020~– 3~January~2021"},
		{day(2020, 3, 25), day(2020, 3, 25), "25~березня~2020", "25~March~2020"},
		{day(2020, 3, 25), time.Time{}, "25~березня~2020", "25~March~2020"},
		{day(2020, 3, 25), day(2020, 3, 1), "25~березня~2020", "25~March~2020"},
		{time.Time{}, time.Time{}, "", ""},
	} {
		if uk, en := i18n.UK.DateRange(c.from, c.to), i18n.EN.DateRange(c.from, c.to); uk != nb(c.uk) || en != nb(c.en) {
			t.Errorf("%v – %v = %q, %q, want %q, %q", c.from, c.to, uk, en, c.uk, c.en)
		}
	}
}

// Sums and dates in what people wrote stay on one line, and no line begins with a dash.
func TestTieKeepsTogetherWhatBelongsTogether(t *testing.T) {
	for written, want := range map[string]string{
		"близько 108 700 $. Менш ніж":         "близько 108~700~$. Менш ніж",
		"1 250 000 ₴, 3,3 млн ₴ і 12 шт.":     "1~250~000~₴, 3,3~млн~₴ і 12~шт.",
		"за пів року – 250 000 $":             "за пів року~– 250~000~$",
		"27 березня лікарня № 17, 1 000":      "27~березня лікарня №~17, 1~000",
		"On 27 March 2020 Hospital No. 17":    "On 27~March~2020 Hospital No.~17",
		"₴3.3 million, 9 of 45 companies":     "₴3.3~million, 9 of 45 companies",
		"- a list\n\n– and a dash\n\n## Rule": "- a list\n\n– and a dash\n\n## Rule",
		"2020 року, 5 інших, 12 1234":         "2020 року, 5 інших, 12 1234",
		"":                                    "",
	} {
		if got := i18n.Tie(written); got != nb(want) {
			t.Errorf("%q = %q, want %q", written, got, nb(want))
		}
	}
	if got, want := i18n.UK.T("portal.new.lead"), "Обіцянка~– ще не платіж."; !strings.HasPrefix(got, nb(want)) {
		t.Errorf("a sentence of the catalogue is %q", got)
	}
}
