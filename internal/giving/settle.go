package giving

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// MovementKind is what a movement of money at Stripe was.
type MovementKind string

const (
	MovedIn     MovementKind = "gift"          // the payment came in
	MovedBack   MovementKind = "refund"        // money was returned to the payer
	ReturnedOut MovementKind = "refund-failed" // a refund did not arrive and came back to us
	Unexplained MovementKind = "suspense"      // a kind that this program does not know
)

// Movement is one balance transaction of a payment: money that moved at Stripe, once. All
// three sums are signed: in above zero, out below. Net is what our balance at Stripe
// changed by, Gross − Fee.
type Movement struct {
	ID         string // Stripe's id of the balance transaction: the cause, which posts once
	Kind       MovementKind
	Type       string // Stripe's own word for it, kept for people
	Gross      money.Amount
	Fee        money.Amount
	Net        money.Amount
	HappenedAt time.Time
}

// explained reports whether the books of a currency know how the movement stands in them.
func (m Movement) explained(c money.Currency) bool {
	return m.Kind != Unexplained && m.Gross.Currency == c && m.Net.Currency == c && m.Gross.Minor-m.Fee.Minor == m.Net.Minor
}

// Facts are what Stripe says of one payment now. They are absolute: applying them twice,
// or older ones before newer ones, ends in the same books.
type Facts struct {
	State     State
	SessionID string
	IntentID  string
	ChargeID  string
	Method    string // card, us_bank_account …
	Decline   string // the last decline's code, or ""
	Amount    money.Amount
	Movements []Movement
	ReadAt    time.Time
}

// Settle writes down what Stripe says of a payment that the caller has locked with
// LockPayment: each movement of money as one entry of the books, the payment's state, and
// the audit's rows, in the caller's transaction. Movements that are posted already stay as
// they are, so a repeat changes nothing; it returns whether anything new was posted.
//
// Nothing here is refused for being inconvenient: a refund of money that is allocated
// already posts, and what the fund can no longer cover becomes its shortfall.
func Settle(ctx context.Context, tx *sqlx.Tx, p Payment, f Facts) (bool, error) {
	cluster, err := clusterOf(ctx, tx, p.CampaignID)
	if err != nil {
		return false, err
	}
	anyNew, cameIn := false, false
	for _, m := range f.Movements {
		posted, err := postMovement(ctx, tx, cluster, p, m)
		if err != nil {
			return false, fmt.Errorf("settle payment %s: %w", p.ID, err)
		}
		anyNew, cameIn = anyNew || posted, cameIn || posted && m.Kind == MovedIn
	}
	if cameIn && f.Amount != p.Amount() && (f.Amount != money.Amount{}) {
		if err := alarm(ctx, tx, f.ReadAt, p, "payment.amount-differs", map[string]any{"asked": p.Amount().String(), "stripe_says": f.Amount.String()}); err != nil {
			return false, err
		}
	}
	return anyNew, record(ctx, tx, p, f)
}

func clusterOf(ctx context.Context, tx *sqlx.Tx, campaign string) (string, error) {
	var id string
	if err := tx.GetContext(ctx, &id, `SELECT cluster_id FROM campaigns WHERE id = $1`, campaign); err != nil {
		return "", fmt.Errorf("find the campaign's cluster: %w", err)
	}
	return id, nil
}

// postMovement brings one movement into the books and reports whether it was new there.
func postMovement(ctx context.Context, tx *sqlx.Tx, cluster string, p Payment, m Movement) (bool, error) {
	source := "stripe:" + m.ID
	if done, err := ledger.HasPosted(ctx, tx, source); done || err != nil {
		return false, err
	}
	entry := ledger.Entry{Source: source, HappenedAt: m.HappenedAt, Actor: "stripe"}
	explained := m.explained(p.Currency)
	if explained {
		lines, err := movementLines(ctx, tx, cluster, p, m)
		if err != nil {
			return false, err
		}
		entry.Kind, entry.Lines = ledger.Kind(m.Kind), lines
	} else {
		entry.Kind = ledger.Unexplained
		entry.Lines = signed(ledger.Stripe(cluster, m.Net.Currency), ledger.Suspense(cluster, m.Net.Currency), m.Net.Minor)
		if len(entry.Lines) == 0 {
			return false, nil // no money moved
		}
	}
	posted, err := ledger.Post(ctx, tx, entry)
	if err != nil || !posted.New {
		return false, err
	}
	detail := map[string]any{"entry": posted.ID, "type": m.Type, "net_minor": m.Net.Minor, "currency": m.Net.Currency}
	if !explained {
		return true, alarm(ctx, tx, m.HappenedAt, p, "payment.unexplained-movement", detail)
	}
	return true, audit.Record(ctx, tx, audit.Act{At: m.HappenedAt, Act: "payment." + string(m.Kind), Subject: "payment:" + p.ID, Detail: detail})
}

// movementLines says how a movement stands in the books. Money that comes in makes a lot
// of its fund; the fee is drawn from that very lot, and a refund from the lots of its own
// payment first. What the fund cannot cover goes to its shortfall, and what comes in
// repays the shortfall before it is free.
func movementLines(ctx context.Context, tx *sqlx.Tx, cluster string, p Payment, m Movement) ([]ledger.Line, error) {
	fund, shortfall := ledger.Fund(p.CampaignID, p.Currency), ledger.Shortfall(p.CampaignID, p.Currency)
	balances, err := ledger.Lock(ctx, tx, fund, shortfall)
	if err != nil {
		return nil, err
	}
	free, owed := balances[fund], balances[shortfall]

	var lines []ledger.Line
	if m.Net.Minor != 0 {
		lines = append(lines, ledger.Line{Account: ledger.Stripe(cluster, p.Currency), Minor: m.Net.Minor})
	}
	lines = append(lines, signed(ledger.Fee(p.CampaignID, p.Currency), ledger.Released(p.CampaignID, p.Currency), m.Fee.Minor)...)

	in := max(m.Gross.Minor, 0) + max(-m.Fee.Minor, 0)
	if in > 0 {
		lines = append(lines, ledger.Credit(fund, in).From(p.Origin()))
		free += in
	}
	for _, out := range []int64{max(m.Fee.Minor, 0), max(-m.Gross.Minor, 0)} {
		covered := min(out, free)
		if covered > 0 {
			lines = append(lines, ledger.Debit(fund, covered).From(p.Origin()))
			free -= covered
		}
		if short := out - covered; short > 0 {
			lines = append(lines, ledger.Debit(shortfall, short))
			owed += short
		}
	}
	if repaid := min(free, owed); in > 0 && repaid > 0 {
		lines = append(lines, ledger.Debit(fund, repaid).From(p.Origin()), ledger.Credit(shortfall, repaid))
	}
	return lines, nil
}

// signed are the two lines that move a signed sum: debit one and credit other when it is
// above zero, the reverse below, and none for zero.
func signed(one, other ledger.Account, minor int64) []ledger.Line {
	if minor == 0 {
		return nil
	}
	return []ledger.Line{ledger.Debit(one, minor), ledger.Credit(other, minor)}
}

// alarm records that a person has to look. It stays on the office's desk until somebody answers.
func alarm(ctx context.Context, tx *sqlx.Tx, at time.Time, p Payment, act string, detail map[string]any) error {
	cluster, err := clusterOf(ctx, tx, p.CampaignID)
	if err != nil {
		return err
	}
	return audit.Raise(ctx, tx, cluster, audit.Act{At: at, Act: act, Subject: "payment:" + p.ID, Detail: detail})
}

// record writes the payment's state for people to read. Its sums are those of the books.
func record(ctx context.Context, tx *sqlx.Tx, p Payment, f Facts) error {
	var received, refunded, fee int64
	var settled sql.NullTime
	for _, m := range f.Movements {
		if !m.explained(p.Currency) {
			continue // in suspense, and so in no sum of the payment
		}
		switch m.Kind {
		case MovedIn:
			received += m.Gross.Minor
			if !settled.Valid {
				settled = sql.NullTime{Time: m.HappenedAt, Valid: true}
			}
		case MovedBack, ReturnedOut:
			refunded -= m.Gross.Minor
		case Unexplained: // is never explained
		}
		fee += m.Fee.Minor
	}
	refunded = max(refunded, 0) // a refund that came back may be seen before the one that went
	_, err := tx.ExecContext(ctx, `
		UPDATE payments SET state = $2, session_id = coalesce(nullif($3, ''), session_id), payment_intent_id = coalesce(nullif($4, ''), payment_intent_id),
		       charge_id = coalesce(nullif($5, ''), charge_id), method = coalesce(nullif($6, ''), method), decline = $7,
		       received_minor = $8, refunded_minor = $9, fee_minor = $10, settled_at = coalesce($11, settled_at), synced_at = $12
		 WHERE id = $1`,
		p.ID, string(f.State), f.SessionID, f.IntentID, f.ChargeID, f.Method, f.Decline, received, refunded, fee, settled, f.ReadAt)
	if err != nil {
		return fmt.Errorf("record payment %s: %w", p.ID, err)
	}
	return nil
}
