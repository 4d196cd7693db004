package gateway

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
)

// overlap is how far each healing reads again before where the last one ended: events may
// show up in the list a little after the time they carry.
const overlap = 15 * time.Minute

// eventLife is how long Stripe keeps events.
const eventLife = 30 * 24 * time.Hour

// healed are the events that matter to us. GET /v1/events takes twenty kinds at most.
var healed = []string{
	"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
	"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.processing", "payment_intent.canceled",
	"charge.succeeded", "charge.failed", "charge.updated", "charge.refunded", "charge.refund.updated",
	"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed",
	"refund.created", "refund.updated", "refund.failed",
	"charge.dispute.updated", "radar.early_fraud_warning.created",
	"payout.created", "payout.updated", "payout.paid", "payout.failed", "payout.canceled", "payout.reconciliation_completed",
	"payment_intent.requires_action", "payment_intent.partially_funded", "charge.pending",
	"customer_cash_balance_transaction.created", "cash_balance.funds_available",
	"invoice.paid", "invoice.payment_failed", "invoice.voided", "invoice.marked_uncollectible",
}

const kindsAtOnce = 20

// Healed tells what a healing found.
type Healed struct {
	Events   int // events that Stripe has and the inbox had not
	Payments int // payments that were asked about because they had gone quiet
	Money    int // balance transactions that Stripe has and the books had not
	Payouts  int // payouts that were asked about because nobody had proven them
}

// Heal finds what webhooks did not bring. It puts events that were never delivered into
// the inbox, and asks Stripe about payments that began before quietSince and have no end.
// Events are gone after thirty days; balance transactions never are, so that those from
// before quietSince are held beside the books, whatever their age. A second call finds
// nothing new.
func (g *Gateway) Heal(ctx context.Context, quietSince time.Time) (Healed, error) {
	var found Healed
	var err error
	if found.Events, err = g.missedEvents(ctx); err != nil {
		return found, err
	}
	var quiet, missed, unproven error
	found.Payments, quiet = g.quietPayments(ctx, quietSince)
	if !quietSince.IsZero() {
		found.Money, missed = g.missedMoney(ctx, quietSince)
		found.Payouts, unproven = g.unprovenPayouts(ctx, quietSince)
	}
	return found, errors.Join(quiet, missed, unproven, g.unansweredRefunds(ctx, quietSince))
}

func (g *Gateway) missedEvents(ctx context.Context) (int, error) {
	started := g.now()
	since, err := g.readUntil(ctx, eventsCursor, started.Add(-eventLife))
	if err != nil {
		return 0, err
	}
	missed := 0
	for kinds := range slices.Chunk(healed, kindsAtOnce) {
		n, err := g.missedKinds(ctx, kinds, since.Add(-overlap))
		if missed += n; err != nil {
			return missed, err
		}
	}
	return missed, g.setReadUntil(ctx, eventsCursor, started)
}

func (g *Gateway) missedKinds(ctx context.Context, kinds []string, since time.Time) (int, error) {
	params := &stripe.EventListParams{Types: stripe.StringSlice(kinds), CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	params.Context, params.Limit = ctx, stripe.Int64(100)
	missed := 0
	for list, err := range listed("list events", g.api.Events.List(params)) {
		if err != nil {
			return missed, err
		}
		isNew, err := g.keepListed(ctx, list.Event())
		if err != nil {
			return missed, err
		}
		if isNew {
			missed++
		}
	}
	return missed, nil
}

// keepListed keeps an event of Stripe's list if the inbox has none of its id.
func (g *Gateway) keepListed(ctx context.Context, e *stripe.Event) (bool, error) {
	if known, err := inbox.Has(ctx, g.db, e.ID); known || err != nil {
		return false, err
	}
	if e.Livemode != g.config.live() || e.Data == nil {
		return false, nil
	}
	body, err := json.Marshal(map[string]any{
		"id": e.ID, "object": "event", "type": e.Type, "api_version": e.APIVersion, "created": e.Created, "livemode": e.Livemode,
		"data": map[string]any{"object": e.Data.Raw},
	})
	if err != nil {
		return false, fmt.Errorf("write event %s: %w", e.ID, err)
	}
	event, err := g.read(body)
	if err != nil {
		return false, fmt.Errorf("read event %s: %w", e.ID, err)
	}
	return inbox.Keep(ctx, g.db, event, inbox.Healing, g.now())
}

func (g *Gateway) quietPayments(ctx context.Context, before time.Time) (int, error) {
	const most = 100 // a healing job comes again in a few minutes
	payments, err := giving.Unfinished(ctx, g.db, before, most)
	if err != nil {
		return 0, err
	}
	asked := 0
	var troubles []error
	for _, p := range payments {
		asked++
		if err := g.Sync(ctx, p.ID, p.SessionID); err != nil {
			troubles = append(troubles, err) // one payment in trouble must not hide the others
		}
	}
	return asked, errors.Join(troubles...)
}

func (g *Gateway) unprovenPayouts(ctx context.Context, before time.Time) (int, error) {
	const most = 100
	payouts, err := giving.Unproven(ctx, g.db, before, most)
	if err != nil {
		return 0, err
	}
	var troubles []error
	for _, id := range payouts {
		if err := g.SyncPayout(ctx, id); err != nil {
			troubles = append(troubles, err)
		}
	}
	return len(payouts), errors.Join(troubles...)
}

// The lists of Stripe's that are read from where they were read to.
const eventsCursor, moneyCursor = "events", "money"

// readUntil is the time up to which a list was read; at first, the one given.
func (g *Gateway) readUntil(ctx context.Context, cursor string, first time.Time) (time.Time, error) {
	var until time.Time
	err := g.db.GetContext(ctx, &until, `SELECT until FROM stripe_cursors WHERE name = $1`, cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return first, nil
	}
	if err != nil {
		return until, fmt.Errorf("read the healing cursor: %w", err)
	}
	return until, nil
}

func (g *Gateway) setReadUntil(ctx context.Context, cursor string, until time.Time) error {
	_, err := g.db.ExecContext(ctx, `INSERT INTO stripe_cursors (name, until) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET until = greatest(stripe_cursors.until, excluded.until)`, cursor, until)
	if err != nil {
		return fmt.Errorf("move the healing cursor: %w", err)
	}
	return nil
}
