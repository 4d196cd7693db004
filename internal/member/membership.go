package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Kinds are what a company may be to a cluster.
var Kinds = []string{"member", "educational-partner", "business-partner", "donor-programme"}

// Membership is what a company is to a cluster, and for how long.
type Membership struct {
	ClusterID string     `db:"cluster_id"`
	UK        string     `db:"name_uk"` // the cluster's name
	EN        string     `db:"name_en"`
	Kind      string     `db:"kind"`
	Since     time.Time  `db:"since"`
	Until     *time.Time `db:"until"` // the first day on which it is over
}

// Open reports whether no end is set.
func (m Membership) Open() bool { return m.Until == nil }

// MembershipsOf is what a company is and was to its clusters, the latest first. Whoever asks
// has looked whether the reader may know the company.
func MembershipsOf(ctx context.Context, db sqlx.QueryerContext, company string) ([]Membership, error) {
	var all []Membership
	err := sqlx.SelectContext(ctx, db, &all, `SELECT m.cluster_id, c.name_uk, c.name_en, m.kind, m.since, m.until
		FROM memberships m JOIN clusters c ON c.id = m.cluster_id WHERE m.company_id = $1 ORDER BY m.since DESC, c.slug`, company)
	if err != nil {
		return nil, fmt.Errorf("list memberships: %w", err)
	}
	return all, nil
}

// Enrol makes a company something to a cluster from a day on. Days that overlap what it
// already is to that cluster are a fault.
func Enrol(ctx context.Context, tx *sqlx.Tx, company string, m Membership) error {
	if !slices.Contains(Kinds, m.Kind) {
		return fault.In("kind", "membership.kind")
	}
	if m.Since.IsZero() || m.Since.Year() < 1900 || m.Since.Year() > 2200 {
		return fault.In("since", "membership.since")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO memberships (company_id, cluster_id, kind, since, until) VALUES ($1, $2, $3, $4, $5)`,
		company, m.ClusterID, m.Kind, m.Since, m.Until)
	if err != nil {
		return fmt.Errorf("enrol a company: %w", kindly(err))
	}
	return nil
}

// ChangeMembership makes a company something else to a cluster from a day on: what it was
// ends on that day. An empty kind ends it without another. A coordinator of the cluster may.
func ChangeMembership(ctx context.Context, db *sqlx.DB, now clock.Clock, company, cluster, person, kind string, day time.Time) error {
	if day.IsZero() {
		return fault.In("since", "membership.since")
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mayEnrol(ctx, tx, company, cluster, person); err != nil {
			return err
		}
		if err := pg.Lock(ctx, tx, "membership:"+company+":"+cluster); err != nil {
			return err
		}
		var was string
		err := tx.GetContext(ctx, &was, `UPDATE memberships SET until = $3 WHERE company_id = $1 AND cluster_id = $2 AND until IS NULL RETURNING kind`, company, cluster, day)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			if f, ok := fault.As(kindly(err)); ok {
				return f.About("since")
			}
			return fmt.Errorf("end a membership: %w", err)
		}
		switch {
		case kind == "" && was == "":
			return fault.New(fault.Conflict, "membership.none_to_end")
		case kind != "":
			if err := Enrol(ctx, tx, company, Membership{ClusterID: cluster, Kind: kind, Since: day}); err != nil {
				return err
			}
		}
		return record(ctx, tx, now(), person, "company.membership-changed", "company:"+company,
			map[string]any{"cluster": cluster, "day": day.Format(time.DateOnly), "kind": map[string]any{"before": was, "after": kind}})
	})
}

// mayEnrol refuses who does not coordinate the cluster. A company that was never in it is
// not there for its people.
func mayEnrol(ctx context.Context, tx *sqlx.Tx, company, cluster, person string) error {
	unknown := fault.New(fault.NotFound, "company.unknown")
	var there bool
	if err := tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM memberships WHERE company_id = $1 AND cluster_id = $2)`, company, cluster); err != nil {
		return fmt.Errorf("look for a membership: %w", err)
	}
	if !there {
		return unknown
	}
	return mustCoordinateCluster(ctx, tx, cluster, person, unknown)
}
