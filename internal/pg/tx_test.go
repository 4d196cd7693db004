package pg_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// fail makes the server answer with an SQLSTATE.
func fail(ctx context.Context, tx *sqlx.Tx, code string) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '%s'; END $$`, code))
	return fmt.Errorf("in the story: %w", err)
}

func TestInTxTriesAgainWhenAskedTo(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for _, c := range []struct {
		code         string
		fails, tries int // how often the story fails, and how often it must have run
		lost         bool
	}{
		{"40001", 2, 3, false},
		{"40P01", 2, 3, false},
		{"40001", 100, 5, true}, // not for ever
		{"23514", 100, 1, true},
		{"55P03", 100, 1, true},
		{"LG005", 100, 1, true},
		{"XX000", 100, 1, true},
	} {
		t.Run(fmt.Sprintf("%s failing %d times", c.code, c.fails), func(t *testing.T) {
			tries := 0
			err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
				tries++
				if tries <= c.fails {
					return fail(t.Context(), tx, c.code)
				}
				return nil
			})
			if tries != c.tries {
				t.Errorf("the story ran %d times, want %d", tries, c.tries)
			}
			if lost := err != nil; lost != c.lost {
				t.Errorf("InTx = %v", err)
			}
			if c.lost && pg.Code(err) != c.code {
				t.Errorf("InTx = %v, want the story's error with %s", err, c.code)
			}
		})
	}
}

// Two stories that take the same rows crosswise are both told in the end.
func TestInTxGetsOutOfADeadlock(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	owner.MustExec(`CREATE TABLE pair (n int PRIMARY KEY, times int NOT NULL)`)
	owner.MustExec(`INSERT INTO pair VALUES (1, 0), (2, 0)`)
	var first sync.WaitGroup // each holds its first row before either asks for its second
	first.Add(2)
	var done sync.WaitGroup
	for i := range 2 {
		done.Go(func() {
			tries := 0
			err := pg.InTx(t.Context(), owner, func(tx *sqlx.Tx) error {
				tries++
				for step, n := range []int{1 + i, 2 - i} {
					if step == 1 && tries == 1 {
						first.Done()
						first.Wait()
					}
					if _, err := tx.ExecContext(t.Context(), `UPDATE pair SET times = times + 1 WHERE n = $1`, n); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	var times []int
	if err := owner.SelectContext(t.Context(), &times, `SELECT times FROM pair`); err != nil {
		t.Fatal(err)
	}
	if len(times) != 2 || times[0] != 2 || times[1] != 2 {
		t.Errorf("the rows were counted %v times, want 2 each", times)
	}
}

func TestInTxStopsTryingWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		tries++
		err := fail(ctx, tx, "40001")
		cancel()
		return err
	})
	if tries != 1 || !errors.Is(err, context.Canceled) || pg.Code(err) != "40001" {
		t.Errorf("after %d tries InTx = %v, want both reasons after one", tries, err)
	}
}

// An error and a panic leave nothing behind: no row, no open transaction, no lock.
func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.SetMaxOpenConns(1) // a transaction left open would block what follows
	wrong := errors.New("wrong")
	write := func(tx *sqlx.Tx) {
		tx.MustExec(`INSERT INTO audit_acts (happened_at, act, subject) VALUES (now(), 'pledge.made', 'x')`)
	}
	if err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { write(tx); return wrong }); !errors.Is(err, wrong) {
		t.Errorf("InTx = %v, want the story's error as it is", err)
	}
	func() {
		defer func() {
			if got, _ := recover().(error); !errors.Is(got, wrong) {
				t.Errorf("recovered %v, want the story's panic", got)
			}
		}()
		_ = pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { write(tx); panic(wrong) })
	}()
	if open := db.Stats().InUse; open != 0 {
		t.Fatalf("%d connections are still in a transaction", open)
	}
	var rows int
	if err := db.GetContext(t.Context(), &rows, `SELECT count(*) FROM audit_acts`); err != nil {
		t.Fatal(err)
	}
	if rows != 0 {
		t.Errorf("%d rows were left behind", rows)
	}
}

// What is only checked at commit is an error of InTx too.
func TestInTxTellsWhatCommitRefused(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	err := pg.InTx(t.Context(), owner, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO ledger.entries (source, content, kind, happened_at, actor)
			VALUES ('x', decode(repeat('00', 32), 'hex'), 'gift', now(), 'me')`)
		return err
	})
	if pg.Code(err) != "LG002" {
		t.Errorf("InTx = %v, want LG002", err)
	}
}

// Eight stories read, then write what they read plus one. Under the lock none is lost.
func TestLockLetsOneIn(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	owner.MustExec(`CREATE TABLE counter (name text PRIMARY KEY, n int NOT NULL)`)
	owner.MustExec(`INSERT INTO counter VALUES ('a', 0), ('b', 0)`)
	const tellers = 8
	var done sync.WaitGroup
	for i := range tellers {
		done.Go(func() {
			name := []string{"a", "b"}[i%2]
			for range 10 {
				if err := pg.InTx(t.Context(), owner, func(tx *sqlx.Tx) error {
					if err := pg.Lock(t.Context(), tx, "counter:"+name); err != nil {
						return err
					}
					var n int
					if err := tx.GetContext(t.Context(), &n, `SELECT n FROM counter WHERE name = $1`, name); err != nil {
						return err
					}
					_, err := tx.ExecContext(t.Context(), `UPDATE counter SET n = $2 WHERE name = $1`, name, n+1)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	var counts []int
	if err := owner.SelectContext(t.Context(), &counts, `SELECT n FROM counter ORDER BY name`); err != nil {
		t.Fatal(err)
	}
	if len(counts) != 2 || counts[0] != tellers/2*10 || counts[1] != tellers/2*10 {
		t.Errorf("counted %v, want %d each", counts, tellers/2*10)
	}
}

// A name keeps others of the same name out and nobody else, until the transaction ends.
func TestLockIsOfItsNameAndTransaction(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	free := func(name string) (free bool) {
		t.Helper()
		if err := db.GetContext(t.Context(), &free, `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))`, name); err != nil {
			t.Fatal(err)
		}
		return free
	}
	if err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		if err := pg.Lock(t.Context(), tx, "payment:1"); err != nil {
			return err
		}
		if free("payment:1") {
			t.Error("the lock does not keep others out")
		}
		if !free("payment:2") {
			t.Error("the lock keeps out those of another name")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !free("payment:1") {
		t.Error("the lock outlives its transaction")
	}
}

// What follows a commit follows one: not a story that failed, was taken back or is tried again.
func TestAfterCommitComesAfterACommitAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	done := 0
	follow := func(tx *sqlx.Tx) { pg.AfterCommit(tx, func() { done++ }) }
	failed := errors.New("it is not to be")
	if err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { follow(tx); return failed }); !errors.Is(err, failed) || done != 0 {
		t.Errorf("of a story that failed, %d followed, %v", done, err)
	}
	tries := 0
	err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		follow(tx)
		if tries++; tries < 3 {
			return fail(t.Context(), tx, "40001")
		}
		if done != 0 {
			t.Error("it came before the commit")
		}
		return nil
	})
	if err != nil || done != 1 {
		t.Errorf("of three tries, %d followed, %v", done, err)
	}
	tx, err := db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	follow(tx)
	if err := tx.Commit(); err != nil || done != 1 {
		t.Errorf("of somebody else's transaction, %d followed, %v", done, err)
	}
}
