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
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Transfer is money on a cluster's own bank account of which is known which pledge it is for.
type Transfer struct {
	Source   string // what caused it, in the books; a second call with it changes nothing
	PledgeID string
	Amount   money.Amount
	BookedOn time.Time
	Person   string    // who said so; empty: the payment reference did
	At       time.Time // when
}

// Actor is who acts, as the books name it.
func (t Transfer) Actor() string {
	if t.Person == "" {
		return "bank"
	}
	return "person:" + t.Person
}

// TakeTransfer makes a payment of money that a bank statement has brought and that stands in
// the books as unmatched. All of it is the pledge's, also what is more than was promised: the
// company sent it for this. A currency that is not the pledge's, and a campaign whose books
// are closed, are faults. It returns the payment and the entry.
func TakeTransfer(ctx context.Context, tx *sqlx.Tx, t Transfer) (payment string, entry int64, err error) {
	if !pg.IsID(t.PledgeID) {
		return "", 0, fault.New(fault.NotFound, "pledge.unknown")
	}
	if err := pg.Lock(ctx, tx, pledgeLock(t.PledgeID)); err != nil {
		return "", 0, err
	}
	p, err := transferable(ctx, tx, t)
	if err != nil {
		return "", 0, err
	}
	home, err := HomeOf(ctx, tx, t.PledgeID)
	if err != nil {
		return "", 0, err
	}
	ledge, err := home.Open(ctx, tx, Payment{ID: p.ID}.Origin())
	if err != nil {
		return "", 0, err
	}
	ledge.Take(t.Amount.Minor)
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: t.Source, Kind: ledger.Gift, HappenedAt: t.BookedOn, Actor: t.Actor(),
		Lines: append([]ledger.Line{ledger.Debit(ledger.Unmatched(home.Cluster, t.Amount.Currency), t.Amount.Minor)}, ledge.Lines()...),
	})
	if err != nil {
		return "", 0, err
	}
	if err := insertTransfer(ctx, tx, p, t); err != nil {
		return "", 0, err
	}
	return p.ID, posted.ID, audit.Record(ctx, tx, audit.Act{At: t.At, Person: t.Person, Act: "payment.gift", Subject: "payment:" + p.ID,
		Detail: map[string]any{"entry": posted.ID, "type": "bank", "net_minor": t.Amount.Minor, "currency": t.Amount.Currency}})
}

// transferred is the payment that a transfer becomes.
type transferred struct {
	ID       string `db:"-"`
	Campaign string `db:"campaign_id"`
	Title    string `db:"title_uk"`
	State    string
	Currency money.Currency
	MadeBy   string `db:"made_by"`
}

func transferable(ctx context.Context, tx *sqlx.Tx, t Transfer) (transferred, error) {
	p := transferred{ID: pg.NewID()}
	err := tx.GetContext(ctx, &p, `SELECT p.campaign_id, c.title_uk, c.state, p.currency, p.made_by
		FROM pledges p JOIN campaigns c ON c.id = p.campaign_id WHERE p.id = $1 FOR SHARE OF c`, t.PledgeID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, fault.New(fault.NotFound, "pledge.unknown")
	case err != nil:
		return p, fmt.Errorf("find the pledge: %w", err)
	case p.Currency != t.Amount.Currency:
		return p, fault.In("pledge", "transfer.other_currency", string(p.Currency), string(t.Amount.Currency))
	case p.State == "settled":
		return p, fault.New(fault.Conflict, "transfer.campaign_settled")
	case t.Amount.Minor <= 0:
		return p, fault.In("amount", "money.zero")
	}
	return p, nil
}

func insertTransfer(ctx context.Context, tx *sqlx.Tx, p transferred, t Transfer) error {
	title := []rune(p.Title)
	_, err := tx.ExecContext(ctx, `
		INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, method, received_minor,
		            started_by, started_at, settled_at, synced_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'bank', 'paid', $7, 'bank', $4, $8, $9, $10, $9)`,
		p.ID, t.PledgeID, p.Campaign, t.Amount.Minor, string(t.Amount.Currency), string(title[:min(len(title), 250)]), "bank-"+p.ID, p.MadeBy, t.At, t.BookedOn)
	if err != nil {
		return fmt.Errorf("write the payment: %w", err)
	}
	return nil
}

// SentBack is money of a payment by bank transfer that left our account again.
type SentBack struct {
	Source    string
	PaymentID string
	Minor     int64       // below zero: it came back to us after all
	Kind      ledger.Kind // Refund: we sent it; LateFailure: the bank took it; RefundFailed
	Undoes    string      // the source of what came back: of a refund that failed
	BookedOn  time.Time
	Person    string // who said so; empty: the bank
	At        time.Time
}

// SendBack writes down that money of a payment by bank transfer left our account again, or
// that such money came back. More than the payment still has is a Conflict fault. What its
// fund no longer has becomes the fund's shortfall: the money is gone. It returns the entry.
func SendBack(ctx context.Context, tx *sqlx.Tx, s SentBack) (int64, error) {
	p, err := lockTransfer(ctx, tx, s.PaymentID)
	if err != nil {
		return 0, err
	}
	if left := p.ReceivedMinor - p.RefundedMinor; s.Minor > left || -s.Minor > p.RefundedMinor {
		return 0, fault.New(fault.Conflict, "transfer.more_than_received", money.Of(left, p.Currency))
	}
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return 0, err
	}
	ledge, err := home.Open(ctx, tx, p.Origin())
	if err != nil {
		return 0, err
	}
	if s.Minor > 0 {
		ledge.Give(s.Minor)
	} else {
		borrowed, err := home.borrowed(ctx, tx, []string{s.Undoes}, nil)
		if err != nil {
			return 0, err
		}
		ledge.Restore(-s.Minor, borrowed)
	}
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: s.Source, Kind: s.Kind, HappenedAt: s.BookedOn, Actor: Transfer{Person: s.Person}.Actor(),
		Lines: append(ledge.Lines(), ledger.Credit(ledger.Unmatched(home.Cluster, p.Currency), s.Minor)),
	})
	if err != nil {
		return 0, err
	}
	p.RefundedMinor += s.Minor
	if err := restate(ctx, tx, p, s); err != nil {
		return 0, err
	}
	return posted.ID, audit.Record(ctx, tx, audit.Act{At: s.At, Person: s.Person, Act: "payment." + string(s.Kind), Subject: "payment:" + p.ID,
		Detail: map[string]any{"entry": posted.ID, "type": "bank", "net_minor": -s.Minor, "currency": p.Currency}})
}

// Mistaken is a payment by bank transfer that was none: the money was for something else.
type Mistaken struct {
	Source      string
	PaymentID   string
	Entry       int64 // that brought it into the fund
	Person      string
	Approver    string // another one
	Reason      string
	CorrectedAt time.Time
}

// TakeBack corrects a payment that was written down by mistake, in the name of two people.
// Unlike money that is gone, this is an act of ours, and refused with a Conflict fault when
// something of the payment was sent back already or its fund has less than that left. It
// returns the entry.
func TakeBack(ctx context.Context, tx *sqlx.Tx, m Mistaken) (int64, error) {
	p, err := lockTransfer(ctx, tx, m.PaymentID)
	if err != nil {
		return 0, err
	}
	if p.RefundedMinor != 0 || p.ReceivedMinor == 0 {
		return 0, fault.New(fault.Conflict, "transfer.moved_on")
	}
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return 0, err
	}
	ledge, err := home.Open(ctx, tx, p.Origin())
	if err != nil {
		return 0, err
	}
	if ledge.held < p.ReceivedMinor {
		return 0, fault.New(fault.Conflict, "transfer.no_longer_free", money.Of(ledge.held, p.Currency))
	}
	ledge.Give(p.ReceivedMinor)
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: m.Source, Kind: ledger.Correction, HappenedAt: m.CorrectedAt, Actor: "person:" + m.Person, Approver: "person:" + m.Approver, Mends: m.Entry,
		Lines: append(ledge.Lines(), ledger.Credit(ledger.Unmatched(home.Cluster, p.Currency), p.ReceivedMinor)),
	})
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE payments SET state = 'expired', received_minor = 0, settled_at = NULL, synced_at = $2 WHERE id = $1`, p.ID, m.CorrectedAt)
	if err != nil {
		return 0, fmt.Errorf("take payment %s back: %w", p.ID, err)
	}
	return posted.ID, audit.Record(ctx, tx, audit.Act{At: m.CorrectedAt, Person: m.Approver, Act: "payment.corrected", Subject: "payment:" + p.ID,
		Detail: map[string]any{"entry": posted.ID, "mends": m.Entry, "asked_by": m.Person, "reason": m.Reason}})
}

// lockTransfer takes a payment by bank transfer for the rest of the transaction.
func lockTransfer(ctx context.Context, tx *sqlx.Tx, id string) (Payment, error) {
	unknown := fault.New(fault.NotFound, "payment.unknown")
	p, err := LockPayment(ctx, tx, id)
	if errors.Is(err, ErrNoPayment) {
		return p, unknown
	}
	if err != nil {
		return p, err
	}
	var way string
	if err := tx.GetContext(ctx, &way, `SELECT way FROM payments WHERE id = $1`, p.ID); err != nil {
		return p, fmt.Errorf("find the payment's way: %w", err)
	}
	if way != "bank" {
		return p, fault.New(fault.Conflict, "transfer.not_by_bank")
	}
	return p, nil
}

// restate writes what a payment's money says of it.
func restate(ctx context.Context, tx *sqlx.Tx, p Payment, s SentBack) error {
	state := Paid
	switch {
	case p.RefundedMinor >= p.ReceivedMinor && s.Kind == ledger.LateFailure:
		state = Returned
	case p.RefundedMinor >= p.ReceivedMinor:
		state = Refunded
	case p.RefundedMinor > 0:
		state = RefundedInPart
	}
	_, err := tx.ExecContext(ctx, `UPDATE payments SET state = $2, refunded_minor = $3, synced_at = $4 WHERE id = $1`, p.ID, string(state), p.RefundedMinor, s.At)
	if err != nil {
		return fmt.Errorf("record payment %s: %w", p.ID, err)
	}
	return nil
}
