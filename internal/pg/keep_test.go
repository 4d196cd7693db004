package pg_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// prepared is how many statements the only connection keeps.
func prepared(t *testing.T, db *sqlx.DB) (n int) {
	t.Helper()
	if err := db.GetContext(t.Context(), &n, `SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'`); err != nil {
		t.Fatal(err)
	}
	return n
}

func sum(t *testing.T, ctx context.Context, db *sqlx.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.GetContext(ctx, &n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatIsKeptIsPreparedOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.SetMaxOpenConns(1)
	kept := pg.Keep(t.Context())
	for i := range 5 {
		if got := sum(t, kept, db, `SELECT $1::int + 1`, i); got != i+1 {
			t.Fatalf("%d + 1 = %d", i, got)
		}
		sum(t, t.Context(), db, `SELECT $1::int + 2`, i) // nobody asked to keep this one
	}
	if n := prepared(t, db); n != 1 {
		t.Errorf("%d statements are kept", n)
	}
	// An error of a kept statement is that call's alone.
	var n int
	for range 2 {
		if err := db.GetContext(kept, &n, `SELECT 1 / $1::int`, 0); pg.Code(err) != "22012" {
			t.Errorf("division by zero: %v", err)
		}
		if got := sum(t, kept, db, `SELECT 1 / $1::int`, 1); got != 1 {
			t.Errorf("1 / 1 = %d", got)
		}
	}
	// And one that cannot be prepared is not remembered.
	for range 2 {
		if err := db.GetContext(kept, &n, `SELECT nothing FROM nowhere WHERE x = $1`, 0); pg.Code(err) != "42P01" {
			t.Errorf("no such table: %v", err)
		}
	}
}

// A transaction that rolls back takes none of its connection's statements with it.
func TestKeptStatementsOutliveARollback(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.SetMaxOpenConns(1)
	kept := pg.Keep(t.Context())
	for range 3 {
		tx, err := db.BeginTxx(kept, nil)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.GetContext(kept, &n, `SELECT $1::int`, 7); err != nil || n != 7 {
			t.Fatalf("%d, %v", n, err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	if n := prepared(t, db); n != 1 {
		t.Errorf("%d statements are kept", n)
	}
}

func TestAConnectionKeepsABoundedNumber(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.SetMaxOpenConns(1)
	for i := range 200 {
		if got := sum(t, pg.Keep(t.Context()), db, fmt.Sprintf(`SELECT $1::int + %d`, i), 1); got != i+1 {
			t.Fatalf("%d + 1 = %d", i, got)
		}
	}
	if n := prepared(t, db); n != 64 {
		t.Errorf("%d statements are kept", n)
	}
}
