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

// reorderGap is how far apart reordered deliveries are, so that they arrive as meant
// although several are sent at once.
const reorderGap = 200 * time.Millisecond

// mishaps are those that wait for their deliveries. They are not kept over a restart.
type mishaps struct {
	what  Mishap
	left  int
	delay time.Duration
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
	s.mishaps = mishaps{what, count, delay}
	s.mu.Unlock()
	s.log.Info("the next deliveries are disturbed", "mishap", string(what), "deliveries", count)
	return nil
}

// next says what the mishap makes of a delivery of which copies were due.
func (m *mishaps) next(copies int, delay time.Duration) (int, time.Duration) {
	if m.left == 0 {
		return copies, delay
	}
	m.left--
	switch m.what {
	case MishapDrop:
		return 0, delay
	case MishapDuplicate:
		return 2 * copies, delay
	case MishapReorder:
		return copies, delay + time.Duration(m.left)*reorderGap
	}
	return copies, delay + m.delay
}
