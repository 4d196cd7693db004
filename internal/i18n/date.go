package i18n

import (
	"fmt"
	"time"

	"kopiyka/internal/clock"
)

var monthNames = map[Lang][12]string{
	UK: {"січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня"},
	EN: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

func (l Lang) month(m time.Month) string {
	names, ok := monthNames[l]
	if !ok {
		names = monthNames[UK]
	}
	return names[m-1]
}

// Date is the day in Kyiv: "22 листопада 2026", "22 November 2026". A date without an hour,
// read from the database as midnight UTC, stays on its day. The zero time is empty.
func (l Lang) Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(clock.Kyiv)
	return fmt.Sprintf("%d %s %d", t.Day(), l.month(t.Month()), t.Year())
}

// DateTime is the minute in Kyiv: "22 листопада 2026, 18:04". The zero time is empty.
func (l Lang) DateTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return l.Date(t) + t.In(clock.Kyiv).Format(", 15:04")
}

// ParseDay is the moment at which a day begins in Kyiv. It reads what a browser's date field
// sends: "2026-11-22".
func ParseDay(s string) (time.Time, error) { return time.ParseInLocation(time.DateOnly, s, clock.Kyiv) }

// DateRange is a stretch of days, with what both ends share said once: "25–30 березня
// 2020", "25 березня – 30 вересня 2020". One day is one date; without an end, or with an
// end before the start, only the start is told.
func (l Lang) DateRange(from, to time.Time) string {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return l.Date(from)
	}
	a, b := from.In(clock.Kyiv), to.In(clock.Kyiv)
	switch {
	case a.Year() != b.Year():
		return l.Date(a) + " – " + l.Date(b)
	case a.Month() != b.Month():
		return fmt.Sprintf("%d %s – %s", a.Day(), l.month(a.Month()), l.Date(b))
	case a.Day() != b.Day():
		return fmt.Sprintf("%d–%s", a.Day(), l.Date(b))
	}
	return l.Date(a)
}

// Moment is a point in time for people and for machines: what stands in a <time> element
// and in its datetime attribute.
type Moment struct {
	Text    string // "22 листопада 2026, 18:04"
	Machine string // "2026-11-22T18:04+02:00"
}

// String is the text, so that a moment may stand in a sentence.
func (m Moment) String() string { return m.Text }

// Day is a date for a <time> element.
func (l Lang) Day(t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{l.Date(t), t.In(clock.Kyiv).Format(time.DateOnly)}
}

// Moment is a date and hour for a <time> element.
func (l Lang) Moment(t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{l.DateTime(t), t.In(clock.Kyiv).Format("2006-01-02T15:04-07:00")}
}

// Year is the year in Kyiv.
func Year(t time.Time) int { return t.In(clock.Kyiv).Year() }

// YearSpan is when a year begins and ends in Kyiv; the end is the next one's beginning.
func YearSpan(year int) (from, until time.Time) {
	return time.Date(year, time.January, 1, 0, 0, 0, 0, clock.Kyiv).UTC(), time.Date(year+1, time.January, 1, 0, 0, 0, 0, clock.Kyiv).UTC()
}
