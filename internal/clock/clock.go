// Package clock is where the house reads the time, so that a test can hold it still.
// It never sleeps and never schedules.
package clock

import (
	"time"
	_ "time/tzdata" // a container without zone files must still know Kyiv
)

// Kyiv is the clock of the house: days begin and end by it, and pages tell hours by it.
var Kyiv = mustLoad("Europe/Kyiv")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // time/tzdata is compiled in
	}
	return loc
}

// Day is the day in Kyiv at a moment, in the form of all days without an hour: midnight
// UTC.
func Day(t time.Time) time.Time {
	y, m, d := t.In(Kyiv).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// EndOf is the last moment in Kyiv of a day, as PostgreSQL counts moments.
func EndOf(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, Kyiv).Add(-time.Microsecond).UTC()
}

// Clock tells the time.
type Clock func() time.Time

// System is the machine's clock, in UTC.
func System() time.Time { return time.Now().UTC() }

// At is a clock that stands still at t.
func At(t time.Time) Clock {
	return func() time.Time { return t.UTC() }
}
