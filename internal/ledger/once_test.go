package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// Stripe tells the same thing more than once, and in parallel.
func TestOneSourcePostsOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	gift := giftOf("p1", "c", usd, 1000, 30, 0)
	var fresh, repeats atomic.Int64
	var ids [8]int64
	together(len(ids), func(i int) {
		p, err := post(t.Context(), db, gift)
		if err != nil {
			t.Error(err)
		}
		ids[i] = p.ID
		if p.New {
			fresh.Add(1)
		} else {
			repeats.Add(1)
		}
	})
	if fresh.Load() != 1 || repeats.Load() != 7 {
		t.Errorf("%d posts were new and %d were not, want 1 and 7", fresh.Load(), repeats.Load())
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("the posts name different entries: %v", ids)
			break
		}
	}
	if got := balanceOf(t, db, ledger.Fund("c", usd)); got != 970 {
		t.Errorf("the fund holds %d, want 970", got)
	}
	wantWhole(t, db)
}

// Two of the callers mean something else by the same source: whoever comes first stands.
func TestOneSourceWithTwoContentsPostsOneOfThem(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	var refused atomic.Int64
	together(8, func(i int) {
		_, err := post(t.Context(), db, giftOf("p1", "c", usd, 1000+int64(i%2), 0, 0))
		switch {
		case errors.Is(err, ledger.ErrOtherContent):
			refused.Add(1)
		case err != nil:
			t.Error(err)
		}
	})
	if refused.Load() != 4 {
		t.Errorf("%d posts were refused, want the 4 of the other content", refused.Load())
	}
	wantWhole(t, db)
}

// A story that fails after its post leaves no entry, and its source is free again.
func TestPostOfAFailedStoryNeverWas(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	gift := giftOf("p1", "c", usd, 1000, 30, 0)
	failed := errors.New("the mail server is on fire")
	err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		if _, err := ledger.Post(t.Context(), tx, gift); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatalf("InTx = %v, want the story's error", err)
	}
	if got := balanceOf(t, db, ledger.Fund("c", usd)); got != 0 {
		t.Errorf("the fund holds %d, want nothing", got)
	}
	if p := mustPost(t, db, gift); !p.New {
		t.Error("the second try found an entry")
	}
	wantWhole(t, db)
}

func TestPostBelowASavepoint(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `SAVEPOINT s`); err != nil {
			return err
		}
		if _, err := ledger.Post(t.Context(), tx, giftOf("p1", "c", usd, 1000, 30, 0)); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `RELEASE s`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, db)
}

// A correction names the entry that it mends, and moves the money back to where it belongs.
func TestCorrectionMendsAnEntry(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	wrong := mustPost(t, db, giftOf("p1", "c", usd, 1000, 0, 0))
	mustPost(t, db, ledger.Entry{
		Source: "correction:1", Kind: ledger.Correction, HappenedAt: noon, Actor: "person:a", Approver: "person:b", Mends: wrong.ID,
		Lines: []ledger.Line{
			ledger.Debit(ledger.Fund("c", usd), 1000).From("payment:p1"),
			ledger.Credit(ledger.Fund("d", usd), 1000),
		},
	})
	if c, d := balanceOf(t, db, ledger.Fund("c", usd)), balanceOf(t, db, ledger.Fund("d", usd)); c != 0 || d != 1000 {
		t.Errorf("the funds hold %d and %d, want 0 and 1000", c, d)
	}
	var origin string
	if err := db.GetContext(t.Context(), &origin, `SELECT origin FROM ledger.lots WHERE remaining = 1000`); err != nil {
		t.Fatal(err)
	}
	if origin != "payment:p1" {
		t.Errorf("the money's origin is %q, want payment:p1", origin)
	}
	wantWhole(t, db)
}

// An entry may speak of two currencies. What was drawn in one never becomes a lot in the other.
func TestLotsStayInTheirCurrency(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	mustPost(t, db, giftOf("p1", "c", "USD", 1000, 0, 0))
	mustPost(t, db, ledger.Entry{
		Source: "exchange:1", Kind: ledger.Correction, HappenedAt: noon, Actor: "person:a", Approver: "person:b", Mends: 1,
		Lines: []ledger.Line{
			ledger.Debit(ledger.Fund("c", "USD"), 1000),
			ledger.Credit(ledger.Account{Code: "exchange:cluster", Currency: "USD"}, 1000),
			ledger.Debit(ledger.Account{Code: "exchange:cluster", Currency: "EUR"}, 900),
			ledger.Credit(ledger.Fund("c", "EUR"), 900).From("payment:p1"),
		},
	})
	var roots []int64
	err := db.SelectContext(t.Context(), &roots, `SELECT l.amount FROM ledger.lots l JOIN ledger.accounts a ON a.id = l.account_id
		WHERE a.currency = 'EUR' AND l.parent_id IS NULL AND l.origin = 'payment:p1'`)
	if err != nil {
		t.Fatal(err)
	}
	if len(roots) != 1 || roots[0] != 900 {
		t.Errorf("lots in EUR: %v, want one of 900 that stems from no lot in USD", roots)
	}
	wantWhole(t, db)
}

// ledger.post runs with its owner's rights. Tables that the caller hangs in front of the
// real ones must neither take the entry nor blind the checks at commit.
func TestPostIsNotHijackedByTemporaryTables(t *testing.T) {
	t.Parallel()
	app, _ := pgtest.Both(t)
	conn, err := app.Connx(t.Context()) // temporary tables live in one session
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tables := []string{"accounts", "account_kinds", "balances", "entries", "lines", "lots", "draws", "fresh"}
	for _, table := range tables {
		like := table
		if table == "fresh" { // what a trigger calls its new rows
			like = "lines"
		}
		if _, err := conn.ExecContext(t.Context(), fmt.Sprintf(`CREATE TEMP TABLE %s (LIKE ledger.%s INCLUDING ALL)`, table, like)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.ExecContext(t.Context(), `SET search_path = pg_temp, ledger`); err != nil {
		t.Fatal(err)
	}
	if err := inConn(t.Context(), conn, func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, giftOf("p1", "c", usd, 1000, 30, 0))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var rows int
		if err := conn.GetContext(t.Context(), &rows, `SELECT count(*) FROM pg_temp.`+table); err != nil {
			t.Fatal(err)
		}
		if rows != 0 {
			t.Errorf("%d rows went to the temporary table %s", rows, table)
		}
	}
	if got := balanceOf(t, app, ledger.Fund("c", usd)); got != 970 {
		t.Errorf("the fund holds %d, want 970", got)
	}
	err = inConn(t.Context(), conn, func(tx *sqlx.Tx) error {
		return callPost(t.Context(), tx, "raw", "gift", [3]string{"stripe:x", "USD", "5"}, [3]string{"fund:x", "USD", "-4"})
	})
	if pg.Code(err) != unequal {
		t.Errorf("an unequal entry got %v, want %s", err, unequal)
	}
	wantWhole(t, app)
}

func inConn(ctx context.Context, conn *sqlx.Conn, story func(*sqlx.Tx) error) error {
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := story(tx); err != nil {
		return err
	}
	return tx.Commit()
}
