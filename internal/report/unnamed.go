package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/money"
)

// Unnamed is what the totals hold of anonymous gifts, all together and without a day.
type Unnamed struct {
	Gifts   int
	Pledged money.Amount
}

// unnamed adds up a campaign's anonymous pledges. It is nil unless they are of three
// companies at least: a sum of one company is its amount, and of a sum of two each of them
// could work out the other's.
//
// It is nil, too, while one or two companies hide their amounts. Named amounts are public,
// so whoever takes them and this sum from the campaign's total would be left with theirs.
func unnamed(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) (*Unnamed, error) {
	var row struct {
		Gifts    int            `db:"gifts"`
		Pledged  int64          `db:"pledged"`
		Currency money.Currency `db:"currency"`
	}
	err := tx.GetContext(ctx, &row, `
		WITH stands AS (
			SELECT p.company_id, p.visibility, p.currency, p.amount_minor + coalesce(sum(a.change_minor), 0)::bigint AS minor
			  FROM pledges p LEFT JOIN pledge_acts a ON a.pledge_id = p.id
			 WHERE p.campaign_id = $1 AND p.visibility <> 'named' GROUP BY p.id)
		SELECT count(*) AS gifts, sum(minor)::bigint AS pledged, currency
		  FROM stands WHERE visibility = 'anonymous' AND minor > 0
		 GROUP BY currency
		HAVING count(DISTINCT company_id) >= 3
		   AND (SELECT count(DISTINCT company_id) FROM stands WHERE visibility = 'amount-hidden' AND minor > 0) NOT IN (1, 2)`, campaign)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("add up the anonymous gifts: %w", err)
	}
	return &Unnamed{row.Gifts, money.Of(row.Pledged, row.Currency)}, nil
}
