package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
)

// queued is a letter that somebody has taken out of the outbox to send it.
type queued struct {
	ID          string
	Name        string
	Lang        string
	Recipient   string
	Subject     string
	Text        string `db:"text_body"`
	HTML        string `db:"html_body"`
	Unsubscribe string
	QueuedAt    time.Time `db:"queued_at"`
	Tries       int       // this one counted
	attachments []Attachment
}

// lease is how long a letter belongs to who took it. It is longer than any try may take.
const lease = 10 * patience

// take takes the letter that has waited longest, or none. Several may take at once: each
// gets another letter.
func take(ctx context.Context, db *sqlx.DB, now time.Time) (queued, bool, error) {
	var l queued
	err := db.GetContext(ctx, &l, `
		WITH next AS (
			SELECT letter_id FROM letter_states WHERE state = 'waiting' AND next_try_at <= $1
			 ORDER BY next_try_at, letter_id LIMIT 1 FOR UPDATE SKIP LOCKED),
		taken AS (
			UPDATE letter_states s SET tries = s.tries + 1, next_try_at = $2 FROM next WHERE s.letter_id = next.letter_id
			RETURNING s.letter_id, s.tries)
		SELECT l.id, l.name, l.lang, l.recipient, l.subject, l.text_body, l.html_body, l.unsubscribe, l.queued_at, taken.tries
		  FROM taken JOIN letters l ON l.id = taken.letter_id`, now, now.Add(lease))
	if errors.Is(err, sql.ErrNoRows) {
		return l, false, nil
	}
	if err != nil {
		return l, false, fmt.Errorf("take a letter: %w", err)
	}
	rows, err := db.QueryContext(ctx, `SELECT file_name, content_type, body FROM letter_attachments WHERE letter_id = $1 ORDER BY position`, l.ID)
	if err != nil {
		return l, false, fmt.Errorf("take a letter's files: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a Attachment
		if err := rows.Scan(&a.Name, &a.Type, &a.Body); err != nil {
			return l, false, fmt.Errorf("take a letter's files: %w", err)
		}
		l.attachments = append(l.attachments, a)
	}
	return l, true, rows.Err()
}

// anyWaits reports whether a letter is to be sent now. Without one the server is left alone.
func anyWaits(ctx context.Context, db *sqlx.DB, now time.Time) (bool, error) {
	var waits bool
	err := db.GetContext(ctx, &waits, `SELECT EXISTS (SELECT 1 FROM letter_states WHERE state = 'waiting' AND next_try_at <= $1)`, now)
	if err != nil {
		return false, fmt.Errorf("look into the outbox: %w", err)
	}
	return waits, nil
}

// Only who still holds the letter, by the number of its try, may say what became of it:
// one that was slower than its lease must not undo what another has done since.

func sent(ctx context.Context, db *sqlx.DB, l queued, at time.Time) error {
	return mark(ctx, db, `UPDATE letter_states SET state = 'sent', sent_at = $3, trouble = '' WHERE letter_id = $1 AND tries >= $2 AND state <> 'sent'`, l.ID, l.Tries, at)
}

func postponed(ctx context.Context, db *sqlx.DB, l queued, until time.Time, trouble string) error {
	return mark(ctx, db, `UPDATE letter_states SET next_try_at = $3, trouble = $4 WHERE letter_id = $1 AND tries = $2 AND state = 'waiting'`, l.ID, l.Tries, until, short(trouble))
}

func ended(ctx context.Context, db *sqlx.DB, l queued, state, trouble string) error {
	return mark(ctx, db, `UPDATE letter_states SET state = $3, trouble = $4 WHERE letter_id = $1 AND tries = $2 AND state = 'waiting'`, l.ID, l.Tries, state, short(trouble))
}

func mark(ctx context.Context, db *sqlx.DB, query string, args ...any) error {
	if _, err := db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("mark a letter: %w", err)
	}
	return nil
}

// short keeps what a server said within a line; it may say anything.
func short(s string) string {
	if !utf8.ValidString(s) {
		s = fmt.Sprintf("%q", s)
	}
	if runes := []rune(singleLine(s)); len(runes) > 0 {
		return string(runes)
	}
	return "no word"
}
