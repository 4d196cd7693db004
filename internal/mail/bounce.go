package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// What a mail server refuses at once is in the letter's state. What it takes and sends back
// later arrives in a mailbox that this program does not read: people say so, letter by
// letter, and the address is left alone until its person confirms it anew.

// One is a letter of a cluster in which a person has a role; any other is a NotFound fault.
func One(ctx context.Context, db *sqlx.DB, person, id string) (Seen, error) {
	var l Seen
	if !pg.IsID(id) {
		return l, fault.New(fault.NotFound, "letter.unknown")
	}
	err := db.GetContext(ctx, &l, `SELECT `+seenColumns+` FROM letters l JOIN letter_states s ON s.letter_id = l.id JOIN `+mine+` ON mine.cluster_id = l.cluster_id WHERE l.id = $2`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "letter.unknown")
	}
	if err != nil {
		return l, fmt.Errorf("find the letter: %w", err)
	}
	return l, nil
}

// Bounced records, in the caller's transaction, that a letter which the server had taken
// came back: its address gets no more letters that it could stop. It takes a role in the
// letter's cluster that sees addresses, and a reason. An address that is marked already is
// a Conflict, as is a letter that was never sent.
func Bounced(ctx context.Context, tx *sqlx.Tx, now clock.Clock, person, id, reason string) error {
	var l struct {
		Address string
		State   State
		Names   bool
	}
	unknown := fault.New(fault.NotFound, "letter.unknown")
	if !pg.IsID(id) {
		return unknown
	}
	err := tx.GetContext(ctx, &l, `SELECT l.recipient AS address, s.state, mine.names FROM letters l JOIN letter_states s ON s.letter_id = l.id JOIN `+mine+` ON mine.cluster_id = l.cluster_id WHERE l.id = $2`, person, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return unknown
	case err != nil:
		return fmt.Errorf("find the letter: %w", err)
	case !l.Names:
		return fault.New(fault.Forbidden, "letter.bounce_role")
	case l.State != Sent:
		return fault.New(fault.Conflict, "letter.not_sent")
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO address_bounces (id, address, letter_id, marked_by, reason, marked_at) VALUES ($1, $2, $3, $4, $5, $6)`, pg.NewID(), l.Address, id, person, reason, now())
	switch pg.Constraint(err) {
	case "address_bounces_once":
		return fault.New(fault.Conflict, "letter.bounces_already")
	case "address_bounces_reason":
		return fault.In("reason", "letter.bounce_reason")
	}
	if err != nil {
		return fmt.Errorf("mark an address: %w", err)
	}
	return nil
}

// ComesBack reports since when letters to an address come back; never is the zero time.
func ComesBack(ctx context.Context, db sqlx.QueryerContext, address string) (since time.Time, err error) {
	err = sqlx.GetContext(ctx, db, &since, `SELECT marked_at FROM address_bounces WHERE address = $1 AND cleared_at IS NULL`, address)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return since, fmt.Errorf("look for an address: %w", err)
	}
	return since, nil
}

// Answers records that an address answers again. A repeat changes nothing.
func Answers(ctx context.Context, tx *sqlx.Tx, at time.Time, address string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE address_bounces SET cleared_at = $2 WHERE address = $1 AND cleared_at IS NULL`, address, at); err != nil {
		return fmt.Errorf("clear an address: %w", err)
	}
	return nil
}
