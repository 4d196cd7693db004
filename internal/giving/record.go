package giving

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/pg"
)

// record tells the audit what was done and writes payments' states, in one way to the
// server.
func record(ctx context.Context, tx *sqlx.Tx, acts []audit.Act, all []*settling) error {
	told, err := audit.Recording(ctx, acts)
	if err != nil {
		return err
	}
	states, err := recordingStates(all)
	if err != nil {
		return err
	}
	if err := pg.ExecTogether(ctx, tx, told, states); err != nil {
		return fmt.Errorf("record %d acts and the states of %d payments: %w", len(acts), len(all), err)
	}
	return nil
}

// recordingStates writes payments' states for people to read. Their sums are those of the
// books.
func recordingStates(all []*settling) (pg.Statement, error) {
	rows := make([]state, len(all))
	for i, s := range all {
		rows[i] = s.state()
	}
	asked, err := json.Marshal(rows)
	if err != nil {
		return pg.Statement{}, fmt.Errorf("record the states of %d payments: %w", len(all), err)
	}
	return pg.Statement{Args: []any{asked}, Query: `
			UPDATE payments p SET state = f.state, session_id = coalesce(f.session_id, p.session_id), payment_intent_id = coalesce(f.intent_id, p.payment_intent_id),
			       charge_id = coalesce(f.charge_id, p.charge_id), method = coalesce(f.method, p.method), decline = f.decline,
			       received_minor = f.received, refunded_minor = f.refunded, fee_minor = f.fee, settled_at = coalesce(f.settled_at, p.settled_at), synced_at = f.read_at,
			       disputed_minor = f.disputed, lost_minor = f.lost, drift_minor = f.drift, presented_minor = f.presented, presented_currency = f.presented_in,
			       settled_minor = f.settled, settled_currency = f.settled_in, exchange_rate = coalesce(f.rate, p.exchange_rate), charged_back_minor = f.charged_back
			  FROM jsonb_to_recordset($1) AS f(id uuid, state text, session_id text, intent_id text, charge_id text, method text, decline text,
			       received bigint, refunded bigint, fee bigint, disputed bigint, lost bigint, drift bigint,
			       settled_at timestamptz, read_at timestamptz, presented bigint, presented_in text, settled bigint, settled_in text, rate text, charged_back bigint)
			 WHERE p.id = f.id`}, nil
}

// state is a payment's row as it is to be. What is left out stays as it stands there, or is
// nothing.
type state struct {
	ID          string     `json:"id"`
	State       State      `json:"state"`
	SessionID   string     `json:"session_id,omitempty"`
	IntentID    string     `json:"intent_id,omitempty"`
	ChargeID    string     `json:"charge_id,omitempty"`
	Method      string     `json:"method,omitempty"`
	Decline     string     `json:"decline"`
	Received    int64      `json:"received"`
	Refunded    int64      `json:"refunded"`
	Fee         int64      `json:"fee"`
	Disputed    int64      `json:"disputed"`
	Lost        int64      `json:"lost"`
	Drift       int64      `json:"drift"`
	SettledAt   *time.Time `json:"settled_at,omitempty"`
	ReadAt      time.Time  `json:"read_at"`
	Presented   *int64     `json:"presented,omitempty"`
	PresentedIn string     `json:"presented_in,omitempty"`
	Settled     *int64     `json:"settled,omitempty"`
	SettledIn   string     `json:"settled_in,omitempty"`
	Rate        string     `json:"rate,omitempty"`
	ChargedBack int64      `json:"charged_back"`
}

func (s *settling) state() state {
	f, all, rate := s.facts, s.sums(), s.rate.settled()
	row := state{
		ID: s.ID, State: f.State, SessionID: f.SessionID, IntentID: f.IntentID, ChargeID: f.ChargeID, Method: f.Method, Decline: f.Decline,
		Received: all.received, Refunded: all.refunded, Fee: all.fee, Disputed: all.disputed, Lost: all.lost, Drift: all.drift,
		ReadAt: f.ReadAt, PresentedIn: string(rate.Presented.Currency), SettledIn: string(rate.Settled.Currency),
		ChargedBack: s.chargedBack(),
	}
	if all.settled.Valid {
		row.SettledAt = &all.settled.Time
	}
	if row.PresentedIn != "" {
		row.Presented = &rate.Presented.Minor
	}
	if row.SettledIn != "" {
		row.Settled = &rate.Settled.Minor
	}
	for _, m := range s.movements {
		if m.Kind == MovedIn {
			row.Rate = m.Rate
		}
	}
	return row
}

// recordAside writes down what few payments have: requested refunds, an invoice that was
// paid past Stripe, and what belongs to one way of paying.
func (s *settling) recordAside(ctx context.Context, tx *sqlx.Tx) error {
	for _, r := range s.facts.Refunds {
		if err := recordRefund(ctx, tx, s.facts.ReadAt, s.ID, r); err != nil {
			return err
		}
	}
	if s.facts.OutOfBand {
		if err := alarmOnce(ctx, tx, s.facts.ReadAt, s.Payment, "payment.paid-out-of-band", "invoice", s.facts.InvoiceID); err != nil {
			return err
		}
	}
	return s.recordWay(ctx, tx)
}
