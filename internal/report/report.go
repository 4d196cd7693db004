// Package report answers what the public asks: one question, one function, and the same
// answer for page and JSON. It reads any table and writes to none.
//
// It never hands out what a company keeps to itself. An anonymous pledge is in totals and in
// no list; a name and an amount that are hidden stay in the database; no caller has to
// remember to leave them out. Drafts of campaigns do not exist here.
package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
)

// Report answers from one database.
type Report struct{ db *sqlx.DB }

// New returns a report on db.
func New(db *sqlx.DB) *Report { return &Report{db} }

// Text is one thing said in both languages.
type Text struct {
	UK string `db:"uk" json:"uk"`
	EN string `db:"en" json:"en"`
}

// In is the text in one language; Ukrainian for every other than "en".
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.UK
}

// Ref names something that has a page of its own.
type Ref struct {
	Slug string `db:"slug"`
	Name Text   `db:"name"`
}

// isSlug holds for what can stand in an address. Anything else that a stranger types there,
// such as bytes that are no text, is found nowhere and does not reach the database.
var isSlug = regexp.MustCompile(`^[a-z0-9-]{1,200}$`).MatchString

// snapshot runs several queries on one state of the database, so that the figures of a
// page agree with each other.
func (r *Report) snapshot(ctx context.Context, ask func(*sqlx.Tx) error) error {
	tx, err := r.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	return ask(tx)
}

// known turns "no such row" into the fault that a visitor may read.
func known(err error, key string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, key)
	}
	return err
}

// now asks for the present state.
var now time.Time

// until is a moment as a query's bound; the zero time means everything so far.
func until(asOf time.Time) string {
	if asOf.IsZero() {
		return "infinity"
	}
	return asOf.UTC().Format(time.RFC3339Nano)
}
