package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Due is a pledge with a day, of which something has neither come nor is on its way.
type Due struct {
	PledgeID    string    `db:"id"`
	DueOn       time.Time `db:"due_on"`
	Reference   Reference
	AmountMinor int64 `db:"amount_minor"`
	LeftMinor   int64 `db:"left_minor"`
	Currency    money.Currency
	CompanyUK   string `db:"company_uk"`
	CompanyEN   string `db:"company_en"`
	CampaignUK  string `db:"campaign_uk"`
	CampaignEN  string `db:"campaign_en"`
}

// Amount is the whole promise.
func (d Due) Amount() money.Amount { return money.Of(d.AmountMinor, d.Currency) }

// Left is what is still awaited.
func (d Due) Left() money.Amount { return money.Of(d.LeftMinor, d.Currency) }

// DueSearch narrows the list of what is due. Until is the first day that is not asked for.
type DueSearch struct {
	Campaign string // a campaign's slug
	Until    time.Time
}

// left is what is awaited of a pledge p, in minor units; it may be below zero.
const left = `p.amount_minor - coalesce((SELECT sum(CASE WHEN y.state = 'processing' OR y.state = 'paid' AND y.received_minor = 0 THEN y.amount_minor
	ELSE y.received_minor - y.refunded_minor END) FROM payments y WHERE y.pledge_id = p.id AND y.state NOT IN ('created', 'open', 'declined', 'failed', 'expired')), 0)::bigint`

// DuePledges lists the pledges of the clusters in which a person has a role whose day is
// before Until and of which something is still awaited, the latest day first. After is the
// id of the last pledge of the page before, or empty.
func DuePledges(ctx context.Context, db *sqlx.DB, person string, s DueSearch, after string, limit int) ([]Due, error) {
	day, err := dayOf(ctx, db, s, after)
	if err != nil {
		return nil, err
	}
	var all []Due
	err = db.SelectContext(ctx, &all, `
		SELECT d.id, d.due_on, p.reference, p.amount_minor, d.left_minor, p.currency,
		       k.name_uk AS company_uk, k.name_en AS company_en, c.title_uk AS campaign_uk, c.title_en AS campaign_en
		  FROM campaigns c
		 CROSS JOIN LATERAL (SELECT p.id, p.due_on, `+left+` AS left_minor FROM pledges p
		                      WHERE p.campaign_id = c.id AND p.due_on IS NOT NULL AND (p.due_on, p.id) < ($2::date, $3::uuid) AND `+left+` > 0
		                      ORDER BY p.due_on DESC, p.id DESC LIMIT $5) d
		  JOIN pledges p ON p.id = d.id JOIN companies k ON k.id = p.company_id
		 WHERE `+ofCluster+` AND ($4 = '' OR c.slug = $4) ORDER BY d.due_on DESC, d.id DESC LIMIT $5`, person, day.on, day.id, s.Campaign, limit)
	if err != nil {
		return nil, fmt.Errorf("list what is due: %w", err)
	}
	return all, nil
}

// place is where a page of the list begins: below this day and pledge.
type place struct {
	on time.Time
	id string
}

func dayOf(ctx context.Context, db *sqlx.DB, s DueSearch, after string) (place, error) {
	p := place{s.Until, "00000000-0000-0000-0000-000000000000"} // below every id: the day itself is left out
	if after == "" {
		return p, nil
	}
	unknown := fault.New(fault.NotFound, "page.unknown")
	if !pg.IsID(after) {
		return p, unknown
	}
	p.id = after
	err := db.GetContext(ctx, &p.on, `SELECT due_on FROM pledges WHERE id = $1 AND due_on IS NOT NULL`, after)
	if errors.Is(err, sql.ErrNoRows) {
		return p, unknown
	}
	if err != nil {
		return p, fmt.Errorf("find the page: %w", err)
	}
	return p, nil
}

// CountOverdue counts the pledges of which something is awaited and whose day has passed,
// up to a limit.
func CountOverdue(ctx context.Context, db *sqlx.DB, person string, today time.Time, limit int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `
		SELECT count(*) FROM (SELECT 1 FROM campaigns c JOIN pledges p ON p.campaign_id = c.id
		 WHERE `+ofCluster+` AND p.due_on < $2::date AND `+left+` > 0 LIMIT $3) o`, person, today, limit)
	if err != nil {
		return 0, fmt.Errorf("count what is overdue: %w", err)
	}
	return n, nil
}
