// Package member is who belongs to what: clusters, companies and their memberships,
// people and their roles, and signing in. It knows nothing of money.
package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// CompanyRole is what a person may do for a company.
type CompanyRole string

const (
	Owner  CompanyRole = "owner"  // everything
	Payer  CompanyRole = "payer"  // pledge and pay
	Viewer CompanyRole = "viewer" // look
)

// MayPay reports whether the role may promise and pay money.
func (r CompanyRole) MayPay() bool { return r == Owner || r == Payer }

// ClusterRole is what a person may do for a cluster.
type ClusterRole string

const (
	Coordinator ClusterRole = "coordinator" // proposes
	Approver    ClusterRole = "approver"    // decides on what another proposed
	Treasurer   ClusterRole = "treasurer"   // sees to the money: payments, statements, refunds
	Auditor     ClusterRole = "auditor"     // reads everything and changes nothing
	Admin       ClusterRole = "admin"       // keeps the machine running
)

// Text is a public text in both languages.
type Text struct{ UK, EN string }

// Cluster is an association of companies.
type Cluster struct {
	ID, Slug    string
	Name, About Text
}

// Company is a member company or a partner.
type Company struct {
	ID, Slug    string
	Name, About Text
	Country     string // where it is registered; empty: Ukraine
	OfficialID  string // its EDRPOU code, or the number under which its country knows it
}

// AddCluster enters a cluster and returns its id.
func AddCluster(ctx context.Context, tx *sqlx.Tx, at time.Time, c Cluster) (string, error) {
	id := pg.NewID()
	_, err := tx.ExecContext(ctx, `INSERT INTO clusters (id, slug, name_uk, name_en, about_uk, about_en, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, c.Slug, c.Name.UK, c.Name.EN, c.About.UK, c.About.EN, at)
	if err != nil {
		return "", fmt.Errorf("add cluster %s: %w", c.Slug, kindly(err))
	}
	return id, nil
}

// AddCompany enters a company and returns its id. Everyone may see its name and what it
// says about itself; the rest of its profile it shows by its own consent.
func AddCompany(ctx context.Context, tx *sqlx.Tx, at time.Time, c Company) (string, error) {
	id := pg.NewID()
	_, err := tx.ExecContext(ctx, `INSERT INTO companies (id, slug, name_uk, name_en, about_uk, about_en, country, official_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, coalesce(nullif($7, ''), 'UA'), $8, $9)`,
		id, c.Slug, c.Name.UK, c.Name.EN, c.About.UK, c.About.EN, c.Country, c.OfficialID, at)
	if err != nil {
		return "", fmt.Errorf("add company %s: %w", c.Slug, kindly(err))
	}
	return id, nil
}

// Join makes a company a member of a cluster from a day on.
func Join(ctx context.Context, tx *sqlx.Tx, company, cluster string, since time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO memberships (company_id, cluster_id, kind, since) VALUES ($1, $2, 'member', $3)`, company, cluster, since)
	if err != nil {
		return fmt.Errorf("join cluster: %w", err)
	}
	return nil
}

// ClusterBySlug finds a cluster; an unknown one is a NotFound fault.
func ClusterBySlug(ctx context.Context, db sqlx.QueryerContext, slug string) (Cluster, error) {
	var c Cluster
	err := db.QueryRowxContext(ctx, `SELECT id, slug, name_uk, name_en, about_uk, about_en FROM clusters WHERE slug = $1`, slug).
		Scan(&c.ID, &c.Slug, &c.Name.UK, &c.Name.EN, &c.About.UK, &c.About.EN)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "cluster.unknown", slug)
	}
	if err != nil {
		return c, fmt.Errorf("find cluster: %w", err)
	}
	return c, nil
}

// CompanyBySlug finds a company; an unknown one is a NotFound fault.
func CompanyBySlug(ctx context.Context, db sqlx.QueryerContext, slug string) (Company, error) {
	var c Company
	err := db.QueryRowxContext(ctx, `SELECT id, slug, name_uk, name_en, about_uk, about_en FROM companies WHERE slug = $1`, slug).
		Scan(&c.ID, &c.Slug, &c.Name.UK, &c.Name.EN, &c.About.UK, &c.About.EN)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "company.unknown", slug)
	}
	if err != nil {
		return c, fmt.Errorf("find company: %w", err)
	}
	return c, nil
}

// kindly turns a broken promise of the schema into a fault.
func kindly(err error) error {
	switch name := pg.Constraint(err); {
	case name == "people_email_once":
		return fault.In("email", "person.email_taken")
	case name == "companies_official_id_once":
		return fault.In("official_id", "company.official_id_taken")
	case name == "companies_edrpou":
		return fault.In("official_id", "company.edrpou")
	case name == "companies_official_id_form":
		return fault.In("official_id", "company.official_id_form")
	case name == "memberships_one_at_a_time" || name == "memberships_pkey":
		return fault.In("since", "membership.overlaps")
	case name == "memberships_order":
		return fault.In("until", "membership.order")
	case name == "company_addresses_one_at_a_time":
		return fault.In("since", "address.overlaps")
	case name == "company_addresses_order":
		return fault.In("since", "address.order")
	case name == "company_roles_last_owner":
		return fault.New(fault.Conflict, "company.last_owner")
	case name == "company_factor_choices_by_owner":
		return fault.New(fault.Forbidden, "company.owners_only")
	case name == "company_factor_choices_of_who_has_one":
		return fault.In("factor", "company.factor_first")
	case name == "cluster_roles_last_admin":
		return fault.New(fault.Conflict, "cluster.last_admin")
	case strings.HasSuffix(name, "_slug_once"):
		return fault.In("slug", "slug.taken")
	case strings.HasSuffix(name, "_slug_form"):
		return fault.In("slug", "slug.form")
	}
	return err
}
