package member

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Listed is a company in the list of those who run its clusters, with what it is to one of
// them now, or else the latest that it was.
type Listed struct {
	ID         string     `db:"id"`
	UK         string     `db:"name_uk"`
	EN         string     `db:"name_en"`
	Country    string     `db:"country"`
	OfficialID string     `db:"official_id"`
	Site       string     `db:"site"`
	ClusterUK  string     `db:"cluster_uk"`
	ClusterEN  string     `db:"cluster_en"`
	Kind       string     `db:"kind"`
	Since      time.Time  `db:"since"`
	Until      *time.Time `db:"until"`
	People     int64      `db:"people"` // who act for it
}

// CompanySearch narrows the list. Zero values narrow nothing.
type CompanySearch struct {
	Words  string // in a name, or the whole official id
	Kind   string
	Joined int  // the year in which it first came to a cluster
	Former bool // those that belong no longer, instead of those that do
	Today  time.Time
}

// CompaniesFor lists the companies of a person's clusters below an id, the latest first.
func CompaniesFor(ctx context.Context, db sqlx.QueryerContext, person string, s CompanySearch, after string, limit int) ([]Listed, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	var all []Listed
	err := sqlx.SelectContext(ctx, db, &all, `
		SELECT k.id, k.name_uk, k.name_en, k.country, k.official_id, k.site, m.kind, m.since, m.until, c.name_uk AS cluster_uk, c.name_en AS cluster_en,
		       (SELECT count(*) FROM company_roles r WHERE r.company_id = k.id) AS people
		  FROM companies k
		 CROSS JOIN LATERAL (
		       SELECT m.cluster_id, m.kind, m.since, m.until FROM memberships m
		        WHERE m.company_id = k.id AND m.cluster_id IN (SELECT r.cluster_id FROM cluster_roles r WHERE r.person_id = $1)
		        ORDER BY coalesce(m.until > $5, true) DESC, m.since DESC LIMIT 1) m
		  JOIN clusters c ON c.id = m.cluster_id
		 WHERE ($2 = '' OR position(lower($2) IN lower(k.name_uk || ' ' || k.name_en)) > 0 OR k.official_id = upper($2))
		   AND ($3 = '' OR m.kind = $3)
		   AND (coalesce(m.until > $5, true) <> $4)
		   AND ($6 = 0 OR EXISTS (SELECT 1 FROM memberships f WHERE f.company_id = k.id AND f.cluster_id IN (SELECT r.cluster_id FROM cluster_roles r WHERE r.person_id = $1)
		                 GROUP BY f.cluster_id HAVING extract(year FROM min(f.since)) = $6))
		   AND ($7::uuid IS NULL OR k.id < $7)
		 ORDER BY k.id DESC LIMIT $8`, person, s.Words, s.Kind, s.Former, s.Today, s.Joined, null(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list companies: %w", err)
	}
	return all, nil
}
