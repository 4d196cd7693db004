package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/money"
)

// Original is what came to a campaign in another currency than its own, before fees and
// refunds, and what that counts as at the rates at which it was promised. It is a part of
// Received. Only gifts with a name and an amount are in it: of a currency in which one
// company gives, the sum would be its amount.
type Original struct {
	Campaign uuid.UUID      `db:"campaign_id"`
	Currency money.Currency `db:"currency"`
	Received int64          `db:"received"` // in that currency
	Counted  int64          `db:"counted"`  // in the campaign's
}

// originals sums up what had come by a moment in other currencies, for several campaigns.
func originals(ctx context.Context, q sqlx.QueryerContext, campaigns []uuid.UUID, asOf time.Time) (map[uuid.UUID][]Original, error) {
	ids := make([]string, len(campaigns))
	for i, id := range campaigns {
		ids[i] = id.String()
	}
	var rows []Original
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT y.campaign_id, y.presented_currency AS currency, sum(y.presented_minor)::bigint AS received, sum(y.received_minor)::bigint AS counted
		  FROM payments y JOIN pledges p ON p.id = y.pledge_id
		 WHERE y.campaign_id = ANY ($1::uuid[]) AND y.charged_currency IS NOT NULL AND y.presented_currency = y.charged_currency AND y.received_minor > 0
		   AND coalesce(y.settled_at, y.started_at) <= $2::timestamptz AND p.visibility = 'named'
		 GROUP BY y.campaign_id, y.presented_currency ORDER BY y.campaign_id, y.presented_currency`, pq.Array(ids), until(asOf))
	if err != nil {
		return nil, fmt.Errorf("sum up what came in other currencies: %w", err)
	}
	of := map[uuid.UUID][]Original{}
	for _, row := range rows {
		of[row.Campaign] = append(of[row.Campaign], row)
	}
	return of, nil
}

// Counted is a promise in another currency than the campaign's, and the rate at which it
// counts.
type Counted struct {
	Amount money.Amount // as it stands now
	Rate   string       // a number with a point
	Source string       // whose rate
	Day    time.Time
}
