package giving

import (
	"math/big"
	"time"

	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// MovementKind is what a movement of money at Stripe was.
type MovementKind string

const (
	MovedIn     MovementKind = "gift"          // the payment came in
	MovedBack   MovementKind = "refund"        // money was returned to the payer
	ReturnedOut MovementKind = "refund-failed" // a refund did not arrive and came back to us
	LateFailure MovementKind = "late-failure"  // a debit that had succeeded was returned by the payer's bank
	TakenBack   MovementKind = "dispute"       // the payer's bank took money back until it has decided
	GivenBack   MovementKind = "dispute-won"   // it returned that money, or part of it
	Unexplained MovementKind = "suspense"      // a kind that this program does not know
)

// Movement is one balance transaction of a payment: money that moved at Stripe, once. All
// sums are signed: in above zero, out below. Net is what our balance at Stripe changed by,
// Gross − Fee.
type Movement struct {
	ID         string // Stripe's id of the balance transaction: the cause, which posts once
	Kind       MovementKind
	Type       string // Stripe's own word for it, kept for people
	Dispute    string // the dispute that it belongs to, or ""
	Gross      money.Amount
	Fee        money.Amount
	Net        money.Amount
	Presented  money.Amount // Gross in the payer's currency; none when that is Gross's own
	Rate       string       // from Presented to Gross, as Stripe said it
	HappenedAt time.Time
}

// source is the movement's name as a cause of an entry.
func (m Movement) source() string { return "stripe:" + m.ID }

// presented is what the payer gave or got back.
func (m Movement) presented() money.Amount {
	if m.Presented == (money.Amount{}) || m.Presented.Currency == m.Gross.Currency {
		return m.Gross
	}
	return m.Presented
}

// addsUp reports whether the movement can be read at all.
func (m Movement) addsUp() bool {
	return m.Gross.Currency == m.Net.Currency && m.Fee.Currency == m.Net.Currency && m.Gross.Minor-m.Fee.Minor == m.Net.Minor
}

// Rate is what a payment was when it came in, in up to three currencies: what the payer
// was charged, what that is to the campaign, and what stood on our balance at Stripe. All
// later movements of the payment are reckoned at it.
type Rate struct{ Presented, Own, Settled money.Amount }

// open reports whether the rate waits for the money: what the payer is charged was agreed
// to be so much to the campaign, and nothing has been settled.
func (r Rate) open() bool { return r.Settled == (money.Amount{}) }

// settled leaves out of a rate what was only agreed.
func (r Rate) settled() Rate {
	if r.open() {
		return Rate{}
	}
	return r
}

// rateIn is the rate of a payment whose gift is among the movements, in the campaign's
// currency; nothing when it is not, or says no rate. Agreed is what was agreed before the
// money came, or no rate.
func rateIn(all []Movement, agreed Rate, c money.Currency) (Rate, bool) {
	for _, m := range all {
		if m.Kind != MovedIn || !m.addsUp() {
			continue
		}
		r, ok := m.rate(agreed, c)
		return r, ok && r.Own.Minor > 0 && r.Presented.Minor > 0 && r.Settled.Minor > 0
	}
	return Rate{}, false
}

// rate is what a movement says by itself. What the payer saw is to the campaign what was
// agreed, or it is in the campaign's own currency; else what Stripe made of it counts.
func (m Movement) rate(agreed Rate, c money.Currency) (Rate, bool) {
	r := Rate{Presented: m.presented(), Own: m.Gross, Settled: m.Gross}
	switch {
	case agreed.Presented.Minor > 0 && r.Presented.Currency == agreed.Presented.Currency:
		own, ok := Convert(r.Presented, agreed.Presented, agreed.Own)
		r.Own = money.Of(own, c)
		return r, ok
	case r.Presented.Currency == c:
		r.Own = r.Presented
	}
	return r, r.Own.Currency == c
}

// worth is what a movement is to the campaign, in the campaign's currency.
type worth struct {
	gross int64 // what the payer gave, or got back when below zero
	fee   int64
	drift int64 // what it cost beyond that because the rate has moved since the gift; below zero: less
}

// net is what the campaign has more afterwards.
func (w worth) net() int64 { return w.gross - w.fee - w.drift }

// worthOf reckons a movement at the payment's rate. It is false for what the books of a
// currency cannot explain. Without a recorded rate the movement's own is taken.
func worthOf(m Movement, r Rate, c money.Currency) (worth, bool) {
	if m.Kind == Unexplained || !m.addsUp() {
		return worth{}, false
	}
	if r.open() {
		var ok bool
		if r, ok = m.rate(r, c); !ok {
			return worth{}, false
		}
	}
	gross, ok1 := Convert(m.presented(), r.Presented, r.Own)
	cost, ok2 := Convert(m.Gross, r.Settled, r.Own)
	fee, ok3 := Convert(m.Fee, r.Settled, r.Own)
	if !ok1 || !ok2 || !ok3 {
		return worth{}, false
	}
	return worth{gross: gross, fee: fee, drift: gross - cost}, true
}

// Convert is an amount in the currency of to, at the rate that makes from into to, rounded
// half away from zero. It is false when from does not say the amount's rate.
func Convert(a, from, to money.Amount) (int64, bool) {
	switch {
	case a.Currency == to.Currency || a.Minor == 0:
		return a.Minor, true
	case a.Currency != from.Currency || from.Minor == 0:
		return 0, false
	}
	// (2·a·to ± from) ÷ 2·from, cut off towards zero.
	two, by := big.NewInt(2), big.NewInt(from.Minor)
	over, under := new(big.Int).Mul(big.NewInt(a.Minor), big.NewInt(to.Minor)), new(big.Int).Mul(two, by)
	over.Mul(over, two)
	half := new(big.Int).Abs(by)
	if over.Sign()*under.Sign() < 0 {
		half.Neg(half)
	}
	if under.Sign() < 0 {
		half.Neg(half)
	}
	rounded := over.Add(over, half).Quo(over, under)
	return rounded.Int64(), rounded.IsInt64()
}

// moneyLines are where the money is: on our balance at Stripe, and when that is kept in
// another currency than the campaign's, on both sides of the exchange.
func moneyLines(h Home, m Movement, w worth) []ledger.Line {
	if m.Net.Currency == h.Currency {
		return signed(ledger.Stripe(h.Cluster, h.Currency), m.Net.Minor)
	}
	lines := signed(ledger.Stripe(h.Cluster, m.Net.Currency), m.Net.Minor)
	lines = append(lines, signed(ledger.Exchange(h.Cluster, m.Net.Currency), -m.Net.Minor)...)
	return append(lines, signed(ledger.Exchange(h.Cluster, h.Currency), w.net())...)
}

// signed is a line of a signed sum: debit above zero, credit below, none for zero.
func signed(a ledger.Account, minor int64) []ledger.Line {
	if minor == 0 {
		return nil
	}
	return []ledger.Line{ledger.Debit(a, minor)}
}

// pair are the two lines that remember what money was paid away for: debit where it went
// and credit what was released, the reverse below zero, and none for zero.
func pair(h Home, where ledger.Account, minor int64) []ledger.Line {
	return append(signed(where, minor), signed(ledger.Released(h.Campaign, h.Currency), -minor)...)
}
