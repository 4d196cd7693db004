package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// maxTries is how often InTx runs a story that PostgreSQL asks to run again.
const maxTries = 5

// InTx runs story in one READ COMMITTED transaction and commits it. An error of the story
// rolls back and comes back as it is; a panic rolls back and goes on. A deadlock or a serialization failure (40P01, 40001)
// runs the story again, so it must do nothing outside the transaction.
func InTx(ctx context.Context, db *sqlx.DB, story func(*sqlx.Tx) error) error {
	for try := 1; ; try++ {
		err := once(ctx, db, story)
		if code := Code(err); (code != "40001" && code != "40P01") || try == maxTries {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(time.Duration(try) * time.Duration(5+rand.IntN(20)) * time.Millisecond):
		}
	}
}

func once(ctx context.Context, db *sqlx.DB, story func(*sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// After a commit this does nothing. Otherwise the story failed or panicked, and that is
	// what the caller hears of; a lost connection rolls back by itself.
	defer func() { _ = tx.Rollback() }()
	var later []func()
	afterwards.Store(tx, &later)
	defer afterwards.Delete(tx)
	if err := story(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, f := range later {
		f()
	}
	return nil
}

// afterwards is what follows the commits of the transactions that run: *sqlx.Tx → *[]func().
var afterwards sync.Map

// AfterCommit has f run when InTx has committed tx, before it returns; never, when it has not.
// What f does may be lost with the process: it is for telling, not for doing.
func AfterCommit(tx *sqlx.Tx, f func()) {
	if later, ok := afterwards.Load(tx); ok {
		all := later.(*[]func())
		*all = append(*all, f)
	}
}

// Snapshot begins a transaction that reads everything as it is at this moment and writes
// nothing; the caller rolls it back. It is for checks that go through whole tables: they
// are joined as wholes, also right after a large import, when statistics still say that
// there is nothing, and looking each row up for each other row would take for ever.
func Snapshot(ctx context.Context, db *sqlx.DB) (*sqlx.Tx, error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("take a snapshot: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `SET LOCAL enable_nestloop = off`); err != nil {
		return nil, errors.Join(fmt.Errorf("take a snapshot: %w", err), tx.Rollback())
	}
	return tx, nil
}

// Lock takes the advisory lock of a name until the transaction ends.
func Lock(ctx context.Context, tx *sqlx.Tx, name string) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, name); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return nil
}

// LockAll takes the advisory locks of several names until the transaction ends, in one
// order: two that want the same ones never wait for each other crosswise.
func LockAll(ctx context.Context, tx *sqlx.Tx, names []string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(l.key)
		FROM (SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY key) l`, pq.Array(names))
	if err != nil {
		return fmt.Errorf("lock %d names: %w", len(names), err)
	}
	return nil
}
