package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// GiftState says how far a pledge has come.
type GiftState string

const (
	Promised   GiftState = "promised"
	OnItsWay   GiftState = "on-its-way"
	InPart     GiftState = "part"
	Received   GiftState = "received"
	BackInPart GiftState = "refunded-in-part"
	Refunded   GiftState = "refunded"
	Withdrawn  GiftState = "withdrawn" // cancelled, or written off, before anything came
)

// Gift is a pledge as far as its company lets the public see it. An anonymous one stands in
// no list: its amount and its day would tell whose it is to anyone who knows either.
type Gift struct {
	Company  *Ref          // nil when the name is withheld
	Campaign *Ref          // on a company's page
	Amount   *money.Amount // what was promised, as it stands now; nil when the amount is hidden
	Promised *money.Amount // what was promised first, where that was another amount; nil when the amount is hidden
	Original *Counted      // the same promise in the currency in which it was made, where that was another; nil when the amount is hidden
	Received *money.Amount // what came of it so far, before refunds; nil when the amount is hidden
	Refunded *money.Amount // what went back, by us or by the payer's bank; nil when the amount is hidden
	State    GiftState
	Message  string // the company's word beside its name; empty when the name is withheld
	MadeAt   time.Time
	DueOn    time.Time // zero: the company pays at once
}

// public shows a pledge p of company k with its acts x and what its payments y brought. A name withheld
// and an amount hidden do not leave the database.
const public = `
	       CASE WHEN p.visibility <> 'anonymous' THEN k.slug END AS company_slug,
	       CASE WHEN p.visibility <> 'anonymous' THEN k.name_uk END AS company_uk,
	       CASE WHEN p.visibility <> 'anonymous' THEN k.name_en END AS company_en,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN p.amount_minor + x.change END AS amount,
	       CASE WHEN p.visibility <> 'amount-hidden' AND x.change <> 0 THEN p.amount_minor END AS promised,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN round((p.amount_minor + x.change)::numeric * p.original_minor / p.amount_minor)::bigint END AS original,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN p.original_currency END AS original_currency,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN (SELECT trim_scale(rate)::text FROM exchange_rates WHERE id = p.rate_id) END AS rate,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN (SELECT source FROM exchange_rates WHERE id = p.rate_id) END AS rate_source,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN (SELECT day FROM exchange_rates WHERE id = p.rate_id) END AS rate_day,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN y.received END AS received,
	       CASE WHEN p.visibility <> 'amount-hidden' THEN y.refunded END AS refunded,
	       CASE WHEN p.visibility <> 'anonymous' THEN p.message ELSE '' END AS message,
	       p.currency, p.made_at, p.due_on,
	       CASE WHEN y.received > 0 AND y.refunded >= y.received THEN 'refunded'
	            WHEN y.refunded > 0 THEN 'refunded-in-part'
	            WHEN p.amount_minor + x.change = 0 AND y.received = 0 AND y.on_its_way = 0 THEN 'withdrawn'
	            WHEN y.received >= p.amount_minor + x.change AND y.received > 0 THEN 'received'
	            WHEN y.received > 0 THEN 'part'
	            WHEN y.on_its_way > 0 THEN 'on-its-way'
	            ELSE 'promised' END AS state`

// brought sums the acts and the payments of a pledge p.
const brought = `
	 CROSS JOIN LATERAL (SELECT coalesce(sum(change_minor), 0)::bigint AS change FROM pledge_acts WHERE pledge_id = p.id) x
	 CROSS JOIN LATERAL (
	       SELECT coalesce(sum(received_minor), 0)::bigint AS received,
	              coalesce(sum(refunded_minor + disputed_minor + lost_minor), 0)::bigint AS refunded,
	              coalesce(sum(amount_minor) FILTER (WHERE state = 'processing'), 0)::bigint AS on_its_way
	         FROM payments WHERE pledge_id = p.id) y`

type giftRow struct {
	CompanySlug  *string        `db:"company_slug"`
	CompanyUK    *string        `db:"company_uk"`
	CompanyEN    *string        `db:"company_en"`
	CampaignSlug *string        `db:"campaign_slug"`
	CampaignUK   *string        `db:"campaign_uk"`
	CampaignEN   *string        `db:"campaign_en"`
	Amount       *int64         `db:"amount"`
	Promised     *int64         `db:"promised"`
	Received     *int64         `db:"received"`
	Original     *int64         `db:"original"`
	OriginalIn   *string        `db:"original_currency"`
	Rate         *string        `db:"rate"`
	RateSource   *string        `db:"rate_source"`
	RateDay      *time.Time     `db:"rate_day"`
	Refunded     *int64         `db:"refunded"`
	Currency     money.Currency `db:"currency"`
	State        GiftState      `db:"state"`
	Message      string         `db:"message"`
	MadeAt       time.Time      `db:"made_at"`
	DueOn        *time.Time     `db:"due_on"`
}

func (r giftRow) gift() Gift {
	g := Gift{State: r.State, Message: r.Message, MadeAt: r.MadeAt, Amount: r.sum(r.Amount), Promised: r.sum(r.Promised), Received: r.sum(r.Received), Refunded: r.sum(r.Refunded)}
	g.Company = ref(r.CompanySlug, r.CompanyUK, r.CompanyEN)
	g.Campaign = ref(r.CampaignSlug, r.CampaignUK, r.CampaignEN)
	if r.Original != nil && r.RateDay != nil {
		g.Original = &Counted{money.Of(*r.Original, money.Currency(*r.OriginalIn)), *r.Rate, *r.RateSource, *r.RateDay}
	}
	if r.DueOn != nil {
		g.DueOn = *r.DueOn
	}
	return g
}

func (r giftRow) sum(minor *int64) *money.Amount {
	if minor == nil {
		return nil
	}
	a := money.Of(*minor, r.Currency)
	return &a
}

func ref(slug, uk, en *string) *Ref {
	if slug == nil {
		return nil
	}
	return &Ref{*slug, Text{*uk, *en}}
}

// gifts returns the listed pledges of a campaign, the latest first: those whose number is
// at most newest. Anonymous ones have no number.
func gifts(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID, newest, limit int) ([]Gift, error) {
	var rows []giftRow
	err := tx.SelectContext(ctx, &rows, `
		SELECT `+public+`
		  FROM (SELECT * FROM pledges WHERE campaign_id = $1 AND number <= $2 ORDER BY number DESC LIMIT $3) p
		 CROSS JOIN LATERAL (SELECT slug, name_uk, name_en FROM companies WHERE id = p.company_id LIMIT 1) k`+brought+`
		 ORDER BY p.number DESC`, campaign, newest, limit)
	if err != nil {
		return nil, fmt.Errorf("list the gifts: %w", err)
	}
	return toGifts(rows), nil
}

// countGifts is the number of the campaign's latest listed pledge: none was ever deleted.
func countGifts(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) (int, error) {
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT coalesce(max(number), 0) FROM pledges WHERE campaign_id = $1`, campaign); err != nil {
		return 0, fmt.Errorf("count the gifts: %w", err)
	}
	return n, nil
}

func toGifts(rows []giftRow) []Gift {
	all := make([]Gift, len(rows))
	for i, row := range rows {
		all[i] = row.gift()
	}
	return all
}

// DonorsPerPage is how many gifts one page of the full list holds.
const DonorsPerPage = 50

// Donors is one page of a campaign's gifts. Gifts are numbered from the oldest, 1.
type Donors struct {
	Campaign Heading
	Gifts    []Gift
	Total    int
	First    int // the number of the page's newest gift, 0 when there is none
	Last     int // the number of its oldest
}

// Heading is what a list says of the campaign that it belongs to: no figure, so that a page
// of the list costs the same however much the campaign has gathered.
type Heading struct {
	ID    uuid.UUID `db:"id"`
	Title Text      `db:"title"`
	State State     `db:"state"`
}

func headingOf(ctx context.Context, tx *sqlx.Tx, slug string) (Heading, error) {
	var h Heading
	if !isSlug(slug) {
		return h, fault.New(fault.NotFound, "campaign.unknown")
	}
	err := tx.GetContext(ctx, &h, `SELECT id, title_uk AS "title.uk", title_en AS "title.en", state FROM campaigns WHERE slug = $1 AND state <> 'draft'`, slug)
	if err != nil {
		return h, known(fmt.Errorf("find campaign %s: %w", slug, err), "campaign.unknown")
	}
	return h, nil
}

// Older reports whether gifts follow that were made before these.
func (d Donors) Older() bool { return d.Last > 1 }

// Donors lists a campaign's gifts, the latest first: those older than the one numbered
// after, or all when that is 0 or beyond the last.
//
// A pledge is numbered when it is made and never deleted, so gifts that come while somebody
// reads shift no page. The number stands in for the pledge's id in the address: no id of a
// pledge is public.
func (r *Report) Donors(ctx context.Context, slug string, after int) (Donors, error) {
	var d Donors
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if d.Campaign, err = headingOf(ctx, tx, slug); err != nil {
			return err
		}
		if d.Total, err = countGifts(ctx, tx, d.Campaign.ID); err != nil {
			return err
		}
		d.First = d.Total
		if after > 0 {
			d.First = min(after-1, d.Total)
		}
		d.Gifts, err = gifts(ctx, tx, d.Campaign.ID, d.First, DonorsPerPage)
		return err
	})
	if err != nil {
		return Donors{}, err
	}
	if len(d.Gifts) > 0 {
		d.Last = d.First - len(d.Gifts) + 1
	}
	return d, nil
}
