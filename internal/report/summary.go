package report

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
)

// State says how far a campaign is. A draft is not for the public.
type State string

const (
	Open    State = "open"
	Closed  State = "closed"  // takes no more pledges
	Settled State = "settled" // and everything is accounted for
)

// Summary is a campaign in a list: what it is and its figures.
type Summary struct {
	id uuid.UUID

	Slug     string
	Title    Text
	About    Text
	Cluster  Ref
	State    State
	OpensOn  time.Time
	ClosesOn time.Time // zero when no day is set
	Totals   Totals

	Goals     []Goal     // what the goal was before, the last first
	Originals []Original // what came in other currencies
	Joint     bool       // several clusters collect for it
	Shares    []Share    // by cluster, the leading one first; they come to the totals
}

// Goal, Pledged and the rest come from one query for every page and for JSON.
//
// Each campaign is asked by its own indexes: pledges and payments by campaign, lines by
// account. The work grows with the campaign's own gifts, and a list asks for all of its
// campaigns; when a campaign has tens of thousands of gifts, the sums of the lines are
// what should become counters beside ledger.balances.
const summaries = `
	SELECT c.id, c.slug, c.title_uk AS "title.uk", c.title_en AS "title.en", c.summary_uk AS "about.uk", c.summary_en AS "about.en",
	       k.slug AS "cluster.slug", k.name_uk AS "cluster.name.uk", k.name_en AS "cluster.name.en",
	       c.state, c.opens_on, c.closes_on, c.currency AS "totals.currency", ` + goalThen + ` AS "totals.goal",
	       promised.pledged AS "totals.pledged", promised.unpaid AS "totals.unpaid", promised.companies AS "totals.companies_pledged",
	       promised.on_its_way AS "totals.on_its_way", promised.companies_paid AS "totals.companies_paid",
	       books.received AS "totals.received", books.refunded AS "totals.refunded", books.fees AS "totals.fees",
	       books.disputed AS "totals.disputed", books.lost AS "totals.lost", books.drift AS "totals.drift",
	       books.allocated AS "totals.allocated", books.earmarked AS "totals.earmarked", books.free AS "totals.free", books.shortfall AS "totals.shortfall",
	       coalesce(greatest(CASE WHEN c.changed_at <= $1::timestamptz THEN c.changed_at END, promised.last, books.last),
	                least(c.created_at, $1::timestamptz)) AS "totals.updated_at"
	  FROM campaigns c
	  JOIN clusters k ON k.id = c.cluster_id
	 CROSS JOIN LATERAL (
	       -- Pledge by pledge: money beyond one is not another's.
	       SELECT coalesce(sum(p.amount_minor + coalesce(a.change, 0)) FILTER (WHERE p.made_at <= $1::timestamptz), 0)::bigint AS pledged,
	              coalesce(sum(greatest(p.amount_minor + coalesce(a.change, 0) - coalesce(y.here, 0), 0))
	                       FILTER (WHERE p.made_at <= $1::timestamptz AND a.ended IS NOT TRUE), 0)::bigint AS unpaid,
	              count(DISTINCT p.company_id) FILTER (WHERE p.made_at <= $1::timestamptz AND p.amount_minor + coalesce(a.change, 0) > 0) AS companies,
	              coalesce(sum(y.on_its_way), 0)::bigint AS on_its_way,
	              count(DISTINCT p.company_id) FILTER (WHERE y.came) AS companies_paid,
	              greatest(max(p.made_at) FILTER (WHERE p.made_at <= $1::timestamptz), max(a.last), max(y.last) FILTER (WHERE $1::timestamptz = 'infinity')) AS last
	         FROM pledges p
	         LEFT JOIN (SELECT pledge_id, sum(change_minor) AS change, max(happened_at) AS last, bool_or(kind = 'cancelled') AS ended
	                      FROM pledge_acts WHERE campaign_id = c.id AND happened_at <= $1::timestamptz GROUP BY pledge_id) a ON a.pledge_id = p.id
	         LEFT JOIN (SELECT y.pledge_id, sum(y.amount_minor) FILTER (WHERE y.state = 'processing') AS on_its_way,
	                           sum(CASE WHEN $1::timestamptz = 'infinity'
	                                    THEN y.received_minor - y.refunded_minor - y.lost_minor + CASE WHEN y.state = 'processing' THEN y.amount_minor ELSE 0 END
	                                    ELSE ` + stayedBy + ` END) AS here,
	                           bool_or(y.received_minor > 0 AND coalesce(y.settled_at, y.started_at) <= $1::timestamptz) AS came,
	                           max(y.started_at) FILTER (WHERE y.state = 'processing') AS last
	                      FROM payments y WHERE y.campaign_id = c.id GROUP BY y.pledge_id) y ON y.pledge_id = p.id
	        WHERE p.campaign_id = c.id) promised
	 CROSS JOIN LATERAL (
	       -- What came in or went back is what the campaign's money changed by, and what of it
	       -- was paid away at once. A correction counts with the kind that it mends.
	       SELECT coalesce(sum(l.amount * b.side) FILTER (WHERE b.kind = 'gift'), 0)::bigint AS received,
	              coalesce(-sum(l.amount * b.side) FILTER (WHERE b.kind IN ('refund', 'refund-failed', 'late-failure')), 0)::bigint AS refunded,
	              coalesce(sum(l.amount) FILTER (WHERE a.kind = 'fee'), 0)::bigint AS fees,
	              coalesce(sum(l.amount) FILTER (WHERE a.kind = 'disputed'), 0)::bigint AS disputed,
	              coalesce(sum(l.amount) FILTER (WHERE a.kind = 'loss'), 0)::bigint AS lost,
	              coalesce(sum(l.amount) FILTER (WHERE a.kind = 'drift'), 0)::bigint AS drift,
	              coalesce(sum(l.amount) FILTER (WHERE a.kind IN ('fund', 'purpose', 'need') AND b.kind = 'allocation'), 0)::bigint AS allocated,
	              coalesce(-sum(l.amount) FILTER (WHERE a.kind IN ('purpose', 'need')), 0)::bigint AS earmarked,
	              coalesce(-sum(l.amount) FILTER (WHERE a.kind = 'fund'), 0)::bigint AS free,
	              coalesce(sum(l.amount) FILTER (WHERE a.kind = 'shortfall'), 0)::bigint AS shortfall,
	              max(e.happened_at) AS last
	         FROM ledger.accounts a
	         JOIN ledger.lines l ON l.account_id = a.id
	         JOIN ledger.entries e ON e.id = l.entry_id
	         LEFT JOIN ledger.entries mended ON mended.id = e.mends
	        CROSS JOIN LATERAL (SELECT coalesce(mended.kind, e.kind) AS kind,
	                                   CASE WHEN a.kind IN ('fund', 'purpose', 'need', 'shortfall') THEN -1 ELSE 1 END AS side) b
	        WHERE a.code = ANY (ARRAY['fund:' || c.id, 'fee:' || c.id, 'shortfall:' || c.id, 'disputed:' || c.id, 'loss:' || c.id, 'drift:' || c.id]
	                         || ARRAY(SELECT 'purpose:' || u.id FROM purposes u WHERE u.campaign_id = c.id)
	                         || ARRAY(SELECT 'need:' || n.id FROM purposes u JOIN needs n ON n.purpose_id = u.id WHERE u.campaign_id = c.id))
	          AND a.currency = c.currency AND e.happened_at <= $1::timestamptz) books`

// What the public may know of, and what it may not yet.
const (
	published = ` WHERE c.state <> 'draft'`
	inDraft   = ` WHERE c.state = 'draft'`
)

// stayedBy is what came of a payment y by $1 and did not go back, out of the entries that the
// audit names. What it is now stands at the payment itself; what it was does not.
const stayedBy = `(
	SELECT coalesce(sum(CASE WHEN e.kind = 'dispute-lost' THEN CASE WHEN a.kind = 'loss' THEN -l.amount ELSE 0 END
	                         WHEN a.kind IN ('fund', 'purpose', 'need', 'shortfall') THEN -l.amount
	                         WHEN a.kind IN ('fee', 'loss', 'drift') THEN l.amount ELSE 0 END), 0)
	  FROM audit_acts t
	  JOIN ledger.entries e ON e.id = (t.detail ->> 'entry')::bigint
	  LEFT JOIN ledger.entries mended ON mended.id = e.mends
	  JOIN ledger.lines l ON l.entry_id = e.id
	  JOIN ledger.accounts a ON a.id = l.account_id AND a.currency = y.currency
	 WHERE t.subject = 'payment:' || y.id AND t.act LIKE 'payment.%' AND e.happened_at <= $1::timestamptz
	   AND coalesce(mended.kind, e.kind) IN ('gift', 'refund', 'refund-failed', 'late-failure', 'dispute-lost'))`

type summaryRow struct {
	ID       uuid.UUID    `db:"id"`
	Slug     string       `db:"slug"`
	Title    Text         `db:"title"`
	About    Text         `db:"about"`
	Cluster  Ref          `db:"cluster"`
	State    State        `db:"state"`
	OpensOn  time.Time    `db:"opens_on"`
	ClosesOn sql.NullTime `db:"closes_on"`
	Totals   Totals       `db:"totals"`
}

func (r summaryRow) summary(asOf time.Time) Summary {
	r.Totals.AsOf = asOf
	return Summary{
		id: r.ID, Slug: r.Slug, Title: r.Title, About: r.About, Cluster: r.Cluster,
		State: r.State, OpensOn: r.OpensOn, ClosesOn: r.ClosesOn.Time, Totals: r.Totals,
	}
}

// summaryOf asks for one campaign as it was at a moment.
func summaryOf(ctx context.Context, q sqlx.QueryerContext, among, slug string, asOf time.Time) (Summary, error) {
	if !isSlug(slug) {
		return Summary{}, fault.New(fault.NotFound, "campaign.unknown")
	}
	var row summaryRow
	if err := sqlx.GetContext(ctx, q, &row, summaries+among+` AND c.slug = $2`, until(asOf), slug); err != nil {
		return Summary{}, known(fmt.Errorf("sum up campaign %s: %w", slug, err), "campaign.unknown")
	}
	one := []Summary{row.summary(asOf)}
	err := add(ctx, q, one, asOf)
	return one[0], err
}

// list asks for every campaign that a cluster leads or joined, or for all when cluster is
// empty.
func list(ctx context.Context, q sqlx.QueryerContext, cluster string) ([]Summary, error) {
	return listWhere(ctx, q, `($2 = '' OR k.slug = $2 OR EXISTS (
		SELECT 1 FROM campaign_clusters_at('infinity') j JOIN clusters o ON o.id = j.cluster_id WHERE j.campaign_id = c.id AND o.slug = $2))`, cluster)
}

// listWhere asks for the campaigns c for which something holds of $2: open ones first, the
// newest on top.
func listWhere(ctx context.Context, q sqlx.QueryerContext, holds string, of any) ([]Summary, error) {
	var rows []summaryRow
	err := sqlx.SelectContext(ctx, q, &rows, summaries+published+` AND `+holds+`
		ORDER BY c.state <> 'open', c.opens_on DESC, c.slug`, until(now), of)
	if err != nil {
		return nil, fmt.Errorf("sum up the campaigns: %w", err)
	}
	all := make([]Summary, len(rows))
	for i, row := range rows {
		all[i] = row.summary(now)
	}
	return all, add(ctx, q, all, now)
}

// add asks what of the totals came in other currencies, and through which cluster.
func add(ctx context.Context, q sqlx.QueryerContext, all []Summary, asOf time.Time) error {
	if err := addOriginals(ctx, q, all, asOf); err != nil {
		return err
	}
	if err := addGoals(ctx, q, all, asOf); err != nil {
		return err
	}
	return addShares(ctx, q, all, asOf)
}

func addOriginals(ctx context.Context, q sqlx.QueryerContext, all []Summary, asOf time.Time) error {
	ids := make([]uuid.UUID, len(all))
	for i, s := range all {
		ids[i] = s.id
	}
	of, err := originals(ctx, q, ids, asOf)
	for i := range all {
		all[i].Originals = of[all[i].id]
	}
	return err
}

// Campaigns returns every campaign, open ones first.
func (r *Report) Campaigns(ctx context.Context) ([]Summary, error) {
	return list(ctx, r.db, "")
}

// Summary returns one campaign's figures as of a moment; the zero time is now. They count
// what had happened by then, also what was recorded later. What was on its way is known
// for now alone. An unknown campaign, or a draft, is a fault of kind NotFound.
func (r *Report) Summary(ctx context.Context, slug string, asOf time.Time) (Summary, error) {
	return summaryOf(ctx, r.db, published, slug, asOf)
}
