package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Expected is an instalment of which something has neither come nor is on its way, for the
// people of the pledge's cluster.
type Expected struct {
	InstalmentID string    `db:"id"`
	PledgeID     string    `db:"pledge_id"`
	DueOn        time.Time `db:"due_on"`
	Reference    Reference
	AsksMinor    int64 `db:"asks_minor"`
	LeftMinor    int64 `db:"left_minor"`
	Currency     money.Currency
	CompanyUK    string `db:"company_uk"`
	CompanyEN    string `db:"company_en"`
	CampaignUK   string `db:"campaign_uk"`
	CampaignEN   string `db:"campaign_en"`
}

// Asks is what the instalment asks for now.
func (a Expected) Asks() money.Amount { return money.Of(a.AsksMinor, a.Currency) }

// Left is what is still awaited of it.
func (a Expected) Left() money.Amount { return money.Of(a.LeftMinor, a.Currency) }

// ExpectedSearch narrows the list. Until is the first day that is not asked for.
type ExpectedSearch struct {
	Text     string // words of a company's name, a reference, a purchase order's number or a pledge's id
	Campaign string // a campaign's slug
	Until    time.Time
}

// awaited reckons for an instalment i of a pledge p of a campaign c what a Schedule says of
// it: money fills the oldest instalments first, and a cancelled pledge awaits nothing.
const awaited = ` FROM instalments i
	JOIN pledges_awaited w ON w.pledge_id = i.pledge_id
	JOIN pledges p ON p.id = i.pledge_id
	JOIN campaigns c ON c.id = p.campaign_id
	CROSS JOIN LATERAL (
	      SELECT i.amount_minor + coalesce(sum(change_minor), 0)::bigint AS minor FROM instalment_changes WHERE instalment_id = i.id) asks
	CROSS JOIN LATERAL (
	      SELECT coalesce(sum(j.amount_minor + (SELECT coalesce(sum(h.change_minor), 0) FROM instalment_changes h WHERE h.instalment_id = j.id)), 0)::bigint AS minor
	        FROM instalments j WHERE j.pledge_id = p.id AND (j.due_on, j.id) < (i.due_on, i.id)) before
	CROSS JOIN LATERAL (
	      SELECT greatest(coalesce(sum(y.received_minor - y.refunded_minor - y.lost_minor), 0), 0)::bigint
	           + coalesce(sum(y.amount_minor) FILTER (WHERE y.state = 'processing' OR y.state = 'paid' AND y.received_minor = 0), 0)::bigint AS minor
	        FROM payments y WHERE y.pledge_id = p.id) money
	CROSS JOIN LATERAL (
	      SELECT least(asks.minor, before.minor + asks.minor - money.minor) AS minor) rest
	WHERE ` + ofCluster + ` AND rest.minor > 0
	  AND NOT EXISTS (SELECT 1 FROM pledge_acts e WHERE e.pledge_id = p.id AND e.kind = 'cancelled')`

// ExpectedInstalments lists the instalments of the clusters in which a person has a role
// whose day is before Until and of which something is still awaited, the latest day first.
// After is the id of the last one of the page before, or empty.
func ExpectedInstalments(ctx context.Context, db *sqlx.DB, person string, s ExpectedSearch, after string, limit int) ([]Expected, error) {
	day, id, err := placeOf(ctx, db, s, after)
	if err != nil {
		return nil, err
	}
	args, named := []any{person, day, id, s.Campaign, limit}, ""
	if text := strings.TrimSpace(s.Text); text != "" {
		ids, err := pledgesNamed(ctx, db, text)
		if err != nil {
			return nil, err
		}
		args, named = append(args, pq.Array(ids)), ` AND i.pledge_id = ANY ($6::uuid[])`
	}
	var all []Expected
	err = db.SelectContext(ctx, &all, `
		SELECT f.id, f.pledge_id, f.due_on, f.asks_minor, f.left_minor, p.reference, p.currency,
		       k.name_uk AS company_uk, k.name_en AS company_en, c.title_uk AS campaign_uk, c.title_en AS campaign_en
		  FROM (SELECT i.id, i.pledge_id, i.due_on, asks.minor AS asks_minor, rest.minor AS left_minor`+awaited+named+`
		           AND (i.due_on, i.id) < ($2::date, $3::uuid) AND ($4 = '' OR c.slug = $4)
		         ORDER BY i.due_on DESC, i.id DESC LIMIT $5) f
		  JOIN pledges p ON p.id = f.pledge_id JOIN companies k ON k.id = p.company_id JOIN campaigns c ON c.id = p.campaign_id
		 ORDER BY f.due_on DESC, f.id DESC`, args...)
	if err != nil {
		return nil, fmt.Errorf("list what is awaited: %w", err)
	}
	return all, nil
}

// placeOf is where a page begins: below this day and instalment.
func placeOf(ctx context.Context, db *sqlx.DB, s ExpectedSearch, after string) (day time.Time, id string, err error) {
	if after == "" {
		return s.Until, "00000000-0000-0000-0000-000000000000", nil // below every id: the day itself is left out
	}
	unknown := fault.New(fault.NotFound, "page.unknown")
	if !pg.IsID(after) {
		return day, id, unknown
	}
	err = db.GetContext(ctx, &day, `SELECT due_on FROM instalments WHERE id = $1`, after)
	if errors.Is(err, sql.ErrNoRows) {
		return day, id, unknown
	}
	if err != nil {
		return day, id, fmt.Errorf("find the page: %w", err)
	}
	return day, after, nil
}

// CountOverdue counts the instalments whose day has passed and of which something is
// awaited, up to a limit.
func CountOverdue(ctx context.Context, db *sqlx.DB, person string, today time.Time, limit int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT 1`+awaited+` AND i.due_on < $2::date ORDER BY i.due_on DESC, i.id DESC LIMIT $3) o`, person, today, limit)
	if err != nil {
		return 0, fmt.Errorf("count what is overdue: %w", err)
	}
	return n, nil
}

// SweepAwaited forgets the pledges of which nothing is awaited any more, so that the list
// need not look at them, and returns how many. What was touched within the hour rests: the
// transaction that did it may not be seen yet. A second call finds nothing to do, and one
// that never comes makes the list slow and not wrong.
func SweepAwaited(ctx context.Context, db *sqlx.DB) (int64, error) {
	res, err := db.ExecContext(ctx, `
		DELETE FROM pledges_awaited w USING pledges p
		 WHERE p.id = w.pledge_id AND w.touched_at < now() - interval '1 hour'
		   AND (EXISTS (SELECT 1 FROM pledge_acts e WHERE e.pledge_id = p.id AND e.kind = 'cancelled')
		        OR p.amount_minor + (SELECT coalesce(sum(a.change_minor), 0) FROM pledge_acts a WHERE a.pledge_id = p.id)
		           <= (SELECT greatest(coalesce(sum(y.received_minor - y.refunded_minor - y.lost_minor), 0), 0)
		                    + coalesce(sum(y.amount_minor) FILTER (WHERE y.state = 'processing' OR y.state = 'paid' AND y.received_minor = 0), 0)
		                 FROM payments y WHERE y.pledge_id = p.id))`)
	if err != nil {
		return 0, fmt.Errorf("sweep what is no longer awaited: %w", err)
	}
	return res.RowsAffected()
}
