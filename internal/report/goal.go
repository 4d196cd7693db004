package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
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

// mostGoals is how many changes of its goal a campaign tells of.
const mostGoals = 20

// addGoals tells of campaigns what their goals were before a moment's, the last first.
func addGoals(ctx context.Context, q sqlx.QueryerContext, all []Summary, asOf time.Time) error {
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.id.String()
	}
	var rows []struct {
		Campaign uuid.UUID `db:"campaign_id"`
		Goal
	}
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT c.id AS campaign_id, r.was, r.became, r.changed_at, r.reason
		  FROM unnest($2::uuid[]) c (id)
		 CROSS JOIN LATERAL (
			SELECT version, goal_from_minor AS was, goal_to_minor AS became, given_at AS changed_at, reason FROM campaign_reasons
			 WHERE campaign_id = c.id AND kind = 'goal' AND given_at <= $1::timestamptz ORDER BY version DESC LIMIT $3) r
		 ORDER BY c.id, r.version DESC`, until(asOf), pq.Array(ids), mostGoals)
	if err != nil {
		return fmt.Errorf("list what goals were: %w", err)
	}
	of := map[uuid.UUID][]Goal{}
	for _, r := range rows {
		of[r.Campaign] = append(of[r.Campaign], r.Goal)
	}
	for i := range all {
		all[i].Goals = of[all[i].id]
	}
	return nil
}
