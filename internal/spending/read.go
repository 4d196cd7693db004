package spending

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

// Allocation is a proposal with what has become of it, for the people who run the cluster.
type Allocation struct {
	ID             string
	CampaignID     string `db:"campaign_id"`
	ClusterID      string `db:"cluster_id"`
	CampaignUK     string `db:"campaign_uk"`
	CampaignEN     string `db:"campaign_en"`
	PurposeID      string `db:"purpose_id"`
	PurposeUK      string `db:"purpose_uk"`
	PurposeEN      string `db:"purpose_en"`
	NeedID         string `db:"need_id"` // empty: the purpose as a whole
	NeedUK         string `db:"need_uk"`
	NeedEN         string `db:"need_en"`
	AmountMinor    int64  `db:"amount_minor"`
	Currency       money.Currency
	Reason         string
	ReasonEN       string       `db:"reason_en"`
	ProposedBy     string       `db:"proposed_by"`
	ProposerName   string       `db:"proposer_name"`
	ProposedAt     time.Time    `db:"proposed_at"`
	Decision       string       // approved, refused or empty
	DecisionReason string       `db:"decision_reason"`
	DeciderName    string       `db:"decider_name"`
	DecidedAt      sql.NullTime `db:"decided_at"`
}

// Amount is the sum that is asked for.
func (a Allocation) Amount() money.Amount { return money.Of(a.AmountMinor, a.Currency) }

// PageSize is how many allocations a page of the list holds.
const PageSize = 50

const allocationColumns = `a.id, a.campaign_id, c.cluster_id, c.title_uk AS campaign_uk, c.title_en AS campaign_en, a.purpose_id, u.title_uk AS purpose_uk, u.title_en AS purpose_en,
	coalesce(a.need_id::text, '') AS need_id, coalesce(n.item_uk, '') AS need_uk, coalesce(n.item_en, '') AS need_en, a.amount_minor, a.currency, a.reason, a.reason_en, a.proposed_by, pp.name AS proposer_name, a.proposed_at,
	coalesce(d.decision, '') AS decision, coalesce(d.reason, '') AS decision_reason, coalesce(dp.name, '') AS decider_name, d.decided_at`

// allocationTables looks the decision up for each row: OFFSET 0 keeps PostgreSQL from
// reading all decisions there are for one page of them.
const allocationTables = ` JOIN campaigns c ON c.id = a.campaign_id JOIN purposes u ON u.id = a.purpose_id LEFT JOIN needs n ON n.id = a.need_id JOIN people pp ON pp.id = a.proposed_by
	LEFT JOIN LATERAL (SELECT * FROM allocation_decisions WHERE allocation_id = a.id OFFSET 0) d ON true LEFT JOIN people dp ON dp.id = d.decided_by`

const seenBy = ` EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = c.cluster_id AND r.person_id = $1)`

// Search is what the people of a cluster look for among its proposals.
type Search struct {
	Waiting  bool   // those that wait for a decision; else those that have one
	Text     string // part of a purpose's name, or an id
	Campaign string // a campaign's slug
}

// Allocations lists the proposals of the clusters in which a person has a role, newest
// first: those that wait for a decision, or those that have one. After is the id of the
// last of the page before, or empty.
func Allocations(ctx context.Context, db *sqlx.DB, person string, waiting bool, after string) ([]Allocation, error) {
	return FindAllocations(ctx, db, person, Search{Waiting: waiting}, after, PageSize)
}

// FindAllocations lists those of the proposals that fit a search.
func FindAllocations(ctx context.Context, db *sqlx.DB, person string, s Search, after string, limit int) ([]Allocation, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	// Each campaign gives a page's worth of its own, so that nobody walks through another's.
	own := `SELECT a.id FROM allocations a JOIN allocation_decisions d ON d.allocation_id = a.id WHERE a.campaign_id = c.id`
	if s.Waiting {
		own = `SELECT a.id FROM allocations_waiting w JOIN allocations a ON a.id = w.allocation_id WHERE w.campaign_id = c.id`
	}
	args := []any{person, after, limit}
	campaign := seenBy
	want := func(target *string, format string, arg string) {
		args = append(args, arg)
		*target += fmt.Sprintf(` AND `+format, len(args))
	}
	if s.Campaign != "" {
		want(&campaign, `c.slug = $%d`, s.Campaign)
	}
	switch {
	case s.Text == "":
	case pg.IsID(s.Text):
		want(&own, `a.id = $%d`, s.Text)
	default:
		want(&own, `a.purpose_id IN (SELECT u.id FROM purposes u WHERE u.campaign_id = c.id AND u.title_uk || ' ' || u.title_en ILIKE $%d)`, containing(s.Text))
	}
	var ids []string
	err := db.SelectContext(ctx, &ids, `SELECT page.id FROM campaigns c CROSS JOIN LATERAL (`+own+` AND ($2 = '' OR a.id < nullif($2, '')::uuid) ORDER BY a.id DESC LIMIT $3) page
		WHERE`+campaign+` ORDER BY page.id DESC LIMIT $3`, args...)
	if err != nil {
		return nil, fmt.Errorf("search allocations: %w", err)
	}
	var all []Allocation
	err = db.SelectContext(ctx, &all, `SELECT `+allocationColumns+` FROM allocations a`+allocationTables+` WHERE a.id = ANY ($1::uuid[]) ORDER BY a.id DESC`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("list allocations: %w", err)
	}
	return all, nil
}

// containing is a pattern that finds a text anywhere; its own wildcards mean themselves.
func containing(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

// AllocationFor finds one proposal for a person with a role in its cluster; all others are
// one NotFound fault.
func AllocationFor(ctx context.Context, db *sqlx.DB, person, id string) (Allocation, error) {
	unknown := fault.New(fault.NotFound, "allocation.unknown")
	var a Allocation
	if !pg.IsID(id) {
		return a, unknown
	}
	err := db.GetContext(ctx, &a, `SELECT `+allocationColumns+` FROM allocations a`+allocationTables+` WHERE`+seenBy+` AND a.id = $2`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return a, unknown
	}
	if err != nil {
		return a, fmt.Errorf("find the allocation: %w", err)
	}
	return a, nil
}

// Purse is what a campaign has to allocate, for the people who run it.
type Purse struct {
	CampaignID string `db:"campaign_id"`
	ClusterID  string `db:"cluster_id"`
	Slug       string
	TitleUK    string `db:"title_uk"`
	TitleEN    string `db:"title_en"`
	State      string
	Currency   money.Currency
	FreeMinor  int64 `db:"free_minor"`
	Earmarked  int64 // for purposes and needs of the campaign, minor units
	Asked      int64 // proposed and not decided yet, minor units
}

// Free is the money that can be allocated to any purpose.
func (p Purse) Free() money.Amount { return money.Of(p.FreeMinor, p.Currency) }

// Purses lists the campaigns of the clusters in which a person has a role.
func Purses(ctx context.Context, db *sqlx.DB, person string) ([]Purse, error) {
	var all []Purse
	err := db.SelectContext(ctx, &all, `
		SELECT c.id AS campaign_id, c.cluster_id, c.slug, c.title_uk, c.title_en, c.state, c.currency, coalesce(b.balance, 0) AS free_minor,
		       (SELECT coalesce(sum(eb.balance), 0)::bigint FROM (
		               SELECT 'purpose:' || u.id FROM purposes u WHERE u.campaign_id = c.id
		               UNION ALL SELECT 'need:' || n.id FROM needs n JOIN purposes u ON u.id = n.purpose_id WHERE u.campaign_id = c.id) m (code)
		          JOIN ledger.accounts ea ON ea.code = m.code AND ea.currency = c.currency JOIN ledger.balances eb ON eb.account_id = ea.id) AS earmarked,
		       (SELECT coalesce(sum(a.amount_minor), 0)::bigint FROM allocations_waiting w JOIN allocations a ON a.id = w.allocation_id
		         WHERE w.campaign_id = c.id) AS asked
		  FROM campaigns c
		  LEFT JOIN ledger.accounts f ON f.code = 'fund:' || c.id AND f.currency = c.currency
		  LEFT JOIN ledger.balances b ON b.account_id = f.id
		 WHERE`+seenBy+` ORDER BY c.opens_on DESC, c.slug`, person)
	if err != nil {
		return nil, fmt.Errorf("list campaigns with their money: %w", err)
	}
	return all, nil
}
