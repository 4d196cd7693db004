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
	return Pledge{Promised: own, Amount: own, Original: original}
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
		for round := 0; !p.ToPay().IsZero(); round++ {
			left := p.ToPay()
			a := left
			if round < 12 {
				a.Minor = rapid.Int64Range(1, left.Minor).Draw(t, "charge")
			}
			counts := p.counts(a)
			if counts.Currency != "USD" || counts.Minor < 0 || counts.Minor > p.Outstanding().Minor {
				t.Fatalf("%v of %v counts as %v of %v", a, left, counts, p.Outstanding())
			}
			charged, p.PaidOriginal, p.Received = charged+a.Minor, p.PaidOriginal+a.Minor, p.Received+counts.Minor
		}
		if p.Received != p.Promised.Minor || !p.Outstanding().IsZero() {
			t.Fatalf("%d charged of %v, %d received of %v", charged, p.Original, p.Received, p.Promised)
		}
	})
}

// What falls due in turn is asked in turn, and the last of it is all that is left.
func TestWhatIsDueInTurnComesToThePromise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := promisedIn(t)
		var charged int64
		for left := p.Outstanding().Minor; left > 0; left = p.Outstanding().Minor {
			due := money.Of(rapid.Int64Range(1, left).Draw(t, "due"), "USD")
			a := p.Ask(due)
			if a.Minor < 0 || a.Minor > p.ToPay().Minor {
				t.Fatalf("%v is asked of %v", a, p.ToPay())
			}
			if a.Minor == 0 {
				a = p.ToPay() // too little to be asked for by itself
			}
			charged, p.PaidOriginal, p.Received = charged+a.Minor, p.PaidOriginal+a.Minor, p.Received+p.counts(a).Minor
			if a.Minor == 0 {
				t.Fatalf("%v is outstanding and nothing is to be paid", p.Outstanding())
			}
		}
		if charged > p.Original.Minor {
			t.Fatalf("%d charged of %v", charged, p.Original)
		}
	})
}
