// Package audit records who did what. An act is written once, in the transaction of what
// it tells of, and never changed. It decides nothing and notifies nobody: an act that a
// person must look at is an alarm, and stays on the desk until somebody answers.
package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
)

// Act is one thing that a person or the program did.
type Act struct {
	At      time.Time      `json:"at"`
	Person  string         `json:"person,omitempty"` // id; empty when the program acted by itself
	Act     string         `json:"act"`              // subject and verb: pledge.made
	Subject string         `json:"subject"`          // what it was done to: pledge:<id>
	Detail  map[string]any `json:"detail,omitempty"` // facts for a later reader; no secrets
}

type proofKey struct{}

// WithProof returns a context whose acts are recorded with what the person has just shown
// to prove who they are: "code", "passkey".
func WithProof(ctx context.Context, proof string) context.Context {
	return context.WithValue(ctx, proofKey{}, proof)
}

type hostKey struct{}

// maxHost is how long an address may be; the longest that IPv6 knows is far shorter.
const maxHost = 100

// WithHost returns a context whose acts of people are recorded with the address from which
// the request came. Only the people of the act's cluster who read the audit and the person
// of the act are ever shown it.
func WithHost(ctx context.Context, host string) context.Context {
	if len(host) > maxHost {
		host = ""
	}
	return context.WithValue(ctx, hostKey{}, host)
}

// hostOf is where a request came from, or empty.
func hostOf(ctx context.Context) string {
	host, _ := ctx.Value(hostKey{}).(string)
	return host
}

// Record writes the act within the caller's transaction.
func Record(ctx context.Context, tx *sqlx.Tx, a Act) error {
	id, err := record(ctx, tx, a)
	if err == nil && a.Person != "" {
		pg.AfterCommit(tx, func() { say(slog.LevelInfo, id, a) })
	}
	return err
}

// RecordAll writes acts within the caller's transaction, in their order.
func RecordAll(ctx context.Context, tx *sqlx.Tx, acts []Act) error {
	s, err := Recording(ctx, acts)
	if err == nil {
		err = pg.ExecTogether(ctx, tx, s)
	}
	if err != nil {
		return fmt.Errorf("record %d acts: %w", len(acts), err)
	}
	return nil
}

// Recording is the statement by which RecordAll writes acts, for a caller that has more to
// write in the same way to the server. Without acts it is empty.
func Recording(ctx context.Context, acts []Act) (pg.Statement, error) {
	if len(acts) == 0 {
		return pg.Statement{}, nil
	}
	rows, err := json.Marshal(acts)
	if err != nil {
		return pg.Statement{}, fmt.Errorf("write down %d acts from %s on: %w", len(acts), acts[0].Act, err)
	}
	after := func() {
		for _, a := range acts {
			if a.Person != "" {
				say(slog.LevelInfo, 0, a)
			}
		}
	}
	return pg.Statement{Args: []any{rows, hostOf(ctx)}, After: after, Query: `
			INSERT INTO audit_acts (happened_at, person_id, act, subject, detail, host)
			SELECT r.at, r.person, r.act, r.subject, coalesce(r.detail, '{}'), CASE WHEN r.person IS NULL THEN '' ELSE $2 END
			  FROM ROWS FROM (jsonb_to_recordset($1) AS (at timestamptz, person uuid, act text, subject text, detail jsonb)) WITH ORDINALITY AS r
			 ORDER BY r.ordinality`}, nil
}

func record(ctx context.Context, tx *sqlx.Tx, a Act) (id int64, err error) {
	if a.Detail == nil {
		a.Detail = map[string]any{}
	}
	if proof, ok := ctx.Value(proofKey{}).(string); ok && a.Person != "" {
		a.Detail = maps.Clone(a.Detail)
		a.Detail["proved_by"] = proof
	}
	host := ""
	if a.Person != "" {
		host = hostOf(ctx)
	}
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return 0, fmt.Errorf("record %s: %w", a.Act, err)
	}
	err = tx.GetContext(ctx, &id, `INSERT INTO audit_acts (happened_at, person_id, act, subject, detail, host) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		a.At, sql.NullString{String: a.Person, Valid: a.Person != ""}, a.Act, a.Subject, detail, host)
	if err != nil {
		return 0, fmt.Errorf("record %s: %w", a.Act, err)
	}
	return id, nil
}
