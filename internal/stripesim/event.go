package stripesim

import (
	"encoding/json"
	"fmt"
	"time"
)

// event is a change as it was told. Its object is a snapshot: what happens to the
// object later does not reach it.
type event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            eventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         eventRequest `json:"request"`
	Type            string       `json:"type"`
}

type eventData struct {
	Object   json.RawMessage `json:"object"`
	Previous map[string]any  `json:"previous_attributes,omitempty"`
}

type eventRequest struct {
	ID             opt `json:"id"`
	IdempotencyKey opt `json:"idempotency_key"`
}

func (e event) key() string      { return e.ID }
func (e event) createdAt() int64 { return e.Created }

// eventCause is the API call that a change came from; the page and the clock have none.
type eventCause struct{ request, idempotencyKey string }

// emit writes down that something happened to obj. What an event tells is what obj
// is now, so emit comes after save.
func (t *tx) emit(kind string, obj any, before map[string]any) {
	raw, err := json.Marshal(obj)
	if err != nil {
		// Only a type of this package that cannot be written as JSON gets here.
		panic(fmt.Sprintf("stripesim: snapshot of %s: %v", kind, err))
	}
	ev := event{
		Object: "event", APIVersion: APIVersion, Created: t.now.Unix(), Type: kind,
		Data:    eventData{Object: raw, Previous: before},
		Request: eventRequest{opt(t.cause.request), opt(t.cause.idempotencyKey)},
	}
	for _, e := range t.sim.endpoints {
		if e.wants(kind) {
			ev.PendingWebhooks++
		}
	}
	for range t.sim.dice.events() {
		ev.ID = newID("evt_1", 23)
		save(t, &t.events, ev)
		t.emitted = append(t.emitted, ev)
	}
}

// eventsKept is how long Stripe lists and finds events.
const eventsKept = 30 * 24 * time.Hour

func getEvent(c *call) (any, error) {
	if ev, ok := c.events.find(c.id); ok && !c.kept(ev) {
		return nil, noSuch("event", c.id, "id")
	}
	return getOne(c, &c.events, "event", "id")
}

func (t *tx) kept(ev event) bool { return ev.Created >= t.now.Add(-eventsKept).Unix() }

// mostTypes is how many types a list of events can be narrowed to.
const mostTypes = 20

func listEvents(c *call) (any, error) {
	only := c.params.text("type", 5000)
	types := c.params.texts("types", 5000)
	if len(types) > mostTypes {
		c.params.fail("types", "", "At most 20 types can be given.")
	}
	if only != "" && len(types) > 0 {
		c.params.fail("types", "", "You may only specify one of these parameters: type, types.")
	}
	wanted := set("")
	for _, kind := range types {
		wanted[kind] = true
	}
	return list(c, &c.events, func(ev event) bool {
		return c.kept(ev) && (only == "" || ev.Type == only) && (len(wanted) == 0 || wanted[ev.Type])
	})
}

// pending counts the deliveries of an event that nobody has answered yet.
func (t *tx) pending(id string) int {
	n := 0
	for _, d := range t.deliveries.rows {
		if d.Event == id {
			n++
		}
	}
	return n
}
