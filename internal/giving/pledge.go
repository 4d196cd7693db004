// Package giving is the way from a promise to money in the books: a company's pledge, the
// payments on it, and what becomes of them once Stripe or a bank has spoken.
//
// A promise and money stay apart: a pledge moves no ledger account. This package never
// speaks to Stripe and never spends; it meets spending in the ledger alone.
package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Visibility is what others may know of a pledge. Its money counts in every total.
type Visibility string

const (
	Named        Visibility = "named"
	AmountHidden Visibility = "amount-hidden"
	Anonymous    Visibility = "anonymous"
)

// Promise is what a company says when it pledges.
type Promise struct {
	CampaignSlug string
	CompanyID    string
	ThroughID    string       // the cluster through which the company gives; empty: the only one that there is for it
	PersonID     string       // who says it
	Amount       money.Amount // in the campaign's currency, or another that it accepts
	Visibility   Visibility
	Message      string
	DueOn        time.Time // zero: the company wants to pay now

	Rhythm Rhythm // zero: once
	Parts  []Part // when there is more than one payment: how the amount is spread

	PurposeID     string // earmarked for this purpose of the campaign alone, or empty
	NeedID        string // and for this need of it alone, or empty
	PurchaseOrder string // the number under which the company's own books know the pledge, or empty
}

// Pledge is a promise as it stands, with what has come of it.
type Pledge struct {
	ID              string
	CampaignID      string
	CampaignSlug    string
	Campaign        Text
	ClusterID       string // which leads the campaign
	ThroughID       string // through which it is given
	Through         Text
	CompanyID       string
	Company         Text
	Promised        money.Amount // as it was made; never changes
	Amount          money.Amount // what it asks for now, after all acts
	Rhythm          Rhythm
	Visibility      Visibility
	Message         string
	PurchaseOrder   string
	PurposeID       string // earmarked for it; empty: for the campaign
	Purpose         Text
	NeedID          string
	Need            Text
	EarmarkReleased bool // its company has let the earmark go
	DueOn           time.Time
	Reference       Reference
	MadeAt          time.Time
	Acts            int   // how many acts have changed it
	Cancelled       bool  // it asks for nothing that has not come
	OnItsWay        int64 // paid and not yet in the books, minor units
	Received        int64 // came in
	Refunded        int64 // went back, or was lost to a dispute

	Original     money.Amount  // as it was promised, when that was in another currency; zero: in the campaign's
	Rate         exchange.Rate // at which that counts, for the pledge's whole life
	PaidOriginal int64         // of its original currency: here and on its way, minor units
}

// Paid is what came and did not go back, and what is on its way.
func (p Pledge) Paid() money.Amount {
	return money.Of(max(p.Received-p.Refunded, 0)+p.OnItsWay, p.Amount.Currency)
}

// Text is a public text in both languages.
type Text struct{ UK, EN string }

// Outstanding is what the company may still pay: what is neither here nor on its way. What
// went back is not here. A cancelled pledge takes nothing more, and books what comes.
func (p Pledge) Outstanding() money.Amount {
	if p.Cancelled {
		return money.Of(0, p.Amount.Currency)
	}
	left := p.Amount.Minor - p.OnItsWay - (p.Received - p.Refunded)
	return money.Of(max(left, 0), p.Amount.Currency)
}

const (
	maxMessage       = 500
	maxPurchaseOrder = 60
)

// MakePledge records a promise and returns its id. The person must hold a paying role in
// the company, the company must be a member of a cluster of the campaign's, the campaign
// must be open and accept the currency. A company that is a member of several of them says
// through which it gives. A promise in another currency than the campaign's counts at the
// rate in force, for good. What is wrong comes back as one fault.Form, or as a NotFound or
// Forbidden fault. Each call is another pledge.
func MakePledge(ctx context.Context, db *sqlx.DB, now clock.Clock, p Promise) (string, error) {
	at := now()
	if err := p.Check(at); err != nil {
		return "", err
	}
	id := pg.NewID()
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mayPay(ctx, tx, p.PersonID, p.CompanyID); err != nil {
			return err
		}
		to, err := openCampaign(ctx, tx, p, at)
		if err != nil {
			return err
		}
		p.ThroughID = to.ThroughID
		c, err := p.counted(ctx, tx, to, at)
		if err != nil {
			return err
		}
		if err := insertPledge(ctx, tx, at, id, to.ID, p, c); err != nil {
			return err
		}
		if err := addInstalments(ctx, tx, id, "", c.parts); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: at, Person: p.PersonID, Act: "pledge.made", Subject: "pledge:" + id,
			Detail: c.detail(map[string]any{"visibility": p.Visibility, "instalments": max(len(p.Parts), 1)})})
	})
	if err != nil {
		return "", fmt.Errorf("make a pledge: %w", err)
	}
	return id, nil
}

func insertPledge(ctx context.Context, tx *sqlx.Tx, at time.Time, id, campaign string, p Promise, c counted) error {
	due := p.DueOn
	if len(p.Parts) > 0 {
		due = p.Parts[len(p.Parts)-1].DueOn
	}
	optional := func(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
	_, err := tx.ExecContext(ctx, `
		INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, message, due_on, reference, purchase_order, purpose_id, need_id, rhythm, made_by, made_at,
		                     original_minor, original_currency, rate_id, through_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, nullif($16::bigint, 0), nullif($17, ''), nullif($18, '')::uuid, $19)`,
		id, campaign, p.CompanyID, c.amount.Minor, string(c.amount.Currency), string(p.Visibility), strings.TrimSpace(p.Message),
		sql.NullTime{Time: due, Valid: !due.IsZero()}, string(NewReference()), strings.TrimSpace(p.PurchaseOrder), optional(p.PurposeID), optional(p.NeedID),
		string(p.rhythm()), p.PersonID, at, c.original.Minor, string(c.original.Currency), c.rate.ID, p.ThroughID)
	switch pg.Constraint(err) {
	case "pledges_purpose_of_campaign", "pledges_need_of_purpose":
		return fault.In("purpose", "pledge.purpose_unknown")
	case "pledges_through_joined": // it has left in this moment
		return fault.In("through", "pledge.through_unknown")
	}
	if err != nil {
		return fmt.Errorf("write the pledge: %w", err)
	}
	return nil
}

func (p Promise) rhythm() Rhythm {
	if p.Rhythm == "" {
		return Once
	}
	return p.Rhythm
}

// parts are the instalments of the promise. Who pays at once has one that is due today.
func (p Promise) parts(now time.Time) []Part {
	switch {
	case len(p.Parts) > 0:
		return p.Parts
	case p.DueOn.IsZero():
		return []Part{{clock.Day(now), p.Amount.Minor}}
	}
	return []Part{{clock.Day(p.DueOn), p.Amount.Minor}}
}

// Check holds the rules that need no database: nil, or a fault.Form. MakePledge asks it
// too; a form asks it first, to tell all that is wrong at once.
func (p Promise) Check(now time.Time) error {
	var form fault.Form
	if p.Amount.Minor <= 0 {
		form = append(form, fault.In("amount", "money.zero"))
	}
	switch p.Visibility {
	case Named, AmountHidden, Anonymous:
	default:
		form = append(form, fault.In("visibility", "pledge.visibility"))
	}
	if wrong := text.Check("message", p.Message, maxMessage); wrong != nil {
		form = append(form, wrong)
	}
	if wrong := p.checkWhen(clock.Day(now)); wrong != nil {
		form = append(form, wrong)
	}
	if p.NeedID != "" && p.PurposeID == "" || p.PurposeID != "" && !pg.IsID(p.PurposeID) || p.NeedID != "" && !pg.IsID(p.NeedID) {
		form = append(form, fault.In("purpose", "pledge.purpose_unknown"))
	}
	if wrong := text.Check("purchase_order", p.PurchaseOrder, maxPurchaseOrder); wrong != nil {
		form = append(form, wrong)
	} else if strings.ContainsAny(strings.TrimSpace(p.PurchaseOrder), "\n\t") {
		form = append(form, fault.In("purchase_order", "text.not_utf8"))
	}
	return form.Err()
}

// checkWhen holds the rules of the days. Parts must come to the amount: what is left over
// would be promised for no day.
func (p Promise) checkWhen(today time.Time) *fault.Fault {
	switch p.rhythm() {
	case Once:
		if len(p.Parts) > 0 {
			return fault.In("when", "pledge.when")
		}
	case Monthly, Quarterly, OwnDates:
		if len(p.Parts) == 0 {
			return fault.In("parts", "pledge.no_instalments", MaxInstalments)
		}
	default:
		return fault.In("when", "pledge.when")
	}
	if wrong := checkParts("parts", p.Parts, today); wrong != nil {
		return wrong
	}
	if !slices.IsSortedFunc(p.Parts, func(a, b Part) int { return a.DueOn.Compare(b.DueOn) }) {
		return fault.In("parts", "pledge.days_out_of_order")
	}
	if len(p.Parts) > 0 && Total(p.Parts) != p.Amount.Minor {
		return fault.In("parts", "pledge.parts_differ", money.Of(Total(p.Parts), p.Amount.Currency), p.Amount)
	}
	switch {
	case p.DueOn.IsZero():
	case p.DueOn.Before(today):
		return fault.In("due_on", "pledge.due_in_the_past")
	case p.DueOn.After(today.AddDate(horizon, 0, 0)):
		return fault.In("due_on", "pledge.due_too_far")
	}
	return nil
}

// mayPay asks for a paying role in the company. A stranger to it learns nothing.
func mayPay(ctx context.Context, tx *sqlx.Tx, person, company string) error {
	unknown := fault.New(fault.NotFound, "company.unknown")
	if !pg.IsID(company) {
		return unknown
	}
	var role member.CompanyRole
	err := tx.GetContext(ctx, &role, `SELECT role FROM company_roles WHERE person_id = $1 AND company_id = $2`, person, company)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return fmt.Errorf("find the role: %w", err)
	}
	if !role.MayPay() {
		return fault.New(fault.Forbidden, "company.viewer_cannot_pay")
	}
	return nil
}

// promisedTo is a campaign that takes a promise.
type promisedTo struct {
	ID        string
	ClusterID string `db:"cluster_id"`
	State     string
	Ended     bool
	Currency  money.Currency
	Accepts   bool   // the promise's currency
	ThroughID string // the cluster through which it is given
}

// openCampaign finds the campaign and keeps it open until the pledge is written.
func openCampaign(ctx context.Context, tx *sqlx.Tx, p Promise, now time.Time) (promisedTo, error) {
	var c promisedTo
	err := tx.GetContext(ctx, &c, `
		SELECT id, cluster_id, state, currency, coalesce(closes_on < $2, false) AS ended,
		       currency = $3 OR EXISTS (SELECT 1 FROM campaign_currencies a WHERE a.campaign_id = c.id AND a.currency = $3) AS accepts
		  FROM campaigns c WHERE slug = $1 AND state <> 'draft' FOR SHARE OF c`, p.CampaignSlug, clock.Day(now), string(p.Amount.Currency))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, fault.New(fault.NotFound, "campaign.unknown", p.CampaignSlug)
	case err != nil:
		return c, fmt.Errorf("find the campaign: %w", err)
	case c.State != "open" || c.Ended: // its last day is over, and the timetable has not closed it yet
		return c, fault.New(fault.Conflict, "campaign.closed")
	}
	if c.ThroughID, err = p.through(ctx, tx, c.ID, now); err != nil {
		return c, err
	}
	if !c.Accepts {
		return c, fault.In("amount", "pledge.other_currency", string(c.Currency))
	}
	return c, nil
}

// through is the cluster through which the company gives, and so the one whose share the
// pledge counts as.
func (p Promise) through(ctx context.Context, tx *sqlx.Tx, to string, now time.Time) (string, error) {
	ways, err := campaign.Ways(ctx, tx, to, p.CompanyID, now)
	switch {
	case err != nil:
		return "", err
	case len(ways) == 0:
		return "", fault.New(fault.Forbidden, "pledge.not_a_member")
	case p.ThroughID == "" && len(ways) > 1:
		return "", fault.In("through", "pledge.through_missing")
	case p.ThroughID == "":
		return ways[0].ID, nil
	}
	if !slices.ContainsFunc(ways, func(k campaign.Cluster) bool { return k.ID == p.ThroughID }) {
		return "", fault.In("through", "pledge.through_unknown")
	}
	return p.ThroughID, nil
}
