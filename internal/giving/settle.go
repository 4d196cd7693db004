package giving

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

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
	Disputes  []Dispute
	Refunds   []RefundFact
	Transfer  *Funding // how far a bank transfer is
	InvoiceID string
	PageURL   string    // of an invoice
	DueAt     time.Time // of an invoice; zero: none
	OutOfBand bool      // an invoice that somebody called paid without Stripe
	ReadAt    time.Time
}

// Dispute is what Stripe says of a dispute. What it has moved stands among the movements.
type Dispute struct {
	ID   string
	Lost bool // closed, and what was not returned stays with the payer
}

// Settle writes down what Stripe says of a payment that the caller has locked with
// LockPayment: each movement of money as one entry of the books, the payment's state, and
// the audit's rows, in the caller's transaction. Movements that are posted already stay as
// they are, so a repeat changes nothing; it returns whether anything new was posted.
//
// Nothing here is refused for being inconvenient: a refund of money that is allocated
// already posts, and what the fund can no longer cover becomes its shortfall.
func Settle(ctx context.Context, tx *sqlx.Tx, p Payment, f Facts) (bool, error) {
	s, err := newSettlement(ctx, tx, p, f)
	if err != nil {
		return false, fmt.Errorf("settle payment %s: %w", p.ID, err)
	}
	anyNew, cameIn := false, false
	for _, m := range s.movements {
		posted, err := s.post(ctx, tx, m)
		if err != nil {
			return false, fmt.Errorf("settle payment %s: %w", p.ID, err)
		}
		anyNew, cameIn = anyNew || posted, cameIn || posted && m.Kind == MovedIn
	}
	for _, d := range f.Disputes {
		posted, err := s.lose(ctx, tx, d)
		if err != nil {
			return false, fmt.Errorf("settle payment %s: %w", p.ID, err)
		}
		anyNew = anyNew || posted
	}
	for _, r := range f.Refunds {
		if err := recordRefund(ctx, tx, f.ReadAt, p.ID, r); err != nil {
			return false, err
		}
	}
	if cameIn && f.Amount != p.Charge() && (f.Amount != money.Amount{}) {
		if err := alarm(ctx, tx, f.ReadAt, p, "payment.amount-differs", map[string]any{"asked": p.Charge().String(), "stripe_says": f.Amount.String()}); err != nil {
			return false, err
		}
	}
	if f.OutOfBand {
		if err := alarmOnce(ctx, tx, f.ReadAt, p, "payment.paid-out-of-band", "invoice", f.InvoiceID); err != nil {
			return false, err
		}
	}
	if err := s.recordWay(ctx, tx); err != nil {
		return false, err
	}
	return anyNew, s.record(ctx, tx)
}

// settlement is one payment, with all that its movements are measured by.
type settlement struct {
	Payment
	facts     Facts
	home      Home
	rate      Rate
	movements []Movement      // the gift first: it sets the rate
	lost      map[string]bool // disputes of which the books say that they are lost
}

func newSettlement(ctx context.Context, tx *sqlx.Tx, p Payment, f Facts) (*settlement, error) {
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return nil, err
	}
	s := &settlement{Payment: p, facts: f, home: home, rate: p.rate(), movements: slices.Clone(f.Movements), lost: map[string]bool{}}
	if s.rate.open() {
		s.rate = p.agreed()
	}
	if r, ok := rateIn(f.Movements, p.agreed(), p.Currency); ok {
		s.rate = r
	}
	slices.SortStableFunc(s.movements, func(a, b Movement) int { return cmp.Compare(later(a.Kind), later(b.Kind)) })
	for _, d := range f.Disputes {
		if s.lost[d.ID], err = ledger.HasPosted(ctx, tx, lostSource(d.ID)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func later(k MovementKind) int {
	if k == MovedIn {
		return 0
	}
	return 1
}

// post brings one movement into the books and reports whether it was new there.
func (s *settlement) post(ctx context.Context, tx *sqlx.Tx, m Movement) (bool, error) {
	if done, err := ledger.HasPosted(ctx, tx, m.source()); done || err != nil {
		return false, err
	}
	entry := ledger.Entry{Source: m.source(), HappenedAt: m.HappenedAt, Actor: "stripe"}
	w, explained := worthOf(m, s.rate, s.Currency)
	if explained {
		lines, err := s.lines(ctx, tx, m, w)
		if err != nil {
			return false, err
		}
		entry.Kind, entry.Lines = ledger.Kind(m.Kind), lines
	} else {
		entry.Kind, entry.Lines = ledger.Unexplained, suspended(s.home.Cluster, m.Net)
	}
	if len(entry.Lines) == 0 {
		return false, nil // no money moved
	}
	posted, err := ledger.Post(ctx, tx, entry)
	if err != nil || !posted.New {
		return false, err
	}
	detail := map[string]any{"entry": posted.ID, "type": m.Type, "net_minor": m.Net.Minor, "currency": m.Net.Currency}
	if !explained {
		return true, alarm(ctx, tx, m.HappenedAt, s.Payment, "payment.unexplained-movement", detail)
	}
	return true, audit.Record(ctx, tx, audit.Act{At: m.HappenedAt, Act: "payment." + string(m.Kind), Subject: "payment:" + s.ID, Detail: detail})
}

// lines say how a movement stands in the books. Money that comes in is the home's; the fee
// and what goes back are taken from there, the payment's own lots first.
func (s *settlement) lines(ctx context.Context, tx *sqlx.Tx, m Movement, w worth) ([]ledger.Line, error) {
	ledge, err := s.home.Open(ctx, tx, s.Origin())
	if err != nil {
		return nil, err
	}
	lines := moneyLines(s.home, m, w)
	lines = append(lines, pair(s.home, ledger.Fee(s.CampaignID, s.Currency), w.fee)...)
	lines = append(lines, pair(s.home, ledger.Drift(s.CampaignID, s.Currency), w.drift)...)
	if m.Kind == TakenBack || m.Kind == GivenBack {
		lines = append(lines, pair(s.home, s.heldIn(m.Dispute), -w.gross)...)
	}
	in := max(w.gross, 0) + max(-w.fee, 0) + max(-w.drift, 0)
	if m.Kind == MovedIn {
		ledge.Take(in)
	} else {
		borrowed, err := s.home.borrowed(ctx, tx, s.sources())
		if err != nil {
			return nil, err
		}
		ledge.Restore(in, borrowed)
	}
	for _, out := range []int64{w.fee, w.drift, -w.gross} {
		if out > 0 {
			ledge.Give(out)
		}
	}
	return append(lines, ledge.Lines()...), nil
}

// heldIn is where money stands that a dispute has taken: held, or lost once that was said.
func (s *settlement) heldIn(dispute string) ledger.Account {
	if s.lost[dispute] {
		return ledger.Loss(s.CampaignID, s.Currency)
	}
	return ledger.Disputed(s.CampaignID, s.Currency)
}

func (s *settlement) sources() []string {
	all := make([]string, len(s.movements))
	for i, m := range s.movements {
		all[i] = m.source()
	}
	return all
}

func lostSource(dispute string) string { return "stripe:" + dispute + ":lost" }

// lose writes down that a dispute is lost: what it took and did not return is no longer
// held, but gone. No money moves. What it still takes or returns later changes the loss.
func (s *settlement) lose(ctx context.Context, tx *sqlx.Tx, d Dispute) (bool, error) {
	gone := s.taken(d.ID)
	if !d.Lost || s.lost[d.ID] || gone == 0 {
		return false, nil
	}
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: lostSource(d.ID), Kind: ledger.DisputeLost, HappenedAt: s.facts.ReadAt, Actor: "stripe",
		Lines: []ledger.Line{
			ledger.Debit(ledger.Loss(s.CampaignID, s.Currency), gone), ledger.Credit(ledger.Disputed(s.CampaignID, s.Currency), gone),
		},
	})
	if err != nil {
		return false, err
	}
	s.lost[d.ID] = true
	return posted.New, audit.Record(ctx, tx, audit.Act{At: s.facts.ReadAt, Act: "payment.dispute-lost", Subject: "payment:" + s.ID,
		Detail: map[string]any{"entry": posted.ID, "dispute": d.ID, "minor": gone, "currency": s.Currency}})
}

// taken is what a dispute has taken and not returned.
func (s *settlement) taken(dispute string) int64 {
	var minor int64
	for _, m := range s.movements {
		if w, ok := worthOf(m, s.rate, s.Currency); ok && m.Dispute == dispute && (m.Kind == TakenBack || m.Kind == GivenBack) {
			minor -= w.gross
		}
	}
	return minor
}

// suspended are the lines of money that nobody has explained.
func suspended(cluster string, net money.Amount) []ledger.Line {
	return append(signed(ledger.Stripe(cluster, net.Currency), net.Minor), signed(ledger.Suspense(cluster, net.Currency), -net.Minor)...)
}

// alarm records that a person has to look. It stays on the office's desk until somebody answers.
func alarm(ctx context.Context, tx *sqlx.Tx, at time.Time, p Payment, act string, detail map[string]any) error {
	home, err := HomeOf(ctx, tx, p.PledgeID)
	if err != nil {
		return err
	}
	return audit.Raise(ctx, tx, home.Cluster, audit.Act{At: at, Act: act, Subject: "payment:" + p.ID, Detail: detail})
}

// sums are what became of a payment, in the campaign's currency.
type sums struct {
	received, refunded, fee, disputed, lost, drift int64
	settled                                        sql.NullTime
}

func (s *settlement) sums() sums {
	var all sums
	for _, m := range s.movements {
		w, explained := worthOf(m, s.rate, s.Currency)
		if !explained {
			continue // in suspense, and so in no sum of the payment
		}
		switch m.Kind {
		case MovedIn:
			all.received += w.gross
			if !all.settled.Valid {
				all.settled = sql.NullTime{Time: m.HappenedAt, Valid: true}
			}
		case MovedBack, ReturnedOut, LateFailure:
			all.refunded -= w.gross
		case TakenBack, GivenBack:
			if s.lost[m.Dispute] {
				all.lost -= w.gross
			} else {
				all.disputed -= w.gross
			}
		case Unexplained: // is never explained
		}
		all.fee += w.fee
		all.drift += w.drift
	}
	// What came back may be seen before what went.
	all.refunded, all.disputed, all.lost = max(all.refunded, 0), max(all.disputed, 0), max(all.lost, 0)
	return all
}

// record writes the payment's state for people to read. Its sums are those of the books.
func (s *settlement) record(ctx context.Context, tx *sqlx.Tx) error {
	f, all, settled := s.facts, s.sums(), s.rate.settled()
	var rate string
	for _, m := range s.movements {
		if m.Kind == MovedIn {
			rate = m.Rate
		}
	}
	minor := func(a money.Amount) sql.NullInt64 { return sql.NullInt64{Int64: a.Minor, Valid: a.Currency != ""} }
	currency := func(a money.Amount) sql.NullString {
		return sql.NullString{String: string(a.Currency), Valid: a.Currency != ""}
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE payments SET state = $2, session_id = coalesce(nullif($3, ''), session_id), payment_intent_id = coalesce(nullif($4, ''), payment_intent_id),
		       charge_id = coalesce(nullif($5, ''), charge_id), method = coalesce(nullif($6, ''), method), decline = $7,
		       received_minor = $8, refunded_minor = $9, fee_minor = $10, settled_at = coalesce($11, settled_at), synced_at = $12,
		       disputed_minor = $13, lost_minor = $14, drift_minor = $15, presented_minor = $16, presented_currency = $17,
		       settled_minor = $18, settled_currency = $19, exchange_rate = coalesce(nullif($20, ''), exchange_rate), charged_back_minor = $21
		 WHERE id = $1`,
		s.ID, string(f.State), f.SessionID, f.IntentID, f.ChargeID, f.Method, f.Decline, all.received, all.refunded, all.fee, all.settled, f.ReadAt,
		all.disputed, all.lost, all.drift, minor(settled.Presented), currency(settled.Presented), minor(settled.Settled), currency(settled.Settled), rate, s.chargedBack())
	if err != nil {
		return fmt.Errorf("record payment %s: %w", s.ID, err)
	}
	return nil
}
