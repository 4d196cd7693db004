package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// GoalWish is another goal for a campaign that people know already.
type GoalWish struct {
	Slug, PersonID string
	Version        int // of the campaign that the person has seen
	Goal           money.Amount
	Reason         string // public
}

// ChangeGoal sets another goal of a campaign that is open or closed, in its own currency.
// Everybody sees from what it was changed, when and why. Setting the goal that is there
// changes nothing; of a draft Save changes it, and nobody is told.
func ChangeGoal(ctx context.Context, db *sqlx.DB, now clock.Clock, w GoalWish) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		d, err := hold(ctx, tx, w.Slug, w.PersonID)
		if err != nil {
			return err
		}
		if err := w.check(d); err != nil {
			return err
		}
		if w.Goal == d.Goal {
			return nil
		}
		if d.Version != w.Version {
			return changedMeanwhile()
		}
		at := now()
		err = giveReason(ctx, tx, Reason{CampaignID: d.ID, Version: d.Version + 1, Kind: "goal", Reason: w.Reason, From: &d.Goal.Minor, To: &w.Goal.Minor, GivenBy: w.PersonID, GivenAt: at})
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET goal_minor = $2, changed_at = $3 WHERE id = $1`, d.ID, w.Goal.Minor, at); err != nil {
			return kindly(fmt.Errorf("change the goal: %w", err))
		}
		return audit.Record(ctx, tx, audit.Act{At: at, Person: w.PersonID, Act: "campaign.goal-changed", Subject: "campaign:" + d.ID,
			Detail: map[string]any{"goal": map[string]any{"before": d.Goal.String(), "after": w.Goal.String()}, "reason": w.Reason}})
	})
}

func (w GoalWish) check(d Desk) error {
	switch d.State {
	case Draft:
		return fault.New(fault.Conflict, "campaign.state")
	case Settled:
		return fault.New(fault.Conflict, "campaign.settled_stays")
	}
	var form fault.Form
	switch {
	case w.Goal.Currency != d.Goal.Currency:
		form = append(form, fault.In("goal", "currency.unknown", string(w.Goal.Currency)))
	case w.Goal.Minor <= 0 || w.Goal.Minor > maxGoal:
		form = append(form, fault.In("goal", "campaign.goal_range"))
	}
	if err := alsoWrong(&form, checkReason("reason", w.Reason)); err != nil {
		return err
	}
	return form.Err()
}

// Reason is why a goal was changed or a closed campaign opened again. It is public.
type Reason struct {
	CampaignID string `db:"campaign_id"`
	Version    int    // of the campaign that came of it
	Kind       string // goal, reopened
	Reason     string
	From       *int64    `db:"goal_from_minor"` // of a goal
	To         *int64    `db:"goal_to_minor"`
	GivenBy    string    `db:"given_by"`
	GivenAt    time.Time `db:"given_at"`
	GiverName  string    `db:"giver_name"` // set by Reasons
}

func giveReason(ctx context.Context, tx *sqlx.Tx, r Reason) error {
	_, err := tx.NamedExecContext(ctx, `
		INSERT INTO campaign_reasons (campaign_id, version, kind, reason, goal_from_minor, goal_to_minor, given_by, given_at)
		VALUES (:campaign_id, :version, :kind, :reason, :goal_from_minor, :goal_to_minor, :given_by, :given_at)`, r)
	if err != nil {
		return kindly(fmt.Errorf("give a reason: %w", err))
	}
	return nil
}

// Reasons lists why a campaign's goal was changed and why it was opened again, the last
// first.
func Reasons(ctx context.Context, db sqlx.QueryerContext, campaign string) ([]Reason, error) {
	var all []Reason
	err := sqlx.SelectContext(ctx, db, &all, `
		SELECT r.campaign_id, r.version, r.kind, r.reason, r.goal_from_minor, r.goal_to_minor, r.given_by, r.given_at, w.name AS giver_name
		  FROM campaign_reasons r JOIN people w ON w.id = r.given_by WHERE r.campaign_id = $1 ORDER BY r.version DESC LIMIT 100`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list the reasons: %w", err)
	}
	return all, nil
}
