package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// State is what Stripe last said of a payment, for people to read. The books do not
// depend on it: they follow Stripe's balance transactions.
type State string

const (
	Created        State = "created"    // written down; Stripe has not been asked, or its answer was lost
	Open           State = "open"       // the payer has a checkout page
	Declined       State = "declined"   // the last try was declined; the checkout page is still open
	Processing     State = "processing" // submitted; the bank has not answered
	Paid           State = "paid"
	Failed         State = "failed" // the bank said no after all
	Expired        State = "expired"
	RefundedInPart State = "refunded-in-part"
	Refunded       State = "refunded"
	Returned       State = "returned"       // the bank took a debit back that had succeeded
	InDispute      State = "disputed"       // the payer's bank took money back and has not decided
	DisputeLost    State = "dispute-lost"   // it keeps that money
	AwaitingFunds  State = "awaiting-funds" // the payer has bank details to transfer to
)

// Way is how a payment reaches us.
type Way string

const (
	ByCheckout Way = "checkout"        // Stripe's checkout page
	ByTransfer Way = "stripe-transfer" // a bank account that Stripe keeps for the company
	ByInvoice  Way = "stripe-invoice"  // an invoice of Stripe's
	ByBank     Way = "bank"            // the cluster's own bank account
)

// Waits reports whether the payer can still act on the payment's checkout page.
func (s State) Waits() bool { return s == Created || s == Open || s == Declined }

// Payment is one attempt to pay (part of) a pledge.
type Payment struct {
	ID             string
	PledgeID       string `db:"pledge_id"`
	CampaignID     string `db:"campaign_id"`
	ClusterID      string `db:"cluster_id"` // the campaign's
	PurposeID      string `db:"purpose_id"` // of an earmarked pledge, also once the earmark is released
	NeedID         string `db:"need_id"`
	AmountMinor    int64  `db:"amount_minor"`
	Currency       money.Currency
	Title          string
	Way            Way
	State          State
	IdempotencyKey string       `db:"idempotency_key"`
	SessionID      string       `db:"session_id"`
	SessionURL     string       `db:"session_url"`
	SessionEndsAt  sql.NullTime `db:"session_ends_at"`
	IntentID       string       `db:"payment_intent_id"`
	InvoiceID      string       `db:"invoice_id"`
	DueAt          sql.NullTime `db:"due_at"`
	TransferTo     TransferTo   `db:"transfer_to"`
	RemainingMinor int64        `db:"remaining_minor"` // of a transfer; zero before it has begun
	Method         string
	Decline        string
	ReceivedMinor  int64        `db:"received_minor"`
	RefundedMinor  int64        `db:"refunded_minor"`
	FeeMinor       int64        `db:"fee_minor"`
	DisputedMinor  int64        `db:"disputed_minor"`
	LostMinor      int64        `db:"lost_minor"`  // to disputes
	DriftMinor     int64        `db:"drift_minor"` // to exchange rates; below zero: gained
	PresentedMinor int64        `db:"presented_minor"`
	PresentedIn    string       `db:"presented_currency"` // the payer's currency, once money came in
	SettledMinor   int64        `db:"settled_minor"`
	SettledIn      string       `db:"settled_currency"`
	ExchangeRate   string       `db:"exchange_rate"`
	ChargedMinor   int64        `db:"charged_minor"` // what the payer is asked for, when the pledge is paid in another currency
	ChargedIn      string       `db:"charged_currency"`
	ChargedBack    int64        `db:"charged_back_minor"` // of that, what has gone back for good
	StartedAt      time.Time    `db:"started_at"`
	SettledAt      sql.NullTime `db:"settled_at"`
}

// Amount is what the payment is to bring, in the campaign's currency.
func (p Payment) Amount() money.Amount { return money.Of(p.AmountMinor, p.Currency) }

// Presented is what the payer was charged, in the payer's own currency; none before money
// has come in.
func (p Payment) Presented() money.Amount {
	return money.Of(p.PresentedMinor, money.Currency(p.PresentedIn))
}

// Here is what came in and has not gone back, in any way.
func (p Payment) Here() int64 {
	return p.ReceivedMinor - p.RefundedMinor - p.DisputedMinor - p.LostMinor
}

// rate is the recorded rate of a payment that came in, or none.
func (p Payment) rate() Rate {
	if p.SettledIn == "" || p.ReceivedMinor <= 0 || p.PresentedMinor <= 0 || p.SettledMinor <= 0 {
		return Rate{}
	}
	return Rate{p.Presented(), money.Of(p.ReceivedMinor, p.Currency), money.Of(p.SettledMinor, money.Currency(p.SettledIn))}
}

// Origin is the payment's name in the ledger's lots.
func (p Payment) Origin() string { return "payment:" + p.ID }

const paymentColumns = `id, pledge_id, campaign_id, (SELECT cluster_id FROM campaigns WHERE campaigns.id = campaign_id) AS cluster_id,
	coalesce((SELECT purpose_id::text FROM pledges WHERE pledges.id = pledge_id), '') AS purpose_id,
	coalesce((SELECT need_id::text FROM pledges WHERE pledges.id = pledge_id), '') AS need_id, amount_minor, currency, title, way, state, idempotency_key, coalesce(session_id, '') AS session_id,
	coalesce(session_url, '') AS session_url, session_ends_at, coalesce(payment_intent_id, '') AS payment_intent_id, coalesce(invoice_id, '') AS invoice_id, due_at,
	coalesce(transfer_to, '{}') AS transfer_to, coalesce(remaining_minor, 0) AS remaining_minor, method, decline,
	received_minor, refunded_minor, fee_minor, disputed_minor, lost_minor, drift_minor, coalesce(presented_minor, 0) AS presented_minor,
	coalesce(presented_currency, '') AS presented_currency, coalesce(settled_minor, 0) AS settled_minor, coalesce(settled_currency, '') AS settled_currency,
	exchange_rate, coalesce(charged_minor, 0) AS charged_minor, coalesce(charged_currency, '') AS charged_currency, charged_back_minor, started_at, settled_at`

// OpenPaymentError tells that the pledge has a payment of another amount, or by another
// way, that the payer can still pay. It must be closed at Stripe before another is started.
type OpenPaymentError struct{ Payment Payment }

func (e *OpenPaymentError) Error() string { return "giving: another payment of this pledge is open" }

// keyLife is how long an idempotency key is trusted: Stripe forgets keys after 24 hours,
// and then the same key would open a second session.
const keyLife = 23 * time.Hour

// Start is what a person asks for when paying.
type Start struct {
	PledgeID string
	PersonID string
	Amount   money.Amount
	Title    string // what the payer reads on the checkout page; part of what the key stands for
	Way      Way    // empty: ByCheckout
}

// StartPayment writes a payment down before anybody speaks to Stripe. While the pledge has
// one of the same amount and way that waits for the payer, that one is returned: a double
// click is the same payment. Another is an *OpenPaymentError. The person must hold a
// paying role in the pledge's company; others get NotFound, as for no pledge at all.
func StartPayment(ctx context.Context, db *sqlx.DB, now clock.Clock, start Start) (Payment, error) {
	var payment Payment
	if start.Way == "" {
		start.Way = ByCheckout
	}
	if !pg.IsID(start.PledgeID) {
		return payment, fault.New(fault.NotFound, "pledge.unknown")
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := pg.Lock(ctx, tx, pledgeLock(start.PledgeID)); err != nil {
			return err
		}
		pledge, err := payable(ctx, tx, start.PledgeID, start.PersonID)
		if err != nil {
			return err
		}
		waiting, found, err := waitingPayment(ctx, tx, now(), start.PledgeID)
		if err != nil {
			return err
		}
		if found && (waiting.Charge() != start.Amount || waiting.Way != start.Way) {
			return &OpenPaymentError{waiting}
		}
		if found {
			payment = waiting
			return nil
		}
		amount, err := pledge.takes(start.Amount)
		if err != nil {
			return err
		}
		payment, err = insertPayment(ctx, tx, now(), pledge, start, amount)
		return err
	})
	if err != nil {
		return Payment{}, fmt.Errorf("start a payment: %w", err)
	}
	return payment, nil
}

// takes is what a charge counts as. It refuses what is not left of the pledge, or is in
// another currency than the pledge is paid in.
func (p Pledge) takes(a money.Amount) (money.Amount, error) {
	left, counts := p.ToPay(), p.counts(a)
	switch {
	case a.Minor <= 0:
		return counts, fault.In("amount", "money.zero")
	case a.Currency != left.Currency && p.Foreign():
		return counts, fault.In("amount", "pledge.paid_in", string(left.Currency))
	case a.Currency != left.Currency:
		return counts, fault.In("amount", "pledge.other_currency", string(left.Currency))
	case left.IsZero():
		return counts, fault.New(fault.Conflict, "payment.nothing_left")
	case a.Minor > left.Minor:
		return counts, fault.In("amount", "payment.more_than_left", left)
	case counts.Minor <= 0:
		return counts, fault.In("amount", "pledge.counts_as_nothing", string(counts.Currency))
	}
	return counts, nil
}

// payable finds a pledge that the person may pay on.
func payable(ctx context.Context, tx *sqlx.Tx, pledgeID, person string) (Pledge, error) {
	pledge, err := pledgeOf(ctx, tx, pledgeID, person)
	if err != nil {
		return pledge, err
	}
	if err := mayPay(ctx, tx, person, pledge.CompanyID); err != nil {
		return pledge, err
	}
	var settled bool
	if err := tx.GetContext(ctx, &settled, `SELECT state = 'settled' FROM campaigns WHERE id = $1`, pledge.CampaignID); err != nil {
		return pledge, fmt.Errorf("find the campaign: %w", err)
	}
	if settled { // its books are closed, and nobody would set the money aside
		return pledge, fault.New(fault.Conflict, "payment.campaign_settled")
	}
	return pledge, nil
}

// waitingPayment finds the pledge's payment that the payer can still pay. One that never
// reached Stripe and whose key Stripe has forgotten by now is closed instead.
func waitingPayment(ctx context.Context, tx *sqlx.Tx, now time.Time, pledgeID string) (Payment, bool, error) {
	var p Payment
	err := tx.GetContext(ctx, &p, `SELECT `+paymentColumns+` FROM payments WHERE pledge_id = $1 AND state IN ('created', 'open', 'declined', 'awaiting-funds')`, pledgeID)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("find the open payment: %w", err)
	}
	if p.SessionID == "" && p.IntentID == "" && p.InvoiceID == "" && now.Sub(p.StartedAt) > keyLife {
		return p, false, expire(ctx, tx, p.ID)
	}
	return p, true, nil
}

func insertPayment(ctx context.Context, tx *sqlx.Tx, at time.Time, pledge Pledge, start Start, amount money.Amount) (Payment, error) {
	id, charged := pg.NewID(), pledge.charged(start.Amount)
	var p Payment
	err := tx.GetContext(ctx, &p, `
		INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, started_by, started_at, charged_minor, charged_currency)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'created', $8, $9, $10, nullif($11::bigint, 0), nullif($12, '')) RETURNING `+paymentColumns,
		id, pledge.ID, pledge.CampaignID, amount.Minor, string(amount.Currency), start.Title, string(start.Way), "payment-"+id, start.PersonID, at,
		charged.Minor, string(charged.Currency))
	if err != nil {
		return p, fmt.Errorf("write the payment: %w", err)
	}
	return p, audit.Record(ctx, tx, audit.Act{At: at, Person: start.PersonID, Act: "payment.started", Subject: "payment:" + id,
		Detail: counted{amount: amount, original: charged}.detail(map[string]any{"pledge": pledge.ID})})
}

func expire(ctx context.Context, tx *sqlx.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE payments SET state = 'expired' WHERE id = $1`, id); err != nil {
		return fmt.Errorf("expire the payment: %w", err)
	}
	return nil
}

// Abandon closes a payment for which Stripe refuses to make a checkout page, so that
// another can be started. One that has a page by now stays as it is.
func Abandon(ctx context.Context, db *sqlx.DB, id string) error {
	_, err := db.ExecContext(ctx, `UPDATE payments SET state = 'expired' WHERE id = $1 AND state = 'created' AND session_id IS NULL AND payment_intent_id IS NULL AND invoice_id IS NULL`, id)
	if err != nil {
		return fmt.Errorf("abandon the payment: %w", err)
	}
	return nil
}

// PaymentOpened records the checkout page that Stripe made for a payment. A payment that
// has moved on meanwhile keeps its state: the payer may be quicker than Stripe's answer.
func PaymentOpened(ctx context.Context, db *sqlx.DB, id, sessionID, url string, endsAt time.Time) error {
	_, err := db.ExecContext(ctx, `
		UPDATE payments SET session_id = $2, session_url = $3, session_ends_at = $4, state = CASE WHEN state = 'created' THEN 'open' ELSE state END
		 WHERE id = $1`, id, sessionID, url, endsAt)
	if err != nil {
		return fmt.Errorf("record the checkout session: %w", err)
	}
	return nil
}
