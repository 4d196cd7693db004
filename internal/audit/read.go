package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Told is an act as it was written, for people to read.
type Told struct {
	ID         int64
	At         time.Time `db:"happened_at"`
	PersonName string    `db:"person_name"` // empty: the program acted by itself
	Act        string
	Subject    string
	Detail     json.RawMessage
	Host       string // where the request came from; empty where nobody knows. Of leaves it out
	Alarm      bool   // somebody must look at it, or had to
}

// mostActs is far beyond what one subject gathers; it bounds a page all the same.
const mostActs = 500

// Of lists the acts upon a subject, in the order in which they were written. Ask the
// subject's own room first who may see it.
func Of(ctx context.Context, db *sqlx.DB, subject string) ([]Told, error) {
	var all []Told
	err := db.SelectContext(ctx, &all, `
		SELECT t.id, t.happened_at, coalesce(p.name, '') AS person_name, t.act, t.subject, t.detail, a.act_id IS NOT NULL AS alarm
		  FROM audit_acts t
		  LEFT JOIN people p ON p.id = t.person_id
		  LEFT JOIN alarms a ON a.act_id = t.id
		 WHERE t.subject = $1 ORDER BY t.id LIMIT $2`, subject, mostActs)
	if err != nil {
		return nil, fmt.Errorf("list the acts upon %s: %w", subject, err)
	}
	return all, nil
}
