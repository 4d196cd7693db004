package bank

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

// Suggested is a pledge that a line may be for, and why it is thought so. It is never more
// than that: a person decides.
type Suggested struct {
	Reference  giving.Reference
	CompanyUK  string `db:"company_uk"`
	CompanyEN  string `db:"company_en"`
	CampaignUK string `db:"campaign_uk"`
	CampaignEN string `db:"campaign_en"`
	State      string // of the campaign
	Currency   money.Currency
	Left       int64 `db:"lacks"`
	Named      bool  // the line names it by its reference
	Paid       bool  // money from the same account was this company's before
	Alike      bool  // the payer's name is the company's
	Exact      bool  // what the pledge lacks is what is open
}

// suggestions is how many pledges are suggested at most.
const suggestions = 6

// Suggestions looks for the pledges that an unmatched line may be for: those that it names,
// those of companies that paid from the same account or are called so, and those of its very
// amount. Those with more reasons come first.
func Suggestions(ctx context.Context, db *sqlx.DB, line Row) ([]Suggested, error) {
	if line.Open <= 0 {
		return nil, nil
	}
	found := []string{} // none is not unknown
	for _, r := range giving.FindReferences(line.Details + "|" + line.EndToEnd) {
		found = append(found, string(r))
	}
	var all []Suggested
	err := db.SelectContext(ctx, &all, `
		WITH paid AS (
			SELECT DISTINCT p.company_id FROM statement_lines l JOIN line_matches m ON m.line_id = l.id AND m.kind = 'gift'
			  JOIN payments y ON y.id = m.payment_id AND y.received_minor > 0 JOIN pledges p ON p.id = y.pledge_id
			 WHERE $3 <> '' AND l.party_iban = $3
		), alike AS (
			SELECT k.id AS company_id FROM companies k JOIN memberships s ON s.company_id = k.id
			 WHERE s.cluster_id IN (SELECT $1::uuid UNION SELECT j.cluster_id FROM campaigns c JOIN campaign_clusters j ON j.campaign_id = c.id WHERE c.cluster_id = $1)
			   AND (position(lower(k.name_uk) IN lower($4)) > 0 OR position(lower(k.name_en) IN lower($4)) > 0)
		), wanted AS (
			SELECT id FROM pledges WHERE reference = ANY ($2)
			UNION SELECT p.id FROM pledges p WHERE p.company_id IN (SELECT company_id FROM paid UNION SELECT company_id FROM alike)
			UNION SELECT p.id FROM pledges p WHERE p.currency = $5 AND p.amount_minor = $6
			UNION SELECT p.id FROM pledges p WHERE p.original_currency = $5 AND p.original_minor = $6
		), told AS (
			SELECT p.reference, k.name_uk AS company_uk, k.name_en AS company_en, c.title_uk AS campaign_uk, c.title_en AS campaign_en, c.state, coalesce(p.original_currency, p.currency) AS currency,
			       greatest(a.asks - y.here, 0) AS lacks, p.reference = ANY ($2) AS named,
			       p.company_id IN (SELECT company_id FROM paid) AS paid, p.company_id IN (SELECT company_id FROM alike) AS alike,
			       a.asks - y.here = $6 AS exact, p.id
			  FROM wanted w JOIN pledges p ON p.id = w.id JOIN campaigns c ON c.id = p.campaign_id JOIN companies k ON k.id = p.company_id
			 CROSS JOIN LATERAL (SELECT CASE WHEN p.original_currency IS NULL THEN p.amount_minor + coalesce(sum(change_minor), 0)
			                          ELSE round(p.original_minor::numeric * (p.amount_minor + coalesce(sum(change_minor), 0)) / p.amount_minor) END::bigint AS asks
			                       FROM pledge_acts WHERE pledge_id = p.id) a
			 CROSS JOIN LATERAL (SELECT coalesce(sum(CASE WHEN p.original_currency IS NULL THEN received_minor - refunded_minor - lost_minor
			                          WHEN received_minor > 0 THEN presented_minor - charged_back_minor END), 0)::bigint AS here FROM payments WHERE pledge_id = p.id) y
			 WHERE c.cluster_id = $1
		)
		SELECT reference, company_uk, company_en, campaign_uk, campaign_en, state, currency, lacks, named, paid, alike, exact FROM told
		 WHERE named OR currency = $5 AND state <> 'settled' AND lacks > 0 AND (paid OR alike OR exact)
		 ORDER BY named DESC, (exact::int + paid::int + alike::int) DESC, exact DESC, id LIMIT $7`,
		line.ClusterID, pq.Array(found), line.PartyIBAN, line.Party, string(line.Currency), line.Open, suggestions)
	if err != nil {
		return nil, fmt.Errorf("look for pledges: %w", err)
	}
	return all, nil
}

// Reversible lists the lines that a line may take back, for a person to choose. Ask LineFor
// first who may see it.
func Reversible(ctx context.Context, db *sqlx.DB, line Row) ([]Row, error) {
	if line.Open != line.Minor {
		return nil, nil
	}
	var all []Row
	err := db.SelectContext(ctx, &all, `SELECT `+rowColumns+`
		 WHERE l.account_id = $1 AND l.amount_minor = -$2::bigint AND l.booked_on BETWEEN $3::date - 400 AND $3 AND l.id <> $4
		   AND ($5 = 'return' OR l.party_iban = $6 AND l.party_iban <> '')
		   AND NOT EXISTS (SELECT 1 FROM line_matches m WHERE m.line_id = l.id AND m.kind = 'reversal')
		   AND NOT EXISTS (SELECT 1 FROM line_matches m JOIN line_matches b ON b.reverses = m.id WHERE m.line_id = l.id)
		 ORDER BY l.booked_on DESC, l.id DESC LIMIT 10`, line.AccountID, line.Minor, line.BookedOn, line.ID, string(line.Kind), line.PartyIBAN)
	if err != nil {
		return nil, fmt.Errorf("look for opposite lines: %w", err)
	}
	return all, nil
}

// Refundable lists payments by bank transfer of which money may have been given back by a
// line that left: those that came from the account it went to. Ask LineFor first who may see
// the line.
func Refundable(ctx context.Context, db *sqlx.DB, line Row) ([]Paid, error) {
	if line.Open >= 0 || line.PartyIBAN == "" {
		return nil, nil
	}
	var all []Paid
	err := db.SelectContext(ctx, &all, `
		SELECT DISTINCT y.id, k.name_uk AS company_uk, k.name_en AS company_en, p.reference, u.left_minor, coalesce(y.charged_currency, y.currency) AS currency
		  FROM statement_lines l JOIN bank_accounts a ON a.id = l.account_id JOIN line_matches m ON m.line_id = l.id AND m.kind = 'gift'
		  JOIN payments y ON y.id = m.payment_id JOIN pledges p ON p.id = y.pledge_id JOIN companies k ON k.id = p.company_id
		 CROSS JOIN LATERAL (SELECT CASE WHEN y.charged_currency IS NULL THEN y.received_minor - y.refunded_minor ELSE coalesce(y.presented_minor, 0) - y.charged_back_minor END AS left_minor) u
		 WHERE l.party_iban = $1 AND a.cluster_id = $2 AND coalesce(y.charged_currency, y.currency) = $3 AND u.left_minor >= -$4::bigint ORDER BY y.id DESC LIMIT 10`,
		line.PartyIBAN, line.ClusterID, string(line.Currency), line.Open)
	if err != nil {
		return nil, fmt.Errorf("look for payments: %w", err)
	}
	return all, nil
}

// Paid is a payment by bank transfer and what of it is still here.
type Paid struct {
	ID        string
	CompanyUK string `db:"company_uk"`
	CompanyEN string `db:"company_en"`
	Reference giving.Reference
	LeftMinor int64 `db:"left_minor"`
	Currency  money.Currency
}
