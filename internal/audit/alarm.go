package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Raise records an act that a person of the cluster must look at. It stays on the desk
// until somebody answers. Each call is another alarm.
func Raise(ctx context.Context, tx *sqlx.Tx, cluster string, a Act) error {
	id, err := record(ctx, tx, a)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO alarms (act_id, cluster_id) VALUES ($1, $2)`, id, cluster); err != nil {
		return fmt.Errorf("raise an alarm of %s: %w", a.Act, err)
	}
	pg.AfterCommit(tx, func() { say(slog.LevelWarn, id, a) })
	return nil
}

// Alarm is an act that somebody must look at, and what they found.
type Alarm struct {
	ID         int64
	ClusterID  string    `db:"cluster_id"`
	At         time.Time `db:"happened_at"`
	Act        string
	Subject    string
	Detail     json.RawMessage
	Open       bool
	AnsweredBy string       `db:"answered_by"` // a name
	AnsweredAt sql.NullTime `db:"answered_at"`
	Note       string
}

// PageSize is how many alarms a page of the list holds.
const PageSize = 50

const alarmColumns = `t.id, a.cluster_id, t.happened_at, t.act, t.subject, t.detail, a.open,
	coalesce(p.name, '') AS answered_by, n.answered_at, coalesce(n.note, '') AS note`

// Laterally and one by one: a join of a page of alarms with all acts would be tempted to
// read all acts.
const alarmTables = ` CROSS JOIN LATERAL (SELECT * FROM audit_acts WHERE id = a.act_id LIMIT 1) t
	LEFT JOIN LATERAL (SELECT * FROM alarm_answers WHERE act_id = a.act_id LIMIT 1) n ON true
	LEFT JOIN people p ON p.id = n.answered_by`

// Alarms lists the alarms of the clusters in which a person has a role, newest first:
// those that are open, or those that were answered. Subject, when there is one, keeps those
// upon it, such as payment:<id>. After is the id of the last alarm of the page before, or 0.
func Alarms(ctx context.Context, db *sqlx.DB, person string, open bool, subject string, after int64, limit int) ([]Alarm, error) {
	if subject != "" {
		return alarmsUpon(ctx, db, person, open, subject, after, limit)
	}
	var all []Alarm
	err := db.SelectContext(ctx, &all, `
		SELECT `+alarmColumns+`
		  FROM (SELECT a.*
		          FROM (SELECT DISTINCT cluster_id FROM cluster_roles WHERE person_id = $1) r
		         CROSS JOIN LATERAL (SELECT act_id, cluster_id, open FROM alarms
		                              WHERE cluster_id = r.cluster_id AND open = $2 AND ($3::bigint = 0 OR act_id < $3)
		                              ORDER BY act_id DESC LIMIT $4) a
		         ORDER BY a.act_id DESC LIMIT $4) a`+alarmTables+`
		 ORDER BY t.id DESC`, person, open, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the alarms: %w", err)
	}
	return all, nil
}

func alarmsUpon(ctx context.Context, db *sqlx.DB, person string, open bool, subject string, after int64, limit int) ([]Alarm, error) {
	var all []Alarm
	err := db.SelectContext(ctx, &all, `
		SELECT `+alarmColumns+` FROM (SELECT a.* FROM audit_acts t JOIN alarms a ON a.act_id = t.id WHERE t.subject = $3) a`+alarmTables+`
		 WHERE a.open = $2 AND ($4::bigint = 0 OR a.act_id < $4)
		   AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = a.cluster_id AND r.person_id = $1)
		 ORDER BY t.id DESC LIMIT $5`, person, open, subject, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the alarms upon %s: %w", subject, err)
	}
	return all, nil
}

// OpenAlarms counts the alarms that nobody has answered, in the clusters of a person.
func OpenAlarms(ctx context.Context, db *sqlx.DB, person string) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM alarms WHERE open AND cluster_id IN (SELECT cluster_id FROM cluster_roles WHERE person_id = $1)`, person)
	if err != nil {
		return 0, fmt.Errorf("count the open alarms: %w", err)
	}
	return n, nil
}

// AlarmFor finds one alarm for a person with a role in its cluster; all others are one
// NotFound fault.
func AlarmFor(ctx context.Context, db *sqlx.DB, person string, id int64) (Alarm, error) {
	return alarmFor(ctx, db, person, id)
}

func alarmFor(ctx context.Context, db sqlx.QueryerContext, person string, id int64) (Alarm, error) {
	var a Alarm
	err := sqlx.GetContext(ctx, db, &a, `
		SELECT `+alarmColumns+` FROM alarms a`+alarmTables+`
		 WHERE a.act_id = $2 AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = a.cluster_id AND r.person_id = $1)`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "alarm.unknown")
	}
	if err != nil {
		return a, fmt.Errorf("find the alarm: %w", err)
	}
	return a, nil
}

const maxNote = 1000

// Answer closes an alarm with what the person found. It needs a note, and a role in the
// cluster beyond that of an auditor, who only reads. An alarm is answered once: a second
// call is a Conflict fault and changes nothing.
func Answer(ctx context.Context, db *sqlx.DB, now clock.Clock, id int64, person, note string) error {
	note = strings.TrimSpace(note)
	if note == "" {
		return fault.In("note", "alarm.note_missing")
	}
	if wrong := text.Check("note", note, maxNote); wrong != nil {
		return wrong
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		alarm, err := alarmFor(ctx, tx, person, id)
		if err != nil {
			return err
		}
		if err := mayAct(ctx, tx, person, alarm.ClusterID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO alarm_answers (act_id, answered_by, answered_at, note) VALUES ($1, $2, $3, $4)`, id, person, now(), note)
		if pg.Constraint(err) == "alarm_answers_pkey" {
			return fault.New(fault.Conflict, "alarm.answered")
		}
		if err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
		return Record(ctx, tx, Act{At: now(), Person: person, Act: "alarm.answered", Subject: alarm.Subject, Detail: map[string]any{"alarm": id}})
	})
	if err != nil {
		return fmt.Errorf("answer an alarm: %w", err)
	}
	return nil
}

func mayAct(ctx context.Context, tx *sqlx.Tx, person, cluster string) error {
	var may bool
	err := tx.GetContext(ctx, &may, `SELECT EXISTS (SELECT 1 FROM cluster_roles WHERE person_id = $1 AND cluster_id = $2 AND role <> 'auditor')`, person, cluster)
	if err != nil {
		return fmt.Errorf("find the role: %w", err)
	}
	if !may {
		return fault.New(fault.Forbidden, "role.read_only")
	}
	return nil
}
