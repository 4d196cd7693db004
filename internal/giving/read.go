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
	"kopiyka/internal/pg"
)

const pledgeColumns = `p.id, p.campaign_id, c.slug, c.title_uk, c.title_en, c.cluster_id, p.through_id, t.name_uk, t.name_en, p.company_id, k.name_uk, k.name_en,
	p.amount_minor, p.amount_minor + coalesce(x.change, 0)::bigint, p.currency, p.rhythm, p.visibility, p.message, p.purchase_order,
	coalesce(p.purpose_id::text, ''), coalesce(u.title_uk, ''), coalesce(u.title_en, ''), coalesce(p.need_id::text, ''), coalesce(n.item_uk, ''), coalesce(n.item_en, ''),
	p.due_on, p.reference, p.made_at, x.acts, coalesce(x.cancelled, false), coalesce(x.released, false), y.on_its_way, y.received, y.refunded,
	coalesce(p.original_minor, 0), coalesce(p.original_currency, ''), coalesce(p.rate_id::text, ''), coalesce(r.rate::text, '1'), coalesce(r.source, ''), r.day, y.charged, y.own`

// pledgeTables joins a pledge with its acts x and its payments y.
const pledgeTables = ` FROM pledges p JOIN campaigns c ON c.id = p.campaign_id JOIN companies k ON k.id = p.company_id JOIN clusters t ON t.id = p.through_id
	LEFT JOIN purposes u ON u.id = p.purpose_id LEFT JOIN needs n ON n.id = p.need_id
	LEFT JOIN LATERAL (SELECT * FROM exchange_rates WHERE id = p.rate_id LIMIT 1) r ON true
	CROSS JOIN LATERAL (
	      SELECT sum(change_minor) AS change, count(*)::int AS acts, bool_or(kind = 'cancelled') AS cancelled, bool_or(kind = 'earmark-released') AS released
	        FROM pledge_acts WHERE pledge_id = p.id) x
	CROSS JOIN LATERAL (
	      SELECT coalesce(sum(amount_minor) FILTER (WHERE state = 'processing' OR state = 'paid' AND received_minor = 0), 0)::bigint AS on_its_way,
	             coalesce(sum(received_minor), 0)::bigint AS received, coalesce(sum(refunded_minor + lost_minor), 0)::bigint AS refunded,
	             coalesce(sum(CASE WHEN received_minor > 0 AND presented_currency = charged_currency THEN presented_minor ELSE charged_minor END - charged_back_minor)
	                      FILTER (WHERE state = 'processing' OR state = 'paid' OR received_minor > 0), 0)::bigint AS charged,
	             coalesce(sum(received_minor - refunded_minor - lost_minor + CASE WHEN state = 'processing' OR state = 'paid' AND received_minor = 0 THEN amount_minor ELSE 0 END)
	                      FILTER (WHERE charged_minor IS NULL), 0)::bigint AS own
	        FROM payments WHERE pledge_id = p.id) y `

func scanPledge(row interface{ Scan(...any) error }) (Pledge, error) {
	var p Pledge
	var due, day sql.NullTime
	var own int64
	err := row.Scan(&p.ID, &p.CampaignID, &p.CampaignSlug, &p.Campaign.UK, &p.Campaign.EN, &p.ClusterID, &p.ThroughID, &p.Through.UK, &p.Through.EN, &p.CompanyID, &p.Company.UK, &p.Company.EN,
		&p.Promised.Minor, &p.Amount.Minor, &p.Amount.Currency, &p.Rhythm, &p.Visibility, &p.Message, &p.PurchaseOrder,
		&p.PurposeID, &p.Purpose.UK, &p.Purpose.EN, &p.NeedID, &p.Need.UK, &p.Need.EN,
		&due, &p.Reference, &p.MadeAt, &p.Acts, &p.Cancelled, &p.EarmarkReleased, &p.OnItsWay, &p.Received, &p.Refunded,
		&p.Original.Minor, &p.Original.Currency, &p.Rate.ID, &p.Rate.Value, &p.Rate.Source, &day, &p.PaidOriginal, &own)
	p.DueOn, p.Promised.Currency = due.Time, p.Amount.Currency
	if p.Foreign() {
		p.Rate.From, p.Rate.To, p.Rate.Day, p.Rate.ClusterID = p.Original.Currency, p.Amount.Currency, day.Time, p.ClusterID
		p.PaidOriginal += p.InOriginal(own).Minor
	}
	return p, err
}

// PledgeOf finds a pledge of a company in which the person has any role. Another's pledge
// and no pledge at all are the same NotFound fault.
func PledgeOf(ctx context.Context, db *sqlx.DB, id, person string) (Pledge, error) {
	return pledgeOf(ctx, db, id, person)
}

func pledgeOf(ctx context.Context, db sqlx.QueryerContext, id, person string) (Pledge, error) {
	unknown := fault.New(fault.NotFound, "pledge.unknown")
	if !pg.IsID(id) {
		return Pledge{}, unknown
	}
	p, err := scanPledge(db.QueryRowxContext(ctx, `SELECT `+pledgeColumns+pledgeTables+`
		WHERE p.id = $1 AND EXISTS (SELECT 1 FROM company_roles r WHERE r.company_id = p.company_id AND r.person_id = $2)`, id, person))
	if errors.Is(err, sql.ErrNoRows) {
		return p, unknown
	}
	if err != nil {
		return p, fmt.Errorf("find the pledge: %w", err)
	}
	return p, nil
}

// PledgeFor finds a pledge of a cluster in which the person has any role. Another
// cluster's pledge and no pledge at all are the same NotFound fault.
func PledgeFor(ctx context.Context, db *sqlx.DB, id, person string) (Pledge, error) {
	return pledgeFor(ctx, db, id, person)
}

func pledgeFor(ctx context.Context, db sqlx.QueryerContext, id, person string) (Pledge, error) {
	unknown := fault.New(fault.NotFound, "pledge.unknown")
	if !pg.IsID(id) {
		return Pledge{}, unknown
	}
	p, err := scanPledge(db.QueryRowxContext(ctx, `SELECT `+pledgeColumns+pledgeTables+`
		WHERE p.id = $1 AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = c.cluster_id AND r.person_id = $2)`, id, person))
	if errors.Is(err, sql.ErrNoRows) {
		return p, unknown
	}
	if err != nil {
		return p, fmt.Errorf("find the pledge: %w", err)
	}
	return p, nil
}

// PledgesNamed finds a cluster's pledges by their payment references, in the references' order.
// One that names none is left out. It asks for nobody: it is for matching.
func PledgesNamed(ctx context.Context, tx *sqlx.Tx, cluster string, references []string) ([]Pledge, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+pledgeColumns+pledgeTables+`
		WHERE p.reference = ANY ($2::text[]) AND c.cluster_id = $1 ORDER BY array_position($2::text[], p.reference)`, cluster, pq.Array(references))
	if err != nil {
		return nil, fmt.Errorf("find pledges by reference: %w", err)
	}
	return scanPledges(rows)
}

// PageSize is how many pledges a page of a list holds.
const PageSize = 50

// PledgesOf lists a company's pledges for a person of that company, newest first. After is
// the id of the last pledge of the page before, or empty. A full page may be followed by
// another.
func PledgesOf(ctx context.Context, db *sqlx.DB, company, person, after string) ([]Pledge, error) {
	return FindPledgesOf(ctx, db, company, person, PledgeSearch{}, after, PageSize)
}

func scanPledges(rows *sql.Rows) ([]Pledge, error) {
	defer rows.Close()
	var all []Pledge
	for rows.Next() {
		p, err := scanPledge(rows)
		if err != nil {
			return nil, fmt.Errorf("list pledges: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// PaymentsOf lists the payments of a pledge, newest first. Ask PledgeOf first who may see it.
func PaymentsOf(ctx context.Context, db *sqlx.DB, pledgeID string) ([]Payment, error) {
	var all []Payment
	err := db.SelectContext(ctx, &all, `SELECT `+paymentColumns+` FROM payments WHERE pledge_id = $1 ORDER BY id DESC`, pledgeID)
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	return all, nil
}

// PaymentsOfAll lists the payments of several pledges, newest first. Ask PledgesOf first
// who may see them.
func PaymentsOfAll(ctx context.Context, db *sqlx.DB, pledges []Pledge) (map[string][]Payment, error) {
	ids := make([]string, len(pledges))
	for i, p := range pledges {
		ids[i] = p.ID
	}
	var all []Payment
	err := db.SelectContext(ctx, &all, `SELECT `+paymentColumns+` FROM payments WHERE pledge_id = ANY ($1::uuid[]) ORDER BY id DESC`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	of := make(map[string][]Payment, len(pledges))
	for _, p := range all {
		of[p.PledgeID] = append(of[p.PledgeID], p)
	}
	return of, nil
}

// PaymentOf finds a payment of a company in which the person has any role; all others are
// one NotFound fault.
func PaymentOf(ctx context.Context, db *sqlx.DB, id, person string) (Payment, error) {
	unknown := fault.New(fault.NotFound, "payment.unknown")
	var p Payment
	if !pg.IsID(id) {
		return p, unknown
	}
	err := db.GetContext(ctx, &p, `SELECT `+paymentColumns+` FROM payments y WHERE id = $1 AND EXISTS (
		SELECT 1 FROM pledges p JOIN company_roles r ON r.company_id = p.company_id WHERE p.id = y.pledge_id AND r.person_id = $2)`, id, person)
	if errors.Is(err, sql.ErrNoRows) {
		return p, unknown
	}
	if err != nil {
		return p, fmt.Errorf("find the payment: %w", err)
	}
	return p, nil
}

// ErrNoPayment tells that Stripe speaks of a payment that these books do not have.
var ErrNoPayment = errors.New("giving: no such payment")

// PaymentByStripeID finds the payment that has a session or a payment intent of this id.
// ErrNoPayment: none has it, or none has it yet.
func PaymentByStripeID(ctx context.Context, db *sqlx.DB, id string) (string, error) {
	var payment string
	err := db.GetContext(ctx, &payment, `SELECT id FROM payments WHERE session_id = $1 UNION ALL SELECT id FROM payments WHERE payment_intent_id = $1 LIMIT 1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNoPayment
	}
	if err != nil {
		return "", fmt.Errorf("find the payment of %s: %w", id, err)
	}
	return payment, nil
}

// LockPayment takes a payment for the rest of the transaction. Whoever writes what Stripe
// says must hold it before asking Stripe: then who writes last has also read last.
func LockPayment(ctx context.Context, tx *sqlx.Tx, id string) (Payment, error) {
	var p Payment
	if !pg.IsID(id) {
		return p, ErrNoPayment
	}
	if err := pg.Lock(ctx, tx, "payment:"+strings.ToLower(id)); err != nil { // an id has two spellings
		return p, err
	}
	err := tx.GetContext(ctx, &p, `SELECT `+paymentColumns+` FROM payments WHERE id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNoPayment
	}
	if err != nil {
		return p, fmt.Errorf("find the payment: %w", err)
	}
	return p, nil
}

// Unfinished lists payments that Stripe knows of, began before a time and have no end
// yet, the one longest not asked about first. Paid is no end before the money is here, and
// a dispute is none before it is decided: that it is lost moves no money, so that nothing
// else would tell.
func Unfinished(ctx context.Context, db *sqlx.DB, before time.Time, limit int) ([]Payment, error) {
	var all []Payment
	err := db.SelectContext(ctx, &all, `SELECT `+paymentColumns+` FROM payments
		WHERE (state IN ('created', 'open', 'declined', 'processing', 'awaiting-funds') OR state = 'paid' AND received_minor = 0 OR disputed_minor > 0)
		  AND coalesce(session_id, payment_intent_id, invoice_id) IS NOT NULL AND started_at < $1 ORDER BY coalesce(synced_at, started_at) LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list unfinished payments: %w", err)
	}
	return all, nil
}
