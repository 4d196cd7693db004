package giving

import (
	"testing"

	"pgregory.net/rapid"

	"kopiyka/internal/money"
)

// promisedIn draws a pledge in a currency with any number of decimals, at any rate at which
// it counts as something.
func promisedIn(t *rapid.T) Pledge {
	currencies := []money.Currency{"EUR", "UAH", "JPY", "KWD"}
	own := money.Of(rapid.Int64Range(1, 50_000_000).Draw(t, "own"), "USD")
	original := money.Of(rapid.Int64Range(1, 50_000_000).Draw(t, "original"), rapid.SampledFrom(currencies).Draw(t, "currency"))
	p := Pledge{Promised: own, Amount: own, Original: original}
	if rapid.Bool().Draw(t, "amended") {
		p.Amount.Minor = rapid.Int64Range(1, 2*own.Minor).Draw(t, "amount")
	}
	return p
}

// However a promise is split, its parts in the original currency come to the promise.
func TestPartsInTheOriginalComeToThePromise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := promisedIn(t)
		var parts []int64
		for left := p.Promised.Minor; left > 0; {
			part := left
			if len(parts) < 11 {
				part = rapid.Int64Range(1, left).Draw(t, "part")
			}
			parts, left = append(parts, part), left-part
		}
		var sum int64
		for _, a := range p.Originals(parts) {
			if sum += a.Minor; a.Minor < 0 || a.Currency != p.Original.Currency {
				t.Fatalf("a part of %v", a)
			}
		}
		if sum != p.Original.Minor {
			t.Fatalf("parts come to %d of %v", sum, p.Original)
		}
	})
}

// Whatever parts are paid, in the currency of the promise: when all of it is paid, all of it
// counts, and never more before.
func TestWhatIsPaidInTheOriginalComesToThePledge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := promisedIn(t)
		var charged int64
		whole, nothing := p.ToPay(), p.ToPay().IsZero() // so little is left of it
		for round := 0; !p.ToPay().IsZero(); round++ {
			left := p.ToPay()
			a := left
			if round < 12 {
				a.Minor = rapid.Int64Range(1, left.Minor).Draw(t, "charge")
			}
			if p.counts(a).Minor <= 0 {
				a = left // too little to count is refused
			}
			counts := p.counts(a)
			if counts.Currency != "USD" || counts.Minor < 0 || counts.Minor > p.Outstanding().Minor {
				t.Fatalf("%v of %v counts as %v of %v", a, left, counts, p.Outstanding())
			}
			charged, p.PaidOriginal, p.Received = charged+a.Minor, p.PaidOriginal+a.Minor, p.Received+counts.Minor
		}
		if !nothing && (p.Received != p.Amount.Minor || charged != whole.Minor) {
			t.Fatalf("%d charged of %v, %d received of %v", charged, whole, p.Received, p.Amount)
		}
	})
}

// What falls due in turn is asked in turn, and the last of it is all that is left.
func TestWhatIsDueInTurnComesToThePromise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := promisedIn(t)
		var charged int64
		whole := p.ToPay()
		if whole.IsZero() {
			return // so little is left of it
		}
		for left := p.Outstanding().Minor; left > 0; left = p.Outstanding().Minor {
			due := money.Of(rapid.Int64Range(1, left).Draw(t, "due"), "USD")
			a := p.Ask(due)
			if a.Minor < 0 || a.Minor > p.ToPay().Minor {
				t.Fatalf("%v is asked of %v", a, p.ToPay())
			}
			if p.counts(a).Minor <= 0 {
				a = p.ToPay() // too little to count by itself
			}
			charged, p.PaidOriginal, p.Received = charged+a.Minor, p.PaidOriginal+a.Minor, p.Received+p.counts(a).Minor
			if a.Minor == 0 {
				t.Fatalf("%v is outstanding and nothing is to be paid", p.Outstanding())
			}
		}
		if charged > whole.Minor {
			t.Fatalf("%d charged of %v", charged, whole)
		}
	})
}
