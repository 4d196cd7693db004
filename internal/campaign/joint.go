package campaign

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Cluster is one of the clusters whose members may pledge to a campaign.
type Cluster struct {
	ID    string    `db:"cluster_id"`
	Slug  string    `db:"slug"`
	UK    string    `db:"name_uk"`
	EN    string    `db:"name_en"`
	Leads bool      `db:"leads"` // it keeps the money, spends it and proves what became of it
	Since time.Time `db:"since"` // the first day on which its members may pledge
}

// Joining lets a cluster join a campaign.
type Joining struct {
	Slug      string    // the campaign's
	ClusterID string    // who joins
	Since     time.Time // the first day on which its members may pledge; zero: today
	PersonID  string    // a coordinator of the cluster that leads; empty: the command line
}

// Join lets the members of a further cluster pledge to a campaign, from a day on that is not
// ahead. The cluster that leads keeps all the rest in its hands. A cluster that is one of the
// campaign's already stays so, since the day that was said first. One that has left joins
// once more, at a person's word and not at a file's. A campaign that takes no more pledges is
// joined by nobody: a Conflict fault. To strangers it is not there.
func Join(ctx context.Context, tx *sqlx.Tx, now clock.Clock, j Joining) error {
	at := now()
	if j.Since.IsZero() {
		j.Since = clock.Day(at)
	}
	if j.Since.After(clock.Day(at)) || j.Since.Year() < 1900 {
		return fault.In("since", "campaign.joined_ahead")
	}
	c, err := j.of(ctx, tx)
	if err != nil {
		return err
	}
	entered, err := j.enter(ctx, tx, c.ID, at)
	if err != nil || !entered {
		return err
	}
	if err := touch(ctx, tx, c.ID, at); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Person: j.PersonID, Act: "campaign.joined", Subject: "campaign:" + c.ID,
		Detail: map[string]any{"cluster": j.ClusterID, "since": j.Since.Format(time.DateOnly)}})
}

// enter writes the joining down, and reports whether it was one.
func (j Joining) enter(ctx context.Context, tx *sqlx.Tx, campaign string, at time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		INSERT INTO campaign_clusters (campaign_id, cluster_id, since, entered_by, entered_at)
		VALUES ($1, $2, $3, nullif($4, '')::uuid, $5) ON CONFLICT DO NOTHING`, campaign, j.ClusterID, j.Since, j.PersonID, at)
	if pg.Constraint(err) == "campaign_clusters_cluster_id_fkey" {
		return false, fault.In("cluster", "cluster.unknown")
	}
	if err != nil {
		return false, fmt.Errorf("join a campaign: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n > 0 || j.PersonID == "" {
		return n > 0, err
	}
	return turn(ctx, tx, campaign, j.ClusterID, "left", "joined", nullDay(j.Since), j.PersonID, at)
}

// of is the campaign that a cluster is to join, held until the transaction ends. The command
// line is asked for no role.
func (j Joining) of(ctx context.Context, tx *sqlx.Tx) (d Desk, err error) {
	switch {
	case !pg.IsID(j.ClusterID):
		return d, fault.In("cluster", "cluster.unknown")
	case j.PersonID != "":
		d, err = hold(ctx, tx, j.Slug, j.PersonID)
	default:
		d.Campaign, err = scan(tx.QueryRowxContext(ctx, `SELECT `+columns+` FROM campaigns c WHERE slug = $1`+holding, j.Slug))
		if errors.Is(err, sql.ErrNoRows) {
			err = fault.New(fault.NotFound, "campaign.unknown", j.Slug)
		}
	}
	if err == nil && d.State != Draft && d.State != Open {
		err = fault.New(fault.Conflict, "campaign.closed")
	}
	return d, err
}

// Clusters lists whose members may pledge to a campaign: the cluster that leads it, and then
// those that joined, by their names. It is not joint while there is one.
func Clusters(ctx context.Context, db sqlx.QueryerContext, campaign string) ([]Cluster, error) {
	var all []Cluster
	err := sqlx.SelectContext(ctx, db, &all, `
		SELECT j.cluster_id, k.slug, k.name_uk, k.name_en, j.since, j.cluster_id = c.cluster_id AS leads
		  FROM campaign_clusters_at('infinity') j JOIN clusters k ON k.id = j.cluster_id JOIN campaigns c ON c.id = j.campaign_id
		 WHERE j.campaign_id = $1 ORDER BY leads DESC, k.name_uk COLLATE "uk-x-icu", j.cluster_id`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list the clusters of a campaign: %w", err)
	}
	return all, nil
}

// Ways are the clusters through which a company may pledge to a campaign at a moment: those
// of the campaign's of which it is a member, the leading one first.
func Ways(ctx context.Context, db sqlx.QueryerContext, campaign, company string, now time.Time) ([]Cluster, error) {
	var all []Cluster
	err := sqlx.SelectContext(ctx, db, &all, `
		SELECT j.cluster_id, k.slug, k.name_uk, k.name_en, j.since, j.cluster_id = c.cluster_id AS leads
		  FROM campaign_clusters_at('infinity') j JOIN clusters k ON k.id = j.cluster_id JOIN campaigns c ON c.id = j.campaign_id
		 WHERE j.campaign_id = $1 AND `+throughIts+`
		 ORDER BY leads DESC, k.name_uk COLLATE "uk-x-icu", j.cluster_id`, campaign, company, clock.Day(now))
	if err != nil {
		return nil, fmt.Errorf("list the clusters through which a company may pledge: %w", err)
	}
	return all, nil
}

// throughIts holds for a cluster j of a campaign c through which company $2 may pledge on day $3.
const throughIts = `(j.cluster_id = c.cluster_id OR j.since <= $3) AND EXISTS (
	SELECT 1 FROM memberships m WHERE m.cluster_id = j.cluster_id AND m.company_id = $2 AND m.since <= $3 AND (m.until IS NULL OR m.until > $3))`
