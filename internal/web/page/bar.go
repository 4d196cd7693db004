package page

import (
	"fmt"
	"math/bits"
)

// Paint is the colour of money: what a sum is, never what a designer likes.
type Paint string

// The paints, the surer the more solid.
const (
	PaintPledged   Paint = "pledged"
	PaintTransit   Paint = "transit"
	PaintReceived  Paint = "received"
	PaintFree      Paint = "free"
	PaintAside     Paint = "aside"
	PaintSpent     Paint = "spent"
	PaintDelivered Paint = "delivered"
	PaintFee       Paint = "fee"
	PaintRefunded  Paint = "refunded"
	PaintNone      Paint = "none"      // a key's alone: the empty track
	PaintShortfall Paint = "shortfall" // a key's alone: money that is missing has no width
)

// Piece is one stretch of a bar.
type Piece struct {
	Paint    Paint
	X, Width string // "85.752%"
}

// Share is how much of a bar is in one paint.
type Share struct {
	Paint Paint
	Part  int64
}

// pieces lays shares end to end on a bar that stands for whole. Edges are rounded down
// from the running sum, so that neighbours touch and the last never passes the end;
// shares that are not positive take no room, and what does not fit is cut off.
func pieces(whole int64, shares ...Share) []Piece {
	var (
		all []Piece
		sum int64
	)
	for _, s := range shares {
		if s.Part <= 0 || sum >= whole {
			continue
		}
		from := ratio(sum, whole)
		if s.Part > whole-sum {
			sum = whole
		} else {
			sum += s.Part
		}
		if to := ratio(sum, whole); to > from {
			all = append(all, Piece{s.Paint, percent(from), percent(to - from)})
		}
	}
	return all
}

const full = 100_000 // thousandths of a per cent

// ratio is part of whole in thousandths of a per cent, rounded down, from 0 to full. The
// product has 128 bits, so that no sum is too large.
func ratio(part, whole int64) int64 {
	switch {
	case part <= 0 || whole <= 0:
		return 0
	case part >= whole:
		return full
	}
	hi, lo := bits.Mul64(uint64(part), full)
	q, _ := bits.Div64(hi, lo, uint64(whole)) // part < whole, so the quotient is below full
	return int64(q)
}

func percent(r int64) string { return fmt.Sprintf("%d.%03d%%", r/1000, r%1000) }

// Tenths is part of whole in tenths of a per cent, rounded to the nearest, for
// i18n.Percent. A part of nothing is nothing.
func Tenths(part, whole int64) int64 { return (ratio(part, whole) + 50) / 100 }

// Meter is a thin bar in a table or a list.
type Meter struct {
	Label  string // what the bar shows, in words and numbers
	Pieces []Piece
}

// NewMeter makes a meter of shares of whole.
func NewMeter(label string, whole int64, shares ...Share) Meter {
	return Meter{label, pieces(whole, shares...)}
}
