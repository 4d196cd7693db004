package exchange

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

func TestParseReadsRatesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1": "1", " 41,5 ": "41.5", "1.0847": "1.0847", "007.50": "7.5", "0.000000000001": "0.000000000001", "999999.999999999999": "999999.999999999999", "1.0000000000000": "1",
	} {
		v, err := Parse(text)
		if err != nil || v.String() != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, v, err, want)
		}
	}
}

func TestParseRefusesWhatIsNoRate(t *testing.T) {
	t.Parallel()
	for text, key := range map[string]string{
		"": "rate.not_a_number", "abc": "rate.not_a_number", "-1.08": "rate.not_a_number", "1e3": "rate.not_a_number", ".5": "rate.not_a_number", "5.": "rate.not_a_number",
		"1.2.3": "rate.not_a_number", "1 000": "rate.not_a_number", "٤": "rate.not_a_number",
		"0": "rate.zero", "0,000": "rate.zero", "1000000": "rate.out_of_range", "0.0000000000001": "rate.out_of_range",
	} {
		_, err := Parse(text)
		if f, ok := fault.As(err); !ok || f.Key != key {
			t.Errorf("Parse(%q) = %v, want %s", text, err, key)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1", "41,5", "0.000000000001", "-1", "1e9", "١", "1.", "999999.999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		if v <= 0 {
			t.Fatalf("Parse(%q) = %d", text, v)
		}
		if again, err := Parse(v.String()); err != nil || again != v {
			t.Fatalf("Parse(%q) = %v, which reads as %v, %v", text, v, again, err)
		}
	})
}

// The result is the nearest minor unit: no other is closer, and a tie goes away from zero.
func TestAnAmountAtARateIsTheNearest(t *testing.T) {
	t.Parallel()
	currencies := []money.Currency{"USD", "JPY", "KWD", "CLF", "UAH"}
	rapid.Check(t, func(t *rapid.T) {
		a := money.Of(rapid.Int64Range(-1_000_000_000, 1_000_000_000).Draw(t, "minor"), rapid.SampledFrom(currencies).Draw(t, "from"))
		to, v := rapid.SampledFrom(currencies).Draw(t, "to"), Value(rapid.Int64Range(1, 100*int64(one)).Draw(t, "rate"))
		got, ok := v.Of(a, to)
		if !ok {
			return
		}
		exact := new(big.Rat).SetFrac(big.NewInt(a.Minor), power(a.Currency.Exponent()))
		exact.Mul(exact, new(big.Rat).SetFrac(big.NewInt(int64(v)), big.NewInt(int64(one))))
		exact.Mul(exact, new(big.Rat).SetInt(power(to.Exponent())))
		off := new(big.Rat).Sub(new(big.Rat).SetInt64(got), exact)
		switch half := big.NewRat(1, 2); off.Abs(off).Cmp(half) {
		case 1:
			t.Fatalf("%v at %v = %d %s, exactly %v", a, v, got, to, exact)
		case 0:
			if new(big.Rat).Abs(new(big.Rat).SetInt64(got)).Cmp(new(big.Rat).Abs(exact)) < 0 {
				t.Fatalf("%v at %v = %d %s: a tie went towards zero", a, v, got, to)
			}
		}
	})
}

func TestARateFarFromTheLastIsSeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		older, newer string
		want         bool
	}{{"41.5", "42", false}, {"1", "1.2", false}, {"1", "1.200000000001", true}, {"1", "0.8", false}, {"1", "0.79", true}, {"41.5", "0.0241", true}} {
		older, err1 := Parse(c.older)
		newer, err2 := Parse(c.newer)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got := apart(older, newer); got != c.want {
			t.Errorf("apart(%s, %s) = %v", c.older, c.newer, got)
		}
	}
}
