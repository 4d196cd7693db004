package page

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kopiyka/internal/i18n"
)

func TestPiecesLieEndToEnd(t *testing.T) {
	got := pieces(25_000_000, Share{PaintReceived, 21_438_050}, Share{PaintTransit, 625_000}, Share{PaintPledged, 1_340_000})
	want := []Piece{{PaintReceived, "0.000%", "85.752%"}, {PaintTransit, "85.752%", "2.500%"}, {PaintPledged, "88.252%", "5.360%"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPiecesLeaveOutNothingsAndCutWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		whole  int64
		shares []Share
		want   []Piece
	}{
		"no whole":    {0, []Share{{PaintFree, 5}}, nil},
		"negative":    {10, []Share{{PaintFree, -5}, {PaintFee, 5}}, []Piece{{PaintFee, "0.000%", "50.000%"}}},
		"too much":    {10, []Share{{PaintFree, 8}, {PaintFee, 8}, {PaintSpent, 1}}, []Piece{{PaintFree, "0.000%", "80.000%"}, {PaintFee, "80.000%", "20.000%"}}},
		"too thin":    {math.MaxInt64, []Share{{PaintFee, 1}}, nil},
		"whole thing": {math.MaxInt64, []Share{{PaintFee, math.MaxInt64}, {PaintFree, math.MaxInt64}}, []Piece{{PaintFee, "0.000%", "100.000%"}}},
	} {
		if diff := cmp.Diff(c.want, pieces(c.whole, c.shares...)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// Whatever the sums, neighbours touch and no bar passes its end.
func TestNoBarPassesItsEnd(t *testing.T) {
	thousandths := func(t *rapid.T, s string) int {
		n, err := strconv.Atoi(strings.Replace(strings.TrimSuffix(s, "%"), ".", "", 1))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		var shares []Share
		for _, part := range rapid.SliceOfN(rapid.Int64(), 0, 8).Draw(t, "parts") {
			shares = append(shares, Share{PaintFree, part})
		}
		end := 0
		for _, p := range pieces(rapid.Int64().Draw(t, "whole"), shares...) {
			if x := thousandths(t, p.X); x < end {
				t.Fatalf("a piece begins at %d, before %d", x, end)
			}
			end = thousandths(t, p.X) + thousandths(t, p.Width)
		}
		if end > full {
			t.Fatalf("the bar ends at %d", end)
		}
	})
}

func TestTenthsRound(t *testing.T) {
	for _, c := range []struct{ part, whole, want int64 }{
		{163_400, 250_000, 654}, {61_200, 250_000, 245}, {1, 3, 333}, {2, 3, 667}, {0, 5, 0}, {5, 5, 1000}, {9, 5, 1000}, {5, 0, 0}, {-1, 5, 0},
	} {
		if got := Tenths(c.part, c.whole); got != c.want {
			t.Errorf("Tenths(%d, %d) = %d, want %d", c.part, c.whole, got, c.want)
		}
	}
}

var sample = Totals{
	Currency: "USD", Goal: 25_000_000, Received: 21_438_050, Transit: 625_000, Unpaid: 1_340_000,
	Delivered: 15_893_012, Spent: 1_271_218, Aside: 2_431_000, Free: 1_722_334, Fees: 120_486,
}

func TestBandsShareOneScaleAndNameEverySum(t *testing.T) {
	b := NewBands(i18n.UK, sample)
	if b.Goal != "250\u00a0000\u00a0$" || b.In.Tick != "100.000%" {
		t.Errorf("goal %q at %q", b.Goal, b.In.Tick)
	}
	if w := b.Out.Pieces[0].Width; w != "63.572%" {
		t.Errorf("delivered is %s wide, on another scale than what came in", w)
	}
	var key []string
	for _, k := range append(b.In.Key, b.Out.Key...) {
		key = append(key, strings.ReplaceAll(k.Text+" "+k.Sum.String(), "\u00a0", " "))
	}
	want := []string{
		"отримано 214 380,50 $", "у дорозі: сплачено, банк ще не зарахував 6 250,00 $", "обіцяно: ще не гроші 13 400,00 $", "ніхто ще не обіцяв 15 969,50 $",
		"передано отримувачам 158 930,12 $", "куплено, ще не передано 12 712,18 $", "відкладено на потреби 24 310,00 $", "вільно 17 223,34 $", "комісії банку й Stripe 1 204,86 $",
	}
	if diff := cmp.Diff(want, key); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(b.Out.Label, "вільно 17\u00a0223,34\u00a0$") {
		t.Errorf("the bar is not read out: %q", b.Out.Label)
	}
}

func TestMoreThanTheGoalMovesTheGoalAndNotTheEnd(t *testing.T) {
	b := NewBands(i18n.EN, Totals{Currency: "USD", Goal: 100, Received: 150, Unpaid: 50, Free: 150})
	if b.In.Tick != "50.000%" || b.In.Pieces[0].Width != "75.000%" || b.Out.Pieces[0].Width != "75.000%" {
		t.Errorf("tick %s, in %v, out %v", b.In.Tick, b.In.Pieces, b.Out.Pieces)
	}
	for _, k := range b.In.Key {
		if k.Paint == PaintNone {
			t.Errorf("more came than was asked for, and %s is said to be missing", k.Sum)
		}
	}
}

func TestAShortfallIsTold(t *testing.T) {
	b := NewBands(i18n.EN, Totals{Currency: "USD", Goal: 100, Received: 100, Refunded: 40, Aside: 100, Shortfall: 40})
	last := b.Out.Key[len(b.Out.Key)-1]
	if last.Paint != PaintShortfall || last.Sum.String() != "$0.40" {
		t.Errorf("the key ends with %+v", last)
	}
}

func TestEveryStateHasItsWord(t *testing.T) {
	for s := range states {
		for _, l := range i18n.Langs() {
			if got := NewStatus(l, s); got.Look == "" || got.Text == "" || strings.HasPrefix(got.Text, "common.") {
				t.Errorf("%s in %s = %+v", s, l, got)
			}
		}
	}
	if got := NewStatus(i18n.EN, "strange").Saying("so"); got != (Status{"wait", "so"}) {
		t.Errorf("an unknown state = %+v", got)
	}
}
