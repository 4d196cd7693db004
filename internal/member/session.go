package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Session is a place where a person is signed in.
type Session struct {
	ID      string
	BeganAt time.Time `db:"began_at"`
	SeenAt  time.Time `db:"seen_at"`
	Agent   string    // as the browser called itself
	Host    string    // the address it last came from
}

// BeginSession notes that a person is signed in somewhere, until a time at most, and returns
// the session's id.
func BeginSession(ctx context.Context, db *sqlx.DB, at, until time.Time, person, agent, host string) (string, error) {
	id := pg.NewID()
	_, err := db.ExecContext(ctx, `INSERT INTO person_sessions (id, person_id, began_at, seen_at, expires_at, agent, host) VALUES ($1, $2, $3, $3, $4, $5, $6)`,
		id, person, at, until, clip(agent, 300), clip(host, 100))
	if err != nil {
		return "", fmt.Errorf("begin a session: %w", err)
	}
	return id, nil
}

// seenEvery is how exact the time is when a session was last seen.
const seenEvery = time.Minute

// Life is what the database knows of a session that goes on.
type Life struct {
	Goes   bool
	Factor bool // its person has a second factor
}

// LifeOf tells whether a person's session goes on, and notes that it was seen.
func LifeOf(ctx context.Context, db *sqlx.DB, at time.Time, id string, generation int, person, host string) (Life, error) {
	if !pg.IsID(id) {
		return Life{}, nil
	}
	var row struct{ Stale, Factor bool }
	err := db.GetContext(ctx, &row, `
		SELECT seen_at < $4 OR host <> $5 AS stale,
		       EXISTS (SELECT 1 FROM authenticators WHERE person_id = $2) OR EXISTS (SELECT 1 FROM passkeys WHERE person_id = $2) AS factor
		  FROM person_sessions WHERE id = $1 AND person_id = $2 AND expires_at > $3 AND generation = $6`,
		id, person, at, at.Add(-seenEvery), clip(host, 100), generation)
	if errors.Is(err, sql.ErrNoRows) {
		return Life{}, nil
	}
	if err != nil {
		return Life{}, fmt.Errorf("look for a session: %w", err)
	}
	life := Life{Goes: true, Factor: row.Factor}
	if !row.Stale {
		return life, nil
	}
	res, err := db.ExecContext(ctx, `UPDATE person_sessions SET seen_at = $2, host = $3 WHERE id = $1`, id, at, clip(host, 100))
	if err != nil {
		return Life{}, fmt.Errorf("note a session: %w", err)
	}
	n, err := res.RowsAffected()
	life.Goes = n == 1 // else it was ended just now
	return life, err
}

// RenewSession gives a session the next generation of its cookie, and voids those before.
func RenewSession(ctx context.Context, db *sqlx.DB, id string) (generation int, err error) {
	if err := db.GetContext(ctx, &generation, `UPDATE person_sessions SET generation = generation + 1 WHERE id = $1 RETURNING generation`, id); err != nil {
		return 0, fmt.Errorf("renew a session: %w", err)
	}
	return generation, nil
}

// Sessions lists where a person is signed in and was seen since, the last seen first.
func Sessions(ctx context.Context, db *sqlx.DB, at, since time.Time, person string) ([]Session, error) {
	var all []Session
	err := db.SelectContext(ctx, &all, `
		SELECT id, began_at, seen_at, agent, host FROM person_sessions
		 WHERE person_id = $1 AND expires_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, id DESC LIMIT 50`, person, at, since)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return all, nil
}

// EndSession ends one of a person's sessions. Another's, or one that has ended, is a
// NotFound fault.
func EndSession(ctx context.Context, db *sqlx.DB, now clock.Clock, person, id string) error {
	unknown := fault.New(fault.NotFound, "session.unknown")
	if !pg.IsID(id) {
		return unknown
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM person_sessions WHERE id = $1 AND person_id = $2`, id, person)
		if err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("end a session: %w", err)
		} else if n == 0 {
			return unknown
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "person.session-ended", Subject: "person:" + person})
	})
}

// EndOtherSessions ends all of a person's sessions but one; of none when but is empty.
func EndOtherSessions(ctx context.Context, db *sqlx.DB, now clock.Clock, person, but string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := endSessions(ctx, tx, person, but); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "person.sessions-ended", Subject: "person:" + person})
	})
}

func endSessions(ctx context.Context, tx *sqlx.Tx, person, but string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM person_sessions WHERE person_id = $1 AND id::text <> $2`, person, but); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// ForgetSession drops a session that its own person has left.
func ForgetSession(ctx context.Context, db *sqlx.DB, id string) error {
	if !pg.IsID(id) {
		return nil
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM person_sessions WHERE id = $1`, id); err != nil {
		return fmt.Errorf("leave a session: %w", err)
	}
	return nil
}

// clip keeps what a stranger sent readable and short.
func clip(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	runes := []rune(s)
	return string(runes[:min(len(runes), most)])
}
