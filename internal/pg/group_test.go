package pg_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// sums is a table and a group that writes to it; the groups' sizes are remembered.
func sums(t *testing.T, most int) (*sqlx.DB, *pg.Group[int64], func() []int) {
	t.Helper()
	_, db := pgtest.Both(t)
	db.MustExec(`CREATE TABLE sums (n bigint PRIMARY KEY CHECK (n >= 0))`)
	var mu sync.Mutex
	var sizes []int
	g := pg.NewGroup(db, most, func(ctx context.Context, tx *sqlx.Tx, items []int64) error {
		mu.Lock()
		sizes = append(sizes, len(items))
		mu.Unlock()
		if slices.Contains(items, 666) {
			panic("a number that cannot be written")
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sums SELECT unnest($1::bigint[])`, pq.Array(items))
		return err
	})
	return db, g, func() []int { mu.Lock(); defer mu.Unlock(); return slices.Clone(sizes) }
}

func count(t *testing.T, db *sqlx.DB) (n int) {
	t.Helper()
	if err := db.GetContext(t.Context(), &n, `SELECT count(*) FROM sums`); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever waits while one is being written is written together with the others who do.
func TestGroupWritesThoseWhoWaitTogether(t *testing.T) {
	t.Parallel()
	db, g, sizes := sums(t, 40)
	blocker := db.MustBegin()
	blocker.MustExec(`LOCK TABLE sums`)
	var all sync.WaitGroup
	for i := range int64(100) {
		all.Go(func() {
			if err := g.Do(t.Context(), i); err != nil {
				t.Error(err)
			}
		})
		if i == 0 {
			waitUntilBlocked(t, db) // the first one is being written, alone
		}
	}
	waitFor(t, func() bool { return pg.Waiting(g) == 99 })
	if err := blocker.Rollback(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if got := count(t, db); got != 100 {
		t.Errorf("%d are written", got)
	}
	if got, want := sizes(), []int{1, 40, 40, 19}; !slices.Equal(got, want) {
		t.Errorf("groups of %v, want %v", got, want)
	}
}

// What cannot be written, or panics, is its caller's trouble and nobody else's.
func TestGroupIsNotPoisonedByOne(t *testing.T) {
	t.Parallel()
	db, g, _ := sums(t, 40)
	blocker := db.MustBegin()
	blocker.MustExec(`LOCK TABLE sums`)
	var all sync.WaitGroup
	for _, n := range []int64{1, 2, -1, 3, 666, 2, 4} {
		all.Go(func() {
			err := g.Do(t.Context(), n)
			if bad := n < 0 || n == 666; bad && err == nil || !bad && n != 2 && err != nil {
				t.Errorf("%d: %v", n, err)
			}
			if n == 2 && err != nil && pg.Constraint(err) != "sums_pkey" {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	waitUntilBlocked(t, db)
	if err := blocker.Rollback(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if got := count(t, db); got != 4 {
		t.Errorf("%d are written, want 1, 2, 3 and 4", got)
	}
	if err := g.Do(t.Context(), 5); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// Who gives up is told so at once, and takes nobody along.
func TestGroupGoesOnWithoutWhoGaveUp(t *testing.T) {
	t.Parallel()
	db, g, sizes := sums(t, 40)
	blocker := db.MustBegin()
	blocker.MustExec(`LOCK TABLE sums`)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- g.Do(t.Context(), 1) }()
	waitUntilBlocked(t, db)
	impatient, giveUp := context.WithCancel(t.Context())
	go func() { second <- g.Do(impatient, 2) }()
	waitFor(t, func() bool { return pg.Waiting(g) == 1 })
	giveUp()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up hears %v", err)
	}
	if err := blocker.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := g.Do(t.Context(), 3); err != nil {
		t.Error(err)
	}
	if got := count(t, db); got != 2 || len(sizes()) != 2 {
		t.Errorf("%d are written in %d groups", got, len(sizes()))
	}
}

func waitUntilBlocked(t *testing.T, db *sqlx.DB) {
	t.Helper()
	waitFor(t, func() bool {
		var n int
		err := db.GetContext(t.Context(), &n, `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'sums'::regclass`)
		return err == nil && n > 0
	})
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for range 2000 {
		if what() {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatal("it did not come to that")
}

// However many have news at once, the listeners are told, and not once for each.
func TestAnnouncerTellsForMany(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	const channel = "kopiyka_test_news"
	var told atomic.Int32
	go func() { _ = pg.Listen(t.Context(), pgtest.DSN(t), channel, func() { told.Add(1) }) }() // ends with the test
	a := pg.NewAnnouncer(db, channel)
	waitFor(t, func() bool { // until the listener listens
		if err := a.Announce(t.Context()); err != nil {
			t.Error(err)
		}
		return told.Load() > 0
	})
	before := told.Load()
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() {
			if err := a.Announce(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	waitFor(t, func() bool { return told.Load() > before })
	if n := told.Load() - before; n > 250 {
		t.Errorf("500 who had news were %d announcements", n)
	}
}

// Of two writers one is filled while the other waits; a third caller waits for either, and
// both rest when nobody is left.
func TestStatementGroupHasSeveralWriters(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var groups [][]int64
	let := make(chan struct{})
	g := pg.NewStatementGroup(2, 40, func(_ context.Context, items []int64) error {
		mu.Lock()
		groups = append(groups, items)
		mu.Unlock()
		<-let
		return nil
	})
	written := func() int { mu.Lock(); defer mu.Unlock(); return len(groups) }
	var all sync.WaitGroup
	for i := range int64(12) {
		all.Go(func() {
			if err := g.Do(t.Context(), i); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, func() bool { return pg.Waiting(g) == max(0, int(i)-1) && written() == min(int(i)+1, 2) })
	}
	close(let)
	all.Wait()
	if len(groups) != 3 || len(groups[0]) != 1 || len(groups[1]) != 1 || len(groups[2]) != 10 {
		t.Errorf("groups of %v", groups)
	}
	if err := g.Do(t.Context(), 12); err != nil || written() != 4 {
		t.Errorf("after a rest: %v, %d groups", err, written())
	}
}
