package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// RefundFact is what Stripe says of one refund of a payment, whoever asked for it.
type RefundFact struct {
	ID      string
	Request string // our request's id, when it carries one
	State   RefundState
	Trouble string
}

// Sending is a refund that is to be sent to Stripe.
type Sending struct {
	RefundRequest
	IntentID string `db:"payment_intent_id"`
	// Doubtful: it was tried so long ago that Stripe has forgotten its key. Look whether
	// the refund is there before it is asked for again.
	Doubtful bool `db:"-"`
}

// SendRefund takes an approved request to be sent, and writes down that it is tried. False
// with the request as it stands: there is nothing to send (any more).
func SendRefund(ctx context.Context, db *sqlx.DB, at time.Time, id string) (Sending, bool, error) {
	var s Sending
	if !pg.IsID(id) {
		return s, false, fault.New(fault.NotFound, "refund.unknown")
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &s, `SELECT `+refundColumns+`, coalesce(p.payment_intent_id, '') AS payment_intent_id
			FROM refund_requests r JOIN payments p ON p.id = r.payment_id WHERE r.id = $1 FOR UPDATE OF r`, id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "refund.unknown")
		}
		if err != nil || s.State != RefundApproved {
			return err
		}
		if s.Doubtful = s.TriedAt.Valid && at.Sub(s.TriedAt.Time) > keyLife; s.Doubtful || s.TriedAt.Valid {
			return nil // a doubtful one keeps its time until somebody has looked
		}
		_, err = tx.ExecContext(ctx, `UPDATE refund_requests SET tried_at = $2 WHERE id = $1`, id, at)
		return err
	})
	if err != nil {
		return s, false, fmt.Errorf("send a refund: %w", err)
	}
	return s, s.State == RefundApproved, nil
}

// RenewRefund gives a request that Stripe does not have a new key, for the old one may
// stand for nothing or for anything by now. It returns the key that holds.
func RenewRefund(ctx context.Context, db *sqlx.DB, at time.Time, s Sending) (string, error) {
	var key string
	err := db.GetContext(ctx, &key, `UPDATE refund_requests SET idempotency_key = $3, tried_at = $4
		WHERE id = $1 AND idempotency_key = $2 AND state = 'approved' RETURNING idempotency_key`,
		s.ID, s.IdempotencyKey, fmt.Sprintf("refund-%s-%d", s.ID, at.Unix()), at)
	if errors.Is(err, sql.ErrNoRows) { // somebody else was quicker
		err = db.GetContext(ctx, &key, `SELECT idempotency_key FROM refund_requests WHERE id = $1`, s.ID)
	}
	if err != nil {
		return "", fmt.Errorf("renew a refund's key: %w", err)
	}
	return key, nil
}

// RefundAnswered writes down what Stripe said to a request: a refund, or why not.
func RefundAnswered(ctx context.Context, db *sqlx.DB, at time.Time, r RefundRequest, f RefundFact) error {
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error { return recordRefund(ctx, tx, at, r.PaymentID, f) })
	if err != nil {
		return fmt.Errorf("record a refund's answer: %w", err)
	}
	return nil
}

// recordRefund brings a request into line with a refund of Stripe's. Refunds that nobody
// here asked for are none of its business, and what is older news changes nothing.
func recordRefund(ctx context.Context, tx *sqlx.Tx, at time.Time, payment string, f RefundFact) error {
	request := sql.NullString{String: f.Request, Valid: pg.IsID(f.Request)}
	var id string
	err := tx.GetContext(ctx, &id, `
		UPDATE refund_requests SET state = $4, trouble = $5, stripe_id = coalesce(stripe_id, nullif($1, ''))
		 WHERE payment_id = $3 AND (stripe_id = nullif($1, '') OR id = $2 AND stripe_id IS NULL)
		   AND state IN ('approved', 'sent', 'succeeded') AND state <> $4 RETURNING id`, f.ID, request, payment, string(f.State), f.Trouble)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record refund %s: %w", f.ID, err)
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Act: "refund." + string(f.State), Subject: "payment:" + payment,
		Detail: map[string]any{"refund": id, "stripe": f.ID, "trouble": f.Trouble}})
}

// RefundsToSend lists approved requests from before a time that Stripe has not answered.
func RefundsToSend(ctx context.Context, db *sqlx.DB, before time.Time, limit int) ([]string, error) {
	var all []string
	err := db.SelectContext(ctx, &all, `SELECT id FROM refund_requests WHERE state = 'approved' AND coalesce(tried_at, decided_at, asked_at) < $1
		ORDER BY asked_at, id LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list refunds to send: %w", err)
	}
	return all, nil
}

// RefundsOf lists the refunds that were asked for of a payment, the latest first. Ask
// first who may see them.
func RefundsOf(ctx context.Context, db *sqlx.DB, payment string) ([]RefundRequest, error) {
	var all []RefundRequest
	err := db.SelectContext(ctx, &all, `SELECT `+refundColumns+` FROM refund_requests r WHERE r.payment_id = $1 ORDER BY r.id DESC`, payment)
	if err != nil {
		return nil, fmt.Errorf("list refunds: %w", err)
	}
	return all, nil
}

// RefundsWaiting lists a cluster's requests that wait for a second person or for Stripe,
// the oldest first. After is the last of the page before, or the zero RefundRequest.
func RefundsWaiting(ctx context.Context, db *sqlx.DB, cluster string, after RefundRequest) ([]RefundRequest, error) {
	var all []RefundRequest
	err := db.SelectContext(ctx, &all, `SELECT `+refundColumns+`
		  FROM refund_requests r JOIN payments p ON p.id = r.payment_id JOIN campaigns c ON c.id = p.campaign_id
		 WHERE c.cluster_id = $1 AND r.state IN ('asked', 'approved') AND ($2 = '' OR (r.asked_at, r.id) > ($3, nullif($2, '')::uuid))
		 ORDER BY r.asked_at, r.id LIMIT $4`, cluster, after.ID, after.AskedAt, PageSize)
	if err != nil {
		return nil, fmt.Errorf("list waiting refunds: %w", err)
	}
	return all, nil
}
