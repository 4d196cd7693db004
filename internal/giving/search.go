package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Search is what the people of a cluster look for among its payments. The zero Search finds
// all of them.
type Search struct {
	Text     string // words of a company's name, a pledge's reference, or an id: ours or Stripe's
	Campaign string // a campaign's slug
	State    State
	Amount   string    // as it was typed; read in each campaign's own currency
	From     time.Time // started at this moment or later
	Until    time.Time // started before it
}

// Found is a payment with what its people need to tell it from others.
type Found struct {
	Payment
	ChargeID   string       `db:"charge_id"`
	StartedBy  string       `db:"started_by"` // a name
	SyncedAt   sql.NullTime `db:"synced_at"`
	Reference  Reference
	CompanyUK  string `db:"company_uk"`
	CompanyEN  string `db:"company_en"`
	CampaignUK string `db:"campaign_uk"`
	CampaignEN string `db:"campaign_en"`
	Slug       string // the campaign's
	ClusterID  string `db:"cluster_id"`
}

const foundColumns = `y.id, y.pledge_id, y.campaign_id, y.amount_minor, y.currency, y.title, y.state, y.way, y.idempotency_key, coalesce(y.session_id, '') AS session_id,
	coalesce(y.session_url, '') AS session_url, y.session_ends_at, coalesce(y.payment_intent_id, '') AS payment_intent_id, coalesce(y.charge_id, '') AS charge_id, coalesce(y.invoice_id, '') AS invoice_id, y.due_at,
	y.method, y.decline, y.received_minor, y.refunded_minor, y.fee_minor, y.disputed_minor, y.lost_minor, y.drift_minor,
	coalesce(y.presented_minor, 0) AS presented_minor, coalesce(y.presented_currency, '') AS presented_currency,
	coalesce(y.settled_minor, 0) AS settled_minor, coalesce(y.settled_currency, '') AS settled_currency, y.exchange_rate,
	coalesce(y.charged_minor, 0) AS charged_minor, coalesce(y.charged_currency, '') AS charged_currency, y.charged_back_minor, y.started_at, y.settled_at, y.synced_at, s.name AS started_by, p.reference,
	k.name_uk AS company_uk, k.name_en AS company_en, c.title_uk AS campaign_uk, c.title_en AS campaign_en, c.slug, c.cluster_id`

const foundTables = ` JOIN pledges p ON p.id = y.pledge_id JOIN companies k ON k.id = p.company_id
	JOIN campaigns c ON c.id = y.campaign_id JOIN people s ON s.id = y.started_by`

// ofCluster holds for a campaign c of a cluster in which the person $1 has a role.
const ofCluster = `c.cluster_id IN (SELECT r.cluster_id FROM cluster_roles r WHERE r.person_id = $1)`

// PaymentFor finds a payment for a person with a role in its cluster; all others are one
// NotFound fault.
func PaymentFor(ctx context.Context, db *sqlx.DB, person, id string) (Found, error) {
	unknown := fault.New(fault.NotFound, "payment.unknown")
	var f Found
	if !pg.IsID(id) {
		return f, unknown
	}
	err := db.GetContext(ctx, &f, `SELECT `+foundColumns+` FROM payments y`+foundTables+` WHERE y.id = $2 AND `+ofCluster, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return f, unknown
	}
	if err != nil {
		return f, fmt.Errorf("find the payment: %w", err)
	}
	return f, nil
}

// FindPayments lists the payments of the clusters in which a person has a role that fit a
// search, the last started first. After is the id of the last payment of the page before,
// or empty. What was typed and cannot be read comes back as a fault of its field.
func FindPayments(ctx context.Context, db *sqlx.DB, person string, s Search, after string, limit int) ([]Found, error) {
	q := query{args: []any{person}}
	if err := q.goOnAfter(ctx, db, after); err != nil {
		return nil, err
	}
	var currencies []money.Currency
	if s.Amount != "" {
		err := db.SelectContext(ctx, &currencies, `SELECT DISTINCT c.currency FROM campaigns c WHERE `+ofCluster, person)
		if err != nil {
			return nil, fmt.Errorf("list the currencies of a cluster: %w", err)
		}
	}
	found, err := q.find(s, currencies, limit)
	if err != nil {
		return nil, err
	}
	var all []Found
	err = db.SelectContext(ctx, &all, `SELECT `+foundColumns+` FROM (`+found+`) f JOIN payments y ON y.id = f.id`+foundTables+`
		ORDER BY f.started_at DESC, f.id DESC`, q.args...)
	if err != nil {
		return nil, fmt.Errorf("search payments: %w", err)
	}
	return all, nil
}

// query is a search on its way to SQL: conditions on a payment y, and their arguments.
type query struct {
	where []string
	args  []any
}

// add keeps an argument and returns its place in the text.
func (q *query) add(arg any) string {
	q.args = append(q.args, arg)
	return fmt.Sprintf("$%d", len(q.args))
}

func (q *query) want(format string, args ...any) {
	places := make([]any, len(args))
	for i, a := range args {
		places[i] = q.add(a)
	}
	q.where = append(q.where, fmt.Sprintf(format, places...))
}

// goOnAfter begins below a payment of the page before. Its own time is asked for, so that
// an address holds an id and nothing else.
func (q *query) goOnAfter(ctx context.Context, db *sqlx.DB, after string) error {
	if after == "" {
		return nil
	}
	unknown := fault.New(fault.NotFound, "page.unknown")
	if !pg.IsID(after) {
		return unknown
	}
	var last time.Time
	err := db.GetContext(ctx, &last, `SELECT started_at FROM payments WHERE id = $1`, after)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return fmt.Errorf("find the page: %w", err)
	}
	q.want(`(y.started_at, y.id) < (%s, %s)`, last, after)
	return nil
}

// find writes the query of the ids. Whatever narrows most comes first: an id or a
// reference, else a company, else each campaign with the page's worth of its own payments.
func (q *query) find(s Search, known []money.Currency, limit int) (string, error) {
	if err := q.plain(s); err != nil {
		return "", err
	}
	// The campaign's own conditions, where each of the three below knows it as c.
	campaign, amounts := ofCluster, ""
	if s.Campaign != "" {
		campaign += ` AND c.slug = ` + q.add(s.Campaign)
	}
	if s.Amount != "" {
		currencies, minors, err := readAmount(s.Amount, known)
		if err != nil {
			return "", err
		}
		amounts = ` JOIN unnest(` + q.add(pq.Array(currencies)) + `::text[], ` + q.add(pq.Array(minors)) + `::bigint[]) AS m(currency, minor) ON m.currency = c.currency`
		q.where = append(q.where, `y.amount_minor = m.minor`)
	}
	from, ok := q.named(strings.TrimSpace(s.Text))
	where := strings.Join(append(q.where, "true"), " AND ")
	most := q.add(limit)
	if ok {
		return `SELECT y.id, y.started_at FROM ` + from + ` JOIN campaigns c ON c.id = y.campaign_id` + amounts + `
			WHERE ` + campaign + ` AND ` + where + ` ORDER BY y.started_at DESC, y.id DESC LIMIT ` + most, nil
	}
	return `SELECT y.id, y.started_at FROM campaigns c` + amounts + `
		CROSS JOIN LATERAL (SELECT y.id, y.started_at FROM payments y WHERE y.campaign_id = c.id AND ` + where + `
		                     ORDER BY y.started_at DESC, y.id DESC LIMIT ` + most + `) y
		WHERE ` + campaign + ` ORDER BY y.started_at DESC, y.id DESC LIMIT ` + most, nil
}

func (q *query) plain(s Search) error {
	if s.State != "" {
		q.want(`y.state = %s`, string(s.State))
	}
	if !s.From.IsZero() {
		q.want(`y.started_at >= %s`, s.From)
	}
	if !s.Until.IsZero() {
		q.want(`y.started_at < %s`, s.Until)
	}
	if !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
		return fault.In("until", "search.dates")
	}
	return nil
}

var stripeID = regexp.MustCompile(`^[a-z]{2,6}_[A-Za-z0-9_]{1,250}$`)

// named says where payments come from that a text names, or false when there is no text.
func (q *query) named(text string) (from string, ok bool) {
	switch refs := FindReferences(text); {
	case text == "":
		return "", false
	case len(refs) > 0:
		return `pledges p JOIN payments y ON y.pledge_id = p.id AND p.reference = ` + q.add(string(refs[0])), true
	case pg.IsID(text):
		place := q.add(text) + `::uuid`
		return `(SELECT * FROM payments WHERE id = ` + place + ` UNION ALL SELECT * FROM payments WHERE pledge_id = ` + place + `) y`, true
	case stripeID.MatchString(text):
		return q.atStripe(text), true
	}
	words := beginnings(text)
	if words == "" {
		q.where = append(q.where, "false")
		return "payments y", true
	}
	return `companies k JOIN pledges p ON p.company_id = k.id JOIN payments y ON y.pledge_id = p.id
		AND ` + companyWords + ` @@ to_tsquery('simple', ` + q.add(words) + `)`, true
}

// atStripe finds a payment by its checkout session, payment intent, charge or invoice, by a refund
// of ours, by an event about one of them, or by a balance transaction that took from its money, such as the one
// that brought it and kept a fee.
func (q *query) atStripe(id string) string {
	place := q.add(id)
	return `(SELECT DISTINCT y.* FROM (
			SELECT ` + place + ` AS object UNION ALL SELECT object_id FROM inbox_events WHERE event_id = ` + place + `) o
		 CROSS JOIN LATERAL (
			SELECT id FROM payments WHERE session_id = o.object UNION ALL SELECT id FROM payments WHERE payment_intent_id = o.object
			UNION ALL SELECT id FROM payments WHERE charge_id = o.object UNION ALL SELECT id FROM payments WHERE invoice_id = o.object
			UNION ALL SELECT payment_id FROM refund_requests WHERE stripe_id = o.object
			UNION ALL SELECT substr(l.origin, length('payment:') + 1)::uuid FROM ledger.entries e
			            JOIN ledger.draws d ON d.entry_id = e.id JOIN ledger.lots l ON l.id = d.lot_id
			           WHERE e.source = 'stripe:' || o.object AND l.origin LIKE 'payment:%') f
		  JOIN payments y ON y.id = f.id) y`
}

// beginnings asks for names in which every word of the text begins a word; empty for a text
// without any letter or digit.
func beginnings(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		words[i] = "'" + w + "':*"
	}
	return strings.Join(words, " & ")
}

// readAmount reads what was typed in each of some currencies: "50" is 5000 minor units of
// one and 50 of another. A text that none of them can read is a fault.
func readAmount(text string, known []money.Currency) (currencies []string, minors []int64, err error) {
	for _, c := range known {
		a, wrong := money.Parse(text, c)
		if wrong == nil {
			currencies, minors = append(currencies, string(c)), append(minors, a.Minor)
		} else if one, ok := fault.As(wrong); ok && err == nil {
			err = one.About("amount")
		}
	}
	if len(currencies) == 0 {
		return nil, nil, err
	}
	return currencies, minors, nil
}

// ObjectsOf names what Stripe has of a payment: its session, intent, charge and invoice, and
// the refunds that we asked for.
func ObjectsOf(ctx context.Context, db *sqlx.DB, f Found) ([]string, error) {
	all := []string{f.SessionID, f.IntentID, f.ChargeID, f.InvoiceID}
	var refunds []string
	err := db.SelectContext(ctx, &refunds, `SELECT stripe_id FROM refund_requests WHERE payment_id = $1 AND stripe_id IS NOT NULL`, f.ID)
	if err != nil {
		return nil, fmt.Errorf("list the payment's refunds: %w", err)
	}
	return append(all, refunds...), nil
}

// AskingStripe records that a person has Stripe asked about a payment, and finds it. It
// needs a role in the cluster beyond that of an auditor, who only reads.
func AskingStripe(ctx context.Context, db *sqlx.DB, now clock.Clock, person, id string) (Found, error) {
	f, err := PaymentFor(ctx, db, person, id)
	if err != nil {
		return f, err
	}
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := member.May(ctx, tx, f.ClusterID, person, member.ActingRoles, fault.New(fault.Forbidden, "role.read_only"), fault.New(fault.NotFound, "payment.unknown")); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "payment.asked", Subject: f.Origin()})
	})
	if err != nil {
		return f, fmt.Errorf("ask about payment %s: %w", id, err)
	}
	return f, nil
}
