package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/pg"
)

// Keep writes an event down and reports whether it is new. A known event keeps its state
// and only counts the delivery: a write on purpose, for its commit then waits for a
// synchronous standby like the first one's did.
func Keep(ctx context.Context, db *sqlx.DB, e Event, by FoundBy, at time.Time) (isNew bool, err error) {
	a := &arrival{Event: e, by: by, at: at}
	err = keepAll(ctx, db, []*arrival{a})
	return a.isNew, err
}

// Intake keeps events that come in a crowd: those that arrive while others are being
// written share the next commit.
type Intake struct{ group *pg.Group[*arrival] }

// mostAtOnce bounds one transaction of an intake: with bodies of a mebibyte it is still a
// fraction of what the process may hold.
const mostAtOnce = 64

// NewIntake makes an intake.
func NewIntake(db *sqlx.DB) *Intake {
	return &Intake{pg.NewGroup(db, mostAtOnce, func(ctx context.Context, tx *sqlx.Tx, all []*arrival) error {
		return keepAll(ctx, tx, all)
	})}
}

// Keep does what the function Keep does. It returns when the event is on disk.
func (i *Intake) Keep(ctx context.Context, e Event, by FoundBy, at time.Time) (isNew bool, err error) {
	a := &arrival{Event: e, by: by, at: at}
	if err := i.group.Do(ctx, a); err != nil {
		return false, err // a may still be written to
	}
	return a.isNew, nil
}

// arrival is an event that has come, and whether it was the first of its id.
type arrival struct {
	Event
	by    FoundBy
	at    time.Time
	isNew bool
}

// keepAll writes events in one statement. The same event twice among them is one row with
// two deliveries. Rows are taken in the order of their ids: two intakes never wait for
// each other crosswise.
func keepAll(ctx context.Context, db sqlx.QueryerContext, all []*arrival) error {
	n := len(all)
	ids, types, versions, kinds, objects, bys := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	happened, ats, bodies := make([]time.Time, n), make([]time.Time, n), make([][]byte, n)
	first, times := map[string]*arrival{}, map[string]int{}
	for i, a := range all {
		ids[i], types[i], versions[i], kinds[i], objects[i], bys[i] = a.ID, a.Type, a.APIVersion, a.ObjectKind, a.ObjectID, string(a.by)
		happened[i], ats[i], bodies[i] = a.HappenedAt, a.at, a.Body
		a.isNew = false
		if first[a.ID] == nil {
			first[a.ID] = a
		}
		times[a.ID]++
	}
	var kept []struct {
		ID         string `db:"event_id"`
		Deliveries int
	}
	err := sqlx.SelectContext(ctx, db, &kept, `
		INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, next_try_at, deliveries)
		SELECT DISTINCT ON (event_id) event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, at, at, count(*) OVER (PARTITION BY event_id)
		  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bytea[], $8::text[], $9::timestamptz[]) WITH ORDINALITY
		       AS u(event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, at, n)
		 ORDER BY event_id, n
		ON CONFLICT (event_id) DO UPDATE SET deliveries = inbox_events.deliveries + excluded.deliveries
		RETURNING event_id, deliveries`,
		pq.Array(ids), pq.Array(types), pq.Array(versions), pq.Array(happened), pq.Array(kinds), pq.Array(objects), pq.Array(bodies), pq.Array(bys), pq.Array(ats))
	if err != nil {
		return fmt.Errorf("keep event %s: %w", ids[0], err)
	}
	for _, k := range kept {
		first[k.ID].isNew = k.Deliveries == times[k.ID] // a known one has been delivered before
	}
	return nil
}
