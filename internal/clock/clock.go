// Package clock is where the house reads the time, so that a test can hold it still.
// It never sleeps and never schedules.
package clock

import "time"

// Clock tells the time.
type Clock func() time.Time

// System is the machine's clock, in UTC.
func System() time.Time { return time.Now().UTC() }

// At is a clock that stands still at t.
func At(t time.Time) Clock {
	return func() time.Time { return t.UTC() }
}
