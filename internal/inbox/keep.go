package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
// written share the next statement, and its commit.
type Intake struct{ group *pg.Group[*arrival] }

// mostAtOnce bounds one statement of an intake: with bodies of a mebibyte it is still a
// fraction of what the process may hold.
const mostAtOnce = 64

// writers is how many statements of an intake may be under way: one is filled and sent
// while the other waits for the disk. A third would only make them smaller.
const writers = 2

// NewIntake makes an intake. Its group keeps the statement prepared: planning it costs the
// server as much as keeping a few events.
func NewIntake(db *sqlx.DB) *Intake {
	return &Intake{pg.NewStatementGroup(writers, mostAtOnce, func(ctx context.Context, all []*arrival) error {
		return keepAll(ctx, db, all)
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

// keepStatement takes rows in the order in which they are listed. The bodies come as one
// string of bytes, each with its place in it: as an array of strings they would be written
// and read twice over, once as bytes and once as an array's elements.
const keepStatement = `
	INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, next_try_at, deliveries)
	SELECT event_id, type, api_version, happened_at, object_kind, object_id, substring($1::bytea FROM body_begins FOR body_bytes), found_by, at, at, deliveries
	  FROM unnest($2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::int[])
	       AS u(body_begins, body_bytes, event_id, type, api_version, happened_at, object_kind, object_id, found_by, at, deliveries)
	ON CONFLICT (event_id) DO UPDATE SET deliveries = inbox_events.deliveries + excluded.deliveries
	RETURNING event_id, deliveries`

// keepAll writes events in one statement. The same event twice among them is one row with
// two deliveries. Rows are taken in the order of their ids: two intakes never wait for
// each other crosswise.
func keepAll(ctx context.Context, db *sqlx.DB, all []*arrival) (err error) {
	firsts, times := onceEach(all)
	n := len(firsts)
	ids, types, versions, kinds, objects, bys := make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n)
	happened, ats, begins, lengths := make(pq.StringArray, n), make(pq.StringArray, n), make(pq.Int64Array, n), make(pq.Int64Array, n)
	var bodies []byte
	for i, a := range firsts {
		ids[i], types[i], versions[i], kinds[i], objects[i], bys[i] = a.ID, a.Type, a.APIVersion, a.ObjectKind, a.ObjectID, string(a.by)
		happened[i], ats[i] = string(pq.FormatTimestamp(a.HappenedAt)), string(pq.FormatTimestamp(a.at))
		begins[i], lengths[i] = int64(len(bodies)+1), int64(len(a.Body))
		bodies = append(bodies, a.Body...)
	}
	rows, err := db.QueryContext(ctx, keepStatement, bodies, begins, lengths, ids, types, versions, happened, kinds, objects, bys, ats, times)
	if err != nil {
		return fmt.Errorf("keep event %s: %w", ids[0], err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		var deliveries int64
		if err := rows.Scan(&id, &deliveries); err != nil {
			return fmt.Errorf("keep event %s: %w", ids[0], err)
		}
		if i, found := slices.BinarySearch(ids, id); found {
			firsts[i].isNew = deliveries == times[i] // a known one has been delivered before
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("keep event %s: %w", ids[0], err)
	}
	return nil
}

// onceEach lists the first arrival of each event, by id, and how often each came.
func onceEach(all []*arrival) (firsts []*arrival, times pq.Int64Array) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b *arrival) int { return cmp.Compare(a.ID, b.ID) })
	for _, a := range sorted {
		a.isNew = false
		if n := len(firsts); n > 0 && firsts[n-1].ID == a.ID {
			times[n-1]++
			continue
		}
		firsts, times = append(firsts, a), append(times, 1)
	}
	return firsts, times
}
