package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/inbox"
	"kopiyka/internal/pg/pgtest"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func event(id string) inbox.Event {
	return inbox.Event{ID: id, Type: "charge.succeeded", APIVersion: "2023-10-16", HappenedAt: noon, ObjectKind: "charge", ObjectID: "ch_1", Body: []byte(`{"id":"` + id + `"}` + "\n")}
}

func keep(t *testing.T, db *sqlx.DB, id string) {
	t.Helper()
	if isNew, err := inbox.Keep(t.Context(), db, event(id), inbox.Webhook, noon); err != nil || !isNew {
		t.Fatalf("keep %s: %v, %v", id, isNew, err)
	}
}

// row is how an event stands in the inbox.
type row struct {
	State      string
	Tries      int
	Deliveries int
	Trouble    string
	NextTryAt  time.Time `db:"next_try_at"`
}

func standing(t *testing.T, db *sqlx.DB, id string) row {
	t.Helper()
	var r row
	if err := db.Get(&r, `SELECT state, tries, deliveries, trouble, next_try_at FROM inbox_events WHERE event_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	return r
}

// worker handles with a function, by a clock that the test moves.
func worker(db *sqlx.DB, now clock.Clock, handle func(context.Context, inbox.Event) error) *inbox.Workers {
	return &inbox.Workers{DB: db, Now: now, Handle: handle, Describe: error.Error, Log: slog.New(slog.DiscardHandler)}
}

func one(t *testing.T, w *inbox.Workers) bool {
	t.Helper()
	found, err := w.One(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func ok(context.Context, inbox.Event) error { return nil }

func TestCase020EventIsKeptOnceAndItsDeliveriesCounted(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	news := make([]bool, 20)
	errs := gatewaytest.Together(len(news), func(i int) (err error) {
		news[i], err = inbox.Keep(t.Context(), db, event("evt_1"), inbox.Webhook, noon)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	first := 0
	for _, isNew := range news {
		if isNew {
			first++
		}
	}
	if r := standing(t, db, "evt_1"); first != 1 || r.Deliveries != 20 {
		t.Errorf("%d were new, %d deliveries counted", first, r.Deliveries)
	}
	waiting, err := inbox.Waiting(t.Context(), db)
	known, hasErr := inbox.Has(t.Context(), db, "evt_1")
	unknown, hasErr2 := inbox.Has(t.Context(), db, "evt_2")
	if err := errors.Join(err, hasErr, hasErr2); err != nil || waiting != 1 || !known || unknown {
		t.Errorf("%d wait, known %v, unknown %v, %v", waiting, known, unknown, err)
	}
}

func TestHandlerGetsTheEventAsItCame(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	keep(t, db, "evt_1")
	var got inbox.Event
	w := worker(db, clock.At(noon), func(_ context.Context, e inbox.Event) error { got = e; return nil })
	if !one(t, w) {
		t.Fatal("no event")
	}
	want := event("evt_1")
	if got.ID != want.ID || got.Type != want.Type || got.ObjectKind != want.ObjectKind || got.ObjectID != want.ObjectID ||
		got.APIVersion != want.APIVersion || !got.HappenedAt.Equal(want.HappenedAt) || string(got.Body) != string(want.Body) {
		t.Errorf("event = %+v", got)
	}
}

// Stripe delivers again what is done: days later, or from its dashboard.
func TestCase024DeliveryOfADoneEventDoesNotWakeIt(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	keep(t, db, "evt_1")
	w := worker(db, clock.At(noon), ok)
	one(t, w)
	isNew, err := inbox.Keep(t.Context(), db, event("evt_1"), inbox.Webhook, noon.AddDate(0, 0, 3))
	if err != nil || isNew {
		t.Errorf("new %v, %v", isNew, err)
	}
	if one(t, worker(db, clock.At(noon.AddDate(0, 0, 4)), ok)) {
		t.Error("the event was handled again")
	}
	if r := standing(t, db, "evt_1"); r.State != "done" || r.Deliveries != 2 {
		t.Errorf("event = %+v", r)
	}
}

// The process dies while it handles. Nobody is told; the lease ends, and another takes over.
func TestCase033DeadWorkersEventGoesToAnother(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	keep(t, db, "evt_1")
	ctx, die := context.WithCancel(t.Context())
	w := worker(db, clock.At(noon), func(context.Context, inbox.Event) error {
		die()
		return errors.New("cut off")
	})
	if _, err := w.One(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if r := standing(t, db, "evt_1"); r.State != "new" || r.Trouble != "" {
		t.Errorf("event = %+v", r)
	}
	if one(t, worker(db, clock.At(noon.Add(29*time.Second)), ok)) {
		t.Error("the event was taken while its lease lasts")
	}
	if !one(t, worker(db, clock.At(noon.Add(30*time.Second)), ok)) {
		t.Error("the event was not taken after the lease")
	}
	if r := standing(t, db, "evt_1"); r.State != "done" || r.Tries != 2 {
		t.Errorf("event = %+v", r)
	}
}

// Trouble is waited out, longer each time; after the last try a person has to look.
func TestEventInTroubleIsTriedLessOftenAndThenLaidAside(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	keep(t, db, "evt_1")
	now := noon
	w := worker(db, func() time.Time { return now }, func(context.Context, inbox.Event) error { return errors.New("no such payment") })
	var pauses []time.Duration
	for try := 1; try <= 12; try++ {
		if !one(t, w) {
			t.Fatalf("try %d found nothing", try)
		}
		r := standing(t, db, "evt_1")
		if r.Tries != try || r.Trouble != "no such payment" || (r.State == "dead") != (try == 12) {
			t.Fatalf("after try %d: %+v", try, r)
		}
		pauses = append(pauses, r.NextTryAt.Sub(now))
		if one(t, w) {
			t.Fatalf("tried again at once after try %d", try)
		}
		now = r.NextTryAt
	}
	want := "[250ms 1s 4s 16s 1m4s 4m16s 17m4s 1h0m0s 1h0m0s 1h0m0s 1h0m0s 1h0m0s]"
	if got := fmt.Sprint(pauses); got != want {
		t.Errorf("pauses = %s, want %s", got, want)
	}
	now = now.AddDate(1, 0, 0)
	if one(t, w) {
		t.Error("an event that was laid aside was tried")
	}
	// Case 126: a person puts it back, and it is handled.
	if _, err := db.Exec(`UPDATE inbox_events SET state = 'new', tries = 0, next_try_at = $1`, now); err != nil {
		t.Fatal(err)
	}
	w.Handle = ok
	if one(t, w); standing(t, db, "evt_1").State != "done" || standing(t, db, "evt_1").Trouble != "" {
		t.Errorf("event = %+v", standing(t, db, "evt_1"))
	}
}

// One event that brings the handler down must not bring the house down.
func TestPanicOfTheHandlerIsTroubleOfItsEvent(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	keep(t, db, "evt_1")
	log := &gatewaytest.Log{}
	w := worker(db, clock.At(noon), func(context.Context, inbox.Event) error { panic("nil session") })
	w.Log = slog.New(slog.NewTextHandler(log, nil))
	one(t, w)
	if r := standing(t, db, "evt_1"); r.State != "new" || r.Tries != 1 || !strings.Contains(r.Trouble, "nil session") {
		t.Errorf("event = %+v", r)
	}
	if !strings.Contains(log.String(), "inbox_test.go") {
		t.Errorf("the log does not tell where: %s", log)
	}
}

func TestOldestEventComesFirst(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for i := range 3 {
		if _, err := inbox.Keep(t.Context(), db, event(fmt.Sprint("evt_", 3-i)), inbox.Healing, noon.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	var order []string
	w := worker(db, clock.At(noon.Add(time.Minute)), func(_ context.Context, e inbox.Event) error { order = append(order, e.ID); return nil })
	for one(t, w) {
	}
	if got := fmt.Sprint(order); got != "[evt_3 evt_2 evt_1]" {
		t.Errorf("order = %s", got)
	}
}

// Many workers, many events: each is handled once, and a handler holds no connection.
func TestWorkersShareTheEvents(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	const n = 60
	for i := range n {
		keep(t, db, fmt.Sprint("evt_", i))
	}
	db.SetMaxOpenConns(3)
	var mu sync.Mutex
	seen := map[string]int{}
	w := worker(db, clock.System, func(ctx context.Context, e inbox.Event) error {
		mu.Lock()
		defer mu.Unlock()
		seen[e.ID]++
		_, err := db.ExecContext(ctx, `SELECT 1`)
		return err
	})
	w.Count = 8
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	gatewaytest.Until(t, "the end of all events", func() bool { n, err := inbox.Waiting(t.Context(), db); return err == nil && n == 0 })
	if err := w.Working(t.Context()); err != nil {
		t.Errorf("while they work: %v", err)
	}
	stop()
	<-ended
	if err := w.Working(t.Context()); err == nil {
		t.Error("they work after their end")
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was handled %d times", id, times)
		}
	}
	if len(seen) != n {
		t.Errorf("%d events were handled, want %d", len(seen), n)
	}
}

// Wake never blocks and is not lost: it may come before the workers run.
func TestWakeNeverBlocks(t *testing.T) {
	t.Parallel()
	w := worker(nil, clock.System, ok)
	for range 100 {
		w.Wake()
	}
}

// A stopping process lets its handlers end.
func TestRunReturnsAfterTheLastHandler(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	keep(t, db, "evt_1")
	began, finish := make(chan struct{}), make(chan struct{})
	w := worker(db, clock.At(noon), func(context.Context, inbox.Event) error {
		close(began)
		<-finish
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	<-began
	stop()
	select {
	case <-ended:
		t.Error("Run returned while a handler worked")
	default:
	}
	close(finish)
	<-ended
}
