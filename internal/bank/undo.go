package bank

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

const maxReason = 1000

// AskUndo asks to take a gift's or a fee's match back, with the reason. Nothing moves before
// another person agrees. It returns the id of what was asked; while one waits, a second is
// a Conflict fault.
func AskUndo(ctx context.Context, db *sqlx.DB, now clock.Clock, match, person, reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return "", fault.In("reason", "bank.undo.reason_missing")
	}
	if wrong := text.Check("reason", reason, maxReason); wrong != nil {
		return "", wrong
	}
	id := pg.NewID()
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		m, err := lockMatch(ctx, tx, match)
		if err != nil {
			return err
		}
		if err := mayAskUndo(ctx, tx, m.ClusterID, person); err != nil {
			return err
		}
		if err := m.undoable(); err != nil {
			return err
		}
		if m.Waiting.Valid {
			return fault.New(fault.Conflict, "bank.undo.asked")
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO match_undoings (id, match_id, reason, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5)`, id, m.ID, reason, person, now())
		if err != nil {
			return fmt.Errorf("write what was asked: %w", err)
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "match.undo-asked", Subject: "line_match:" + m.ID, Detail: map[string]any{"reason": reason}})
	})
	if err != nil {
		return "", fmt.Errorf("ask to undo a match: %w", err)
	}
	return id, nil
}

// mayAskUndo asks for a role that takes a match back. It is narrower than who explains lines:
// an undoing is a correction of the books. Strangers to the cluster learn nothing.
func mayAskUndo(ctx context.Context, tx *sqlx.Tx, cluster, person string) error {
	return member.May(ctx, tx, cluster, person, []member.ClusterRole{member.Coordinator, member.Treasurer},
		fault.New(fault.Forbidden, "bank.undo.role_ask"), fault.New(fault.NotFound, "bank.match_unknown"))
}

// Undo agrees that a match is taken back: the books are corrected in the name of both, and
// the line is open again. Who asked may not agree.
func Undo(ctx context.Context, db *sqlx.DB, now clock.Clock, undoing, person string) error {
	return decideUndo(ctx, db, undoing, person, func(tx *sqlx.Tx, m lockedMatch, asked asked) error {
		if asked.By == person {
			return fault.New(fault.Forbidden, "bank.undo.own")
		}
		if !asked.MayApprove {
			return fault.New(fault.Forbidden, "bank.undo.role")
		}
		if err := m.undoable(); err != nil {
			return err
		}
		entry, err := m.correct(ctx, tx, asked, person, now())
		if err != nil {
			return err
		}
		if err := takeRest(ctx, tx, m.LineID, -m.Minor); err != nil {
			return err
		}
		return asked.decide(ctx, tx, m, "approved", person, now(), entry)
	})
}

// RefuseUndo leaves a match as it is. Who asked may withdraw it so.
func RefuseUndo(ctx context.Context, db *sqlx.DB, now clock.Clock, undoing, person string) error {
	return decideUndo(ctx, db, undoing, person, func(tx *sqlx.Tx, m lockedMatch, asked asked) error {
		if asked.By != person && !asked.MayApprove {
			return fault.New(fault.Forbidden, "bank.undo.role")
		}
		return asked.decide(ctx, tx, m, "refused", person, now(), 0)
	})
}

// asked is an undoing that waits, and what the person who looks at it may do.
type asked struct {
	ID         string
	MatchID    string `db:"match_id"`
	Reason     string
	By         string `db:"asked_by"`
	MayApprove bool   `db:"may_approve"`
	Decided    bool
}

func decideUndo(ctx context.Context, db *sqlx.DB, undoing, person string, story func(*sqlx.Tx, lockedMatch, asked) error) error {
	unknown := fault.New(fault.NotFound, "bank.undo.unknown")
	if !pg.IsID(undoing) {
		return unknown
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		var a asked
		err := tx.GetContext(ctx, &a, `
			SELECT u.id, u.match_id, u.reason, u.asked_by,
			       bool_or(g.role = 'approver') AS may_approve,
			       EXISTS (SELECT 1 FROM match_undoing_decisions d WHERE d.undoing_id = u.id) AS decided
			  FROM match_undoings u JOIN line_matches m ON m.id = u.match_id JOIN statement_line_rests r ON r.line_id = m.line_id
			  JOIN cluster_roles g ON g.cluster_id = r.cluster_id AND g.person_id = $2
			 WHERE u.id = $1 GROUP BY u.id`, undoing, person)
		if errors.Is(err, sql.ErrNoRows) {
			return unknown
		}
		if err != nil {
			return fmt.Errorf("find what was asked: %w", err)
		}
		m, err := lockMatch(ctx, tx, a.MatchID)
		if err != nil {
			return err
		}
		if a.Decided {
			return fault.New(fault.Conflict, "bank.undo.decided")
		}
		return story(tx, m, a)
	})
	if pg.Constraint(err) == "match_undoing_decisions_pkey" {
		return fault.New(fault.Conflict, "bank.undo.decided")
	}
	if err != nil {
		return fmt.Errorf("decide on undoing a match: %w", err)
	}
	return nil
}

func (a asked) decide(ctx context.Context, tx *sqlx.Tx, m lockedMatch, decision, person string, at time.Time, entry int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO match_undoing_decisions (undoing_id, match_id, asked_by, decision, decided_by, decided_at, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, nullif($7::bigint, 0))`, a.ID, m.ID, a.By, decision, person, at, entry)
	if err != nil {
		return fmt.Errorf("write the decision: %w", err)
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "match.undo-" + decision, Subject: "line_match:" + m.ID, Detail: map[string]any{"asked_by": a.By, "entry": entry}})
}

// lockedMatch is a match, with its line's row locked.
type lockedMatch struct {
	ID        string
	LineID    string `db:"line_id"`
	Kind      string
	Minor     int64  `db:"amount_minor"`
	PaymentID string `db:"payment_id"`
	EntryID   int64  `db:"entry_id"`
	ClusterID string `db:"cluster_id"`
	Currency  money.Currency
	Undone    bool
	Reverses  bool // it takes another one back
	Returned  bool
	Waiting   sql.NullString
}

func lockMatch(ctx context.Context, tx *sqlx.Tx, id string) (lockedMatch, error) {
	var m lockedMatch
	unknown := fault.New(fault.NotFound, "bank.match_unknown")
	if !pg.IsID(id) {
		return m, unknown
	}
	// First the row, then what depends on it: somebody may have decided while we waited.
	_, err := tx.ExecContext(ctx, `SELECT 1 FROM statement_line_rests r JOIN line_matches m ON m.line_id = r.line_id WHERE m.id = $1 FOR UPDATE OF r`, id)
	if err != nil {
		return m, fmt.Errorf("lock the match's line: %w", err)
	}
	err = tx.GetContext(ctx, &m, `
		SELECT m.id, m.line_id, m.kind, m.amount_minor, coalesce(m.payment_id::text, '') AS payment_id, coalesce(m.entry_id, 0) AS entry_id, r.cluster_id, l.currency,
		       EXISTS (SELECT 1 FROM match_undoing_decisions d WHERE d.match_id = m.id AND d.decision = 'approved') AS undone,
		       m.reverses IS NOT NULL AS reverses, EXISTS (SELECT 1 FROM line_matches b WHERE b.reverses = m.id) AS returned,
		       (SELECT u.id::text FROM match_undoings u LEFT JOIN match_undoing_decisions d ON d.undoing_id = u.id
		         WHERE u.match_id = m.id AND d.undoing_id IS NULL ORDER BY u.id LIMIT 1) AS waiting
		  FROM line_matches m JOIN statement_lines l ON l.id = m.line_id JOIN statement_line_rests r ON r.line_id = m.line_id WHERE m.id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return m, unknown
	}
	if err != nil {
		return m, fmt.Errorf("find the match: %w", err)
	}
	return m, nil
}

// undoable refuses what cannot be a person's mistake, and what has gone on since.
func (m lockedMatch) undoable() error {
	switch {
	case m.Kind != "gift" && m.Kind != "fee" || m.Reverses:
		return fault.New(fault.Conflict, "bank.undo.kind")
	case m.Undone:
		return fault.New(fault.Conflict, "bank.undo.undone")
	case m.Returned:
		return fault.New(fault.Conflict, "bank.undo.returned")
	}
	return nil
}

// correct mends the entry of the match, in the name of two people.
func (m lockedMatch) correct(ctx context.Context, tx *sqlx.Tx, a asked, approver string, at time.Time) (int64, error) {
	if m.Kind == "gift" {
		return giving.TakeBack(ctx, tx, giving.Mistaken{
			Source: "undo:" + a.ID, PaymentID: m.PaymentID, Entry: m.EntryID, Person: a.By, Approver: approver, Reason: a.Reason, CorrectedAt: at,
		})
	}
	unmatched, owed := ledger.Unmatched(m.ClusterID, m.Currency), ledger.Owed(m.ClusterID, m.Currency)
	posted, err := ledger.Post(ctx, tx, ledger.Entry{
		Source: "undo:" + a.ID, Kind: ledger.Correction, HappenedAt: at, Actor: "person:" + a.By, Approver: "person:" + approver, Mends: m.EntryID,
		Lines: []ledger.Line{ledger.Credit(unmatched, m.Minor), ledger.Debit(owed, m.Minor)},
	})
	return posted.ID, err
}
