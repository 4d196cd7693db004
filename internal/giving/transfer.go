package giving

import (
	"cmp"
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
// company sent it for this. Money in the currency of the promise counts at the pledge's rate.
// A currency that is neither that nor the campaign's, and a campaign whose books are closed,
// are faults. It returns the payment and the entry.
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
	own, err := p.own(ctx, tx, t)
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
	ledge.Take(own.Minor)
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: t.Source, Kind: ledger.Gift, HappenedAt: t.BookedOn, Actor: t.Actor(),
		Lines: append(unmatchedLines(home, t.Amount, own.Minor), ledge.Lines()...),
	})
	if err != nil {
		return "", 0, err
	}
	if err := insertTransfer(ctx, tx, p, t, own); err != nil {
		return "", 0, err
	}
	return p.ID, posted.ID, audit.Record(ctx, tx, audit.Act{At: t.At, Person: t.Person, Act: "payment.gift", Subject: "payment:" + p.ID,
		Detail: map[string]any{"entry": posted.ID, "type": "bank", "net_minor": t.Amount.Minor, "currency": t.Amount.Currency}})
}

// unmatchedLines take money out of what is unmatched, or put it back there below zero. What
// came in another currency than the home's goes through the exchange, at what it counts as.
func unmatchedLines(h Home, a money.Amount, own int64) []ledger.Line {
	lines := signed(ledger.Unmatched(h.Cluster, a.Currency), a.Minor)
	if a.Currency == h.Currency {
		return lines
	}
	lines = append(lines, signed(ledger.Exchange(h.Cluster, a.Currency), -a.Minor)...)
	return append(lines, signed(ledger.Exchange(h.Cluster, h.Currency), own)...)
}

// own is what a transfer counts as in the campaign's currency.
func (p transferred) own(ctx context.Context, tx *sqlx.Tx, t Transfer) (money.Amount, error) {
	if t.Amount.Currency == p.Currency {
		return t.Amount, nil
	}
	pledge, err := scanPledge(tx.QueryRowxContext(ctx, `SELECT `+pledgeColumns+pledgeTables+` WHERE p.id = $1`, t.PledgeID))
	if err != nil {
		return money.Amount{}, fmt.Errorf("find the pledge: %w", err)
	}
	own := pledge.counts(t.Amount)
	if own.Minor <= 0 || own.Minor >= mostMinor {
		return own, fault.In("amount", "pledge.counts_as_nothing", string(own.Currency))
	}
	return own, nil
}

// transferred is the payment that a transfer becomes.
type transferred struct {
	ID       string `db:"-"`
	Campaign string `db:"campaign_id"`
	Title    string `db:"title_uk"`
	State    string
	Currency money.Currency
	Original string // currency of the promise, when that is another
	MadeBy   string `db:"made_by"`
}

func transferable(ctx context.Context, tx *sqlx.Tx, t Transfer) (transferred, error) {
	p := transferred{ID: pg.NewID()}
	err := tx.GetContext(ctx, &p, `SELECT p.campaign_id, c.title_uk, c.state, p.currency, coalesce(p.original_currency, '') AS original, p.made_by
		FROM pledges p JOIN campaigns c ON c.id = p.campaign_id WHERE p.id = $1 FOR SHARE OF c`, t.PledgeID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, fault.New(fault.NotFound, "pledge.unknown")
	case err != nil:
		return p, fmt.Errorf("find the pledge: %w", err)
	case t.Amount.Currency != p.Currency && string(t.Amount.Currency) != p.Original:
		return p, fault.In("pledge", "transfer.other_currency", cmp.Or(p.Original, string(p.Currency)), string(t.Amount.Currency))
	case p.State == "settled":
		return p, fault.New(fault.Conflict, "transfer.campaign_settled")
	case t.Amount.Minor <= 0:
		return p, fault.In("amount", "money.zero")
	}
	return p, nil
}

func insertTransfer(ctx context.Context, tx *sqlx.Tx, p transferred, t Transfer, own money.Amount) error {
	title, charged := []rune(p.Title), money.Amount{}
	if t.Amount.Currency != own.Currency {
		charged = t.Amount
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, method, received_minor,
		            started_by, started_at, settled_at, synced_at, charged_minor, charged_currency, presented_minor, presented_currency)
		VALUES ($1, $2, $3, $4, $5, $6, 'bank', 'paid', $7, 'bank', $4, $8, $9, $10, $9, nullif($11::bigint, 0), nullif($12, ''), nullif($11::bigint, 0), nullif($12, ''))`,
		p.ID, t.PledgeID, p.Campaign, own.Minor, string(own.Currency), string(title[:min(len(title), 250)]), "bank-"+p.ID, p.MadeBy, t.At, t.BookedOn,
		charged.Minor, string(charged.Currency))
	if err != nil {
		return fmt.Errorf("write the payment: %w", err)
	}
	return nil
}

// SentBack is money of a payment by bank transfer that left our account again.
type SentBack struct {
	Source    string
	PaymentID string
	Minor     int64       // in the currency of the line; below zero: it came back to us after all
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
	came, back := p.cameAndWentBack()
	if left := came.Minor - back; s.Minor > left || -s.Minor > back {
		return 0, fault.New(fault.Conflict, "transfer.more_than_received", money.Of(left, came.Currency))
	}
	own := p.ownBack(came, back+s.Minor) - p.RefundedMinor
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return 0, err
	}
	ledge, err := home.Open(ctx, tx, p.Origin())
	if err != nil {
		return 0, err
	}
	if s.Minor > 0 {
		ledge.Give(own)
	} else {
		borrowed, err := home.borrowed(ctx, tx, []string{s.Undoes}, nil)
		if err != nil {
			return 0, err
		}
		ledge.Restore(-own, borrowed)
	}
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: s.Source, Kind: s.Kind, HappenedAt: s.BookedOn, Actor: Transfer{Person: s.Person}.Actor(),
		Lines: append(ledge.Lines(), unmatchedLines(home, money.Of(-s.Minor, came.Currency), -own)...),
	})
	if err != nil {
		return 0, err
	}
	p.RefundedMinor += own
	if p.Foreign() {
		p.ChargedBack += s.Minor
	}
	if err := restate(ctx, tx, p, s); err != nil {
		return 0, err
	}
	return posted.ID, audit.Record(ctx, tx, audit.Act{At: s.At, Person: s.Person, Act: "payment." + string(s.Kind), Subject: "payment:" + p.ID,
		Detail: map[string]any{"entry": posted.ID, "type": "bank", "net_minor": -s.Minor, "currency": came.Currency}})
}

// cameAndWentBack is what a transfer brought and what of it left again, in the currency in
// which it came.
func (p Payment) cameAndWentBack() (money.Amount, int64) {
	if p.Foreign() {
		return p.Presented(), p.ChargedBack
	}
	return money.Of(p.ReceivedMinor, p.Currency), p.RefundedMinor
}

// ownBack is what all that left again counts as: of all that came, all that was received.
func (p Payment) ownBack(came money.Amount, back int64) int64 {
	minor, ok := Convert(money.Of(back, came.Currency), came, money.Of(p.ReceivedMinor, p.Currency))
	if !ok {
		return 0
	}
	return minor
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
	came, _ := p.cameAndWentBack()
	ledge.Give(p.ReceivedMinor)
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: m.Source, Kind: ledger.Correction, HappenedAt: m.CorrectedAt, Actor: "person:" + m.Person, Approver: "person:" + m.Approver, Mends: m.Entry,
		Lines: append(ledge.Lines(), unmatchedLines(home, money.Of(-came.Minor, came.Currency), -p.ReceivedMinor)...),
	})
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE payments SET state = 'expired', received_minor = 0, presented_minor = NULL, presented_currency = NULL, settled_at = NULL, synced_at = $2 WHERE id = $1`, p.ID, m.CorrectedAt)
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
	_, err := tx.ExecContext(ctx, `UPDATE payments SET state = $2, refunded_minor = $3, charged_back_minor = $5, synced_at = $4 WHERE id = $1`, p.ID, string(state), p.RefundedMinor, s.At, p.ChargedBack)
	if err != nil {
		return fmt.Errorf("record payment %s: %w", p.ID, err)
	}
	return nil
}
