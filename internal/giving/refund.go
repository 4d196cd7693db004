package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// RefundState is how far a refund is that we asked for.
type RefundState string

const (
	RefundAsked     RefundState = "asked"     // waits for a second person
	RefundApproved  RefundState = "approved"  // to be sent to Stripe, or sent without an answer
	RefundDeclined  RefundState = "declined"  // the second person said no
	RefundSent      RefundState = "sent"      // Stripe has it, and the payer's bank has not
	RefundSucceeded RefundState = "succeeded" // which may turn out to have failed
	RefundFailed    RefundState = "failed"    // the money stays, or is back
	RefundStopped   RefundState = "stopped"   // Stripe refused it
)

// RefundRequest is a refund that somebody of a cluster asked for. What it has moved stands
// in the books by Stripe's balance transactions alone.
type RefundRequest struct {
	ID             string
	PaymentID      string `db:"payment_id"`
	AmountMinor    int64  `db:"amount_minor"`
	Currency       money.Currency
	Reason         string
	NeedsApproval  bool `db:"needs_approval"`
	State          RefundState
	IdempotencyKey string         `db:"idempotency_key"`
	StripeID       string         `db:"stripe_id"`
	Trouble        string         // Stripe's code for why not
	AskedBy        string         `db:"asked_by"`
	AskedAt        time.Time      `db:"asked_at"`
	DecidedBy      sql.NullString `db:"decided_by"`
	DecidedAt      sql.NullTime   `db:"decided_at"`
	DecisionReason string         `db:"decision_reason"`
	TriedAt        sql.NullTime   `db:"tried_at"`
	ChargedMinor   int64          `db:"charged_minor"`
	ChargedIn      string         `db:"charged_currency"`
}

// Amount is what is to go back, in the campaign's currency.
func (r RefundRequest) Amount() money.Amount { return money.Of(r.AmountMinor, r.Currency) }

// Charge is what the payer is to get back: in the currency in which the payment was
// charged.
func (r RefundRequest) Charge() money.Amount {
	if r.ChargedIn == "" {
		return r.Amount()
	}
	return money.Of(r.ChargedMinor, money.Currency(r.ChargedIn))
}

const refundColumns = `r.id, r.payment_id, r.amount_minor, r.currency, r.reason, r.needs_approval, r.state, r.idempotency_key, coalesce(r.stripe_id, '') AS stripe_id,
	r.trouble, r.asked_by, r.asked_at, r.decided_by, r.decided_at, r.decision_reason, r.tried_at,
	coalesce(r.charged_minor, 0) AS charged_minor, coalesce(r.charged_currency, '') AS charged_currency`

// RefundWish is what a person asks for.
type RefundWish struct {
	ID        string // made by the form, so that a second click is the same request; empty: each call is another
	PaymentID string
	PersonID  string
	Amount    money.Amount
	Reason    string
}

const maxRefundReason = 1000

// Check holds the rules that need no database: nil, or a fault.Form.
func (w RefundWish) Check() error {
	var form fault.Form
	if w.Amount.Minor <= 0 {
		form = append(form, fault.In("amount", "money.zero"))
	}
	if err := checkRefundReason(w.Reason); err != nil {
		form = append(form, err)
	}
	return form.Err()
}

func checkRefundReason(reason string) *fault.Fault {
	if strings.TrimSpace(reason) == "" {
		return fault.In("reason", "refund.reason_missing")
	}
	return text.Check("reason", reason, maxRefundReason)
}

// Who asks for refunds, and who decides on those above the limit. A treasurer does either,
// and never both for one refund.
var (
	refundAskers   = []member.ClusterRole{member.Coordinator, member.Treasurer}
	refundDeciders = []member.ClusterRole{member.Approver, member.Treasurer}
)

// MayAskRefund and MayDecideRefund report whether a role is among those.
func MayAskRefund(role member.ClusterRole) bool    { return slices.Contains(refundAskers, role) }
func MayDecideRefund(role member.ClusterRole) bool { return slices.Contains(refundDeciders, role) }

// AskRefund records that a coordinator or treasurer of the payment's cluster wants money to
// go back. Up to the cluster's limit it is approved at once; above it, and when the campaign no longer
// has that money free, a second person decides. Nothing is sent from here: an approved
// request is gateway.Refund's. More than is here of the payment is refused, and so is
// money that a bank disputes, which it would give back a second time. The same wish again
// is the same request.
func AskRefund(ctx context.Context, db *sqlx.DB, now clock.Clock, w RefundWish) (RefundRequest, error) {
	var r RefundRequest
	if err := w.Check(); err != nil {
		return r, err
	}
	if w.ID == "" {
		w.ID = pg.NewID()
	}
	unknown := fault.New(fault.NotFound, "payment.unknown")
	if !pg.IsID(w.ID) || !pg.IsID(w.PaymentID) {
		return r, unknown
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		p, err := LockPayment(ctx, tx, w.PaymentID)
		if errors.Is(err, ErrNoPayment) {
			return unknown
		}
		if err != nil {
			return err
		}
		if err := mayRefund(ctx, tx, p, w.PersonID, refundAskers, unknown); err != nil {
			return err
		}
		known, err := refundOf(ctx, tx, w.ID)
		if err == nil && known.PaymentID == p.ID && known.AskedBy == w.PersonID && known.Amount() == w.Amount {
			r = known
			return nil
		}
		if err == nil {
			return fault.New(fault.Conflict, "refund.asked_already")
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := refundable(ctx, tx, p, w.Amount); err != nil {
			return err
		}
		r, err = insertRefund(ctx, tx, now(), p, w)
		return err
	})
	if err != nil {
		return RefundRequest{}, fmt.Errorf("ask for a refund: %w", err)
	}
	return r, nil
}

// mayRefund asks for one of some roles in the cluster to which a payment came. To a person
// without any role there the thing does not exist.
func mayRefund(ctx context.Context, tx *sqlx.Tx, p Payment, person string, roles []member.ClusterRole, unknown *fault.Fault) error {
	return member.May(ctx, tx, p.ClusterID, person, roles, fault.New(fault.Forbidden, "refund.role."+string(roles[0])), unknown)
}

// refundable refuses what cannot go back the way it came. The payment is locked.
func refundable(ctx context.Context, tx *sqlx.Tx, p Payment, a money.Amount) error {
	var under int64 // way
	err := tx.GetContext(ctx, &under, `SELECT coalesce(sum(amount_minor), 0)::bigint FROM refund_requests WHERE payment_id = $1 AND state IN ('asked', 'approved', 'sent')`, p.ID)
	if err != nil {
		return fmt.Errorf("sum up the refunds that are under way: %w", err)
	}
	left := money.Of(max(p.Here()-under, 0), p.Currency)
	switch {
	case p.DisputedMinor > 0 || p.LostMinor > 0:
		return fault.New(fault.Conflict, "refund.disputed")
	case p.IntentID == "":
		return fault.New(fault.Conflict, "refund.not_by_stripe")
	case a.Currency != p.Currency || p.PresentedIn != "" && p.PresentedIn != string(p.Charge().Currency):
		return fault.In("amount", "pledge.other_currency", string(p.Currency))
	case left.IsZero():
		return fault.New(fault.Conflict, "refund.nothing_left")
	case a.Minor > left.Minor:
		return fault.In("amount", "refund.more_than_left", left)
	}
	return nil
}

// refundCharge is what a refund gives back to who was charged in another currency: of all
// that is left, all that is left of the charge; of a part, so much at the payment's rate.
func refundCharge(ctx context.Context, tx *sqlx.Tx, p Payment, a money.Amount) (money.Amount, error) {
	if !p.Foreign() {
		return money.Amount{}, nil
	}
	var under struct{ Own, Charged int64 }
	err := tx.GetContext(ctx, &under, `SELECT coalesce(sum(amount_minor), 0)::bigint AS own, coalesce(sum(charged_minor), 0)::bigint AS charged
		FROM refund_requests WHERE payment_id = $1 AND state IN ('asked', 'approved', 'sent')`, p.ID)
	if err != nil {
		return money.Amount{}, fmt.Errorf("sum up the refunds that are under way: %w", err)
	}
	left := money.Of(p.Presented().Minor-p.ChargedBack-under.Charged, p.Charge().Currency)
	if a.Minor == p.Here()-under.Own {
		return left, nil
	}
	minor, ok := Convert(a, money.Of(p.ReceivedMinor, p.Currency), p.Presented())
	if minor = min(minor, left.Minor); !ok || minor <= 0 {
		return money.Amount{}, fault.In("amount", "pledge.counts_as_nothing", string(left.Currency))
	}
	return money.Of(minor, left.Currency), nil
}

func insertRefund(ctx context.Context, tx *sqlx.Tx, at time.Time, p Payment, w RefundWish) (RefundRequest, error) {
	var r RefundRequest
	alone, err := goesAlone(ctx, tx, p, w.Amount)
	if err != nil {
		return r, err
	}
	charged, err := refundCharge(ctx, tx, p, w.Amount)
	if err != nil {
		return r, err
	}
	state := RefundAsked
	if alone {
		state = RefundApproved
	}
	err = tx.GetContext(ctx, &r, `
		INSERT INTO refund_requests AS r (id, payment_id, amount_minor, currency, reason, needs_approval, state, idempotency_key, asked_by, asked_at, charged_minor, charged_currency)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nullif($11::bigint, 0), nullif($12, '')) RETURNING `+refundColumns,
		w.ID, p.ID, w.Amount.Minor, string(w.Amount.Currency), strings.TrimSpace(w.Reason), !alone, string(state), "refund-"+w.ID, w.PersonID, at,
		charged.Minor, string(charged.Currency))
	if err != nil {
		return r, fmt.Errorf("write the refund: %w", err)
	}
	return r, audit.Record(ctx, tx, audit.Act{At: at, Person: w.PersonID, Act: "refund.asked", Subject: "payment:" + p.ID, Detail: map[string]any{
		"refund": r.ID, "amount_minor": r.AmountMinor, "currency": r.Currency, "charged_minor": r.ChargedMinor, "charged_currency": r.ChargedIn,
		"reason": r.Reason, "needs_approval": r.NeedsApproval,
	}})
}

// goesAlone reports whether a refund needs no second person: it is within the cluster's
// limit, and the money it returns is still where it was put.
func goesAlone(ctx context.Context, tx *sqlx.Tx, p Payment, a money.Amount) (bool, error) {
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return false, err
	}
	var limit sql.NullInt64
	if err := tx.GetContext(ctx, &limit, `SELECT refund_limit_minor FROM clusters WHERE id = $1`, home.Cluster); err != nil {
		return false, fmt.Errorf("find the cluster's limit: %w", err)
	}
	has, err := ledger.Balance(ctx, tx, home.Account)
	return limit.Valid && a.Minor <= limit.Int64 && a.Minor <= has, err
}

func refundOf(ctx context.Context, tx *sqlx.Tx, id string) (RefundRequest, error) {
	var r RefundRequest
	err := tx.GetContext(ctx, &r, `SELECT `+refundColumns+` FROM refund_requests r WHERE r.id = $1`, id)
	if err != nil {
		return r, fmt.Errorf("find the refund: %w", err)
	}
	return r, nil
}

// ApproveRefund lets a refund go that another person asked for. The person must be an
// approver or a treasurer of the cluster. A request is decided once.
func ApproveRefund(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string) (RefundRequest, error) {
	return decideRefund(ctx, db, now, id, person, RefundApproved, "")
}

// DeclineRefund closes a request with a reason. Nothing is sent.
func DeclineRefund(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person, reason string) error {
	if err := checkRefundReason(reason); err != nil {
		return err
	}
	_, err := decideRefund(ctx, db, now, id, person, RefundDeclined, strings.TrimSpace(reason))
	return err
}

func decideRefund(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string, state RefundState, reason string) (RefundRequest, error) {
	var r RefundRequest
	unknown := fault.New(fault.NotFound, "refund.unknown")
	if !pg.IsID(id) {
		return r, unknown
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		known, err := refundOf(ctx, tx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return unknown
		}
		if err != nil {
			return err
		}
		p, err := LockPayment(ctx, tx, known.PaymentID)
		if err != nil {
			return err
		}
		if err := mayRefund(ctx, tx, p, person, refundDeciders, unknown); err != nil {
			return err
		}
		if known.AskedBy == person {
			return fault.New(fault.Forbidden, "refund.own_request")
		}
		err = tx.GetContext(ctx, &r, `UPDATE refund_requests r SET state = $2, decided_by = $3, decided_at = $4, decision_reason = $5
			WHERE id = $1 AND state = 'asked' RETURNING `+refundColumns, id, string(state), person, now(), reason)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Conflict, "refund.decided")
		}
		if err != nil {
			return fmt.Errorf("write the decision: %w", err)
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "refund." + string(state), Subject: "payment:" + p.ID,
			Detail: map[string]any{"refund": id, "amount_minor": r.AmountMinor, "currency": r.Currency, "reason": reason}})
	})
	if err != nil {
		return RefundRequest{}, fmt.Errorf("decide on a refund: %w", err)
	}
	return r, nil
}
