package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Allocation is money that was set aside: one person proposed it and another approved.
// Neither is named here.
type Allocation struct {
	Purpose    Text      `db:"purpose"`
	Amount     int64     `db:"amount"`
	Reason     string    `db:"reason"`    // in the words and the language of who proposed it
	ReasonEN   string    `db:"reason_en"` // the same in English, or empty
	ProposedAt time.Time `db:"proposed_at"`
	ApprovedAt time.Time `db:"approved_at"`
}

// allocations returns what was approved, the latest first. What is only proposed, or was
// refused, has moved no money.
func allocations(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) ([]Allocation, error) {
	var all []Allocation
	err := tx.SelectContext(ctx, &all, `
		SELECT u.title_uk AS "purpose.uk", u.title_en AS "purpose.en", a.amount_minor AS amount, a.reason, a.reason_en,
		       a.proposed_at, d.decided_at AS approved_at
		  FROM allocations a
		  JOIN allocation_decisions d ON d.allocation_id = a.id AND d.decision = 'approved'
		  JOIN purposes u ON u.id = a.purpose_id
		 WHERE a.campaign_id = $1 ORDER BY d.decided_at DESC, a.id DESC`, campaign)
	if err != nil {
		return nil, fmt.Errorf("list the allocations: %w", err)
	}
	return all, nil
}
