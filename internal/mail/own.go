package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Own is a letter as its reader is told of it. What it says is in the reader's mailbox, and
// may open something: it is left out.
type Own struct {
	ID       string    `json:"-"`
	Name     string    `json:"letter"`
	Subject  string    `json:"subject"`
	QueuedAt time.Time `db:"queued_at" json:"written_at"`
}

// To lists the letters to an address, in the order in which they were written. After is the
// id of the last letter of the page before, or empty.
func To(ctx context.Context, db *sqlx.DB, address, after string, limit int) ([]Own, error) {
	var all []Own
	err := db.SelectContext(ctx, &all, `SELECT id, name, subject, queued_at FROM letters
		 WHERE recipient = $1 AND id > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid ORDER BY id LIMIT $3`, address, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the letters to somebody: %w", err)
	}
	return all, nil
}
