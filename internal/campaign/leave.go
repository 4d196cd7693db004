package campaign

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Leaving takes a cluster out of a joint campaign.
type Leaving struct {
	Slug      string // the campaign's
	ClusterID string // who leaves
	PersonID  string // a coordinator of the cluster that leads
}

// Leave takes a cluster that joined a campaign out of it: its members pledge no more. While
// nothing was pledged through it that can be done; after that it is a Conflict fault, since
// each promise names its cluster for good. The cluster that leads stays. One that is out
// already stays out, and nothing is recorded.
//
// It is for the coordinators of the cluster that leads alone, as joining is. They know of
// every pledge; the refusal would tell another cluster's people that one of their members
// gives without being named.
func Leave(ctx context.Context, db *sqlx.DB, now clock.Clock, l Leaving) error {
	return edit(ctx, db, now, l.Slug, l.PersonID, func(tx *sqlx.Tx, d Desk) (string, map[string]any, error) {
		switch {
		case !pg.IsID(l.ClusterID):
			return "", nil, fault.In("cluster", "cluster.unknown")
		case l.ClusterID == d.ClusterID:
			return "", nil, fault.In("cluster", "campaign.leading_stays")
		}
		var known bool
		if err := tx.GetContext(ctx, &known, `SELECT EXISTS (SELECT 1 FROM campaign_clusters WHERE campaign_id = $1 AND cluster_id = $2)`, d.ID, l.ClusterID); err != nil {
			return "", nil, fmt.Errorf("look for the cluster: %w", err)
		}
		if !known {
			return "", nil, fault.In("cluster", "cluster.unknown")
		}
		left, err := turn(ctx, tx, d.ID, l.ClusterID, "joined", "left", sql.NullTime{}, l.PersonID, now())
		if err != nil || !left {
			return "", nil, err
		}
		return "campaign.left", map[string]any{"cluster": l.ClusterID}, nil
	})
}

// turn writes down that a cluster of a campaign did something else than it did last: it left
// after it had joined, or the other way round. It reports whether there was anything to turn.
func turn(ctx context.Context, tx *sqlx.Tx, campaign, cluster, from, to string, since sql.NullTime, person string, at time.Time) (bool, error) {
	var last struct {
		Turn int
		Kind string
	}
	err := tx.GetContext(ctx, &last, `SELECT turn, kind FROM campaign_cluster_turns WHERE campaign_id = $1 AND cluster_id = $2 ORDER BY turn DESC LIMIT 1`, campaign, cluster)
	if errors.Is(err, sql.ErrNoRows) {
		last.Kind, err = "joined", nil
	}
	if err != nil {
		return false, fmt.Errorf("find the last turn of a cluster: %w", err)
	}
	if last.Kind != from {
		return false, nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO campaign_cluster_turns (campaign_id, cluster_id, turn, kind, since, entered_by, entered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		campaign, cluster, last.Turn+1, to, since, person, at)
	switch pg.Constraint(err) {
	case "campaign_cluster_turns_pledged":
		return false, fault.New(fault.Conflict, "campaign.pledged_through").About("cluster")
	case "campaign_cluster_turns_leads":
		return false, nil // it never joined, and so has nothing to turn
	}
	if err != nil {
		return false, fmt.Errorf("turn a cluster: %w", err)
	}
	return true, nil
}
