package stripesim

import (
	"fmt"
	"time"
)

// Mishap is what happens to deliveries on their way, by order and not by chance.
type Mishap string

const (
	MishapDrop      Mishap = "drop"      // it is never delivered; the event stays in the list
	MishapDuplicate Mishap = "duplicate" // it is delivered twice
	MishapReorder   Mishap = "reorder"   // the last of them is delivered first
	MishapDelay     Mishap = "delay"     // it waits
)

// mostMishaps is more than anyone means; a slip of the finger should not silence a sandbox.
const mostMishaps = 1000

// reorderPatience is how long a delivery waits for the one that has to go before it, which
// may never come: who ordered the mishap may let less happen than it was ordered for.
const reorderPatience = 10 * time.Second

// lineup is a row of deliveries of which the last goes first: each waits until the one
// after it was answered. The courier's lock guards it.
type lineup struct{ answered int } // how many from the end of the row

// turn is a delivery's place in a row; the last has none before it. The zero one waits for
// nobody.
type turn struct {
	in    *lineup
	place int
}

func (t turn) waits() bool { return t.in != nil && t.in.answered < t.place }

func (t turn) answered() {
	if t.in != nil {
		t.in.answered = max(t.in.answered, t.place+1)
	}
}

// mishaps are those that wait for their deliveries. They are not kept over a restart.
type mishaps struct {
	what  Mishap
	left  int
	delay time.Duration
	row   *lineup
}

// DisturbNext lets something happen to the next count deliveries, on top of what
// SetFaults does by chance; delay is for MishapDelay. It replaces what was ordered
// before, and a count of zero calls that off.
func (s *Sim) DisturbNext(what Mishap, count int, delay time.Duration) error {
	switch what {
	case MishapDrop, MishapDuplicate, MishapReorder, MishapDelay:
	default:
		return fmt.Errorf("the sandbox knows no mishap %q", what)
	}
	if count < 0 || count > mostMishaps {
		return fmt.Errorf("a mishap for %d deliveries: 0 to %d can be disturbed", count, mostMishaps)
	}
	if delay < 0 || (what == MishapDelay) != (delay > 0) {
		return fmt.Errorf("a mishap %s with a delay of %s", what, delay)
	}
	s.mu.Lock()
	s.mishaps = mishaps{what, count, delay, &lineup{}}
	s.mu.Unlock()
	s.log.Info("the next deliveries are disturbed", "mishap", string(what), "deliveries", count)
	return nil
}

// next says what the mishap makes of a delivery of which copies were due.
func (m *mishaps) next(copies int) (n int, wait time.Duration, t turn) {
	if m.left == 0 {
		return copies, 0, turn{}
	}
	m.left--
	switch m.what {
	case MishapDrop:
		return 0, 0, turn{}
	case MishapDuplicate:
		return 2 * copies, 0, turn{}
	case MishapReorder:
		return copies, 0, turn{m.row, m.left}
	}
	return copies, m.delay, turn{}
}
