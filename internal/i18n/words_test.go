package i18n_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		a      money.Amount
		uk, en string
	}{
		{money.Of(0, "UAH"), "нуль гривень 00 копійок", "zero hryvnias and 00 kopiykas"},
		{money.Of(101, "UAH"), "одна гривня 01 копійка", "one hryvnia and 01 kopiyka"},
		{money.Of(202, "UAH"), "дві гривні 02 копійки", "two hryvnias and 02 kopiykas"},
		{money.Of(511, "UAH"), "п’ять гривень 11 копійок", "five hryvnias and 11 kopiykas"},
		{money.Of(1_121, "UAH"), "одинадцять гривень 21 копійка", "eleven hryvnias and 21 kopiykas"},
		{money.Of(2_112, "USD"), "двадцять один долар США 12 центів", "twenty-one US dollars and 12 cents"},
		{money.Of(102, "EUR"), "одне євро 02 євроценти", "one euro and 02 cents"},
		{money.Of(2_200, "EUR"), "двадцять два євро 00 євроцентів", "twenty-two euros and 00 cents"},
		{money.Of(3_300, "PLN"), "тридцять три злоті 00 грошів", "thirty-three Polish zlotys and 00 groszy"},
		{money.Of(101, "GBP"), "один фунт стерлінгів 01 пенс", "one pound sterling and 01 penny"},
		{money.Of(100_000, "USD"), "одна тисяча доларів США 00 центів", "one thousand US dollars and 00 cents"},
		{money.Of(211_100, "USD"), "дві тисячі сто одинадцять доларів США 00 центів", "two thousand one hundred eleven US dollars and 00 cents"},
		{money.Of(10_870_000, "UAH"), "сто вісім тисяч сімсот гривень 00 копійок", "one hundred eight thousand seven hundred hryvnias and 00 kopiykas"},
		{money.Of(100_000_100_00, "UAH"), "сто мільйонів сто гривень 00 копійок", "one hundred million one hundred hryvnias and 00 kopiykas"},
		{money.Of(2_002_002_002_99, "UAH"), "два мільярди два мільйони дві тисячі дві гривні 99 копійок", "two billion two million two thousand two hryvnias and 99 kopiykas"},
		{money.Of(-100, "UAH"), "мінус одна гривня 00 копійок", "minus one hryvnia and 00 kopiykas"},
		{money.Of(1_001, "JPY"), "одна тисяча одна єна", "one thousand one Japanese yen"},
		{money.Of(2_005, "KWD"), "два кувейтські динари 005 філсів", "two Kuwaiti dinars and 005 fils"},
		{money.Of(150, "SEK"), "один SEK 50/100", "one SEK 50/100"},
		{money.Of(math.MaxInt64, "JPY"),
			"дев’ять квінтильйонів двісті двадцять три квадрильйони триста сімдесят два трильйони тридцять шість мільярдів вісімсот п’ятдесят чотири мільйони сімсот сімдесят п’ять тисяч вісімсот сім єн",
			"nine quintillion two hundred twenty-three quadrillion three hundred seventy-two trillion thirty-six billion eight hundred fifty-four million seven hundred seventy-five thousand eight hundred seven Japanese yen"},
	} {
		if uk, en := i18n.UK.Words(c.a), i18n.EN.Words(c.a); uk != c.uk || en != c.en {
			t.Errorf("%v\n got %q\nwant %q\n got %q\nwant %q", c.a, uk, c.uk, en, c.en)
		}
	}
	if got := i18n.UK.Words(money.Of(math.MinInt64, "UAH")); !strings.HasPrefix(got, "мінус дев’яносто два квадрильйони") || !strings.HasSuffix(got, " 08 копійок") {
		t.Errorf("the least amount is %q", got)
	}
}

// values are the words of numbers in both languages, written down apart from the program.
var values = map[string]int64{
	"нуль": 0, "один": 1, "одна": 1, "одне": 1, "два": 2, "дві": 2, "три": 3, "чотири": 4, "п’ять": 5, "шість": 6, "сім": 7, "вісім": 8, "дев’ять": 9, "десять": 10,
	"одинадцять": 11, "дванадцять": 12, "тринадцять": 13, "чотирнадцять": 14, "п’ятнадцять": 15, "шістнадцять": 16, "сімнадцять": 17, "вісімнадцять": 18, "дев’ятнадцять": 19,
	"двадцять": 20, "тридцять": 30, "сорок": 40, "п’ятдесят": 50, "шістдесят": 60, "сімдесят": 70, "вісімдесят": 80, "дев’яносто": 90,
	"сто": 100, "двісті": 200, "триста": 300, "чотириста": 400, "п’ятсот": 500, "шістсот": 600, "сімсот": 700, "вісімсот": 800, "дев’ятсот": 900,
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
	"thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
	"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}

var multiples = map[string]int64{
	"тисяча": 1e3, "тисячі": 1e3, "тисяч": 1e3, "мільйон": 1e6, "мільйони": 1e6, "мільйонів": 1e6, "мільярд": 1e9, "мільярди": 1e9, "мільярдів": 1e9,
	"трильйон": 1e12, "трильйони": 1e12, "трильйонів": 1e12, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
}

// number reads words back, as a clerk would.
func number(words []string) (int64, error) {
	var total, group int64
	for _, w := range words {
		for part := range strings.SplitSeq(w, "-") {
			v, isValue := values[part]
			m, isMultiple := multiples[part]
			switch {
			case part == "hundred":
				group *= 100
			case isValue:
				group += v
			case isMultiple:
				total, group = total+group*m, 0
			default:
				return 0, fmt.Errorf("%q is no number", part)
			}
		}
	}
	return total + group, nil
}

// Whatever the amount, a clerk who reads the words writes the same amount down, and the
// noun stands in the form that its number asks for.
func TestWordsAreTheAmount(t *testing.T) {
	nouns := map[i18n.Lang]struct{ one, few, many, kopOne, kopFew, kopMany string }{
		i18n.UK: {"гривня", "гривні", "гривень", "копійка", "копійки", "копійок"},
		i18n.EN: {"hryvnia", "hryvnias", "hryvnias", "kopiyka", "kopiykas", "kopiykas"},
	}
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(0, 1e14+99).Draw(t, "minor") // to 10^12 whole units
		if rapid.Bool().Draw(t, "small") {
			minor %= 100_000
		}
		for l, noun := range nouns {
			words := strings.Fields(strings.ReplaceAll(i18n.Lang.Words(l, money.Of(minor, "UAH")), " and ", " "))
			n := len(words)
			whole, err := number(words[:n-3])
			if err != nil {
				t.Fatalf("%v: %v", words, err)
			}
			if kop := fmt.Sprintf("%02d", minor%100); whole != minor/100 || words[n-2] != kop {
				t.Fatalf("%d is spelled %v", minor, words)
			}
			want := func(n int64, one, few, many string) string {
				switch {
				case l == i18n.EN && n == 1:
					return one
				case l == i18n.EN:
					return many
				case n%100 >= 11 && n%100 <= 14:
					return many
				case n%10 == 1:
					return one
				case n%10 >= 2 && n%10 <= 4:
					return few
				}
				return many
			}
			if got := words[n-3]; got != want(whole, noun.one, noun.few, noun.many) {
				t.Fatalf("%d: %q", whole, got)
			}
			if got := words[n-1]; got != want(minor%100, noun.kopOne, noun.kopFew, noun.kopMany) {
				t.Fatalf("%d: %q", minor%100, got)
			}
		}
	})
}

// One and two follow the noun beside them: the hryvnia and the thousand are feminine, the
// euro is neuter, the rest masculine.
func TestUkrainianNumbersFollowTheNounsGender(t *testing.T) {
	ones := map[string]map[string]bool{ // by the beginning of the noun
		"гривн": {"одна": true, "дві": true}, "тисяч": {"одна": true, "дві": true}, "євро": {"одне": true, "два": true},
		"долар": {"один": true, "два": true}, "мільй": {"один": true, "два": true}, "мільярд": {"один": true, "два": true}, "трильй": {"один": true, "два": true},
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1e12).Draw(t, "whole")
		currency := money.Currency(rapid.SampledFrom([]string{"UAH", "USD", "EUR"}).Draw(t, "currency"))
		words := strings.Fields(i18n.UK.Words(money.Of(n*100, currency)))
		for i, w := range words {
			if v := values[w]; v != 1 && v != 2 || w == "нуль" {
				continue
			}
			for noun, follow := range ones {
				if strings.HasPrefix(words[i+1], noun) && !follow[w] {
					t.Fatalf("%d %s: %q beside %q", n, currency, w, words[i+1])
				}
			}
		}
	})
}
