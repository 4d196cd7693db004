// Package audit records who did what. An act is written once, in the transaction of what
// it tells of, and never changed. It decides nothing and notifies nobody: an act that a
// person must look at is an alarm, and stays on the desk until somebody answers.
package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Act is one thing that a person or the program did.
type Act struct {
	At      time.Time      `json:"at"`
	Person  string         `json:"person,omitempty"` // id; empty when the program acted by itself
	Act     string         `json:"act"`              // subject and verb: pledge.made
	Subject string         `json:"subject"`          // what it was done to: pledge:<id>
	Detail  map[string]any `json:"detail,omitempty"` // facts for a later reader; no secrets
}

// Record writes the act within the caller's transaction.
func Record(ctx context.Context, tx *sqlx.Tx, a Act) error {
	_, err := record(ctx, tx, a)
	return err
}

// RecordAll writes acts within the caller's transaction, in their order.
func RecordAll(ctx context.Context, tx *sqlx.Tx, acts []Act) error {
	if len(acts) == 0 {
		return nil
	}
	rows, err := json.Marshal(acts)
	if err == nil {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO audit_acts (happened_at, person_id, act, subject, detail)
			SELECT r.at, r.person, r.act, r.subject, coalesce(r.detail, '{}')
			  FROM ROWS FROM (jsonb_to_recordset($1) AS (at timestamptz, person uuid, act text, subject text, detail jsonb)) WITH ORDINALITY AS r
			 ORDER BY r.ordinality`, rows)
	}
	if err != nil {
		return fmt.Errorf("record %d acts from %s on: %w", len(acts), acts[0].Act, err)
	}
	return nil
}

func record(ctx context.Context, tx *sqlx.Tx, a Act) (id int64, err error) {
	if a.Detail == nil {
		a.Detail = map[string]any{}
	}
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return 0, fmt.Errorf("record %s: %w", a.Act, err)
	}
	err = tx.GetContext(ctx, &id, `INSERT INTO audit_acts (happened_at, person_id, act, subject, detail) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		a.At, sql.NullString{String: a.Person, Valid: a.Person != ""}, a.Act, a.Subject, detail)
	if err != nil {
		return 0, fmt.Errorf("record %s: %w", a.Act, err)
	}
	return id, nil
}
