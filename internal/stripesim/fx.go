package stripesim

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	iso "github.com/bojanz/currency"
)

// perDollar is what one US dollar buys, in millionths of a major unit. The numbers are
// the sandbox's own and near enough to life to look right; what matters is that they
// are the same on every machine. A currency that is not listed buys as much as a dollar.
var perDollar = map[string]int64{
	"usd": 1_000_000, "eur": 921_300, "gbp": 789_400, "chf": 884_500, "pln": 3_982_000, "czk": 23_310_000, "sek": 10_420_000,
	"nok": 10_550_000, "dkk": 6_870_000, "huf": 363_000_000, "ron": 4_582_000, "uah": 41_270_000, "cad": 1_352_000, "aud": 1_523_000,
	"jpy": 149_250_000, "krw": 1_331_000_000, "vnd": 24_650_000_000, "kwd": 307_500, "bhd": 376_000, "isk": 137_400_000, "ugx": 3_890_000_000,
}

// drift is how many thousandths the rates of a weekday are above or below perDollar:
// money that leaves on another day than it came is never quite the same money.
var drift = [7]int64{0, 2, 5, 3, -1, -4, -2}

// ratio is a rate as its digits, null when empty. It is never a float: the digits that
// are shown are those that were used.
type ratio string

func (r ratio) MarshalJSON() ([]byte, error) {
	if r == "" {
		return []byte("null"), nil
	}
	return []byte(r), nil
}

func (r *ratio) UnmarshalJSON(raw []byte) error {
	if *r = ratio(raw); *r == "null" {
		*r = ""
	}
	return nil
}

// rateScale is how finely a rate is kept: ten digits after the point.
var rateScale = big.NewInt(10_000_000_000)

// rate is how many minor units of to one minor unit of from is worth on a day, by rateScale.
func rate(from, to string, day time.Time) *big.Int {
	worth := func(currency string) *big.Int {
		if w, ok := perDollar[currency]; ok {
			return big.NewInt(w)
		}
		return big.NewInt(1_000_000)
	}
	top := new(big.Int).Mul(worth(to), rateScale)
	top.Mul(top, big.NewInt(1000+drift[day.Unix()/86_400%7]))
	top.Mul(top, power(exponent(to)))
	bottom := new(big.Int).Mul(worth(from), power(exponent(from)))
	return nearest(top, bottom.Mul(bottom, big.NewInt(1000)))
}

func power(digits int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
}

// nearest divides and rounds halves away from zero.
func nearest(top, bottom *big.Int) *big.Int {
	twice := new(big.Int).Abs(top)
	twice.Mul(twice, big.NewInt(2)).Add(twice, bottom)
	twice.Quo(twice, new(big.Int).Mul(bottom, big.NewInt(2)))
	if top.Sign() < 0 {
		twice.Neg(twice)
	}
	return twice
}

// settle turns an amount into what the account's balance will see of it, with the rate
// if the currency changes. The balance takes no finer steps than the currency has.
func (t *tx) settle(amount int64, currency string) (int64, string, ratio) {
	into := t.sim.opt.SettleIn
	if len(into) == 0 || slices.Contains(into, currency) {
		return amount, currency, ""
	}
	r := rate(currency, into[0], t.now)
	unit := new(big.Int).Mul(rateScale, big.NewInt(step(into[0])))
	sum := nearest(new(big.Int).Mul(big.NewInt(amount), r), unit).Int64() * step(into[0])
	return sum, into[0], ratio(shownRate(r))
}

// share is the part of whole that part is of all: what comes back of a sum that was
// converted when it left.
func share(whole, part, all int64) int64 {
	return nearest(new(big.Int).Mul(big.NewInt(whole), big.NewInt(part)), big.NewInt(all)).Int64()
}

func shownRate(r *big.Int) string {
	whole, rest := new(big.Int).QuoRem(r, rateScale, new(big.Int))
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%010d", whole, rest), "0"), ".")
}

func checkSettlement(currencies []string) error {
	for _, c := range currencies {
		if c == "" || c != strings.ToLower(c) || !iso.IsValid(strings.ToUpper(c)) {
			return fmt.Errorf("the sandbox cannot settle in %q: currencies are written like usd", c)
		}
	}
	return nil
}

// SetSettlement replaces the currencies in which the account keeps its balance, from
// here on; see Options.SettleIn.
func (s *Sim) SetSettlement(currencies ...string) error {
	if err := checkSettlement(currencies); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.SettleIn = currencies
	return nil
}
