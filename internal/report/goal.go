package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Goal is what a campaign's goal was until it was changed, and why.
type Goal struct {
	Was       int64     `db:"was"`
	Became    int64     `db:"became"`
	ChangedAt time.Time `db:"changed_at"`
	Reason    string    `db:"reason"` // in the language of who wrote it
}

// goalThen is a campaign's goal as it was at $1.
const goalThen = `coalesce((SELECT r.goal_from_minor FROM campaign_reasons r
	WHERE r.campaign_id = c.id AND r.kind = 'goal' AND r.given_at > $1::timestamptz ORDER BY r.version LIMIT 1), c.goal_minor)`

// goals returns what a campaign's goal was before, the last first. It changes seldom.
func goals(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) ([]Goal, error) {
	var all []Goal
	err := tx.SelectContext(ctx, &all, `
		SELECT r.goal_from_minor AS was, r.goal_to_minor AS became, r.given_at AS changed_at, r.reason
		  FROM campaign_reasons r WHERE r.campaign_id = $1 AND r.kind = 'goal' ORDER BY r.version DESC LIMIT 20`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list what the goal was: %w", err)
	}
	return all, nil
}
