package giving

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

// RefundSeen is a refund that was asked for, as the people of the cluster see it.
type RefundSeen struct {
	RefundRequest
	AskerName   string `db:"asker_name"`
	DeciderName string `db:"decider_name"`
	ClusterID   string `db:"cluster_id"`
	CompanyUK   string `db:"company_uk"`
	CompanyEN   string `db:"company_en"`
	CampaignUK  string `db:"campaign_uk"`
	CampaignEN  string `db:"campaign_en"`
}

const refundSeen = refundColumns + `, pa.name AS asker_name, coalesce(pd.name, '') AS decider_name, c.cluster_id,
	k.name_uk AS company_uk, k.name_en AS company_en, c.title_uk AS campaign_uk, c.title_en AS campaign_en`

const refundTables = ` JOIN payments y ON y.id = r.payment_id JOIN pledges p ON p.id = y.pledge_id JOIN companies k ON k.id = p.company_id
	JOIN campaigns c ON c.id = y.campaign_id JOIN people pa ON pa.id = r.asked_by LEFT JOIN people pd ON pd.id = r.decided_by`

// RefundFor finds a refund that was asked for, for a person with a role in its cluster; all
// others are one NotFound fault.
func RefundFor(ctx context.Context, db *sqlx.DB, person, id string) (RefundSeen, error) {
	unknown := fault.New(fault.NotFound, "refund.unknown")
	var r RefundSeen
	if !pg.IsID(id) {
		return r, unknown
	}
	err := db.GetContext(ctx, &r, `SELECT `+refundSeen+` FROM refund_requests r`+refundTables+` WHERE r.id = $2 AND `+ofCluster, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return r, unknown
	}
	if err != nil {
		return r, fmt.Errorf("find the refund: %w", err)
	}
	return r, nil
}

// RefundSearch is what is looked for among refunds. The zero RefundSearch finds all of them.
type RefundSearch struct {
	Text    string // as for payments: words of a company's name, a reference, or an id, ours or Stripe's
	Waiting bool   // for a second person or for Stripe
}

// RefundsFor lists the refunds that were asked for in the clusters in which a person has a
// role and that fit a search, the last asked for first. After is the id of the last of the
// page before, or empty.
func RefundsFor(ctx context.Context, db *sqlx.DB, person string, s RefundSearch, after string, limit int) ([]RefundSeen, error) {
	place, err := refundPlace(ctx, db, after)
	if err != nil {
		return nil, err
	}
	q := query{args: []any{person}}
	from, named := q.named(strings.TrimSpace(s.Text))
	if named {
		from = `(SELECT r.* FROM ` + from + ` JOIN refund_requests r ON r.payment_id = y.id) r`
	} else {
		from = `refund_requests r`
	}
	q.want(`(r.asked_at, r.id) < (%s, %s)`, place.AskedAt, place.ID)
	if s.Waiting {
		q.want(`r.state IN ('asked', 'approved')`)
	}
	var all []RefundSeen
	err = db.SelectContext(ctx, &all, `SELECT `+refundSeen+` FROM `+from+refundTables+`
		 WHERE `+strings.Join(q.where, " AND ")+` AND `+ofCluster+` ORDER BY r.asked_at DESC, r.id DESC LIMIT `+q.add(limit), q.args...)
	if err != nil {
		return nil, fmt.Errorf("list refunds: %w", err)
	}
	return all, nil
}

// refundPlace is below which request a page begins.
func refundPlace(ctx context.Context, db *sqlx.DB, after string) (RefundRequest, error) {
	last := RefundRequest{ID: "ffffffff-ffff-ffff-ffff-ffffffffffff", AskedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	if after == "" {
		return last, nil
	}
	unknown := fault.New(fault.NotFound, "page.unknown")
	if !pg.IsID(after) {
		return last, unknown
	}
	err := db.GetContext(ctx, &last, `SELECT id, asked_at FROM refund_requests WHERE id = $1`, after)
	if errors.Is(err, sql.ErrNoRows) {
		return last, unknown
	}
	if err != nil {
		return last, fmt.Errorf("find the page: %w", err)
	}
	return last, nil
}

// CountRefundsAsked counts the refunds that wait for a second person, up to a limit.
func CountRefundsAsked(ctx context.Context, db *sqlx.DB, person string, limit int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `
		SELECT count(*) FROM (SELECT 1 FROM refund_requests r JOIN payments y ON y.id = r.payment_id JOIN campaigns c ON c.id = y.campaign_id
		 WHERE r.state = 'asked' AND `+ofCluster+` ORDER BY r.asked_at, r.id LIMIT $2) a`, person, limit)
	if err != nil {
		return 0, fmt.Errorf("count the refunds that wait: %w", err)
	}
	return n, nil
}
