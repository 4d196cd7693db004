package site

import (
	"strings"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
)

// glance is the sentence beside the sum received: of how much, and from how many.
func glance(l i18n.Lang, c report.Summary) string {
	t := c.Totals
	goal := l.MoneyWhole(money.Of(t.Goal, t.Currency))
	of := l.T("site.glance.received", goal)
	if t.Kept() >= t.Goal {
		of = l.T("site.glance.reached", goal)
	}
	return of + ". " + joined(l, c)
}

// joined says how many companies pledged and how many of them have paid. Two counts, since
// a promise is not money.
func joined(l i18n.Lang, c report.Summary) string {
	pledged, paid := int64(c.Totals.CompaniesPledged), int64(c.Totals.CompaniesPaid)
	switch {
	case pledged == 0 && c.State == report.Open:
		return l.T("site.glance.nobody")
	case pledged == 0:
		return l.T("site.glance.nobody_came")
	case pledged == 1 && paid == 0:
		return l.T("site.glance.one_joined")
	case pledged == 1:
		return l.T("site.glance.one_paid")
	}
	who := l.N("site.glance.joined", pledged)
	switch paid {
	case 0:
		return who + ", " + l.T("site.glance.none_paid")
	case pledged:
		return who + ", " + l.T("site.glance.all_paid")
	}
	return who + ", " + l.N("site.glance.paid", paid)
}

// books is the sum that anyone can check: what came, less what went back, is somewhere.
func books(l i18n.Lang, t report.Totals) string {
	say := func(key string, minor int64) string { return l.T(key, money.Of(minor, t.Currency)) }
	came := []string{say("site.books.received", t.Received)}
	if t.Refunded != 0 {
		came = append(came, say("site.books.refunded", t.Refunded))
	}
	is := []string{say("site.books.allocated", t.Allocated)}
	if t.Earmarked != 0 {
		is = append(is, say("site.books.earmarked", t.Earmarked))
	}
	is = append(is, say("site.books.free", t.Free), say("site.books.fees", t.Fees))
	if t.Disputed != 0 {
		is = append(is, say("site.books.disputed", t.Disputed))
	}
	if t.Lost != 0 {
		is = append(is, say("site.books.lost", t.Lost))
	}
	if t.Drift > 0 {
		is = append(is, say("site.books.drift", t.Drift))
	}
	where := strings.Join(is, " + ")
	if t.Drift < 0 {
		where += " − " + say("site.books.gained", -t.Drift)
	}
	if t.Shortfall != 0 {
		where += " − " + say("site.books.shortfall", t.Shortfall)
	}
	return strings.Join(came, " − ") + " = " + where
}

// originals say what of the money came in other currencies, and what that counts as.
func originals(l i18n.Lang, own money.Currency, all []report.Original) string {
	said := make([]string, len(all))
	for i, o := range all {
		said[i] = l.T("site.originals.one", money.Of(o.Received, o.Currency), money.Of(o.Counted, own))
	}
	return strings.Join(said, ", ")
}
