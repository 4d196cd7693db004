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
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
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
	PersonID     string // who says it
	Amount       money.Amount
	Visibility   Visibility
	Message      string
	DueOn        time.Time // zero: the company wants to pay now
}

// Pledge is a promise as it stands, with what has come of it.
type Pledge struct {
	ID           string
	CampaignID   string
	CampaignSlug string
	Campaign     struct{ UK, EN string }
	CompanyID    string
	Amount       money.Amount
	Visibility   Visibility
	Message      string
	DueOn        time.Time
	Reference    Reference
	MadeAt       time.Time
	OnItsWay     int64 // paid and not yet in the books, minor units
	Received     int64 // came in
	Refunded     int64 // went back
}

// Outstanding is what the company may still pay: what is neither here nor on its way. What
// went back is not here.
func (p Pledge) Outstanding() money.Amount {
	left := p.Amount.Minor - p.OnItsWay - (p.Received - p.Refunded)
	return money.Of(max(left, 0), p.Amount.Currency)
}

const maxMessage = 500

// MakePledge records a promise and returns its id. The person must hold a paying role in
// the company, the company must be a member of the campaign's cluster, the campaign must
// be open and the currency its own. What is wrong comes back as one fault.Form, or as a
// NotFound or Forbidden fault. Each call is another pledge.
func MakePledge(ctx context.Context, db *sqlx.DB, now clock.Clock, p Promise) (string, error) {
	if err := p.Check(now()); err != nil {
		return "", err
	}
	id := pg.NewID()
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mayPay(ctx, tx, p.PersonID, p.CompanyID); err != nil {
			return err
		}
		campaign, err := openCampaign(ctx, tx, p, now())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, message, due_on, reference, made_by, made_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			id, campaign, p.CompanyID, p.Amount.Minor, string(p.Amount.Currency), string(p.Visibility), strings.TrimSpace(p.Message),
			sql.NullTime{Time: p.DueOn, Valid: !p.DueOn.IsZero()}, string(NewReference()), p.PersonID, now())
		if err != nil {
			return fmt.Errorf("write the pledge: %w", err)
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: p.PersonID, Act: "pledge.made", Subject: "pledge:" + id,
			Detail: map[string]any{"amount_minor": p.Amount.Minor, "currency": p.Amount.Currency, "visibility": p.Visibility}})
	})
	if err != nil {
		return "", fmt.Errorf("make a pledge: %w", err)
	}
	return id, nil
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
	if f := text.Check("message", p.Message, maxMessage); f != nil {
		form = append(form, f)
	}
	if !p.DueOn.IsZero() {
		today := clock.Day(now)
		if p.DueOn.Before(today) {
			form = append(form, fault.In("due_on", "pledge.due_in_the_past"))
		} else if p.DueOn.After(today.AddDate(5, 0, 0)) {
			form = append(form, fault.In("due_on", "pledge.due_too_far"))
		}
	}
	return form.Err()
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

// openCampaign finds the campaign and keeps it open until the pledge is written.
func openCampaign(ctx context.Context, tx *sqlx.Tx, p Promise, now time.Time) (string, error) {
	var c struct {
		ID       string
		State    string
		Ended    bool
		Currency money.Currency
		Member   bool
	}
	err := tx.GetContext(ctx, &c, `
		SELECT id, state, currency, coalesce(closes_on < $4, false) AS ended, EXISTS (SELECT 1 FROM memberships m WHERE m.cluster_id = c.cluster_id AND m.company_id = $2
		           AND m.since <= $3 AND (m.until IS NULL OR m.until > $3)) AS member
		  FROM campaigns c WHERE slug = $1 AND state <> 'draft' FOR SHARE OF c`, p.CampaignSlug, p.CompanyID, now, clock.Day(now))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", fault.New(fault.NotFound, "campaign.unknown", p.CampaignSlug)
	case err != nil:
		return "", fmt.Errorf("find the campaign: %w", err)
	case c.State != "open" || c.Ended: // its last day is over, and the timetable has not closed it yet
		return "", fault.New(fault.Conflict, "campaign.closed")
	case !c.Member:
		return "", fault.New(fault.Forbidden, "pledge.not_a_member")
	case c.Currency != p.Amount.Currency:
		return "", fault.In("amount", "pledge.other_currency", string(c.Currency))
	}
	return c.ID, nil
}
