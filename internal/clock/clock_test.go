package clock_test

import (
	"testing"
	"time"

	"kopiyka/internal/clock"
)

// A day ends at Kyiv's midnight, also where the night is an hour longer or shorter.
func TestEndOfADayIsKyivs(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"2026-01-15": "2026-01-15T21:59:59.999999Z",
		"2026-07-15": "2026-07-15T20:59:59.999999Z",
		"2026-03-28": "2026-03-28T21:59:59.999999Z", // the clocks go forward the night after
		"2026-03-29": "2026-03-29T20:59:59.999999Z",
		"2026-10-25": "2026-10-25T21:59:59.999999Z", // and back in this one
	} {
		d, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		end := clock.EndOf(d)
		if got := end.Format(time.RFC3339Nano); got != want {
			t.Errorf("%s ends at %s, want %s", day, got, want)
		}
		if !clock.Day(end).Equal(d) || !clock.Day(end.Add(time.Microsecond)).Equal(d.AddDate(0, 0, 1)) {
			t.Errorf("%s ends in another day: %s", day, end)
		}
	}
}
