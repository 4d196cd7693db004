package giving

import (
	"context"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
)

// Settler settles payments whose settlements share transactions: those that come while one
// is being written are written together in the next. A commit's way to the disk, and the
// wait for a campaign's balance, are paid once for many.
type Settler struct {
	group *pg.Group[*settlingSeat]
}

type settlingSeat struct {
	Settlement
	news bool
}

// mostTogether bounds one transaction: what it holds locked, and what a bad one costs.
const mostTogether = 128

// NewSettler makes a settler. One for a process is enough.
func NewSettler(db *sqlx.DB) *Settler {
	return &Settler{pg.NewGroup(db, mostTogether, func(ctx context.Context, tx *sqlx.Tx, seats []*settlingSeat) error {
		all := make([]Settlement, len(seats))
		for i, s := range seats {
			all[i] = s.Settlement
		}
		news, err := SettleAll(ctx, tx, all)
		if err != nil {
			return err
		}
		for i, s := range seats {
			s.news = news[i]
		}
		return nil
	})}
}

// Settle promises what the function of that name promises, in a transaction of its own: it
// returns once the settlement is committed. The caller keeps the payment locked meanwhile,
// in another transaction, and so holds two connections at once: bound how many do.
func (s *Settler) Settle(ctx context.Context, p Payment, f Facts) (bool, error) {
	seat := &settlingSeat{Settlement: Settlement{p, f}}
	if err := s.group.Do(ctx, seat); err != nil {
		return false, err
	}
	return seat.news, nil
}
