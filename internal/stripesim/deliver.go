package stripesim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// delivery is an event that an endpoint has not answered yet. It outlives the
// process: the row goes when the endpoint has said 2xx, or we have given up.
type delivery struct {
	ID       string `json:"id"`
	Event    string `json:"event"`
	Endpoint int    `json:"endpoint"` // its place in Options.Endpoints
}

func (d delivery) key() string { return d.ID }

func (e Endpoint) wants(kind string) bool {
	return len(e.Events) == 0 || slices.Contains(e.Events, kind) || slices.Contains(e.Events, "*")
}

// parcel is a delivery under way.
type parcel struct {
	delivery
	kind   string
	body   []byte
	due    time.Time // by the real clock: receivers live in real time
	failed int
	turn   turn
}

// address makes the parcels of a step's events and saves their deliveries with it.
func (s *Sim) address(t *tx) []*parcel {
	var out []*parcel
	free := s.opt.QueueSize - s.mail.waiting()
	for _, ev := range t.emitted {
		for i, e := range s.endpoints {
			if !e.wants(ev.Type) {
				continue
			}
			copies, wait, turn := s.mishaps.next(s.dice.copies())
			for range copies {
				if len(out) >= free {
					s.log.Error("the sandbox's queue is full, an event is not delivered", "event", ev.ID, "type", ev.Type)
					break
				}
				d := delivery{newID("whd_", 16), ev.ID, i}
				save(t, &t.deliveries, d)
				p := newParcel(d, ev, s.dice.delay()+wait)
				p.turn = turn
				out = append(out, p)
			}
		}
	}
	if len(out) > 0 {
		s.dice.shuffle(out)
	}
	return out
}

func newParcel(d delivery, ev event, delay time.Duration) *parcel {
	body, err := indent(ev)
	if err != nil {
		panic(fmt.Sprintf("stripesim: write event %s: %v", ev.ID, err)) // it was read from JSON or written as JSON before
	}
	return &parcel{delivery: d, kind: ev.Type, body: body, due: time.Now().Add(delay)}
}

// resumeDeliveries takes up what a former process left undelivered.
func (s *Sim) resumeDeliveries() {
	var out []*parcel
	for _, d := range s.db.deliveries.all() {
		if ev, ok := s.db.events.find(d.Event); ok {
			out = append(out, newParcel(d, ev, 0))
		}
	}
	s.mail.post(out)
}

// Resend delivers an event again to every endpoint that wants it, delivered before
// or not. It fails if there is no such event.
func (s *Sim) Resend(id string) error {
	return s.update(eventCause{}, func(t *tx) error {
		ev, ok := t.events.find(id)
		if !ok {
			return noSuch("event", id, "id")
		}
		t.emitted = append(t.emitted, ev)
		return nil
	})
}

// senders is how many deliveries run at once: Stripe does not wait for one to be
// answered before it sends the next, and neither may a receiver count on it.
const senders = 4

// courier carries parcels until they are taken.
type courier struct {
	sim    *Sim
	client *http.Client
	wake   chan struct{}

	mu      sync.Mutex
	queue   []*parcel
	open    map[string]int // parcels of an event, queued or under way
	total   int
	waiters map[string][]chan struct{}
}

func newCourier(s *Sim) *courier {
	return &courier{
		sim: s, wake: make(chan struct{}, 1), open: map[string]int{}, waiters: map[string][]chan struct{}{},
		client: &http.Client{
			Timeout:   10 * time.Second,
			Transport: &http.Transport{MaxIdleConnsPerHost: senders, IdleConnTimeout: time.Minute},
			// A receiver that moved has not taken the event: Stripe does not follow either.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *courier) post(all []*parcel) {
	if len(all) == 0 {
		return
	}
	c.mu.Lock()
	for _, p := range all {
		c.queue = append(c.queue, p)
		c.open[p.Event]++
		c.total++
	}
	c.mu.Unlock()
	c.nudge()
}

func (c *courier) nudge() {
	select {
	case c.wake <- struct{}{}:
	default: // it will wake anyway
	}
}

func (c *courier) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// run delivers until ctx ends and leaves nothing running behind.
func (c *courier) run(ctx context.Context) {
	defer c.client.CloseIdleConnections()
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, senders)
	for {
		p, e, wait := c.next(time.Now())
		if p == nil {
			select {
			case <-ctx.Done():
				return
			case <-c.wake:
			case <-time.After(wait):
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case free <- struct{}{}:
		}
		wg.Go(func() {
			defer func() { <-free }()
			c.carry(ctx, p, e)
		})
	}
}

// next takes the first parcel that is due, or says how long nothing will be.
func (c *courier) next(now time.Time) (*parcel, Endpoint, time.Duration) {
	c.sim.mu.Lock()
	endpoints := c.sim.endpoints
	c.sim.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := time.Hour
	for i, p := range c.queue {
		if p.Endpoint >= len(endpoints) {
			continue // waits for SetEndpoints
		}
		due := p.due
		if p.turn.waits() {
			due = due.Add(reorderPatience)
		}
		if d := due.Sub(now); d > 0 {
			wait = min(wait, d)
			continue
		}
		c.queue = slices.Delete(c.queue, i, i+1)
		return p, endpoints[p.Endpoint], 0
	}
	return nil, Endpoint{}, wait
}

// carry makes one attempt and files the parcel by its result.
func (c *courier) carry(ctx context.Context, p *parcel, e Endpoint) {
	err := c.offer(ctx, p, e)
	if ctx.Err() != nil {
		return // the next sandbox on this journal takes it up
	}
	if err != nil {
		if p.failed++; p.failed < c.sim.opt.Attempts {
			p.due = time.Now().Add(c.pause(p.failed))
			c.mu.Lock()
			c.queue = append(c.queue, p)
			c.mu.Unlock()
			c.nudge()
			return
		}
		c.sim.log.Error("the sandbox gave up delivering an event", "event", p.Event, "type", p.kind, "endpoint", e.URL, "attempts", p.failed, "error", err)
	}
	err = c.sim.update(eventCause{}, func(t *tx) error {
		drop(t, &t.deliveries, p.ID)
		return nil
	})
	if err != nil {
		c.sim.log.Error("the sandbox could not note a delivery; a restart will repeat it", "event", p.Event, "error", err)
	}
	c.done(p)
	c.nudge() // who waits for their turn may have it now
}

func (c *courier) pause(failed int) time.Duration {
	pause := c.sim.opt.RetryAfter
	for range failed - 1 {
		if pause *= 2; pause >= time.Minute {
			return time.Minute
		}
	}
	return pause
}

func (c *courier) offer(ctx context.Context, p *parcel, e Endpoint) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(p.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (SANDBOX of Kopiyka, no real money)")
	req.Header.Set("Stripe-Sandbox", "kopiyka")
	req.Header.Set("Stripe-Signature", sign(time.Now(), p.body, e.Secrets))
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the endpoint answered %s", res.Status)
	}
	return nil
}

// sign makes a Stripe-Signature of now: each attempt has its own, or receivers
// would refuse a late one as a replay.
func sign(now time.Time, body []byte, secrets []string) string {
	header := fmt.Sprintf("t=%d", now.Unix())
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.", now.Unix())
		mac.Write(body)
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header
}

// done counts a parcel off and tells those who wait for the event.
func (c *courier) done(p *parcel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	event := p.Event
	p.turn.answered()
	c.total--
	if c.open[event]--; c.open[event] > 0 {
		return
	}
	delete(c.open, event)
	for _, w := range c.waiters[event] {
		close(w)
	}
	delete(c.waiters, event)
}

// settled is closed once no parcel of the event is left, which may be at once.
func (c *courier) settled(event string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := make(chan struct{})
	if c.open[event] == 0 {
		close(w)
		return w
	}
	c.waiters[event] = append(c.waiters[event], w)
	return w
}
