package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// State is how far the house has come with an event.
type State string

const (
	New  State = "new"  // it waits for a worker, or for its next try
	Done State = "done" // a worker has succeeded
	Dead State = "dead" // laid aside after the last try, until a person asks for another
)

// States lists them: what needs a person comes first.
func States() []State { return []State{Dead, New, Done} }

// Kept is an event as the inbox holds it, without its body: that has facts of payers in it
// which nobody needs to see.
type Kept struct {
	ID         string `db:"event_id"`
	Type       string
	APIVersion string    `db:"api_version"`
	HappenedAt time.Time `db:"happened_at"`
	ObjectKind string    `db:"object_kind"`
	ObjectID   string    `db:"object_id"`
	FoundBy    FoundBy   `db:"found_by"`
	ReceivedAt time.Time `db:"received_at"`
	Deliveries int
	State      State
	Tries      int
	NextTryAt  time.Time `db:"next_try_at"`
	Trouble    string
	DoneAt     sql.NullTime `db:"done_at"`
}

// PageSize is how many events a page of the list holds.
const PageSize = 50

const keptColumns = `event_id, type, api_version, happened_at, object_kind, object_id, found_by, received_at, deliveries, state, tries, next_try_at, trouble, done_at`

// List returns the events in a state, the last received first. After is the id of the last
// event of the page before, or empty; an unknown one is a NotFound fault.
func List(ctx context.Context, db *sqlx.DB, state State, after string, limit int) ([]Kept, error) {
	last := Kept{ReceivedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	if after != "" {
		var err error
		if last, err = Find(ctx, db, after); err != nil {
			return nil, fault.New(fault.NotFound, "page.unknown")
		}
	}
	var all []Kept
	err := db.SelectContext(ctx, &all, `SELECT `+keptColumns+` FROM inbox_events
		WHERE state = $1 AND (received_at, event_id) < ($2, $3) ORDER BY received_at DESC, event_id DESC LIMIT $4`, string(state), last.ReceivedAt, last.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return all, nil
}

// mostAbout is far beyond what one payment gathers; it bounds a page all the same.
const mostAbout = 200

// About lists the events about any of some objects, in the order in which they came.
func About(ctx context.Context, db *sqlx.DB, objects ...string) ([]Kept, error) {
	var all []Kept
	err := db.SelectContext(ctx, &all, `SELECT `+keptColumns+` FROM inbox_events
		WHERE object_id = ANY ($1) AND object_id <> '' ORDER BY received_at, event_id LIMIT $2`, pq.Array(objects), mostAbout)
	if err != nil {
		return nil, fmt.Errorf("list the events about an object: %w", err)
	}
	return all, nil
}

// Find finds an event; an unknown one is a NotFound fault.
func Find(ctx context.Context, db *sqlx.DB, id string) (Kept, error) {
	return find(ctx, db, id, "")
}

func find(ctx context.Context, db sqlx.QueryerContext, id, lock string) (Kept, error) {
	var e Kept
	err := sqlx.GetContext(ctx, db, &e, `SELECT `+keptColumns+` FROM inbox_events WHERE event_id = $1`+lock, id)
	if errors.Is(err, sql.ErrNoRows) || pg.Code(err) == "22021" { // bytes that are no text
		return e, fault.New(fault.NotFound, "event.unknown")
	}
	if err != nil {
		return e, fmt.Errorf("find event: %w", err)
	}
	return e, nil
}

// CountDead counts the events that were laid aside, up to a limit: who has a thousand of
// them needs no exact number.
func CountDead(ctx context.Context, db *sqlx.DB, limit int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM inbox_events WHERE state = 'dead' LIMIT $1) d`, limit)
	if err != nil {
		return 0, fmt.Errorf("count dead events: %w", err)
	}
	return n, nil
}

// Replay hands an event that is done or dead to the workers again, with all its tries
// before it, in the name of a person. One that waits already is a Conflict fault. Handling
// an event twice ends in the same books, so a replay can only help.
func Replay(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string) error {
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		e, err := find(ctx, tx, id, ` FOR UPDATE`)
		if err != nil {
			return err
		}
		if e.State == New {
			return fault.New(fault.Conflict, "event.waits")
		}
		_, err = tx.ExecContext(ctx, `UPDATE inbox_events SET state = 'new', tries = 0, next_try_at = $2, done_at = NULL WHERE event_id = $1`, id, now())
		if err != nil {
			return fmt.Errorf("put it back: %w", err)
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "event.replayed", Subject: "event:" + id,
			Detail: map[string]any{"type": e.Type, "was": e.State, "tries": e.Tries, "trouble": e.Trouble}})
	})
	if err != nil {
		return fmt.Errorf("replay event %s: %w", id, err)
	}
	return nil
}
