// Package document is what a company keeps on paper: invoices and donation agreements for
// its pledges, receipts for its payments, notes about refunds, and the statement of a year.
//
// What a document says is fixed when it is issued, and so are its bytes once somebody has
// downloaded them. It moves no money and changes nothing that it tells of; what it prints
// comes from its own facts alone.
package document

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Kind is what a document is.
type Kind string

const (
	Invoice    Kind = "invoice"     // asks for money of a pledge
	Agreement  Kind = "agreement"   // a pledge as a contract that both sides sign
	Receipt    Kind = "receipt"     // a payment came in
	RefundNote Kind = "refund-note" // money of a payment went back, or came again
	Statement  Kind = "statement"   // a company's year
)

// Kinds lists the kinds in the order in which a list offers them.
func Kinds() []Kind { return []Kind{Invoice, Agreement, Receipt, RefundNote, Statement} }

// Document is one that was issued.
type Document struct {
	ID         string
	ClusterID  string `db:"cluster_id"`
	CompanyID  string `db:"company_id"`
	Kind       Kind
	Year       int
	Number     int
	PledgeID   string         `db:"pledge_id"`  // empty on a statement
	PaymentID  string         `db:"payment_id"` // of receipts and notes
	Minor      int64          `db:"amount_minor"`
	Currency   money.Currency `db:"currency"`
	Facts      Facts          `db:"facts"`
	HappenedAt time.Time      `db:"happened_at"`
	IssuedAt   time.Time      `db:"issued_at"`
}

// Amount is what the document is for; zero on a statement.
func (d Document) Amount() money.Amount { return money.Of(d.Minor, d.Currency) }

// No is the number as people say it: "2026-17". It is unique within its cluster and kind.
func (d Document) No() string { return fmt.Sprintf("%d-%d", d.Year, d.Number) }

// FileName is what a browser saves the file as.
func (d Document) FileName(l i18n.Lang) string {
	return fmt.Sprintf("%s-%s.%s.pdf", d.Kind, d.No(), l)
}

const columns = `d.id, d.cluster_id, d.company_id, d.kind, d.year, d.number, coalesce(d.pledge_id::text, '') AS pledge_id, coalesce(d.payment_id::text, '') AS payment_id,
	coalesce(d.amount_minor, 0) AS amount_minor, coalesce(d.currency, '') AS currency, d.facts, d.happened_at, d.issued_at`

// draft is a document that is about to be issued.
type draft struct {
	kind             Kind
	subject          string // what it is about; with the content it is issued once
	content          string // empty: all that it says
	cluster, company string
	pledge, payment  string
	amount           money.Amount
	facts            Facts
	happenedAt       time.Time // zero: now
	by               string    // person; empty: the program
}

// issue gives a draft its number and writes it down, or returns the document that says the
// same of the same subject already. Whoever issues for a subject waits for the one before.
func issue(ctx context.Context, tx *sqlx.Tx, at time.Time, d draft) (Document, error) {
	if err := pg.Lock(ctx, tx, "document:"+d.subject); err != nil {
		return Document{}, err
	}
	facts, err := json.Marshal(d.facts)
	if err != nil {
		return Document{}, fmt.Errorf("issue %s: %w", d.kind, err)
	}
	if d.content == "" {
		d.content = string(facts)
	}
	content := sha256.Sum256([]byte(d.content))
	var doc Document
	err = tx.GetContext(ctx, &doc, `SELECT `+columns+` FROM documents d WHERE d.subject = $1 AND d.kind = $2 AND d.content = $3`, d.subject, string(d.kind), content[:])
	if err == nil {
		return doc, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return doc, fmt.Errorf("find the %s: %w", d.kind, err)
	}
	if d.happenedAt.IsZero() {
		d.happenedAt = at
	}
	optional := func(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
	err = tx.GetContext(ctx, &doc, `
		INSERT INTO documents AS d (id, cluster_id, company_id, kind, year, subject, content, facts, pledge_id, payment_id, amount_minor, currency, happened_at, issued_at, issued_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING `+columns,
		pg.NewID(), d.cluster, d.company, string(d.kind), i18n.Year(at), d.subject, content[:], facts, optional(d.pledge), optional(d.payment),
		sql.NullInt64{Int64: d.amount.Minor, Valid: d.amount.Currency != ""}, optional(string(d.amount.Currency)), d.happenedAt, at, optional(d.by))
	if err != nil {
		return doc, fmt.Errorf("issue %s: %w", d.kind, err)
	}
	return doc, audit.Record(ctx, tx, audit.Act{At: at, Person: d.by, Act: "document.issued", Subject: "document:" + doc.ID,
		Detail: map[string]any{"kind": d.kind, "number": doc.No(), "about": d.subject}})
}
