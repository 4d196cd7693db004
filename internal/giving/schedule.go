package giving

import (
	"time"

	"kopiyka/internal/fault"
)

// Rhythm is how a company spreads what it promises.
type Rhythm string

const (
	Once      Rhythm = "once"
	Monthly   Rhythm = "monthly"
	Quarterly Rhythm = "quarterly"
	OwnDates  Rhythm = "dates"
)

// Months is how far two instalments of a rhythm are apart; zero for one without a step.
func (r Rhythm) Months() int {
	switch r {
	case Monthly:
		return 1
	case Quarterly:
		return 3
	}
	return 0
}

// MaxInstalments is how many parts a pledge may be paid in.
const MaxInstalments = 60

// horizon is how many years ahead a company may promise.
const horizon = 5

// Part is an amount and the day by which it is to be paid.
type Part struct {
	DueOn time.Time // midnight UTC stands for the day
	Minor int64
}

// Spread splits an amount over n days that are some months apart. The amounts are equal
// and the last takes the remainder; a month that lacks the first day's number has its last
// day in its place, and the month after has the number again: 31 January, 28 February,
// 31 March. It returns nil when there is not a minor unit for each day.
func Spread(total int64, first time.Time, months, n int) []Part {
	if n < 1 || total < int64(n) {
		return nil
	}
	each := total / int64(n)
	parts := make([]Part, n)
	for i := range parts {
		parts[i] = Part{monthsAfter(first, i*months), each}
	}
	parts[n-1].Minor = total - each*int64(n-1)
	return parts
}

// monthsAfter counts months from a day and stays within the month it arrives in, where
// AddDate would run over its end.
func monthsAfter(day time.Time, months int) time.Time {
	first := time.Date(day.Year(), day.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1)
}

// Total sums parts. What does not fit an amount is refused by checkParts before.
func Total(parts []Part) int64 {
	var sum int64
	for _, p := range parts {
		sum += p.Minor
	}
	return sum
}

// mostMinor is the largest amount that the schema keeps, plus one.
const mostMinor = 100_000_000_000_000

// checkParts refuses parts that nobody could pay as they stand: nil, or a fault about the
// named field. Days before earliest have passed; a day may stand once.
func checkParts(field string, parts []Part, earliest time.Time) *fault.Fault {
	if len(parts) > MaxInstalments {
		return fault.In(field, "pledge.too_many_instalments", MaxInstalments)
	}
	seen := map[time.Time]bool{}
	for _, p := range parts {
		switch {
		case p.Minor <= 0:
			return fault.In(field, "money.zero")
		case p.Minor >= mostMinor:
			return fault.In(field, "money.too_large")
		case p.DueOn.Before(earliest):
			return fault.In(field, "pledge.due_in_the_past")
		case p.DueOn.After(earliest.AddDate(horizon, 0, 0)):
			return fault.In(field, "pledge.due_too_far")
		case seen[p.DueOn]:
			return fault.In(field, "pledge.day_twice", p.DueOn)
		}
		seen[p.DueOn] = true
	}
	if Total(parts) >= mostMinor {
		return fault.In(field, "money.too_large")
	}
	return nil
}
