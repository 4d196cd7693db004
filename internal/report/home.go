package report

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// Home is what the first page tells: who runs campaigns, which, and what they came to.
type Home struct {
	Clusters  []Cluster
	Campaigns []Summary // open ones first
	Sums      []Sum     // in the order in which currencies appear among the campaigns
	Companies Joined
}

// Cluster is an association that runs campaigns.
type Cluster struct {
	Ref
	About   Text `db:"about"`
	Members int  `db:"members"` // today; partners and donors are none
}

// Sum adds up the campaigns of one currency. Currencies are never added to each other.
type Sum struct {
	Currency  money.Currency
	Received  int64
	Refunded  int64
	Allocated int64
}

// Joined counts companies over all campaigns, each once.
type Joined struct {
	Pledged int `db:"pledged"`
	Paid    int `db:"paid"`
}

// Home returns the first page's figures. An empty house is no error.
func (r *Report) Home(ctx context.Context) (Home, error) {
	var h Home
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if err := tx.SelectContext(ctx, &h.Clusters, clusters+` ORDER BY k.created_at, k.slug`); err != nil {
			return fmt.Errorf("list the clusters: %w", err)
		}
		if h.Campaigns, err = list(ctx, tx, ""); err != nil {
			return err
		}
		h.Sums = sumsOf(h.Campaigns)
		// By company, so that an index answers for each and a company with a thousand
		// pledges costs no more than one with a single pledge.
		err = tx.GetContext(ctx, &h.Companies, `
			SELECT count(*) FILTER (WHERE pledged) AS pledged, count(*) FILTER (WHERE paid) AS paid
			  FROM (SELECT EXISTS (SELECT 1 FROM pledges p JOIN campaigns c ON c.id = p.campaign_id
			                        WHERE p.company_id = k.id AND c.state <> 'draft') AS pledged,
			               EXISTS (SELECT 1 FROM pledges p JOIN campaigns c ON c.id = p.campaign_id JOIN payments y ON y.pledge_id = p.id
			                        WHERE p.company_id = k.id AND c.state <> 'draft' AND y.received_minor > 0) AS paid
			          FROM companies k) x`)
		if err != nil {
			return fmt.Errorf("count the companies: %w", err)
		}
		return nil
	})
	return h, err
}

const clusters = `
	SELECT k.slug, k.name_uk AS "name.uk", k.name_en AS "name.en", k.about_uk AS "about.uk", k.about_en AS "about.en",
	       (SELECT count(DISTINCT m.company_id) FROM memberships m
	         WHERE m.cluster_id = k.id AND m.kind = 'member' AND m.since <= CURRENT_DATE AND (m.until IS NULL OR m.until > CURRENT_DATE)) AS members
	  FROM clusters k`

func sumsOf(campaigns []Summary) []Sum {
	var sums []Sum
	at := map[money.Currency]int{}
	for _, c := range campaigns {
		i, ok := at[c.Totals.Currency]
		if !ok {
			i = len(sums)
			at[c.Totals.Currency] = i
			sums = append(sums, Sum{Currency: c.Totals.Currency})
		}
		sums[i].Received += c.Totals.Received
		sums[i].Refunded += c.Totals.Refunded
		sums[i].Allocated += c.Totals.Allocated
	}
	return sums
}

// ClusterPage is a cluster with its campaigns, and how to reach it.
type ClusterPage struct {
	Cluster
	Contact
	Campaigns []Summary    // that it leads
	Joined    []Summary    // that others lead
	Sums      []ClusterSum // of its own shares in all of them
}

// Contact is how to reach a cluster. Empty is what it has not told.
type Contact struct {
	Email string `db:"email"`
	Phone string `db:"phone"`
	Site  string `db:"site"`
	Logo  bool   `db:"logo"` // there is one
}

// Cluster returns a cluster and its campaigns. Its members are counted and not listed:
// beside the number of companies that gave, a list would name the anonymous by
// elimination. An unknown cluster is a fault of kind NotFound.
func (r *Report) Cluster(ctx context.Context, slug string) (ClusterPage, error) {
	var c ClusterPage
	if !isSlug(slug) {
		return c, fault.New(fault.NotFound, "cluster.unknown")
	}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if err := tx.GetContext(ctx, &c.Cluster, clusters+` WHERE k.slug = $1`, slug); err != nil {
			return known(fmt.Errorf("read cluster %s: %w", slug, err), "cluster.unknown")
		}
		err = tx.GetContext(ctx, &c.Contact, `SELECT k.email, k.phone, k.site, EXISTS (SELECT 1 FROM cluster_logos g WHERE g.cluster_id = k.id) AS logo FROM clusters k WHERE k.slug = $1`, slug)
		if err != nil {
			return fmt.Errorf("read how to reach cluster %s: %w", slug, err)
		}
		all, err := list(ctx, tx, slug)
		c.Sums = sharesOf(slug, all)
		for _, one := range all {
			if one.Cluster.Slug == slug {
				c.Campaigns = append(c.Campaigns, one)
			} else {
				c.Joined = append(c.Joined, one)
			}
		}
		return err
	})
	return c, err
}
