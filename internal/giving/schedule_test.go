package giving_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
)

func days(parts []giving.Part) []string {
	var all []string
	for _, p := range parts {
		all = append(all, p.DueOn.Format(time.DateOnly))
	}
	return all
}

// CRM-18316: a pledge of the 31st drifted to the 28th and stayed there, or skipped February.
func TestCiviCRM18316MonthEndsStayMonthEnds(t *testing.T) {
	t.Parallel()
	for first, want := range map[string][]string{
		"2026-01-31": {"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"},
		"2028-01-31": {"2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"}, // a leap year
		"2026-01-30": {"2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"},
		"2027-11-29": {"2027-11-29", "2027-12-29", "2028-01-29", "2028-02-29", "2028-03-29"},
		"2026-12-15": {"2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15", "2027-04-15"},
	} {
		if got := days(giving.Spread(500, gatewaytest.Day(first), giving.Monthly.Months(), 5)); !slices.Equal(got, want) {
			t.Errorf("monthly from %s: %v, want %v", first, got, want)
		}
	}
	want := []string{"2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"}
	if got := days(giving.Spread(400, gatewaytest.Day("2026-11-30"), giving.Quarterly.Months(), 4)); !slices.Equal(got, want) {
		t.Errorf("quarterly: %v, want %v", got, want)
	}
}

func TestTheLastInstalmentTakesTheRemainder(t *testing.T) {
	t.Parallel()
	var got []int64
	for _, p := range giving.Spread(10_000, gatewaytest.Day("2026-03-02"), 1, 3) {
		got = append(got, p.Minor)
	}
	if want := []int64{3_333, 3_333, 3_334}; !slices.Equal(got, want) {
		t.Errorf("100.00 in three parts: %v, want %v", got, want)
	}
	if giving.Spread(2, gatewaytest.Day("2026-03-02"), 1, 3) != nil || giving.Spread(100, gatewaytest.Day("2026-03-02"), 1, 0) != nil {
		t.Error("an amount was spread over more days than it has minor units, or over none")
	}
}

// Whatever is spread adds up, stays in its months, and no part differs by more than the
// remainder.
func TestAnySpreadAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, giving.MaxInstalments).Draw(rt, "n")
		total := rapid.Int64Range(int64(n), 99_999_999_999_999).Draw(rt, "total")
		months := rapid.SampledFrom([]int{1, 3}).Draw(rt, "months")
		first := gatewaytest.Day("2024-01-01").AddDate(0, 0, rapid.IntRange(0, 2000).Draw(rt, "day"))
		parts := giving.Spread(total, first, months, n)
		if len(parts) != n || giving.Total(parts) != total || !parts[0].DueOn.Equal(first) {
			rt.Fatalf("%d parts of %d from %v: %v", n, total, first, parts)
		}
		for i, p := range parts {
			if p.Minor < total/int64(n) || i < n-1 && p.Minor != total/int64(n) || p.Minor >= total/int64(n)+int64(n) {
				rt.Fatalf("part %d is %d of %d in %d", i, p.Minor, total, n)
			}
			month := int(first.Month()) - 1 + i*months
			if int(p.DueOn.Month())-1 != month%12 || p.DueOn.Year() != first.Year()+month/12 {
				rt.Fatalf("part %d of %v falls on %v", i, first, p.DueOn)
			}
			end := p.DueOn.AddDate(0, 0, 1).Month() != p.DueOn.Month()
			if p.DueOn.Day() != first.Day() && (!end || p.DueOn.Day() > first.Day()) {
				rt.Fatalf("the %d. became the %v", first.Day(), p.DueOn)
			}
		}
	})
}

func instalment(day string, asks int64) giving.Instalment {
	return giving.Instalment{ID: day, DueOn: gatewaytest.Day(day), Promised: asks, Asks: asks}
}

func states(s giving.Schedule) []giving.InstalmentState {
	var all []giving.InstalmentState
	for _, i := range s.Instalments {
		all = append(all, i.State)
	}
	return all
}

func TestStatesFollowTheDayAndTheMoney(t *testing.T) {
	t.Parallel()
	three := []giving.Instalment{instalment("2026-03-10", 100), instalment("2026-04-10", 100), instalment("2026-05-10", 100)}
	type row struct {
		today          string
		here, onItsWay int64
		want           []giving.InstalmentState
	}
	for name, c := range map[string]row{
		"long before":              {"2026-03-02", 0, 0, []giving.InstalmentState{giving.Scheduled, giving.Scheduled, giving.Scheduled}},
		"a week before":            {"2026-03-03", 0, 0, []giving.InstalmentState{giving.Due, giving.Scheduled, giving.Scheduled}},
		"on the day":               {"2026-03-10", 0, 0, []giving.InstalmentState{giving.Due, giving.Scheduled, giving.Scheduled}},
		"the day after":            {"2026-03-11", 0, 0, []giving.InstalmentState{giving.Overdue, giving.Scheduled, giving.Scheduled}},
		"paid early":               {"2026-03-02", 100, 0, []giving.InstalmentState{giving.PaidInFull, giving.Scheduled, giving.Scheduled}},
		"paid in part, in time":    {"2026-03-10", 99, 0, []giving.InstalmentState{giving.PartPaid, giving.Scheduled, giving.Scheduled}},
		"paid in part, and late":   {"2026-03-11", 99, 0, []giving.InstalmentState{giving.Overdue, giving.Scheduled, giving.Scheduled}},
		"more than one":            {"2026-03-02", 150, 0, []giving.InstalmentState{giving.PaidInFull, giving.PartPaid, giving.Scheduled}},
		"late, and on its way":     {"2026-03-11", 0, 100, []giving.InstalmentState{giving.Covered, giving.Scheduled, giving.Scheduled}},
		"late, part on its way":    {"2026-03-11", 30, 60, []giving.InstalmentState{giving.Overdue, giving.Scheduled, giving.Scheduled}},
		"all, late":                {"2027-01-01", 300, 0, []giving.InstalmentState{giving.PaidInFull, giving.PaidInFull, giving.PaidInFull}},
		"more went back than came": {"2026-03-10", -5, 0, []giving.InstalmentState{giving.Due, giving.Scheduled, giving.Scheduled}},
	} {
		s := giving.NewSchedule("USD", three, c.here, c.onItsWay, false, gatewaytest.Day(c.today))
		if got := states(s); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if three[0].Paid != 0 || three[0].State != "" {
		t.Error("filling a schedule changed what it was made of")
	}
}

func TestWhatIsWrittenOffOrCancelledAsksForNothing(t *testing.T) {
	t.Parallel()
	off, part, gone := instalment("2026-03-01", 0), instalment("2026-03-02", 40), instalment("2026-03-03", 0)
	off.WrittenOff, part.WrittenOff = 100, 60
	s := giving.NewSchedule("USD", []giving.Instalment{off, part, gone}, 0, 0, false, gatewaytest.Day("2026-06-01"))
	if want := []giving.InstalmentState{giving.WrittenOff, giving.Overdue, giving.Cancelled}; !slices.Equal(states(s), want) || s.Left().Minor != 40 {
		t.Errorf("%v, left %v", states(s), s.Left())
	}
	// What a cancelled pledge keeps is what was paid; that it goes back later wakes nothing.
	s = giving.NewSchedule("USD", []giving.Instalment{instalment("2026-03-02", 40)}, 0, 0, true, gatewaytest.Day("2026-06-01"))
	if s.Instalments[0].State != giving.Cancelled || s.Left().Minor != 0 || s.Overdue().Minor != 0 {
		t.Errorf("a cancelled pledge asks for %v: %v", s.Left(), states(s))
	}
}

// Not a kopiyka is lost or counted twice: filled + above = what came, and the oldest is
// full before the next has anything.
func TestMoneyFillsTheOldestFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var all []giving.Instalment
		var asks int64
		for i := range rapid.IntRange(1, 12).Draw(rt, "n") {
			one := instalment(gatewaytest.Day("2026-01-10").AddDate(0, i, 0).Format(time.DateOnly), rapid.Int64Range(0, 500).Draw(rt, "asks"))
			all, asks = append(all, one), asks+one.Asks
		}
		here := rapid.Int64Range(0, 4000).Draw(rt, "here")
		way := rapid.Int64Range(0, 4000).Draw(rt, "on its way")
		s := giving.NewSchedule("USD", all, here, way, false, gatewaytest.Day("2026-06-01"))
		var paid, covered int64
		openBefore := false
		for _, i := range s.Instalments {
			if i.Paid < 0 || i.OnItsWay < 0 || i.Left() < 0 {
				rt.Fatalf("below nothing: %+v", i)
			}
			if openBefore && i.Paid+i.OnItsWay > 0 {
				rt.Fatalf("%+v is paid before an older one is", i)
			}
			openBefore = openBefore || i.Left() > 0
			paid, covered = paid+i.Paid, covered+i.OnItsWay
		}
		if paid+covered+s.Above != here+way || paid != min(asks, here) || s.Left().Minor != asks-paid-covered {
			rt.Fatalf("%d came and %d is on its way; paid %d, covered %d, above %d, left %v", here, way, paid, covered, s.Above, s.Left())
		}
		if due := s.DueNow(gatewaytest.Day("2026-06-01")).Minor; due > s.Left().Minor || due == 0 && s.Left().Minor > 0 || s.Overdue().Minor > due {
			rt.Fatalf("due now %d of %v, overdue %v", due, s.Left(), s.Overdue())
		}
	})
}
