package giving

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Passing is money that moved at Stripe and belongs to no payment.
type Passing struct {
	ID         string // of the balance transaction
	Type       string
	About      string // Stripe's description, for people
	Net        money.Amount
	HappenedAt time.Time
}

// Charge books a fee of Stripe's that belongs to no payment. No campaign pays it: the
// cluster owes it to its campaigns. A second call changes nothing.
func Charge(ctx context.Context, tx *sqlx.Tx, cluster string, m Passing) (bool, error) {
	c := m.Net.Currency
	return m.post(ctx, tx, cluster, ledger.Charged, "stripe.fee",
		append(signed(ledger.Stripe(cluster, c), m.Net.Minor), signed(ledger.Owed(cluster, c), -m.Net.Minor)...))
}

// Suspend books money that nobody can explain, and raises an alarm. A second call changes
// nothing, also after somebody has explained it.
func Suspend(ctx context.Context, tx *sqlx.Tx, cluster string, m Passing) (bool, error) {
	return m.post(ctx, tx, cluster, ledger.Unexplained, "stripe.unexplained-money", suspended(cluster, m.Net))
}

func (m Passing) post(ctx context.Context, tx *sqlx.Tx, cluster string, kind ledger.Kind, act string, lines []ledger.Line) (bool, error) {
	source := "stripe:" + m.ID
	if done, err := ledger.HasPosted(ctx, tx, source); done || err != nil || len(lines) == 0 {
		return false, err
	}
	posted, err := ledger.Post(ctx, tx, ledger.Entry{Source: source, Kind: kind, HappenedAt: m.HappenedAt, Actor: "stripe", Lines: lines})
	if err != nil || !posted.New {
		return false, err
	}
	a := audit.Act{At: m.HappenedAt, Act: act, Subject: source, Detail: map[string]any{
		"entry": posted.ID, "type": m.Type, "about": m.About, "net_minor": m.Net.Minor, "currency": m.Net.Currency,
	}}
	if kind == ledger.Unexplained {
		return true, audit.Raise(ctx, tx, cluster, a)
	}
	return true, audit.Record(ctx, tx, a)
}

// FraudWarning raises an alarm that a card's network has warned of a payment. No money
// moves, and the same warning is told once.
func FraudWarning(ctx context.Context, db *sqlx.DB, at time.Time, payment, warning string) error {
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		p, err := LockPayment(ctx, tx, payment)
		if err != nil {
			return err
		}
		return alarmOnce(ctx, tx, at, p, "payment.fraud-warning", "warning", warning)
	})
	if err != nil {
		return fmt.Errorf("record a fraud warning: %w", err)
	}
	return nil
}

// alarmOnce records that a person has to look at a locked payment, unless that was done for
// the same thing. It stays on the office's desk until somebody answers.
func alarmOnce(ctx context.Context, tx *sqlx.Tx, at time.Time, p Payment, act, key, thing string) error {
	var known bool
	err := tx.GetContext(ctx, &known, `SELECT EXISTS (SELECT 1 FROM audit_acts WHERE subject = $1 AND act = $2 AND detail ->> $3 = $4)`,
		"payment:"+p.ID, act, key, thing)
	if known || err != nil {
		return err
	}
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return err
	}
	return audit.Raise(ctx, tx, home.Cluster, audit.Act{At: at, Act: act, Subject: "payment:" + p.ID, Detail: map[string]any{key: thing}})
}
