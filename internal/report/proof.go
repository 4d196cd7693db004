package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Proof says up to when a cluster's books were found equal to what its banks and Stripe say.
type Proof struct {
	On      time.Time // the last day up to which everything agreed; zero: never yet
	RanAt   time.Time // when that was found
	Differs bool      // what was compared since does not agree, and somebody is looking
}

// proofOf finds the last proof of the books that a campaign stands in.
func proofOf(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) (Proof, error) {
	var row struct {
		On      time.Time `db:"proven_on"`
		RanAt   time.Time `db:"ran_at"`
		Differs bool
	}
	err := tx.GetContext(ctx, &row, `
		SELECT r.proven_on, r.ran_at, EXISTS (SELECT 1 FROM reconciliations l WHERE l.cluster_id = r.cluster_id AND l.id > r.id AND l.differences > 0) AS differs
		  FROM campaigns c JOIN reconciliations r ON r.cluster_id = c.cluster_id
		 WHERE c.id = $1 AND r.proven_on IS NOT NULL ORDER BY r.id DESC LIMIT 1`, campaign)
	if errors.Is(err, sql.ErrNoRows) {
		return Proof{}, nil
	}
	if err != nil {
		return Proof{}, fmt.Errorf("find the books' proof: %w", err)
	}
	return Proof{row.On, row.RanAt, row.Differs}, nil
}
