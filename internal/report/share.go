package report

import (
	"context"
	"fmt"
	"slices"
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

// collecting are the clusters that collect for campaigns at a moment: the one that leads, and
// the others by name. Only joint campaigns are in it.
const collecting = `
	SELECT campaign_id, cluster_id, slug, name_uk, name_en, leads FROM (
		SELECT j.campaign_id, j.cluster_id, k.slug, k.name_uk, k.name_en, j.cluster_id = c.cluster_id AS leads, count(*) OVER (PARTITION BY j.campaign_id) AS clusters
		  FROM campaign_clusters_at($1::timestamptz) j JOIN campaigns c ON c.id = j.campaign_id JOIN clusters k ON k.id = j.cluster_id
		 WHERE j.campaign_id = ANY ($2::uuid[]) AND (j.cluster_id = c.cluster_id OR j.since <= ($1::timestamptz AT TIME ZONE 'Europe/Kyiv')::date)) j
	 WHERE clusters > 1 ORDER BY campaign_id, leads DESC, name_uk COLLATE "uk-x-icu", slug`

// given is what was given to campaigns through each cluster, and of no cluster what is
// withheld. Each campaign is asked by its own indexes, as for its totals.
const given = `
	SELECT c.id AS campaign_id, g.cluster_id, g.pledged, g.received, g.refunded
	  FROM unnest($2::uuid[]) c (id)
	 CROSS JOIN LATERAL (
		SELECT CASE WHEN p.visibility = 'named' THEN p.through_id END AS cluster_id, sum(p.amount_minor + coalesce(a.change, 0))::bigint AS pledged,
		       coalesce(sum(y.received), 0)::bigint AS received, coalesce(sum(y.refunded), 0)::bigint AS refunded
		  FROM pledges p
		  LEFT JOIN (SELECT pledge_id, sum(change_minor) AS change FROM pledge_acts
		              WHERE campaign_id = c.id AND happened_at <= $1::timestamptz GROUP BY pledge_id) a ON a.pledge_id = p.id
		  LEFT JOIN (SELECT y.pledge_id, sum(CASE WHEN $1::timestamptz = 'infinity' THEN y.received_minor ELSE ` + cameBy + ` END) AS received,
		                    sum(CASE WHEN $1::timestamptz = 'infinity' THEN y.refunded_minor ELSE -` + wentBackBy + ` END) AS refunded
		               FROM payments y WHERE y.campaign_id = c.id GROUP BY y.pledge_id) y ON y.pledge_id = p.id
		 WHERE p.campaign_id = c.id AND p.made_at <= $1::timestamptz
		 GROUP BY 1) g`

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

// addShares works out the shares of campaigns. One for which a single cluster collects is
// that cluster's whole.
func addShares(ctx context.Context, q sqlx.QueryerContext, all []Summary, asOf time.Time) error {
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.id.String()
	}
	of, err := jointShares(ctx, q, ids, asOf)
	for i, s := range all {
		all[i].Shares = of[s.id]
		if all[i].Joint = len(of[s.id]) > 0; !all[i].Joint {
			all[i].Shares = []Share{{&s.Cluster, true, s.Totals.Pledged, s.Totals.Received, s.Totals.Refunded}}
		}
	}
	return err
}

// jointShares are the shares of those campaigns that are joint: of each cluster, and of none
// last, where anything is withheld.
func jointShares(ctx context.Context, q sqlx.QueryerContext, campaigns []string, asOf time.Time) (map[uuid.UUID][]Share, error) {
	var clusters []struct {
		Campaign uuid.UUID `db:"campaign_id"`
		Cluster  uuid.UUID `db:"cluster_id"`
		Slug     string    `db:"slug"`
		UK       string    `db:"name_uk"`
		EN       string    `db:"name_en"`
		Leads    bool      `db:"leads"`
	}
	if err := sqlx.SelectContext(ctx, q, &clusters, collecting, until(asOf), pq.Array(campaigns)); err != nil {
		return nil, fmt.Errorf("list the clusters of joint campaigns: %w", err)
	}
	if len(clusters) == 0 {
		return nil, nil
	}
	type at struct{ campaign, cluster uuid.UUID }
	var joint []string
	for _, k := range clusters {
		if k.Leads {
			joint = append(joint, k.Campaign.String())
		}
	}
	var rows []struct {
		Campaign uuid.UUID     `db:"campaign_id"`
		Cluster  uuid.NullUUID `db:"cluster_id"`
		Pledged  int64         `db:"pledged"`
		Received int64         `db:"received"`
		Refunded int64         `db:"refunded"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, given, until(asOf), pq.Array(joint)); err != nil {
		return nil, fmt.Errorf("work out the shares of clusters: %w", err)
	}
	sums := map[at]Share{}
	for _, r := range rows {
		sums[at{r.Campaign, r.Cluster.UUID}] = Share{Pledged: r.Pledged, Received: r.Received, Refunded: r.Refunded}
	}
	of := map[uuid.UUID][]Share{}
	for _, k := range clusters {
		s := sums[at{k.Campaign, k.Cluster}]
		s.Cluster, s.Leads = &Ref{k.Slug, Text{k.UK, k.EN}}, k.Leads
		of[k.Campaign] = append(of[k.Campaign], s)
	}
	for campaign := range of {
		if withheld := sums[at{campaign, uuid.Nil}]; withheld != (Share{}) {
			of[campaign] = append(of[campaign], withheld)
		}
	}
	return of, nil
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

// JoinedCampaign is a campaign that some clusters joined and another leads.
type JoinedCampaign struct {
	Slug     string
	Title    Text
	State    State
	Currency money.Currency
	Led      Ref     // the cluster that leads it
	Shares   []Share // of those that asked
}

// JoinedBy lists the campaigns that clusters joined, open ones first, for those who work in
// these clusters. The clusters are named by their ids. It tells nothing that not everyone may
// read, and none of a campaign's totals.
func (r *Report) JoinedBy(ctx context.Context, clusters []string) ([]JoinedCampaign, error) {
	var all []JoinedCampaign
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		var rows []struct {
			ID       uuid.UUID      `db:"id"`
			Slug     string         `db:"slug"`
			Title    Text           `db:"title"`
			State    State          `db:"state"`
			Currency money.Currency `db:"currency"`
			Led      Ref            `db:"led"`
			Asked    pq.StringArray `db:"asked"`
		}
		err := tx.SelectContext(ctx, &rows, `
			SELECT c.id, c.slug, c.title_uk AS "title.uk", c.title_en AS "title.en", c.state, c.currency,
			       k.slug AS "led.slug", k.name_uk AS "led.name.uk", k.name_en AS "led.name.en", array_agg(o.slug) AS asked
			  FROM campaign_clusters_at('infinity') j JOIN campaigns c ON c.id = j.campaign_id AND c.cluster_id <> j.cluster_id
			  JOIN clusters k ON k.id = c.cluster_id JOIN clusters o ON o.id = j.cluster_id
			 WHERE j.cluster_id = ANY ($1::uuid[]) AND c.state <> 'draft'
			 GROUP BY c.id, k.id ORDER BY c.state <> 'open', c.opens_on DESC, c.slug`, pq.Array(clusters))
		if err != nil {
			return fmt.Errorf("list the campaigns that clusters joined: %w", err)
		}
		ids := make([]string, len(rows))
		for i, row := range rows {
			ids[i] = row.ID.String()
		}
		of, err := jointShares(ctx, tx, ids, now)
		for _, row := range rows {
			one := JoinedCampaign{row.Slug, row.Title, row.State, row.Currency, row.Led, nil}
			for _, s := range of[row.ID] {
				if s.Cluster != nil && slices.Contains(row.Asked, s.Cluster.Slug) {
					one.Shares = append(one.Shares, s)
				}
			}
			all = append(all, one)
		}
		return err
	})
	return all, err
}
