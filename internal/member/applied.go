package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Applied is an application as the coordinators of its cluster see it.
type Applied struct {
	ID          string     `db:"id"`
	ClusterID   string     `db:"cluster_id"`
	ClusterUK   string     `db:"cluster_uk"`
	ClusterEN   string     `db:"cluster_en"`
	Kind        string     `db:"kind"`
	NameUK      string     `db:"name_uk"`
	NameEN      string     `db:"name_en"`
	Country     string     `db:"country"`
	OfficialID  string     `db:"official_id"`
	Site        string     `db:"site"`
	Message     string     `db:"message"`
	ShowsName   bool       `db:"shows_name"`
	ShowsSite   bool       `db:"shows_site"`
	PersonName  string     `db:"person_name"`
	Email       string     `db:"email"`
	Lang        string     `db:"lang"`
	AskedAt     time.Time  `db:"asked_at"`
	ConfirmedAt *time.Time `db:"confirmed_at"`
	Accepted    *bool      `db:"accepted"` // nil while nobody has decided
	Reason      string     `db:"reason"`
	DecidedBy   string     `db:"decided_by"` // a name
	DecidedAt   *time.Time `db:"decided_at"`
	CompanyID   string     `db:"company_id"` // what it became
	KnownID     string     `db:"known_id"`   // a company here that has the same official id
	KnownUK     string     `db:"known_uk"`
	KnownEN     string     `db:"known_en"`
}

// Name is the company's.
func (a Applied) Name() Text { return Text{a.NameUK, a.NameEN} }

// Cluster is the name of the cluster that was asked.
func (a Applied) Cluster() Text { return Text{a.ClusterUK, a.ClusterEN} }

// Waits reports whether nobody has decided.
func (a Applied) Waits() bool { return a.Accepted == nil }

const appliedColumns = `
	SELECT a.id, a.cluster_id, l.name_uk AS cluster_uk, l.name_en AS cluster_en, a.kind, a.name_uk, a.name_en, a.country, a.official_id, a.site, a.message,
	       a.shows_name, a.shows_site, a.person_name, a.email, a.lang, a.asked_at, c.confirmed_at, d.accepted, coalesce(d.reason, '') AS reason,
	       coalesce(p.name, '') AS decided_by, d.happened_at AS decided_at, coalesce(d.company_id::text, '') AS company_id,
	       coalesce(k.id::text, '') AS known_id, coalesce(k.name_uk, '') AS known_uk, coalesce(k.name_en, '') AS known_en`

// appliedJoins are what stands beside an application a. What grows with them is looked up
// for each, and never read as a whole.
const appliedJoins = `
	  JOIN clusters l ON l.id = a.cluster_id
	  LEFT JOIN LATERAL (SELECT * FROM application_confirmations o WHERE o.application_id = a.id LIMIT 1) c ON true
	  LEFT JOIN LATERAL (SELECT * FROM application_decisions o WHERE o.application_id = a.id LIMIT 1) d ON true
	  LEFT JOIN people p ON p.id = d.person_id
	  LEFT JOIN companies k ON k.official_id <> '' AND k.country = a.country AND k.official_id = a.official_id`

func oneApplication(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Applied, error) {
	var a Applied
	err := sqlx.GetContext(ctx, q, &a, appliedColumns+` FROM company_applications a`+appliedJoins+` WHERE `+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "application.unknown")
	}
	if err != nil {
		return a, fmt.Errorf("find an application: %w", err)
	}
	return a, nil
}

// ApplicationFor is a confirmed application to a cluster in which a person works; to others
// there is none.
func ApplicationFor(ctx context.Context, q sqlx.QueryerContext, id, person string) (Applied, error) {
	if !pg.IsID(id) {
		return Applied{}, fault.New(fault.NotFound, "application.unknown")
	}
	return oneApplication(ctx, q, `a.id = $1 AND c.application_id IS NOT NULL
		AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = a.cluster_id AND r.person_id = $2)`, id, person)
}

// ApplicationsFor lists the confirmed applications to a person's clusters below an id, the
// latest first: those that wait, or all that are decided.
func ApplicationsFor(ctx context.Context, db sqlx.QueryerContext, person string, waiting bool, after string, limit int) ([]Applied, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	var all []Applied
	err := sqlx.SelectContext(ctx, db, &all, appliedColumns+`
		  FROM (SELECT o.application_id FROM application_confirmations o
		         WHERE o.cluster_id IN (SELECT r.cluster_id FROM cluster_roles r WHERE r.person_id = $1) AND o.waits = $2
		           AND ($3::uuid IS NULL OR o.application_id < $3) ORDER BY o.application_id DESC LIMIT $4) shown
		 CROSS JOIN LATERAL (SELECT * FROM company_applications o WHERE o.id = shown.application_id LIMIT 1) a`+appliedJoins+`
		 ORDER BY a.id DESC`, person, waiting, null(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list applications: %w", err)
	}
	return all, nil
}

// CountApplications counts those that wait for a coordinator's decision, up to a limit.
func CountApplications(ctx context.Context, db sqlx.QueryerContext, person string, most int) (n int, err error) {
	err = sqlx.GetContext(ctx, db, &n, `SELECT count(*) FROM (SELECT 1 FROM application_confirmations c
		 WHERE c.waits AND c.cluster_id IN (SELECT r.cluster_id FROM cluster_roles r WHERE r.person_id = $1 AND r.role = 'coordinator') LIMIT $2) w`, person, most)
	if err != nil {
		return 0, fmt.Errorf("count applications: %w", err)
	}
	return n, nil
}
