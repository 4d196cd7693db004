package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// companyGifts is how many gifts a company's page shows.
const companyGifts = 100

// Company is all that a company's page tells: nothing of its anonymous pledges, no sum that
// would give a hidden amount away, and of its profile what it has agreed to show.
type Company struct {
	Ref
	About       Text
	Site        string // empty when it has none or does not show it
	Logo        bool   // there is one to be seen
	Memberships []Membership
	Named       []NamedSum // per currency, of the pledges with name and amount alone
	Gifts       []Gift     // named, or with the amount hidden; the latest
	More        bool       // there are older ones
}

// Membership says since when a company belongs to a cluster, and as what.
type Membership struct {
	Cluster Ref        `db:"cluster"`
	Kind    string     `db:"kind"`
	Since   time.Time  `db:"since"`
	Until   *time.Time `db:"until"`
}

// NamedSum is what a company lets everyone add up.
type NamedSum struct {
	Currency money.Currency `db:"currency"`
	Pledged  int64          `db:"pledged"`
	OnItsWay int64          `db:"on_its_way"` // paid, and not yet with us
	Received int64          `db:"received"`
	Refunded int64          `db:"refunded"`
}

// Company returns a company that is or was a member of a cluster and shows it, or has given
// under its name. Any other, one that has only given anonymously too, is a fault of kind NotFound.
func (r *Report) Company(ctx context.Context, slug string) (Company, error) {
	var c Company
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		id, err := c.read(ctx, tx, slug)
		if err != nil {
			return err
		}
		err = tx.SelectContext(ctx, &c.Memberships, `
			SELECT k.slug AS "cluster.slug", k.name_uk AS "cluster.name.uk", k.name_en AS "cluster.name.en", m.kind, m.since, m.until
			  FROM memberships m JOIN clusters k ON k.id = m.cluster_id JOIN companies o ON o.id = m.company_id AND o.shows_name
			 WHERE m.company_id = $1 ORDER BY m.since DESC, k.slug`, id)
		if err != nil {
			return fmt.Errorf("list the memberships: %w", err)
		}
		err = tx.SelectContext(ctx, &c.Named, `
			SELECT p.currency, sum(p.amount_minor + x.change)::bigint AS pledged, sum(y.received)::bigint AS received, sum(y.refunded)::bigint AS refunded,
			       sum(y.on_its_way)::bigint AS on_its_way
			  FROM pledges p JOIN campaigns c ON c.id = p.campaign_id AND c.state <> 'draft'`+brought+`
			 WHERE p.company_id = $1 AND p.visibility = 'named' GROUP BY p.currency ORDER BY p.currency`, id)
		if err != nil {
			return fmt.Errorf("sum up what the company shows: %w", err)
		}
		c.Gifts, err = giftsOf(ctx, tx, id, companyGifts+1)
		return err
	})
	if err != nil {
		return Company{}, err
	}
	if c.More = len(c.Gifts) > companyGifts; c.More {
		c.Gifts = c.Gifts[:companyGifts]
	}
	return c, nil
}

func (c *Company) read(ctx context.Context, tx *sqlx.Tx, slug string) (uuid.UUID, error) {
	if !isSlug(slug) {
		return uuid.Nil, fault.New(fault.NotFound, "company.unknown")
	}
	var row struct {
		ID uuid.UUID `db:"id"`
		Ref
		About Text   `db:"about"`
		Site  string `db:"site"`
		Logo  bool   `db:"logo"`
	}
	err := tx.GetContext(ctx, &row, `
		SELECT k.id, k.slug, k.name_uk AS "name.uk", k.name_en AS "name.en",
		       CASE WHEN k.shows_about THEN k.about_uk ELSE '' END AS "about.uk", CASE WHEN k.shows_about THEN k.about_en ELSE '' END AS "about.en",
		       CASE WHEN k.shows_site THEN k.site ELSE '' END AS site, k.shows_logo AND EXISTS (SELECT 1 FROM company_logos g WHERE g.company_id = k.id) AS logo
		  FROM companies k
		 WHERE k.slug = $1 AND `+hasPage, slug)
	if err != nil {
		return uuid.Nil, known(fmt.Errorf("read company %s: %w", slug, err), "company.unknown")
	}
	c.Ref, c.About, c.Site, c.Logo = row.Ref, row.About, row.Site, row.Logo
	return row.ID, nil
}

// hasPage holds for a company k that everyone may know of.
const hasPage = `(k.shows_name AND EXISTS (SELECT 1 FROM memberships m WHERE m.company_id = k.id) OR ` + givesOpenly + `)`

// CompanyLogo returns the picture that a company lets everyone see. Without one, or without
// that consent, it is a fault of kind NotFound.
func (r *Report) CompanyLogo(ctx context.Context, slug string) ([]byte, error) {
	return r.logo(ctx, slug, `SELECT g.png FROM company_logos g JOIN companies k ON k.id = g.company_id WHERE k.slug = $1 AND k.shows_logo AND `+hasPage)
}

// ClusterLogo returns a cluster's picture.
func (r *Report) ClusterLogo(ctx context.Context, slug string) ([]byte, error) {
	return r.logo(ctx, slug, `SELECT g.png FROM cluster_logos g JOIN clusters k ON k.id = g.cluster_id WHERE k.slug = $1`)
}

func (r *Report) logo(ctx context.Context, slug, query string) ([]byte, error) {
	if !isSlug(slug) {
		return nil, fault.New(fault.NotFound, "logo.none")
	}
	var png []byte
	if err := r.db.GetContext(ctx, &png, query, slug); err != nil {
		return nil, known(fmt.Errorf("read a logo of %s: %w", slug, err), "logo.none")
	}
	return png, nil
}

// givesOpenly holds for a company k with a pledge that carries its name.
const givesOpenly = `EXISTS (SELECT 1 FROM pledges p JOIN campaigns c ON c.id = p.campaign_id AND c.state <> 'draft'
	WHERE p.company_id = k.id AND p.visibility <> 'anonymous')`

// giftsOf returns the pledges of a company that carry its name, the latest first.
func giftsOf(ctx context.Context, tx *sqlx.Tx, company uuid.UUID, limit int) ([]Gift, error) {
	var rows []giftRow
	err := tx.SelectContext(ctx, &rows, `
		SELECT `+public+`, c.slug AS campaign_slug, c.title_uk AS campaign_uk, c.title_en AS campaign_en
		  FROM pledges p
		  JOIN companies k ON k.id = p.company_id
		  JOIN campaigns c ON c.id = p.campaign_id AND c.state <> 'draft'`+brought+`
		 WHERE p.company_id = $1 AND p.visibility <> 'anonymous'
		 ORDER BY p.id DESC LIMIT $2`, company, limit)
	if err != nil {
		return nil, fmt.Errorf("list the company's gifts: %w", err)
	}
	return toGifts(rows), nil
}

// Companies are those that have given under their names.
type Companies struct {
	Named    []CompanyLine
	Withheld int // how many others have given, and only anonymously
}

// CompanyLine is a company in the list. It carries no sum: with a hidden amount there is
// none to show, and without one the company's page has it.
type CompanyLine struct {
	Ref
	Gifts int `db:"gifts"` // pledges that carry the name
}

// Companies returns every company that has given under its name, in no promised order,
// and the number of those that keep theirs. Members that have given nothing are left
// out: beside the number, a list of all members would name the anonymous by elimination.
func (r *Report) Companies(ctx context.Context) (Companies, error) {
	var rows []struct {
		CompanyLine
		Any bool `db:"any"`
	}
	err := r.db.SelectContext(ctx, &rows, `
		SELECT k.slug, k.name_uk AS "name.uk", k.name_en AS "name.en", g.gifts, g.any
		  FROM companies k
		 CROSS JOIN LATERAL (
		       SELECT count(*) FILTER (WHERE p.visibility <> 'anonymous') AS gifts, count(*) > 0 AS any
		         FROM pledges p JOIN campaigns c ON c.id = p.campaign_id AND c.state <> 'draft' WHERE p.company_id = k.id) g
		 WHERE g.any`)
	if err != nil {
		return Companies{}, fmt.Errorf("list the companies: %w", err)
	}
	var all Companies
	for _, row := range rows {
		if row.Gifts == 0 {
			all.Withheld++
			continue
		}
		all.Named = append(all.Named, row.CompanyLine)
	}
	return all, nil
}
