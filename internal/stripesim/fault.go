package stripesim

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Faults are what may go wrong, each with a probability from 0 to 1. The same seed
// and the same sequence of calls and events go wrong in the same way.
type Faults struct {
	Seed uint64

	// Of deliveries:
	Drop      float64       // an event is never delivered; it stays in the list
	Duplicate float64       // an event is delivered two or three times
	Twin      float64       // one change makes two events with different ids
	Reorder   float64       // an event changes places with another of the same step
	MaxDelay  time.Duration // an event waits up to this long

	// Of calls to the API:
	LoseAnswer  float64 // the call is executed, then the connection is cut
	ServerError float64 // the call is answered 500 and not executed
}

func (f Faults) check() error {
	for name, p := range map[string]float64{
		"Drop": f.Drop, "Duplicate": f.Duplicate, "Twin": f.Twin, "Reorder": f.Reorder, "LoseAnswer": f.LoseAnswer, "ServerError": f.ServerError,
	} {
		if !(p >= 0 && p <= 1) { // so that NaN is refused too
			return fmt.Errorf("the fault %s has probability %v, not 0 to 1", name, p)
		}
	}
	if f.MaxDelay < 0 {
		return fmt.Errorf("the fault MaxDelay is negative: %s", f.MaxDelay)
	}
	return nil
}

// SetFaults switches faults on from here on; the zero Faults switches them off.
// The seed is logged.
func (s *Sim) SetFaults(f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	s.mu.Lock()
	s.dice = newDice(f)
	s.mu.Unlock()
	s.log.Info("the sandbox's faults are set", "seed", f.Seed, "faults", fmt.Sprintf("%+v", f))
	return nil
}

// dice decides what goes wrong. Calls and events draw from streams of their own, so
// that one more call does not change the fate of the events. Sim.mu guards it.
type dice struct {
	Faults
	calls, posts *rand.Rand
}

func newDice(f Faults) *dice {
	return &dice{f, rand.New(rand.NewPCG(f.Seed, 1)), rand.New(rand.NewPCG(f.Seed, 2))}
}

// call decides the fate of one call. Both draws happen each time, for the sake of
// the sequence.
func (d *dice) call() (lost, broken bool) {
	return hit(d.calls, d.LoseAnswer), hit(d.calls, d.ServerError)
}

func (s *Sim) rollCall() (lost, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.call()
}

func hit(r *rand.Rand, p float64) bool { return r.Float64() < p }

// events says how many events one change makes.
func (d *dice) events() int {
	if hit(d.posts, d.Twin) {
		return 2
	}
	return 1
}

// copies says how often an event is delivered.
func (d *dice) copies() int {
	drop, double, third := hit(d.posts, d.Drop), hit(d.posts, d.Duplicate), d.posts.IntN(2)
	switch {
	case drop:
		return 0
	case double:
		return 2 + third
	}
	return 1
}

func (d *dice) delay() time.Duration {
	if d.MaxDelay == 0 {
		return 0
	}
	return time.Duration(d.posts.Int64N(int64(d.MaxDelay)))
}

// shuffle lets parcels of one step change places.
func (d *dice) shuffle(all []*parcel) {
	for i := range all {
		if swap, with := hit(d.posts, d.Reorder), d.posts.IntN(len(all)); swap {
			all[i], all[with] = all[with], all[i]
		}
	}
}
