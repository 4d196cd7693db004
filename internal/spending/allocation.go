// Package spending is the way of received money to help on the ground. Today that is the
// allocation: money of a campaign's fund that one person proposes to set aside for a
// purpose and another approves or refuses.
//
// It never takes money in, and meets giving in the ledger alone.
package spending

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
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Proposal is what a coordinator asks for.
type Proposal struct {
	CampaignID string
	PurposeID  string
	NeedID     string // one need of the purpose, or empty: the purpose as a whole
	Amount     money.Amount
	Reason     string
	ReasonEN   string // may be empty: English pages then show Reason and say so
	PersonID   string
}

const maxReason = 1000

// Propose records a proposal and returns its id. No money moves: the ledger and the public
// hear of it when another person approves. The person must coordinate the campaign's
// cluster (others get NotFound); asking for more than is free or earmarked for it is refused.
func Propose(ctx context.Context, db *sqlx.DB, now clock.Clock, p Proposal) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	id := pg.NewID()
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustHold(ctx, tx, p.PersonID, p.CampaignID, member.Coordinator); err != nil {
			return err
		}
		if err := campaignTakes(ctx, tx, p); err != nil {
			return err
		}
		cover, err := coverOf(ctx, tx, p.sources())
		if err != nil {
			return err
		}
		if all := cover.All(); p.Amount.Minor > all.Minor {
			return fault.In("amount", "allocation.more_than_free", all)
		}
		if err := insertProposal(ctx, tx, now(), id, p); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: p.PersonID, Act: "allocation.proposed", Subject: "allocation:" + id,
			Detail: map[string]any{"amount_minor": p.Amount.Minor, "currency": p.Amount.Currency}})
	})
	if err != nil {
		return "", fmt.Errorf("propose an allocation: %w", err)
	}
	return id, nil
}

func insertProposal(ctx context.Context, tx *sqlx.Tx, at time.Time, id string, p Proposal) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO allocations (id, campaign_id, purpose_id, need_id, amount_minor, currency, reason, reason_en, proposed_by, proposed_at)
		VALUES ($1, $2, $3, nullif($4, '')::uuid, $5, $6, $7, $8, $9, $10)`,
		id, p.CampaignID, p.PurposeID, p.NeedID, p.Amount.Minor, string(p.Amount.Currency), strings.TrimSpace(p.Reason), strings.TrimSpace(p.ReasonEN), p.PersonID, at)
	switch pg.Constraint(err) {
	case "allocations_purpose_of_campaign", "allocations_need_of_purpose":
		return fault.In("purpose", "allocation.purpose_unknown")
	}
	if err != nil {
		return fmt.Errorf("write the proposal: %w", err)
	}
	return nil
}

// Check holds the rules that need no database: nil, or a fault.Form. Propose asks it too; a
// form asks it first, to tell all that is wrong at once.
func (p Proposal) Check() error {
	var form fault.Form
	if p.Amount.Minor <= 0 {
		form = append(form, fault.In("amount", "money.zero"))
	}
	if !pg.IsID(p.PurposeID) || p.NeedID != "" && !pg.IsID(p.NeedID) {
		form = append(form, fault.In("purpose", "allocation.purpose_unknown"))
	}
	if err := checkReason(p.Reason); err != nil {
		form = append(form, err)
	}
	if p.ReasonEN != "" {
		if err := checkReason(p.ReasonEN); err != nil {
			form = append(form, err.About("reason_en"))
		}
	}
	return form.Err()
}

func checkReason(reason string) *fault.Fault {
	if strings.TrimSpace(reason) == "" {
		return fault.In("reason", "allocation.reason_missing")
	}
	return text.Check("reason", reason, maxReason)
}

// mustHold asks for a role in the campaign's cluster. To a person without any role there
// the campaign does not exist; with another role, the act is not allowed.
func mustHold(ctx context.Context, tx *sqlx.Tx, person, campaign string, role member.ClusterRole) error {
	unknown := fault.New(fault.NotFound, "campaign.unknown")
	if !pg.IsID(campaign) {
		return unknown
	}
	var cluster string
	err := tx.GetContext(ctx, &cluster, `SELECT cluster_id FROM campaigns WHERE id = $1`, campaign)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return fmt.Errorf("find the campaign: %w", err)
	}
	return member.May(ctx, tx, cluster, person, []member.ClusterRole{role}, fault.New(fault.Forbidden, "allocation.role."+string(role)), unknown)
}

func campaignTakes(ctx context.Context, tx *sqlx.Tx, p Proposal) error {
	var c struct {
		State    string
		Currency money.Currency
	}
	if err := tx.GetContext(ctx, &c, `SELECT state, currency FROM campaigns WHERE id = $1`, p.CampaignID); err != nil {
		return fmt.Errorf("find the campaign: %w", err)
	}
	if c.State != "open" && c.State != "closed" {
		return fault.New(fault.Conflict, "allocation.campaign_state")
	}
	if c.Currency != p.Amount.Currency {
		return fault.In("amount", "pledge.other_currency", string(c.Currency))
	}
	return nil
}

// Approve moves the proposed money to an account of its own, in the name of both people:
// first what companies have earmarked for it, then the campaign's free money. What is
// earmarked for something else is never touched. The person must be an approver of the
// cluster and not the one who proposed, and may add a note. A proposal is decided once; when
// there is no longer enough for it, it stays open and nothing moves.
func Approve(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person, note string) error {
	if err := text.Check("reason", note, maxReason); err != nil {
		return err
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		a, err := decide(ctx, tx, now(), id, person, "approved", strings.TrimSpace(note))
		if err != nil {
			return err
		}
		lines, err := a.lines(ctx, tx)
		if err != nil {
			return err
		}
		_, err = ledger.Post(ctx, tx, ledger.Entry{
			Source: "allocation:" + a.ID, Kind: ledger.Allocated, HappenedAt: now(), Actor: "person:" + a.ProposedBy, Approver: "person:" + person, Lines: lines,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("approve an allocation: %w", err)
	}
	return nil
}

// Refuse closes a proposal with a reason. No money moves. The same people may refuse as may
// approve, and a proposal is decided once.
func Refuse(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		_, err := decide(ctx, tx, now(), id, person, "refused", strings.TrimSpace(reason))
		return err
	})
	if err != nil {
		return fmt.Errorf("refuse an allocation: %w", err)
	}
	return nil
}

type proposed struct {
	ID          string
	CampaignID  string `db:"campaign_id"`
	PurposeID   string `db:"purpose_id"`
	NeedID      string `db:"need_id"`
	AmountMinor int64  `db:"amount_minor"`
	Currency    money.Currency
	ProposedBy  string `db:"proposed_by"`
}

// decide writes the one decision on a proposal.
func decide(ctx context.Context, tx *sqlx.Tx, at time.Time, id, person, decision, reason string) (proposed, error) {
	var a proposed
	unknown := fault.New(fault.NotFound, "allocation.unknown")
	if !pg.IsID(id) {
		return a, unknown
	}
	err := tx.GetContext(ctx, &a, `SELECT id, campaign_id, purpose_id, coalesce(need_id::text, '') AS need_id, amount_minor, currency, proposed_by FROM allocations WHERE id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return a, unknown
	}
	if err != nil {
		return a, fmt.Errorf("find the proposal: %w", err)
	}
	if a.ProposedBy == person {
		return a, fault.New(fault.Forbidden, "allocation.own_proposal")
	}
	if err := mustHold(ctx, tx, person, a.CampaignID, member.Approver); err != nil {
		if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
			return a, unknown
		}
		return a, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO allocation_decisions (allocation_id, proposed_by, decision, reason, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.ID, a.ProposedBy, decision, reason, person, at)
	switch pg.Constraint(err) {
	case "allocation_decisions_pkey":
		return a, fault.New(fault.Conflict, "allocation.decided")
	case "allocation_decisions_two_people":
		return a, fault.New(fault.Forbidden, "allocation.own_proposal")
	}
	if err != nil {
		return a, fmt.Errorf("write the decision: %w", err)
	}
	return a, audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "allocation." + decision, Subject: "allocation:" + a.ID,
		Detail: map[string]any{"amount_minor": a.AmountMinor, "currency": a.Currency}})
}
