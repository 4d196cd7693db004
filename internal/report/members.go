package report

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// MembersYear is how a cluster's companies came and went within a year.
type MembersYear struct {
	Year  int
	Kinds []KindYear // every kind that there was, in the order of their names
	Years []int      // in which somebody came or went, the latest first
}

// KindYear are the companies of one kind. New ones are those that were nothing to the
// cluster before; what one was first decides its kind. Left are those that are nothing to it
// since. There counts the last day of the year, or today.
type KindYear struct {
	Kind  string `db:"kind"`
	New   int64  `db:"new"`
	Left  int64  `db:"gone"`
	There int64  `db:"there"`
}

// Members returns how the companies of a cluster came and went within a year. It names none
// of them.
func (r *Report) Members(ctx context.Context, cluster string, year int, today time.Time) (MembersYear, error) {
	v := MembersYear{Year: year}
	from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	last := from.AddDate(1, 0, -1)
	if last.After(today) {
		last = today
	}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		err := tx.SelectContext(ctx, &v.Kinds, `
			WITH days AS (
				SELECT m.company_id, m.kind, m.since, m.until,
				       row_number() OVER (PARTITION BY m.company_id ORDER BY m.since) = 1 AS first,
				       row_number() OVER (PARTITION BY m.company_id ORDER BY m.since DESC) = 1 AS final
				  FROM memberships m JOIN clusters c ON c.id = m.cluster_id WHERE c.slug = $1)
			SELECT kind, count(*) FILTER (WHERE first AND since >= $2 AND since < $3) AS new,
			       count(*) FILTER (WHERE final AND until >= $2 AND until < $3) AS gone,
			       count(*) FILTER (WHERE since <= $4 AND (until IS NULL OR until > $4)) AS there
			  FROM days GROUP BY kind ORDER BY kind`, cluster, from, from.AddDate(1, 0, 0), last)
		if err != nil {
			return fmt.Errorf("count the members of %d: %w", year, err)
		}
		err = tx.SelectContext(ctx, &v.Years, `
			SELECT DISTINCT extract(year FROM d)::int FROM memberships m JOIN clusters c ON c.id = m.cluster_id, unnest(ARRAY[m.since, m.until]) d
			 WHERE c.slug = $1 AND d IS NOT NULL ORDER BY 1 DESC`, cluster)
		if err != nil {
			return fmt.Errorf("list the years of members: %w", err)
		}
		return nil
	})
	return v, err
}
