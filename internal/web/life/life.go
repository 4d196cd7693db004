// Package life is how a pledge's life is shown: its instalments, the acts on it and the
// form that redraws what is left. The company's room and the coordinators' show the same
// pledge, and here is what they share.
//
// It reads nothing and decides nothing. Who may see a pledge or change it is asked by the
// doors and known by giving.
package life

import (
	"kopiyka/internal/exchange"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// In picks the text of a language.
func In(l i18n.Lang, t giving.Text) string {
	if l == i18n.EN {
		return t.EN
	}
	return t.UK
}

// Status says how far a pledge has come: what is late comes first, then what is awaited.
func Status(l i18n.Lang, p giving.Pledge, s giving.Schedule) page.Status {
	next, waits := s.Next()
	switch {
	case p.Cancelled:
		return page.NewStatus(l, page.Closed).Saying(l.T("life.state.cancelled"))
	case !waits && p.OnItsWay > 0:
		return page.NewStatus(l, page.Transit)
	case !waits && p.Amount.IsZero():
		return page.NewStatus(l, page.Closed).Saying(l.T("life.state.written-off"))
	case !waits:
		return page.NewStatus(l, page.Received)
	case next.State == giving.Overdue:
		return page.NewStatus(l, page.Overdue).Saying(l.T("life.overdue", next.DueOn))
	}
	return page.NewStatus(l, page.Pledged).Saying(l.T("life.due_by", next.DueOn))
}

// looks say how each state of an instalment looks. Its word is in the catalogues.
var looks = map[giving.InstalmentState]page.State{
	giving.Scheduled: page.Pledged, giving.Due: page.Pledged, giving.Overdue: page.Overdue, giving.PartPaid: page.Pledged,
	giving.Covered: page.Transit, giving.PaidInFull: page.Received, giving.WrittenOff: page.Closed, giving.Cancelled: page.Closed,
}

// Table lists the instalments of a pledge. Those that an act has put others in the place of
// are told by the history alone.
func Table(l i18n.Lang, s giving.Schedule) page.Table {
	columns := []page.Column{
		{Text: l.T("life.column.day")}, {Text: l.T("life.column.state")}, {Text: l.T("life.column.asks"), Sum: true},
		{Text: l.T("life.column.paid"), Sum: true}, {Text: l.T("life.column.left"), Sum: true},
	}
	sum := func(minor int64) *page.Sum {
		a := l.Sum(money.Of(minor, s.Currency))
		return &a
	}
	var rows [][]page.Cell
	for _, i := range s.Instalments {
		if i.Moved {
			continue
		}
		state := page.Cell{Status: page.NewStatus(l, looks[i.State]).Saying(l.T("life.state." + string(i.State)))}
		switch {
		case i.WrittenOff > 0:
			state.Note = l.T("life.written_off", money.Of(i.WrittenOff, s.Currency))
		case i.OnItsWay > 0 && i.State != giving.Covered:
			state.Note = l.T("life.on_its_way", money.Of(i.OnItsWay, s.Currency))
		}
		asks := page.Cell{Sum: sum(i.Asks)}
		if i.Original != (money.Amount{}) {
			asks.Note = l.Money(i.Original)
		}
		rows = append(rows, []page.Cell{{When: l.Day(i.DueOn)}, state, asks, {Sum: sum(i.Paid)}, {Sum: sum(i.Left())}})
	}
	return page.NewTable("", columns, rows)
}

// Counts says what a promise in another currency counts as, and at whose rate; nothing when
// it was made in the campaign's own.
func Counts(l i18n.Lang, p giving.Pledge) string {
	if !p.Foreign() {
		return ""
	}
	return AtRate(l, p.Original, p.Promised, p.Rate)
}

// AtRate says what an amount is at a rate.
func AtRate(l i18n.Lang, original, own money.Amount, r exchange.Rate) string {
	return l.T("life.counts", original, own, r.Value, r.Source, r.Day)
}

// WithOriginal is a sum of a pledge, and in brackets what it is in the currency of the
// promise when that was another.
func WithOriginal(l i18n.Lang, p giving.Pledge, a money.Amount) string {
	if !p.Foreign() {
		return l.Money(a)
	}
	return l.T("life.with_original", a, p.InOriginal(a.Minor))
}

// Parts lists days and amounts that are only planned.
func Parts(l i18n.Lang, c money.Currency, parts []giving.Part) page.Table {
	columns := []page.Column{{Text: l.T("life.column.day")}, {Text: l.T("life.column.asks"), Sum: true}}
	var rows [][]page.Cell
	for _, p := range parts {
		sum := l.Sum(money.Of(p.Minor, c))
		rows = append(rows, []page.Cell{{When: l.Day(p.DueOn)}, {Sum: &sum}})
	}
	t := page.NewTable("", columns, rows)
	if len(parts) > 1 {
		t.Foot = &page.Foot{Text: l.T("life.total"), Sums: []page.FootSum{{Sum: l.Sum(money.Of(giving.Total(parts), c))}}, Span: 1}
	}
	return t
}

// NewStand lays a schedule out.
func NewStand(l i18n.Lang, s giving.Schedule) page.Stand {
	return page.Stand{Table: Table(l, s), Rules: Rules(l, s)}
}

// Rules say what happens to money that is not what an instalment asks for, and what has
// happened already.
func Rules(l i18n.Lang, s giving.Schedule) []string {
	rules := []string{l.T("life.rule.order"), l.T("life.rule.rest")}
	if s.Above > 0 {
		rules = append(rules, l.T("life.rule.above", money.Of(s.Above, s.Currency)))
	}
	return rules
}

// For says what a pledge's money is for.
func For(l i18n.Lang, p giving.Pledge) string {
	switch {
	case p.EarmarkReleased:
		return l.T("life.for.released", forWhat(l, p))
	case p.PurposeID != "":
		return forWhat(l, p)
	}
	return l.T("life.for.campaign")
}

func forWhat(l i18n.Lang, p giving.Pledge) string {
	if p.NeedID != "" {
		return In(l, p.Purpose) + ": " + In(l, p.Need)
	}
	return In(l, p.Purpose)
}

// NewStory tells a pledge's history.
func NewStory(l i18n.Lang, p giving.Pledge, parts []giving.Part, acts []giving.Act) page.Story {
	s := page.Story{Promised: l.Sum(p.Promised), Now: l.Sum(p.Amount), MadeAt: l.Moment(p.MadeAt), Parts: Parts(l, p.Amount.Currency, parts), Counts: Counts(l, p)}
	for n := len(acts) - 1; n >= 0; n-- {
		s.Acts = append(s.Acts, newAct(l, p, acts[n]))
	}
	return s
}

func newAct(l i18n.Lang, p giving.Pledge, a giving.Act) page.Act {
	v := page.Act{When: l.Moment(a.HappenedAt), Reason: a.Reason}
	if a.Kind == giving.WroteOff {
		v.Text = l.T("life.act.written-off", a.Person, a.Approver)
		v.Reason = l.T("life.code."+string(a.Code)) + ". " + a.Reason
	} else {
		v.Text = l.T("life.act."+string(a.Kind), a.Person)
	}
	if a.ChangeMinor != 0 {
		v.Change = l.T("life.change", WithOriginal(l, p, a.AmountBefore), WithOriginal(l, p, a.AmountAfter))
	} else if a.Kind != giving.ReleasedEarmark {
		v.Change = l.T("life.change_none", WithOriginal(l, p, a.AmountAfter))
	}
	of := func(minor int64) string { return WithOriginal(l, p, money.Of(minor, a.Currency)) }
	for _, s := range a.Steps {
		switch {
		case s.Before == 0:
			v.Changes = append(v.Changes, l.T("life.step.added", s.DueOn, of(s.After)))
		case s.After == 0:
			v.Changes = append(v.Changes, l.T("life.step.gone", s.DueOn, of(s.Before)))
		default:
			v.Changes = append(v.Changes, l.T("life.step.changed", s.DueOn, of(s.Before), of(s.After)))
		}
	}
	return v
}
