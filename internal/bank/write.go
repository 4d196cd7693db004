package bank

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
)

// batch is how many lines travel to the database together.
const batch = 500

// writer writes a file's lines down and posts those that are new.
type writer struct {
	ctx     context.Context
	tx      *sqlx.Tx
	account Account
	actor   string
	kept    []Kept
	seen    identities
	rows    rows
}

// rows are lines on their way to the database, a slice for each column.
type rows struct {
	part                                      []int
	ids, statements, booked                   []string
	value                                     []sql.NullString
	identity                                  pq.ByteaArray
	minor                                     []int64
	reference, endToEnd, party, iban, partyID []string
	details, kind                             []string
	found                                     []string // references joined by spaces: arrays of arrays must be rectangular
}

func newWriter(ctx context.Context, tx *sqlx.Tx, f File, judged []Statement) *writer {
	w := &writer{ctx: ctx, tx: tx, account: f.Account, actor: "bank", seen: identities{}}
	if f.Person != "" {
		w.actor = "person:" + f.Person
	}
	for _, s := range judged {
		w.kept = append(w.kept, Kept{ID: pg.NewID(), Statement: s})
	}
	return w
}

func (w *writer) line(part int, l Line) error {
	if part >= len(w.kept) {
		return nil // the file grew meanwhile; Import sees it
	}
	r := &w.rows
	r.part = append(r.part, part)
	r.ids, r.statements = append(r.ids, pg.NewID()), append(r.statements, w.kept[part].ID)
	r.booked = append(r.booked, l.BookedOn.Format(time.DateOnly))
	r.value = append(r.value, sql.NullString{String: l.ValueOn.Format(time.DateOnly), Valid: !l.ValueOn.IsZero()})
	r.identity, r.minor = append(r.identity, w.seen.of(l)), append(r.minor, l.Minor)
	r.reference, r.endToEnd = append(r.reference, l.Reference), append(r.endToEnd, l.EndToEnd)
	r.party, r.iban, r.partyID = append(r.party, l.Party), append(r.iban, l.PartyIBAN), append(r.partyID, l.PartyID)
	r.details, r.kind = append(r.details, l.Details), append(r.kind, string(l.Kind))
	r.found = append(r.found, references(l))
	if len(r.ids) < batch {
		return nil
	}
	return w.flush()
}

// references are the payment references in what the payer wrote. One may stand in the field
// for the payer's own number, too.
func references(l Line) string {
	found := ""
	for _, ref := range giving.FindReferences(l.Details + "|" + l.EndToEnd) {
		if found != "" {
			found += " "
		}
		found += string(ref)
	}
	return found
}

// flush writes what waits. Lines that are there already stay as they are.
func (w *writer) flush() error {
	r := w.rows
	if len(r.ids) == 0 {
		return nil
	}
	w.rows = rows{}
	var added []struct {
		Statement string `db:"statement_id"`
		ID        string
		BookedOn  time.Time `db:"booked_on"`
		Minor     int64     `db:"amount_minor"`
	}
	err := w.tx.SelectContext(w.ctx, &added, `
		WITH added AS (
			INSERT INTO statement_lines (id, statement_id, account_id, currency, identity, booked_on, value_on, amount_minor,
			            reference, end_to_end, party, party_iban, party_id, details, kind, found)
			SELECT u.id, u.statement, $1, $2, u.identity, u.booked, u.value, u.minor, u.reference, u.end_to_end, u.party, u.iban, u.party_id,
			       u.details, u.kind, CASE WHEN u.found = '' THEN '{}' ELSE string_to_array(u.found, ' ') END
			  FROM unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::date[], $7::date[], $8::bigint[], $9::text[], $10::text[], $11::text[],
			              $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
			    AS u(id, statement, identity, booked, value, minor, reference, end_to_end, party, iban, party_id, details, kind, found)
			ON CONFLICT ON CONSTRAINT statement_lines_once DO NOTHING
			RETURNING id, statement_id, booked_on, amount_minor
		), rest AS (
			INSERT INTO statement_line_rests (line_id, cluster_id, booked_on, amount_minor, open_minor)
			SELECT id, $17, booked_on, amount_minor, amount_minor FROM added
		)
		SELECT id, statement_id, booked_on, amount_minor FROM added ORDER BY id`,
		w.account.ID, string(w.account.Currency), pq.Array(r.ids), pq.Array(r.statements), r.identity, pq.Array(r.booked), pq.Array(r.value),
		pq.Array(r.minor), pq.Array(r.reference), pq.Array(r.endToEnd), pq.Array(r.party), pq.Array(r.iban), pq.Array(r.partyID),
		pq.Array(r.details), pq.Array(r.kind), pq.Array(r.found), w.account.ClusterID)
	if err != nil {
		return fmt.Errorf("write %d lines: %w", len(r.ids), err)
	}
	entries := make([]ledger.Entry, len(added))
	place := map[string]int{}
	for i, s := range w.kept {
		place[s.ID] = i
	}
	for i, l := range added {
		w.kept[place[l.Statement]].Added++
		entries[i] = w.entry(l.ID, l.BookedOn, l.Minor)
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := ledger.PostAll(w.ctx, w.tx, entries); err != nil {
		return err
	}
	return ledger.CheckNow(w.ctx, w.tx)
}

// entry is a line in the books, before anybody has said what it is.
func (w *writer) entry(id string, on time.Time, minor int64) ledger.Entry {
	bank, unmatched := ledger.Bank(w.account.ID, w.account.Currency), ledger.Unmatched(w.account.ClusterID, w.account.Currency)
	return ledger.Entry{
		Source: "bank:" + id, Kind: ledger.BankLine, HappenedAt: on, Actor: w.actor,
		Lines: []ledger.Line{ledger.Debit(bank, minor), ledger.Credit(unmatched, minor)},
	}
}
