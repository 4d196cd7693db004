package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/money"
)

// Share is what of a campaign was given through one of its clusters. The shares of a campaign
// come to its totals, to the kopiyka, so that a joint campaign counts once.
//
// In a joint campaign a cluster's share holds the gifts with a name and an amount alone. The
// others stand together and of no cluster: one hidden gift in a share could be read from it.
// So shares tell no amount that the list of gifts does not.
type Share struct {
	Cluster  *Ref // nil: the gifts whose name or amount is withheld, whatever they came through
	Leads    bool // it leads the campaign, and keeps the money of all
	Pledged  int64
	Received int64 // before fees and refunds
	Refunded int64
}

// ShareOf is the share of one cluster; nil when it is none of the campaign's.
func (s Summary) ShareOf(cluster string) *Share {
	for i, one := range s.Shares {
		if one.Cluster != nil && one.Cluster.Slug == cluster {
			return &s.Shares[i]
		}
	}
	return nil
}

// shares are those of joint campaigns at a moment: of the cluster that leads, of the others
// by name, and of none last, where there is anything of none.
const shares = `
	WITH collecting AS (
		SELECT j.campaign_id, j.cluster_id, j.cluster_id = c.cluster_id AS leads, count(*) OVER (PARTITION BY j.campaign_id) AS clusters
		  FROM campaign_clusters j JOIN campaigns c ON c.id = j.campaign_id
		 WHERE j.campaign_id = ANY ($2::uuid[]) AND (j.cluster_id = c.cluster_id OR j.since <= ($1::timestamptz AT TIME ZONE 'Europe/Kyiv')::date)),
	joint AS (SELECT campaign_id, cluster_id, leads FROM collecting WHERE clusters > 1),
	given AS (
		SELECT p.campaign_id, CASE WHEN p.visibility = 'named' THEN p.through_id END AS cluster_id,
		       sum(p.amount_minor + coalesce(a.change, 0))::bigint AS pledged, coalesce(sum(y.received), 0)::bigint AS received, coalesce(sum(y.refunded), 0)::bigint AS refunded
		  FROM pledges p
		  LEFT JOIN (SELECT pledge_id, sum(change_minor) AS change FROM pledge_acts
		              WHERE campaign_id IN (SELECT campaign_id FROM joint) AND happened_at <= $1::timestamptz GROUP BY pledge_id) a ON a.pledge_id = p.id
		  LEFT JOIN (SELECT y.pledge_id, sum(CASE WHEN $1::timestamptz = 'infinity' THEN y.received_minor ELSE ` + cameBy + ` END) AS received,
		                    sum(CASE WHEN $1::timestamptz = 'infinity' THEN y.refunded_minor ELSE -` + wentBackBy + ` END) AS refunded
		               FROM payments y WHERE y.campaign_id IN (SELECT campaign_id FROM joint) GROUP BY y.pledge_id) y ON y.pledge_id = p.id
		 WHERE p.campaign_id IN (SELECT campaign_id FROM joint) AND p.made_at <= $1::timestamptz
		 GROUP BY 1, 2)
	SELECT campaign_id, slug, name_uk, name_en, leads, pledged, received, refunded FROM (
		SELECT j.campaign_id, k.slug, k.name_uk, k.name_en, j.leads, coalesce(g.pledged, 0) AS pledged, coalesce(g.received, 0) AS received, coalesce(g.refunded, 0) AS refunded
		  FROM joint j JOIN clusters k ON k.id = j.cluster_id LEFT JOIN given g ON g.campaign_id = j.campaign_id AND g.cluster_id = j.cluster_id
		 UNION ALL
		SELECT campaign_id, NULL, NULL, NULL, false, pledged, received, refunded FROM given WHERE cluster_id IS NULL AND (pledged, received, refunded) <> (0, 0, 0)) s
	 ORDER BY campaign_id, slug IS NULL, leads DESC, name_uk COLLATE "uk-x-icu", slug`

// cameBy and wentBackBy are what a payment y brought by $1, and what that changed by since.
const (
	cameBy     = moved + ` ('gift'))`
	wentBackBy = moved + ` ('refund', 'refund-failed', 'late-failure'))`
	moved      = `(
	SELECT coalesce(sum(CASE WHEN a.kind IN ('fund', 'purpose', 'need', 'shortfall') THEN -l.amount WHEN a.kind IN ('fee', 'disputed', 'loss', 'drift') THEN l.amount ELSE 0 END), 0)
	  FROM audit_acts t
	  JOIN ledger.entries e ON e.id = (t.detail ->> 'entry')::bigint
	  LEFT JOIN ledger.entries mended ON mended.id = e.mends
	  JOIN ledger.lines l ON l.entry_id = e.id
	  JOIN ledger.accounts a ON a.id = l.account_id AND a.currency = y.currency
	 WHERE t.subject = 'payment:' || y.id AND t.act LIKE 'payment.%' AND e.happened_at <= $1::timestamptz AND coalesce(mended.kind, e.kind) IN`
)

type shareRow struct {
	Campaign uuid.UUID `db:"campaign_id"`
	Slug     *string   `db:"slug"`
	UK       *string   `db:"name_uk"`
	EN       *string   `db:"name_en"`
	Leads    bool      `db:"leads"`
	Pledged  int64     `db:"pledged"`
	Received int64     `db:"received"`
	Refunded int64     `db:"refunded"`
}

// addShares works out the shares of campaigns. One for which a single cluster collects is
// that cluster's whole.
func addShares(ctx context.Context, q sqlx.QueryerContext, all []Summary, asOf time.Time) error {
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.id.String()
	}
	var rows []shareRow
	if err := sqlx.SelectContext(ctx, q, &rows, shares, until(asOf), pq.Array(ids)); err != nil {
		return fmt.Errorf("work out the shares of clusters: %w", err)
	}
	of := map[uuid.UUID][]Share{}
	for _, r := range rows {
		of[r.Campaign] = append(of[r.Campaign], Share{ref(r.Slug, r.UK, r.EN), r.Leads, r.Pledged, r.Received, r.Refunded})
	}
	for i, s := range all {
		all[i].Shares = of[s.id]
		if all[i].Joint = len(of[s.id]) > 0; !all[i].Joint {
			all[i].Shares = []Share{{&s.Cluster, true, s.Totals.Pledged, s.Totals.Received, s.Totals.Refunded}}
		}
	}
	return nil
}

// ClusterSum adds up a cluster's own shares in the campaigns of one currency.
type ClusterSum struct {
	Currency                    money.Currency
	Pledged, Received, Refunded int64
}

// sharesOf adds up the shares of one cluster, in the order in which currencies appear.
func sharesOf(cluster string, campaigns []Summary) []ClusterSum {
	var sums []ClusterSum
	at := map[money.Currency]int{}
	for _, c := range campaigns {
		share := c.ShareOf(cluster)
		if share == nil {
			continue
		}
		i, ok := at[c.Totals.Currency]
		if !ok {
			i = len(sums)
			at[c.Totals.Currency] = i
			sums = append(sums, ClusterSum{Currency: c.Totals.Currency})
		}
		sums[i].Pledged += share.Pledged
		sums[i].Received += share.Received
		sums[i].Refunded += share.Refunded
	}
	return sums
}

// JoinedBy lists the campaigns that some clusters joined and others lead, open ones first,
// for those who work in these clusters. The clusters are named by their ids. What it tells
// is what everyone may read.
func (r *Report) JoinedBy(ctx context.Context, clusters []string) ([]Summary, error) {
	var all []Summary
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		all, err = listWhere(ctx, tx, `EXISTS (SELECT 1 FROM campaign_clusters j WHERE j.campaign_id = c.id AND j.cluster_id <> c.cluster_id AND j.cluster_id = ANY ($2::uuid[]))`, pq.Array(clusters))
		return err
	})
	return all, err
}
