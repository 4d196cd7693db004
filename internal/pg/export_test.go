package pg

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Waiting counts those who wait for a group's next transaction.
func Waiting[T any](g *Group[T]) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// MigrateTo brings the schema up to a migration and no further, as an older release did.
func MigrateTo(ctx context.Context, owner *sqlx.DB, version int64) error {
	p, err := provider(owner)
	if err == nil {
		_, err = p.UpTo(ctx, version)
	}
	return err
}
