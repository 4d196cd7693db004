package page

import (
	"strings"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// Sum is an amount with its kopiykas apart, for the part "sum".
type Sum = i18n.Sum

// Moment is a point in time for people and machines, for the part "time".
type Moment = i18n.Moment

// Totals are a campaign's figures in minor units, each a different thing. What came holds
// together: Received = Delivered + Spent + Aside + Earmarked + Free + Fees + Lost + Drift
// + Disputed + Refunded − Shortfall.
type Totals struct {
	Currency money.Currency
	Goal     int64

	Received int64 // before fees and refunds
	Transit  int64 // paid, and not yet with us
	Unpaid   int64 // promised, not paid and not on its way

	Delivered int64 // confirmed by recipients
	Spent     int64 // bought or paid out, not yet delivered
	Aside     int64 // allocated, not yet spent
	Earmarked int64 // given for one purpose, not yet allocated
	Free      int64
	Fees      int64
	Lost      int64 // to disputes
	Drift     int64 // to exchange rates; below zero: gained
	Disputed  int64 // taken back by payers' banks until they have decided
	Refunded  int64
	Shortfall int64 // what refunds and disputes took of money that was allocated already
}

func (t Totals) of(minor int64) money.Amount { return money.Of(minor, t.Currency) }

// Unpromised is the part of the goal that nobody has brought or promised. What went back
// counts as brought no longer, and stands in Unpaid while it is awaited again.
func (t Totals) Unpromised() int64 {
	return max(0, t.Goal-(t.Received-t.Refunded-t.Disputed-t.Lost)-t.Transit-t.Unpaid)
}

// scale is what the full width of a bar stands for: the goal, or more when more was
// promised than asked for. So no bar passes its end.
func (t Totals) scale() int64 { return max(t.Goal, t.Received+t.Transit+t.Unpaid) }

func (t Totals) in() []Share {
	return []Share{{PaintReceived, t.Received}, {PaintTransit, t.Transit}, {PaintPledged, t.Unpaid}}
}

func (t Totals) out() []Share {
	return []Share{
		{PaintDelivered, t.Delivered}, {PaintSpent, t.Spent}, {PaintAside, t.Aside},
		{PaintReceived, t.Earmarked}, {PaintFree, t.Free}, {PaintFee, t.Fees}, {PaintFee, t.Lost}, {PaintFee, t.Drift},
		{PaintRefunded, t.Disputed}, {PaintRefunded, t.Refunded},
	}
}

// Bands are money in and money out on one scale.
type Bands struct {
	Goal    string
	In, Out Band
}

// Band is one bar and its key.
type Band struct {
	Label  string // the figures in one sentence, for who does not see the bar
	Pieces []Piece
	Tick   string // where the goal stands, or empty
	Key    []KeyItem
}

// KeyItem is a paint, what it means, and how much of it there is.
type KeyItem struct {
	Paint Paint
	Text  string
	Sum   Sum
}

// NewBands lays a campaign's totals out. What every campaign has is always in the key;
// what most have none of yet (spent, refunded and the like) only when there is some.
func NewBands(l i18n.Lang, t Totals) Bands {
	b := Bands{Goal: l.MoneyWhole(t.of(t.Goal))}
	b.In = Band{
		Label:  l.T("common.bands.label_in", t.of(t.Received), t.of(t.Transit), t.of(t.Unpaid), t.of(t.Goal)),
		Pieces: pieces(t.scale(), t.in()...),
		Key: t.key(l,
			keyed{PaintReceived, "common.bands.received", t.Received, true},
			keyed{PaintTransit, "common.bands.transit", t.Transit, true},
			keyed{PaintPledged, "common.bands.pledged", t.Unpaid, true},
			keyed{PaintNone, "common.bands.unpromised", t.Unpromised(), false},
		),
	}
	if t.Goal > 0 {
		b.In.Tick = percent(ratio(t.Goal, t.scale()))
	}
	b.Out = Band{
		Pieces: pieces(t.scale(), t.out()...),
		Key: t.key(l,
			keyed{PaintDelivered, "common.bands.delivered", t.Delivered, false},
			keyed{PaintSpent, "common.bands.spent", t.Spent, false},
			keyed{PaintAside, "common.bands.aside", t.Aside, true},
			keyed{PaintReceived, "common.bands.earmarked", t.Earmarked, false},
			keyed{PaintFree, "common.bands.free", t.Free, true},
			keyed{PaintFee, "common.bands.fees", t.Fees, true},
			keyed{PaintFee, "common.bands.lost", t.Lost, false},
			keyed{PaintFee, "common.bands.drift", max(t.Drift, 0), false},
			keyed{PaintNone, "common.bands.gained", max(-t.Drift, 0), false},
			keyed{PaintRefunded, "common.bands.disputed", t.Disputed, false},
			keyed{PaintRefunded, "common.bands.refunded", t.Refunded, false},
			keyed{PaintShortfall, "common.bands.shortfall", t.Shortfall, false},
		),
	}
	b.Out.Label = spoken(l.T("common.bands.label_out"), b.Out.Key)
	return b
}

type keyed struct {
	paint  Paint
	key    string
	minor  int64
	always bool
}

func (t Totals) key(l i18n.Lang, items ...keyed) []KeyItem {
	var all []KeyItem
	for _, i := range items {
		if i.always || i.minor != 0 {
			all = append(all, KeyItem{i.paint, l.T(i.key), l.Sum(t.of(i.minor))})
		}
	}
	return all
}

// spoken reads a key out.
func spoken(start string, key []KeyItem) string {
	var said []string
	for _, k := range key {
		said = append(said, k.Text+" "+k.Sum.String())
	}
	return start + " " + strings.Join(said, ", ")
}

// Progress is how far a campaign is, in one thin bar.
type Progress struct {
	Label    string
	Pieces   []Piece
	Received Sum
	Goal     string
}

// NewProgress shows money that came, is coming and is promised against the goal.
func NewProgress(l i18n.Lang, t Totals) Progress {
	return Progress{
		Label:    l.T("common.progress.label", t.of(t.Received), l.MoneyWhole(t.of(t.Goal))),
		Pieces:   pieces(t.scale(), t.in()...),
		Received: l.Sum(t.of(t.Received)),
		Goal:     l.MoneyWhole(t.of(t.Goal)),
	}
}
