package inbox_test

import (
	"errors"
	"fmt"
	"testing"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/inbox"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// A crowd at the door: four events, each delivered sixteen times at once. Each is kept
// once, every delivery is counted, and one caller of sixteen hears that it is new.
func TestCase020CrowdIsKeptOnceEach(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	intake := inbox.NewIntake(db)
	const events, times = 4, 16
	news := make([]bool, events*times)
	errs := gatewaytest.Together(len(news), func(i int) (err error) {
		news[i], err = intake.Keep(t.Context(), event(fmt.Sprint("evt_", i%events)), inbox.Webhook, noon)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for e := range events {
		first := 0
		for i := e; i < len(news); i += events {
			if news[i] {
				first++
			}
		}
		id := fmt.Sprint("evt_", e)
		if r := standing(t, db, id); first != 1 || r.Deliveries != times {
			t.Errorf("%s: %d were new, %d deliveries counted", id, first, r.Deliveries)
		}
	}
}

// An event that PostgreSQL refuses is its sender's trouble, whoever came at the same time.
func TestCrowdIsNotPoisonedByOneEvent(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	intake := inbox.NewIntake(db)
	errs := gatewaytest.Together(24, func(i int) error {
		e := event(fmt.Sprint("evt_", i))
		if i == 7 {
			e.ID = ""
		}
		_, err := intake.Keep(t.Context(), e, inbox.Webhook, noon)
		return err
	})
	for i, err := range errs {
		if i == 7 && pg.Constraint(err) != "inbox_events_id_form" || i != 7 && err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	if waiting, err := inbox.Waiting(t.Context(), db); err != nil || waiting != 23 {
		t.Errorf("%d wait, %v", waiting, err)
	}
}
