// Package campaign is what money is collected for: programmes, campaigns, their purposes
// and needs. It holds no money and no totals: those are asked of the report.
package campaign

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// State is where a campaign stands: draft → open → closed → settled.
type State string

const (
	Draft   State = "draft"   // seen by coordinators alone
	Open    State = "open"    // takes pledges
	Closed  State = "closed"  // takes no new pledges; promised money may still come and be spent
	Settled State = "settled" // every kopiyka is accounted for
)

// Text is a public text in both languages.
type Text struct{ UK, EN string }

// TakesPledges reports whether a campaign takes new pledges at a moment: it is open and its
// last day, in Kyiv, is not over.
func (c Campaign) TakesPledges(now time.Time) bool {
	return c.State == Open && (c.ClosesOn.IsZero() || !clock.Day(now).After(c.ClosesOn))
}

// Campaign is one collection with a goal.
type Campaign struct {
	ID, ClusterID, ProgrammeID string
	Slug                       string
	Title, Summary, Story      Text
	Note                       Text // what a reader must know before believing the page
	Goal                       money.Amount
	State                      State
	OpensOn                    time.Time
	ClosesOn                   time.Time // zero: no end is set
}

// Purpose is one line of relief within a campaign; money is allocated to it.
type Purpose struct {
	ID, CampaignID, Slug string
	Title, About         Text
}

// Need is an item that somebody needs, for an institution.
type Need struct {
	ID         string // set by Needs
	PurposeID  string
	Item, Unit Text
	Quantity   int64
	Recipient  Text
}

// AddProgramme enters a programme and returns its id.
func AddProgramme(ctx context.Context, tx *sqlx.Tx, at time.Time, cluster, slug string, title Text) (string, error) {
	id := pg.NewID()
	_, err := tx.ExecContext(ctx, `INSERT INTO programmes (id, cluster_id, slug, title_uk, title_en, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, cluster, slug, title.UK, title.EN, at)
	if err != nil {
		return "", fmt.Errorf("add programme %s: %w", slug, err)
	}
	return id, nil
}

// Add enters a campaign in the state that it carries and returns its id.
func Add(ctx context.Context, tx *sqlx.Tx, at time.Time, c Campaign) (string, error) {
	if !c.Goal.Currency.Known() {
		return "", fault.In("currency", "currency.unknown", string(c.Goal.Currency))
	}
	id := pg.NewID()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO campaigns (id, cluster_id, programme_id, slug, title_uk, title_en, summary_uk, summary_en, story_uk, story_en,
		                       note_uk, note_en, goal_minor, currency, state, opens_on, closes_on, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)`,
		id, c.ClusterID, sql.NullString{String: c.ProgrammeID, Valid: c.ProgrammeID != ""}, c.Slug, c.Title.UK, c.Title.EN,
		c.Summary.UK, c.Summary.EN, c.Story.UK, c.Story.EN, c.Note.UK, c.Note.EN, c.Goal.Minor, string(c.Goal.Currency), string(c.State),
		c.OpensOn, sql.NullTime{Time: c.ClosesOn, Valid: !c.ClosesOn.IsZero()}, at)
	if err != nil {
		return "", fmt.Errorf("add campaign %s: %w", c.Slug, err)
	}
	return id, nil
}

// AddPurpose enters a purpose after those the campaign has, and returns its id.
func AddPurpose(ctx context.Context, tx *sqlx.Tx, p Purpose) (string, error) {
	id := pg.NewID()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO purposes (id, campaign_id, slug, title_uk, title_en, about_uk, about_en, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT coalesce(max(position), 0) + 1 FROM purposes WHERE campaign_id = $2))`,
		id, p.CampaignID, p.Slug, p.Title.UK, p.Title.EN, p.About.UK, p.About.EN)
	if err != nil {
		return "", fmt.Errorf("add purpose %s: %w", p.Slug, err)
	}
	return id, nil
}

// AddNeed enters a need after those the purpose has.
func AddNeed(ctx context.Context, tx *sqlx.Tx, n Need) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO needs (id, purpose_id, item_uk, item_en, quantity, unit_uk, unit_en, recipient_uk, recipient_en, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT coalesce(max(position), 0) + 1 FROM needs WHERE purpose_id = $2))`,
		pg.NewID(), n.PurposeID, n.Item.UK, n.Item.EN, n.Quantity, n.Unit.UK, n.Unit.EN, n.Recipient.UK, n.Recipient.EN)
	if err != nil {
		return fmt.Errorf("add need %s: %w", n.Item.EN, err)
	}
	return nil
}

const columns = `id, cluster_id, coalesce(programme_id::text, ''), slug, title_uk, title_en, summary_uk, summary_en, story_uk, story_en,
	note_uk, note_en, goal_minor, currency, state, opens_on, closes_on`

func scan(row interface{ Scan(...any) error }) (Campaign, error) {
	var c Campaign
	var closes sql.NullTime
	err := row.Scan(&c.ID, &c.ClusterID, &c.ProgrammeID, &c.Slug, &c.Title.UK, &c.Title.EN, &c.Summary.UK, &c.Summary.EN,
		&c.Story.UK, &c.Story.EN, &c.Note.UK, &c.Note.EN, &c.Goal.Minor, &c.Goal.Currency, &c.State, &c.OpensOn, &closes)
	c.ClosesOn = closes.Time
	return c, err
}

// slugForm is what the schema asks of a slug. What a stranger put into a URL is asked this
// before it reaches a query.
var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// BySlug finds a campaign that strangers may know of. A draft is unknown, like one that is
// not there: a NotFound fault.
func BySlug(ctx context.Context, db sqlx.QueryerContext, slug string) (Campaign, error) {
	if !slugForm.MatchString(slug) {
		return Campaign{}, fault.New(fault.NotFound, "campaign.unknown", slug)
	}
	c, err := scan(db.QueryRowxContext(ctx, `SELECT `+columns+` FROM campaigns WHERE slug = $1 AND state <> 'draft'`, slug))
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "campaign.unknown", slug)
	}
	if err != nil {
		return c, fmt.Errorf("find campaign: %w", err)
	}
	return c, nil
}

// OpenToCompany lists the campaigns that take pledges at a moment, of the clusters that a
// company belongs to then: those that they lead and those that they joined.
func OpenToCompany(ctx context.Context, db *sqlx.DB, company string, now time.Time) ([]Campaign, error) {
	return list(ctx, db, `SELECT `+columns+` FROM campaigns c WHERE state = 'open' AND (closes_on IS NULL OR closes_on >= $1) AND EXISTS (
		SELECT 1 FROM campaign_clusters_at('infinity') j WHERE j.campaign_id = c.id AND `+throughIts+`)
		ORDER BY opens_on DESC, slug`, clock.Day(now), company, clock.Day(now))
}

// OfClusters lists the campaigns of some clusters, drafts included, for those who run them.
func OfClusters(ctx context.Context, db *sqlx.DB, clusters []string) ([]Campaign, error) {
	return list(ctx, db, `SELECT `+columns+` FROM campaigns WHERE cluster_id::text = ANY ($1) ORDER BY opens_on DESC, slug`, pq.Array(clusters))
}

func list(ctx context.Context, db *sqlx.DB, query string, args ...any) ([]Campaign, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	defer rows.Close()
	var all []Campaign
	for rows.Next() {
		c, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list campaigns: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// Purposes lists a campaign's purposes in their order.
func Purposes(ctx context.Context, db sqlx.QueryerContext, campaign string) ([]Purpose, error) {
	rows, err := db.QueryxContext(ctx, `SELECT id, campaign_id, slug, title_uk, title_en, about_uk, about_en FROM purposes WHERE campaign_id = $1 ORDER BY position`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list purposes: %w", err)
	}
	defer rows.Close()
	var all []Purpose
	for rows.Next() {
		var p Purpose
		if err := rows.Scan(&p.ID, &p.CampaignID, &p.Slug, &p.Title.UK, &p.Title.EN, &p.About.UK, &p.About.EN); err != nil {
			return nil, fmt.Errorf("list purposes: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// CloseEnded closes the open campaigns whose last day is over, and returns how many. A
// second call finds none.
func CloseEnded(ctx context.Context, db *sqlx.DB, now time.Time) (int, error) {
	var ids []string
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		ids = nil
		err := tx.SelectContext(ctx, &ids, `UPDATE campaigns SET state = 'closed', changed_at = $1 WHERE state = 'open' AND closes_on < $2 RETURNING id`, now, clock.Day(now))
		if err != nil {
			return fmt.Errorf("close campaigns: %w", err)
		}
		for _, id := range ids {
			if err := audit.Record(ctx, tx, audit.Act{At: now, Act: "campaign.closed", Subject: "campaign:" + id}); err != nil {
				return err
			}
		}
		return nil
	})
	return len(ids), err
}

// Needs lists a campaign's needs in the order of its purposes.
func Needs(ctx context.Context, db sqlx.QueryerContext, campaign string) ([]Need, error) {
	rows, err := db.QueryxContext(ctx, `
		SELECT n.id, n.purpose_id, n.item_uk, n.item_en, n.quantity, n.unit_uk, n.unit_en, n.recipient_uk, n.recipient_en
		  FROM needs n JOIN purposes u ON u.id = n.purpose_id WHERE u.campaign_id = $1 ORDER BY u.position, n.position, n.id`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list needs: %w", err)
	}
	defer rows.Close()
	var all []Need
	for rows.Next() {
		var n Need
		if err := rows.Scan(&n.ID, &n.PurposeID, &n.Item.UK, &n.Item.EN, &n.Quantity, &n.Unit.UK, &n.Unit.EN, &n.Recipient.UK, &n.Recipient.EN); err != nil {
			return nil, fmt.Errorf("list needs: %w", err)
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// PurposeOfNeed finds the purpose that a need belongs to; of an unknown need it is a
// NotFound fault.
func PurposeOfNeed(ctx context.Context, db sqlx.QueryerContext, need string) (string, error) {
	unknown := fault.New(fault.NotFound, "need.unknown")
	if !pg.IsID(need) {
		return "", unknown
	}
	var purpose string
	err := sqlx.GetContext(ctx, db, &purpose, `SELECT purpose_id FROM needs WHERE id = $1`, need)
	if errors.Is(err, sql.ErrNoRows) {
		return "", unknown
	}
	if err != nil {
		return "", fmt.Errorf("find the need's purpose: %w", err)
	}
	return purpose, nil
}

// Move puts a campaign into another state. Only the next state is allowed.
func Move(ctx context.Context, tx *sqlx.Tx, at time.Time, id string, to State) error {
	next := map[State]State{Open: Draft, Closed: Open, Settled: Closed}
	res, err := tx.ExecContext(ctx, `UPDATE campaigns SET state = $2, changed_at = $4 WHERE id = $1 AND state = $3`, id, string(to), string(next[to]), at)
	if err != nil {
		return fmt.Errorf("move campaign: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fault.New(fault.Conflict, "campaign.state"), err)
	}
	return nil
}
