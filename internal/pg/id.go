package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// NewID makes a UUIDv7: ids of one table sort by the time at which they were made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IsID reports whether s has the form of an id. What a stranger put into a URL is asked
// this before it reaches a query.
func IsID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}

// PublicChanged is the channel on which a process tells the others that something on a
// public page is new. It is a hint: whoever misses it sees the change a second later.
const PublicChanged = "kopiyka_public_changed"

// Announce tells the listeners of a channel that something changed. Call it after the
// commit: inside a transaction, NOTIFY holds one lock of the whole server until the end.
func Announce(ctx context.Context, db sqlx.ExecerContext, channel string) error {
	if _, err := db.ExecContext(ctx, `SELECT pg_notify($1, '')`, channel); err != nil {
		return fmt.Errorf("announce on %s: %w", channel, err)
	}
	return nil
}

// Announcer announces for many at once: whoever has news while an announcement is on its
// way is served by the next.
type Announcer struct {
	group *Group[struct{}]
}

// NewAnnouncer makes an announcer on one channel.
func NewAnnouncer(db *sqlx.DB, channel string) *Announcer {
	const anyNumber = 1 << 20 // they all have the same to say
	return &Announcer{NewGroup(db, anyNumber, func(ctx context.Context, tx *sqlx.Tx, _ []struct{}) error {
		return Announce(ctx, tx, channel) // that says nothing else
	})}
}

// Announce returns once the listeners were told. Call it after the commit, as the function
// of that name.
func (a *Announcer) Announce(ctx context.Context) error { return a.group.Do(ctx, struct{}{}) }

// Listen calls changed at every announcement, and once after every reconnection, since
// what was announced meanwhile is lost. It returns when ctx ends.
func Listen(ctx context.Context, dsn, channel string, changed func()) error {
	l := pq.NewListener(dsn, 100*time.Millisecond, 10*time.Second, nil)
	defer func() { _ = l.Close() }() // the process is going, and the connection with it
	if err := l.Listen(channel); err != nil {
		return fmt.Errorf("listen on %s: %w", channel, err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.Notify:
			changed()
		case <-time.After(time.Minute):
			go func() { _ = l.Ping() }() // a dead connection shows itself only when it is used
		}
	}
}
