package giving

import (
	"context"
	"maps"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// A pledge may be made in another currency than its campaign's. It counts in the campaign's
// at the rate of the day on which it was made, for its whole life, and is asked for and paid
// in the currency of the promise: what was promised in euros and paid in euros is fulfilled,
// whatever became of the rate. Acts and instalments are kept in the campaign's currency;
// what they are in the original follows from the promise, which is both.

// Foreign reports whether the pledge was promised, and is paid, in another currency than
// its campaign's.
func (p Pledge) Foreign() bool { return p.Original.Currency != "" }

// InOriginal is what a sum of the campaign's currency is in that of the promise, at the
// promise's rate. All of what was promised is exactly what was promised.
func (p Pledge) InOriginal(minor int64) money.Amount {
	if !p.Foreign() {
		return money.Of(minor, p.Amount.Currency)
	}
	converted, ok := Convert(money.Of(minor, p.Amount.Currency), p.Promised, p.Original)
	if !ok {
		converted = 0
	}
	return money.Of(converted, p.Original.Currency)
}

// inOwn is what a sum of the original currency counts as.
func (p Pledge) inOwn(original int64) int64 {
	minor, ok := Convert(money.Of(original, p.Original.Currency), p.Original, p.Promised)
	if !ok {
		return 0
	}
	return minor
}

// ToPay is Outstanding in the currency in which the pledge is paid.
func (p Pledge) ToPay() money.Amount {
	left := p.Outstanding()
	if !p.Foreign() {
		return left
	}
	if left.IsZero() {
		return money.Of(0, p.Original.Currency)
	}
	return money.Of(max(p.InOriginal(p.Amount.Minor).Minor-p.PaidOriginal, 0), p.Original.Currency)
}

// Ask is what a part of what is outstanding is in the currency in which the pledge is
// paid: of all of it, all. Parts one after the other come to the whole.
func (p Pledge) Ask(due money.Amount) money.Amount {
	left := p.ToPay()
	if !p.Foreign() {
		return due
	}
	before := p.Amount.Minor - p.Outstanding().Minor
	asked := p.InOriginal(before+due.Minor).Minor - p.PaidOriginal
	if due == p.Outstanding() {
		asked = left.Minor
	}
	return money.Of(min(max(asked, 0), left.Minor), left.Currency)
}

// counts is what money in the currency of the promise counts as: of all that is left, all
// that is outstanding; of a part, so much that the parts come to the whole. What is beyond
// the pledge counts at its rate too.
func (p Pledge) counts(a money.Amount) money.Amount {
	if !p.Foreign() || a.Currency != p.Original.Currency {
		return money.Of(a.Minor, p.Amount.Currency)
	}
	left, outstanding := p.ToPay(), p.Outstanding()
	minor := p.inOwn(p.PaidOriginal+a.Minor) - p.inOwn(p.PaidOriginal)
	switch {
	case a.Minor == left.Minor:
		minor = outstanding.Minor
	case a.Minor < left.Minor:
		minor = min(minor, outstanding.Minor-1) // not fulfilled before all of it is paid
	default:
		minor = max(minor, outstanding.Minor)
	}
	return money.Of(minor, outstanding.Currency)
}

// charged is what is written beside a payment's amount: nothing when it is charged in the
// campaign's currency.
func (p Pledge) charged(a money.Amount) money.Amount {
	if !p.Foreign() || a.Currency != p.Original.Currency {
		return money.Amount{}
	}
	return a
}

// Originals are what parts of a pledge are in its original currency: cumulative, so that
// they come to what the whole of them is, to the last minor unit.
func (p Pledge) Originals(parts []int64) []money.Amount {
	all, sum := make([]money.Amount, len(parts)), int64(0)
	for n, minor := range parts {
		before := p.InOriginal(sum).Minor
		sum += minor
		all[n] = money.Of(p.InOriginal(sum).Minor-before, p.InOriginal(0).Currency)
	}
	return all
}

// withOriginals says what each instalment asks for in the currency of the promise.
func (p Pledge) withOriginals(all []Instalment) []Instalment {
	if !p.Foreign() {
		return all
	}
	asks := make([]int64, len(all))
	for n, i := range all {
		asks[n] = i.Asks
	}
	for n, original := range p.Originals(asks) {
		all[n].Original = original
	}
	return all
}

// LeftOf is what is left of an instalment, in the currency in which the pledge is paid.
func (p Pledge) LeftOf(i Instalment) money.Amount {
	if p.Foreign() && i.Left() == i.Asks {
		return i.Original
	}
	return p.InOriginal(i.Left())
}

// asksFor is what an instalment asks for, in the currency in which the pledge is paid.
func (p Pledge) asksFor(i Instalment) money.Amount {
	if p.Foreign() {
		return i.Original
	}
	return money.Of(i.Asks, p.Amount.Currency)
}

// counted is a promise, or a charge, as it counts in the campaign's currency.
type counted struct {
	amount   money.Amount
	original money.Amount // zero: it was said in the campaign's currency
	rate     exchange.Rate
	parts    []Part
}

// detail adds what was said and what it counts as to an audit's row.
func (c counted) detail(more map[string]any) map[string]any {
	all := map[string]any{"amount_minor": c.amount.Minor, "currency": c.amount.Currency}
	if c.original != (money.Amount{}) {
		all["original_minor"], all["original_currency"] = c.original.Minor, c.original.Currency
	}
	if !c.rate.None() {
		all["rate"] = c.rate.Value.String()
	}
	maps.Copy(all, more)
	return all
}

// counted reckons a promise in its campaign's currency, at the rate in force. Its parts
// come to the whole. A currency for which nobody has entered a rate, and a part that would
// count as nothing, are faults about the amount.
func (p Promise) counted(ctx context.Context, tx *sqlx.Tx, c promisedTo, now time.Time) (counted, error) {
	if p.Amount.Currency == c.Currency {
		return counted{amount: p.Amount, parts: p.parts(now)}, nil
	}
	rate, err := exchange.InForce(ctx, tx, c.ClusterID, p.Amount.Currency, c.Currency, now)
	if err != nil {
		return counted{}, err
	}
	if rate.None() {
		return counted{}, fault.In("amount", "pledge.no_rate", string(p.Amount.Currency), string(c.Currency))
	}
	minor, ok := rate.Value.Of(p.Amount, c.Currency)
	if !ok || minor >= mostMinor {
		return counted{}, fault.In("amount", "money.too_large")
	}
	all := counted{amount: money.Of(minor, c.Currency), original: p.Amount, rate: rate}
	said, before, sum := p.parts(now), int64(0), int64(0)
	for _, part := range said {
		sum += part.Minor
		until, ok := Convert(money.Of(sum, p.Amount.Currency), p.Amount, all.amount)
		if !ok || until <= before {
			return counted{}, fault.In("amount", "pledge.counts_as_nothing", string(c.Currency))
		}
		all.parts = append(all.parts, Part{part.DueOn, until - before})
		before = until
	}
	return all, nil
}

// Charge is what the payer is asked for: in the currency of the promise, when that is not
// the campaign's.
func (p Payment) Charge() money.Amount {
	if p.ChargedIn == "" {
		return p.Amount()
	}
	return money.Of(p.ChargedMinor, money.Currency(p.ChargedIn))
}

// Foreign reports whether the payer is charged in another currency than the campaign's.
func (p Payment) Foreign() bool { return p.ChargedIn != "" }

// agreed is the rate at which a charge counts, before any money has come; no rate when the
// payer is charged in the campaign's currency.
func (p Payment) agreed() Rate {
	if !p.Foreign() {
		return Rate{}
	}
	return Rate{Presented: p.Charge(), Own: p.Amount()}
}

// chargedBack is what of a charge has gone back for good, in the charge's currency.
func (s *settling) chargedBack() int64 {
	var minor int64
	for _, m := range s.movements {
		seen := m.presented()
		if _, explained := worthOf(m, s.rate, s.Currency); !explained || string(seen.Currency) != s.ChargedIn {
			continue
		}
		switch m.Kind {
		case MovedBack, ReturnedOut, LateFailure:
			minor -= seen.Minor
		case TakenBack, GivenBack:
			if s.lost[m.Dispute] {
				minor -= seen.Minor
			}
		}
	}
	return max(minor, 0)
}
