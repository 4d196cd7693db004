package report

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Purpose is one line of relief: what it is for, what was set aside for it, what it needs.
type Purpose struct {
	Slug      string `db:"slug"`
	Title     Text   `db:"title"`
	About     Text   `db:"about"`
	Allocated int64  `db:"allocated"`
	Needs     []Need `db:"-"`
}

// Need is a quantity of something for an institution.
type Need struct {
	Item      Text  `db:"item"`
	Quantity  int64 `db:"quantity"`
	Unit      Text  `db:"unit"`
	Recipient Text  `db:"recipient"` // may be empty
}

// purposes returns a campaign's lines of relief in their order. A campaign has a handful.
func purposes(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) ([]Purpose, error) {
	var all []struct {
		ID uuid.UUID `db:"id"`
		Purpose
	}
	err := tx.SelectContext(ctx, &all, `
		SELECT u.id, u.slug, u.title_uk AS "title.uk", u.title_en AS "title.en", u.about_uk AS "about.uk", u.about_en AS "about.en",
		       coalesce(a.allocated, 0)::bigint AS allocated
		  FROM purposes u
		  LEFT JOIN (SELECT a.purpose_id, sum(a.amount_minor) AS allocated
		               FROM allocations a JOIN allocation_decisions d ON d.allocation_id = a.id
		              WHERE a.campaign_id = $1 AND d.decision = 'approved' GROUP BY a.purpose_id) a ON a.purpose_id = u.id
		 WHERE u.campaign_id = $1 ORDER BY u.position, u.slug`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list the purposes: %w", err)
	}
	var needs []struct {
		PurposeID uuid.UUID `db:"purpose_id"`
		Need
	}
	err = tx.SelectContext(ctx, &needs, `
		SELECT n.purpose_id, n.item_uk AS "item.uk", n.item_en AS "item.en", n.quantity, n.unit_uk AS "unit.uk", n.unit_en AS "unit.en",
		       n.recipient_uk AS "recipient.uk", n.recipient_en AS "recipient.en"
		  FROM needs n JOIN purposes u ON u.id = n.purpose_id
		 WHERE u.campaign_id = $1 ORDER BY n.position, n.id`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list the needs: %w", err)
	}
	of := map[uuid.UUID][]Need{}
	for _, n := range needs {
		of[n.PurposeID] = append(of[n.PurposeID], n.Need)
	}
	out := make([]Purpose, len(all))
	for i, p := range all {
		out[i] = p.Purpose
		out[i].Needs = of[p.ID]
	}
	return out, nil
}
