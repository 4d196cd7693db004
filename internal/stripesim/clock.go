package stripesim

import (
	"context"
	"fmt"
	"math"
	"time"
)

// clockOffset is how far the sandbox's clock was advanced, kept so that a restart
// does not turn time back.
type clockOffset struct {
	Offset time.Duration `json:"offset"`
}

func (clockOffset) key() string { return "offset" }

func (db *store) offset() time.Duration {
	c, _ := db.clock.find(clockOffset{}.key())
	return c.Offset
}

// now is the sandbox's time. The caller holds s.mu.
func (s *Sim) now() time.Time { return s.opt.Now().Add(s.db.offset()) }

// Now is the time by the sandbox's clock.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the sandbox's clock forward by d and lets happen what falls due:
// bank debits settle or fail, sessions expire, payouts arrive. Its events are on their way when
// Advance returns. It refuses to turn time back.
func (s *Sim) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advance the sandbox's clock by %s: time does not run backwards", d)
	}
	return s.update(eventCause{}, func(t *tx) error {
		save(t, &t.clock, clockOffset{t.offset() + d})
		until := t.now.Add(d)
		for at := t.earliest(); at <= until.Unix(); at = t.earliest() { // each thing in its own time
			t.now = time.Unix(max(at, t.now.Unix()), 0)
			s.nextDue = at
			s.runDue(t)
		}
		t.now = until
		return nil
	})
}

// tick notices what falls due while nobody calls.
func (s *Sim) tick(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if err := s.update(eventCause{}, func(*tx) error { return nil }); err != nil {
				s.log.Error("the sandbox could not do what fell due", "error", err)
			}
		}
	}
}

// runDue settles debits, expires sessions and runs errands whose time has come. It looks
// through them only when the earliest is due.
func (s *Sim) runDue(t *tx) {
	now := t.now.Unix()
	if now < s.nextDue {
		return
	}
	for _, d := range t.debits.all() {
		if d.Due <= now {
			t.resolve(d, d.Failure)
		}
	}
	for _, cs := range t.sessions.all() {
		if cs.Status == sessionOpen && cs.ExpiresAt <= now {
			t.expire(cs)
		}
	}
	for _, e := range t.errands.all() {
		if _, still := t.errands.find(e.ID); still && e.Due <= now {
			t.run(e)
		}
	}
	s.nextDue = t.earliest()
}

// remind makes sure that the clock is looked at when at has come.
func (t *tx) remind(at int64) { t.sim.nextDue = min(t.sim.nextDue, at) }

// earliest is when something falls due next.
func (t *tx) earliest() int64 {
	next := int64(math.MaxInt64)
	for _, d := range t.debits.all() {
		next = min(next, d.Due)
	}
	for _, cs := range t.sessions.all() {
		if cs.Status == sessionOpen {
			next = min(next, cs.ExpiresAt)
		}
	}
	for _, e := range t.errands.all() {
		next = min(next, e.Due)
	}
	return next
}
