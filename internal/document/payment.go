package document

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Clerk issues receipts and refund notes for payments, and lets the company's people know.
// Several may work at once, in one process or many.
type Clerk struct {
	DB  *sqlx.DB
	Now clock.Clock
	URL string // where people reach the site
}

// page is how many payments a Clerk looks up at a time.
const page = 100

// IssueAll issues what is missing for the payments that were started after a time: a
// receipt for each that came in, and notes until they say what has gone back. Each commits
// with its letters. A payment that cannot be done holds no other up; its error comes back
// at the end, beside the number of documents that were issued.
func (c *Clerk) IssueAll(ctx context.Context, startedAfter time.Time) (int, error) {
	issued, after := 0, idBefore(startedAfter)
	var troubles []error
	for {
		due, err := c.due(ctx, after)
		if err != nil {
			return issued, errors.Join(append(troubles, err)...)
		}
		for _, id := range due {
			n, err := c.Issue(ctx, id)
			if ctx.Err() != nil {
				return issued, ctx.Err()
			}
			if err != nil {
				troubles = append(troubles, err)
			}
			issued += n
			after = id
		}
		if len(due) < page {
			return issued, errors.Join(troubles...)
		}
	}
}

// idBefore is an id that sorts before those that were made from a time on: a UUIDv7 begins
// with its milliseconds.
func idBefore(t time.Time) string {
	var id uuid.UUID
	for i, ms := 5, max(t.UnixMilli(), 0); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	return id.String()
}

// due lists payments whose documents do not say yet what the payment says.
func (c *Clerk) due(ctx context.Context, after string) ([]string, error) {
	var ids []string
	err := c.DB.SelectContext(ctx, &ids, `
		SELECT y.id FROM payments y
		 WHERE y.id > $1 AND y.settled_at IS NOT NULL AND y.received_minor > 0
		   AND (NOT EXISTS (SELECT 1 FROM documents d WHERE d.payment_id = y.id AND d.kind = 'receipt')
		     OR y.refunded_minor <> (SELECT coalesce(sum(d.amount_minor), 0) FROM documents d WHERE d.payment_id = y.id AND d.kind = 'refund-note'))
		 ORDER BY y.id LIMIT $2`, after, page)
	if err != nil {
		return nil, fmt.Errorf("list payments without their documents: %w", err)
	}
	return ids, nil
}

// Issue issues what is missing for one payment and returns how many documents that was. A
// second call finds nothing missing.
func (c *Clerk) Issue(ctx context.Context, payment string) (int, error) {
	issued := 0
	err := pg.InTx(ctx, c.DB, func(tx *sqlx.Tx) error {
		issued = 0
		if err := pg.Lock(ctx, tx, "document:payment:"+payment); err != nil {
			return err
		}
		p, err := paidOf(ctx, tx, payment)
		if err != nil || !p.SettledAt.Valid || p.Received <= 0 {
			return err
		}
		if p.ReceiptNo == "" {
			doc, err := c.receipt(ctx, tx, p)
			if err != nil {
				return err
			}
			p.ReceiptNo = doc.No()
			issued++
		}
		if p.Refunded != p.Noted {
			if err := c.note(ctx, tx, p); err != nil {
				return err
			}
			issued++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("issue the documents of payment %s: %w", payment, err)
	}
	return issued, nil
}

// paid is a payment with what its documents say of it.
type paid struct {
	ID          string
	PledgeID    string `db:"pledge_id"`
	Currency    money.Currency
	Way, Method string
	Received    int64          `db:"received_minor"`
	Refunded    int64          `db:"refunded_minor"`
	Fee         int64          `db:"fee_minor"`
	Presented   sql.NullInt64  `db:"presented_minor"`
	PresentedIn sql.NullString `db:"presented_currency"`
	SettledAt   sql.NullTime   `db:"settled_at"`
	SyncedAt    sql.NullTime   `db:"synced_at"`
	ReceiptNo   string         `db:"receipt_no"`
	Noted       int64          // the sum of its notes
	Notes       int            // and their number
}

// paidOf reads a payment whose lock for documents is held.
func paidOf(ctx context.Context, tx *sqlx.Tx, id string) (paid, error) {
	var p paid
	err := tx.GetContext(ctx, &p, `
		SELECT y.id, y.pledge_id, y.currency, y.way, y.method, y.received_minor, y.refunded_minor, y.fee_minor, y.presented_minor, y.presented_currency, y.settled_at, y.synced_at,
		       coalesce((SELECT d.year || '-' || d.number FROM documents d WHERE d.payment_id = y.id AND d.kind = 'receipt'), '') AS receipt_no,
		       coalesce((SELECT sum(d.amount_minor) FROM documents d WHERE d.payment_id = y.id AND d.kind = 'refund-note'), 0)::bigint AS noted,
		       (SELECT count(*) FROM documents d WHERE d.payment_id = y.id AND d.kind = 'refund-note') AS notes
		  FROM payments y WHERE y.id = $1`, id)
	if err != nil {
		return p, fmt.Errorf("read the payment: %w", err)
	}
	return p, nil
}

func (p paid) facts() *Payment {
	f := &Payment{Way: p.Way, Method: p.Method, At: p.SettledAt.Time.UTC(), Received: money.Of(p.Received, p.Currency), Fee: money.Of(p.Fee, p.Currency), ReceiptNo: p.ReceiptNo}
	if p.Presented.Valid && money.Currency(p.PresentedIn.String) != p.Currency {
		f.Presented = money.Of(p.Presented.Int64, money.Currency(p.PresentedIn.String))
	}
	return f
}

func (p paid) draft(ctx context.Context, tx *sqlx.Tx) (draft, error) {
	g, err := groundOf(ctx, tx, p.PledgeID)
	if err != nil {
		return draft{}, err
	}
	g.facts.Payment = p.facts()
	return draft{subject: "payment:" + p.ID, cluster: g.Cluster, company: g.Company, pledge: p.PledgeID, payment: p.ID, facts: g.facts}, nil
}

// receipt issues a payment's one receipt: what came in, before anything went back.
func (c *Clerk) receipt(ctx context.Context, tx *sqlx.Tx, p paid) (Document, error) {
	d, err := p.draft(ctx, tx)
	if err != nil {
		return Document{}, err
	}
	d.kind, d.content, d.amount, d.happenedAt = Receipt, "the receipt", money.Of(p.Received, p.Currency), p.SettledAt.Time
	d.facts.Amount = d.amount
	doc, err := issue(ctx, tx, c.Now(), d)
	if err != nil {
		return doc, err
	}
	return doc, c.write(ctx, tx, doc)
}

// note issues a note of the difference between what has gone back and what the notes so
// far say. When a refund did not arrive, and the money is here again, that is a note too.
func (c *Clerk) note(ctx context.Context, tx *sqlx.Tx, p paid) error {
	d, err := p.draft(ctx, tx)
	if err != nil {
		return err
	}
	d.kind, d.content, d.amount, d.happenedAt = RefundNote, fmt.Sprintf("note %d", p.Notes+1), money.Of(p.Refunded-p.Noted, p.Currency), p.SyncedAt.Time
	d.facts.Undone = d.amount.Minor < 0
	d.facts.Amount = money.Of(max(d.amount.Minor, -d.amount.Minor), p.Currency)
	doc, err := issue(ctx, tx, c.Now(), d)
	if err != nil {
		return err
	}
	return c.write(ctx, tx, doc)
}
