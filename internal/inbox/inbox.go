// Package inbox keeps webhook events as they came, once each, and hands them to a worker
// until one has succeeded. It decides nothing: what an event means is the handler's to say.
//
// An event that was kept is on disk. It is handled at least once, perhaps by two workers,
// in any order.
package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Event is one event of a payment provider.
type Event struct {
	ID         string `db:"event_id"`
	Type       string
	APIVersion string    `db:"api_version"`
	HappenedAt time.Time `db:"happened_at"`
	ObjectKind string    `db:"object_kind"`
	ObjectID   string    `db:"object_id"`
	Body       []byte    // the bytes that were signed
}

// FoundBy tells how an event reached us.
type FoundBy string

const (
	Webhook FoundBy = "webhook"
	Healing FoundBy = "healing" // it was in the provider's list and had never been delivered
)

// Has reports whether an event was kept before.
func Has(ctx context.Context, db *sqlx.DB, id string) (bool, error) {
	var found bool
	if err := db.GetContext(ctx, &found, `SELECT EXISTS (SELECT 1 FROM inbox_events WHERE event_id = $1)`, id); err != nil {
		return false, fmt.Errorf("look for event %s: %w", id, err)
	}
	return found, nil
}

// lease is how long a worker has for an event before another may take it. It bounds what
// a killed process delays.
const lease = 30 * time.Second

// maxTries is how often an event is tried before it is laid aside for a person.
const maxTries = 12

// claim takes the next event that waits. The lease is committed at once, so that no
// connection is held while the handler works.
func claim(ctx context.Context, db *sqlx.DB, now time.Time) (e Event, tries int, found bool, err error) {
	var row struct {
		Event
		Tries int
	}
	err = db.GetContext(ctx, &row, `
		UPDATE inbox_events SET tries = tries + 1, next_try_at = $2
		 WHERE event_id = (SELECT event_id FROM inbox_events WHERE state = 'new' AND next_try_at <= $1
		                    ORDER BY next_try_at, event_id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING event_id, type, api_version, happened_at, object_kind, object_id, body, tries`, now, now.Add(lease))
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, 0, false, nil
	}
	if err != nil {
		return Event{}, 0, false, fmt.Errorf("take the next event: %w", err)
	}
	return row.Event, row.Tries, true, nil
}

func done(ctx context.Context, db *sqlx.DB, id string, at time.Time) error {
	if _, err := db.ExecContext(ctx, `UPDATE inbox_events SET state = 'done', done_at = $2, trouble = '' WHERE event_id = $1`, id, at); err != nil {
		return fmt.Errorf("mark event %s done: %w", id, err)
	}
	return nil
}

// failed puts an event back, later each time, or lays it aside after the last try.
func failed(ctx context.Context, db *sqlx.DB, id, trouble string, nextTry time.Time, dead bool) error {
	state := "new"
	if dead {
		state = "dead"
	}
	if _, err := db.ExecContext(ctx, `UPDATE inbox_events SET state = $2, next_try_at = $3, trouble = $4 WHERE event_id = $1 AND state = 'new'`,
		id, state, nextTry, trouble); err != nil {
		return fmt.Errorf("put event %s back: %w", id, err)
	}
	return nil
}

// Waiting counts the events that no worker has finished.
func Waiting(ctx context.Context, db *sqlx.DB) (int, error) {
	var n int
	if err := db.GetContext(ctx, &n, `SELECT count(*) FROM inbox_events WHERE state = 'new'`); err != nil {
		return 0, fmt.Errorf("count waiting events: %w", err)
	}
	return n, nil
}
