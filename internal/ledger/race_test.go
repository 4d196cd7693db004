package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

const (
	clients = 32
	rounds  = 12
	part    = 100 // what one gift brings and one act takes, minor units
)

// bank is something that money goes into and out of. Its acts stand for themselves: an
// error other than errShort is a defect, a deadlock too.
type bank struct {
	give func(ctx context.Context, client, round int) error
	take func(ctx context.Context, client, round int) error
}

var errShort = errors.New("there is too little")

// sums is what a crowd did. Overdrawn is by how much, at the worst moment, more was taken
// than anybody had begun to give.
type sums struct{ given, taken, overdrawn int64 }

// crowd lets 32 clients take at once from what start left, and then give and take, twice as
// often take as give.
func crowd(t *testing.T, start int64, b bank) (s sums) {
	t.Helper()
	var sum sync.Mutex
	s.given = start
	opened := newMeeting(clients)
	together(clients, func(client int) {
		for round := range rounds {
			if round%3 == 1 {
				// Counted before it is there: nobody can take it earlier.
				sum.Lock()
				s.given += part
				sum.Unlock()
				if err := b.give(t.Context(), client, round); err != nil {
					t.Errorf("give: %v", err)
				}
				continue
			}
			switch err := b.take(t.Context(), client, round); {
			case err == nil:
				sum.Lock()
				s.taken += part
				s.overdrawn = max(s.overdrawn, s.taken-s.given)
				sum.Unlock()
			case !errors.Is(err, errShort):
				t.Errorf("take: %v", err)
			}
			if round == 0 {
				opened.wait()
			}
		}
	})
	return s
}

// enoughConnections lets every client hold a transaction of its own, and opens them now:
// who waits for a connection does not compete.
func enoughConnections(t *testing.T, db *sqlx.DB) *sqlx.DB {
	t.Helper()
	db.SetMaxOpenConns(clients)
	db.SetMaxIdleConns(clients)
	for range clients {
		conn, err := db.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	return db
}

// inOneTry is pg.InTx without its second tries, which would hide a deadlock.
func inOneTry(ctx context.Context, db *sqlx.DB, story func(*sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := story(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func TestAFundIsNeverOverdrawn(t *testing.T) {
	t.Parallel()
	db := enoughConnections(t, pgtest.DB(t))
	mustPost(t, db, giftOf("first", "c", usd, part, 0, 0))
	postOnce := func(ctx context.Context, e ledger.Entry) error {
		return inOneTry(ctx, db, func(tx *sqlx.Tx) error {
			_, err := ledger.Post(ctx, tx, e)
			return err
		})
	}
	s := crowd(t, part, bank{
		give: func(ctx context.Context, client, round int) error {
			return postOnce(ctx, giftOf(fmt.Sprintf("p-%d-%d", client, round), "c", usd, part+3, 3, 0))
		},
		take: func(ctx context.Context, client, round int) error {
			err := postOnce(ctx, allocationOf(fmt.Sprintf("a-%d-%d", client, round), "c", usd, part))
			if errors.Is(err, ledger.ErrTooLittle) {
				return errShort
			}
			return err
		},
	})
	if s.overdrawn > 0 {
		t.Errorf("the fund was overdrawn by %d", s.overdrawn)
	}
	if s.taken < clients*part {
		t.Errorf("of %d only %d was taken: the clients did not compete", s.given, s.taken)
	}
	if got := balanceOf(t, db, ledger.Fund("c", usd)); got != s.given-s.taken {
		t.Errorf("the fund holds %d, want %d − %d", got, s.given, s.taken)
	}
	wantWhole(t, db)
}

// The way not to do it: look at the balance, then take. If this did not overspend, the test
// above would prove nothing.
func TestTheCrowdOverdrawsACarelessBank(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	db := enoughConnections(t, owner)
	db.MustExec(`CREATE TABLE careless (minor bigint NOT NULL)`)
	db.MustExec(`INSERT INTO careless VALUES ($1)`, part)
	meet := newMeeting(clients)
	s := crowd(t, part, bank{
		give: func(ctx context.Context, _, _ int) error {
			_, err := db.ExecContext(ctx, `INSERT INTO careless VALUES ($1)`, part)
			return err
		},
		take: func(ctx context.Context, _, round int) error {
			return inOneTry(ctx, db, func(tx *sqlx.Tx) error {
				var free int64
				if err := tx.GetContext(ctx, &free, `SELECT sum(minor) FROM careless`); err != nil {
					return err
				}
				if round == 0 { // all have looked before the first one takes
					meet.wait()
				}
				if free < part {
					return errShort
				}
				_, err := tx.ExecContext(ctx, `INSERT INTO careless VALUES ($1)`, -part)
				return err
			})
		},
	})
	if want := int64((clients - 1) * part); s.overdrawn < want {
		t.Errorf("the careless bank was overdrawn by %d, want %d or more: the crowd cannot tell it", s.overdrawn, want)
	}
}

// meeting lets nobody on until all have come.
type meeting struct{ missing sync.WaitGroup }

func newMeeting(n int) *meeting {
	m := &meeting{}
	m.missing.Add(n)
	return m
}

func (m *meeting) wait() {
	m.missing.Done()
	m.missing.Wait()
}

// The first entries of a campaign open its accounts. Two that name them in opposite order
// must not wait for each other.
func TestFirstEntriesOfACampaignDoNotDeadlock(t *testing.T) {
	t.Parallel()
	db := enoughConnections(t, pgtest.DB(t))
	for round := range 40 {
		campaign := fmt.Sprintf("c%d", round)
		together(8, func(client int) {
			e := giftOf(fmt.Sprintf("%s-%d", campaign, client), campaign, usd, part, 3, 0)
			if client%2 == 1 { // the fee's lines first; the fund's two stay in their order
				e.Lines = append(append([]ledger.Line{}, e.Lines[2:4]...), e.Lines[1], e.Lines[4], e.Lines[0])
			}
			err := inOneTry(t.Context(), db, func(tx *sqlx.Tx) error {
				_, err := ledger.Post(t.Context(), tx, e)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wantWhole(t, db)
}

// What is decided on locked balances holds until the transaction ends: refunds that split
// what the fund covers from what it does not never leave both a shortfall and free money.
func TestLockedBalancesHold(t *testing.T) {
	t.Parallel()
	db := enoughConnections(t, pgtest.DB(t))
	fund, shortfall := ledger.Fund("c", usd), ledger.Shortfall("c", usd)
	for i := range clients {
		mustPost(t, db, giftOf(fmt.Sprintf("p%d", i), "c", usd, part, 0, 0))
	}
	mustPost(t, db, allocationOf("a", "c", usd, clients*part/2))
	together(clients, func(i int) {
		err := inOneTry(t.Context(), db, func(tx *sqlx.Tx) error {
			// Named in any order, and with an account twice: rows are locked in theirs.
			accounts := []ledger.Account{fund, shortfall, fund}
			if i%2 == 1 {
				accounts = []ledger.Account{shortfall, fund}
			}
			held, err := ledger.Lock(t.Context(), tx, accounts...)
			if i%3 == 0 { // the other way to the same lock
				_, held, err = ledger.LockForNew(t.Context(), tx, []ledger.Cause{{Source: fmt.Sprintf("r%d", i), Accounts: accounts}})
			}
			if err != nil {
				return err
			}
			e := refundOf(fmt.Sprintf("r%d", i), fmt.Sprintf("p%d", i), "c", usd, part, part-min(held[fund], part))
			if i%4 == 0 { // and some give, and repay what is owed
				e = giftOf(fmt.Sprintf("late%d", i), "c", usd, part, 0, min(held[shortfall], part))
			}
			_, err = ledger.Post(t.Context(), tx, e)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	// 32 gifts, half of them allocated; then 24 refunds and 8 gifts.
	if got := balanceOf(t, db, fund) - balanceOf(t, db, shortfall); got != (16-24+8)*part {
		t.Errorf("fund − shortfall = %d, want nothing", got)
	}
	wantWhole(t, db)
}

// Entries that move money between the same accounts in opposite directions take turns.
func TestEntriesInOppositeDirectionsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	db := enoughConnections(t, pgtest.DB(t))
	funds := []ledger.Account{ledger.Fund("c", usd), ledger.Fund("d", usd)}
	first := mustPost(t, db, giftOf("p1", "c", usd, clients*part, 0, 0))
	mustPost(t, db, giftOf("p2", "d", usd, clients*part, 0, 0))
	together(clients, func(i int) {
		err := inOneTry(t.Context(), db, func(tx *sqlx.Tx) error {
			_, err := ledger.Post(t.Context(), tx, ledger.Entry{
				Source: fmt.Sprintf("correction:%d", i), Kind: ledger.Correction, HappenedAt: noon, Actor: "person:a", Approver: "person:b", Mends: first.ID,
				Lines: []ledger.Line{ledger.Debit(funds[i%2], part), ledger.Credit(funds[1-i%2], part)},
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	wantWhole(t, db)
}

// Nobody else gets at a balance between Lock and the end of the transaction.
func TestLockKeepsOthersOut(t *testing.T) {
	t.Parallel()
	app, owner := pgtest.Both(t)
	mustPost(t, app, giftOf("p", "c", usd, part, 0, 0))
	grab := func() error {
		_, err := owner.ExecContext(t.Context(), `SELECT 1 FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id
			WHERE a.code = 'fund:c' FOR UPDATE OF b NOWAIT`)
		return err
	}
	if err := inOneTry(t.Context(), app, func(tx *sqlx.Tx) error {
		if _, err := ledger.Lock(t.Context(), tx, ledger.Shortfall("c", usd), ledger.Fund("c", usd)); err != nil {
			return err
		}
		if err := grab(); pg.Code(err) != "55P03" {
			t.Errorf("somebody else got the locked row: %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := grab(); err != nil {
		t.Errorf("the row is locked for ever: %v", err)
	}
}

// An account that has no floor has no row to lock, and one that was never used holds nothing.
func TestLockTellsBalances(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	mustPost(t, db, giftOf("p", "c", usd, part, 0, 0))
	err := inOneTry(t.Context(), db, func(tx *sqlx.Tx) error {
		held, err := ledger.Lock(t.Context(), tx, ledger.Fund("c", usd), ledger.Fund("c", "EUR"), ledger.Stripe("cluster", usd))
		if err != nil {
			return err
		}
		want := map[ledger.Account]int64{ledger.Fund("c", usd): part, ledger.Fund("c", "EUR"): 0}
		if len(held) != len(want) || held[ledger.Fund("c", usd)] != part || held[ledger.Fund("c", "EUR")] != 0 {
			t.Errorf("Lock = %v, want %v", held, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is in the books locks nothing, and a cause without accounts is only looked for.
func TestLockForNewLocksForWhatIsNewAlone(t *testing.T) {
	t.Parallel()
	app, owner := pgtest.Both(t)
	mustPost(t, app, giftOf("p", "c", usd, part, 0, 0))
	mustPost(t, app, giftOf("q", "d", usd, part, 0, 0))
	err := inOneTry(t.Context(), app, func(tx *sqlx.Tx) error {
		posted, held, err := ledger.LockForNew(t.Context(), tx, []ledger.Cause{
			{Source: "gift:p", Accounts: []ledger.Account{ledger.Fund("c", usd)}},
			{Source: "stripe:new", Accounts: []ledger.Account{ledger.Fund("d", usd), ledger.Shortfall("d", usd)}},
			{Source: "stripe:new", Accounts: []ledger.Account{ledger.Fund("d", usd)}}, // named twice
			{Source: "gift:q"}, {Source: "stripe:other"},
		})
		if err != nil {
			return err
		}
		if want := map[string]bool{"gift:p": true, "gift:q": true}; !maps.Equal(posted, want) {
			t.Errorf("posted = %v, want %v", posted, want)
		}
		if want := map[ledger.Account]int64{ledger.Fund("d", usd): part, ledger.Shortfall("d", usd): 0}; !maps.Equal(held, want) {
			t.Errorf("balances = %v, want %v", held, want)
		}
		free := `SELECT 1 FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id WHERE a.code = $1 FOR UPDATE OF b NOWAIT`
		if _, err := owner.ExecContext(t.Context(), free, "fund:c"); err != nil {
			t.Errorf("the fund of what is posted: %v", err)
		}
		if _, err := owner.ExecContext(t.Context(), free, "fund:d"); pg.Code(err) != "55P03" {
			t.Errorf("somebody else got the locked row: %v", err)
		}
		posted, held, err = ledger.LockForNew(t.Context(), tx, nil)
		if err != nil || len(posted) > 0 || len(held) > 0 {
			t.Errorf("of no causes %v are posted and %v locked, %v", posted, held, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
