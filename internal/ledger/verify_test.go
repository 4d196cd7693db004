package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg/pgtest"
)

// knownBooks writes what every damage below is done to:
//
//	entry 1  gift p1: 1000, of them 30 a fee       lot 1: 1000 in fund:c
//	entry 2  gift p2: 500                          lot 2: 500 in fund:c
//	entry 3  allocation a: 1100                    lots 3 (970 of p1) and 4 (130 of p2)
func knownBooks(t *testing.T, db *sqlx.DB) {
	t.Helper()
	mustPost(t, db, giftOf("p1", "c", usd, 1000, 30, 0))
	mustPost(t, db, giftOf("p2", "c", usd, 500, 0, 0))
	mustPost(t, db, allocationOf("a", "c", usd, 1100))
}

const (
	sumsToZero   = "an entry sums to zero in each currency"
	twoLines     = "an entry has two lines or more"
	balanceIsSum = "a balance is the sum of its lines"
	hasBalance   = "an account with a floor has a balance"
	lotHolds     = "a lot holds what was not drawn from it"
	lotsAddUp    = "lots add up to the balance of their account"
	lotsAsLines  = "an entry moves in lots what its lines say"
	noMoreThan   = "a lot that came from another holds no more than was drawn there"
	keepsOrigin  = "a lot keeps the origin and the currency of the one it came from"
	putsDown     = "an allocation puts down all that it drew"
	released     = "released equals spent, fees, losses and what is disputed"
	nothingFree  = "a fund with a shortfall has nothing free"
)

// Each damage is one that nobody can do through the program, and the owner only after
// taking the guards away. Verify names exactly what each of them breaks, with both figures.
func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	const line = `(SELECT l.id FROM ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id WHERE a.code = `
	const fund, stripe = `(SELECT id FROM ledger.accounts WHERE code = 'fund:c')`, `(SELECT id FROM ledger.accounts WHERE code = 'stripe:cluster')`
	for _, c := range []struct {
		name, damage string
		want         []ledger.Difference
	}{
		{"a line was changed",
			`UPDATE ledger.lines SET amount = 971 WHERE id = ` + line + `'stripe:cluster' AND l.entry_id = 1)`,
			[]ledger.Difference{{sumsToZero, "entry 1 USD", 0, 1}}},
		{"a line of a fund was changed",
			`UPDATE ledger.lines SET amount = -501 WHERE entry_id = 2 AND amount = -500`,
			[]ledger.Difference{
				{sumsToZero, "entry 2 USD", 0, -1},
				{balanceIsSum, "fund:c USD", 370, 371},
				{lotsAsLines, "entry 2 fund:c USD", 500, 501},
			}},
		{"two lines were changed together",
			`UPDATE ledger.lines SET amount = amount + sign(amount) WHERE entry_id = 2`,
			[]ledger.Difference{
				{balanceIsSum, "fund:c USD", 370, 371},
				{lotsAsLines, "entry 2 fund:c USD", 500, 501},
			}},
		{"a line was turned to another account",
			`UPDATE ledger.lines SET account_id = (SELECT id FROM ledger.accounts WHERE code = 'released:c') WHERE id = ` + line + `'stripe:cluster' AND l.entry_id = 2)`,
			[]ledger.Difference{{released, "USD", -470, 30}}},
		{"a line was deleted",
			`DELETE FROM ledger.lines WHERE id = ` + line + `'stripe:cluster' AND l.entry_id = 2)`,
			[]ledger.Difference{
				{sumsToZero, "entry 2 USD", 0, -500},
				{twoLines, "entry 2", 2, 1},
			}},
		{"all lines of an entry were deleted",
			`DELETE FROM ledger.lines WHERE entry_id = 2`,
			[]ledger.Difference{
				{twoLines, "entry 2", 2, 0},
				{balanceIsSum, "fund:c USD", 370, -130},
				{lotsAsLines, "entry 2 fund:c USD", 500, 0},
			}},
		{"a line was added",
			`INSERT INTO ledger.lines (entry_id, account_id, currency, amount) VALUES (2, ` + stripe + `, 'USD', 7)`,
			[]ledger.Difference{{sumsToZero, "entry 2 USD", 0, 7}}},
		{"a fee was written twice",
			`INSERT INTO ledger.lines (entry_id, account_id, currency, amount)
			 SELECT 1, id, 'USD', CASE code WHEN 'fee:c' THEN 30 ELSE -30 END FROM ledger.accounts WHERE code IN ('fee:c', 'stripe:cluster')`,
			[]ledger.Difference{{released, "USD", 30, 60}}},
		{"a balance was raised",
			`UPDATE ledger.balances SET balance = balance + 1 WHERE account_id = ` + fund,
			[]ledger.Difference{
				{balanceIsSum, "fund:c USD", 371, 370},
				{lotsAddUp, "fund:c USD", 371, 370},
			}},
		{"a balance was deleted",
			`DELETE FROM ledger.balances WHERE account_id = ` + fund,
			[]ledger.Difference{{hasBalance, "fund:c USD", 0, 1}}},
		{"what remains of a lot was changed",
			`UPDATE ledger.lots SET remaining = remaining + 1 WHERE id = 2`,
			[]ledger.Difference{
				{lotHolds, "lot 2", 371, 370},
				{lotsAddUp, "fund:c USD", 370, 371},
			}},
		{"what remains was moved from one lot to another",
			`UPDATE ledger.lots SET remaining = remaining + CASE id WHEN 1 THEN 5 ELSE -5 END WHERE id IN (1, 2)`,
			[]ledger.Difference{
				{lotHolds, "lot 1", 5, 0},
				{lotHolds, "lot 2", 365, 370},
			}},
		{"a lot was given another origin",
			`UPDATE ledger.lots SET origin = 'payment:mine' WHERE id = 3`,
			[]ledger.Difference{{keepsOrigin, "lot 3", 970, 0}}},
		{"a lot was cut off from the one it came from",
			`UPDATE ledger.lots SET parent_id = NULL WHERE id = 4`,
			[]ledger.Difference{{putsDown, "entry 3", 970, 1100}}},
		{"an orphan lot was added",
			`INSERT INTO ledger.lots (account_id, entry_id, origin, amount, remaining) VALUES (` + fund + `, 2, 'payment:mine', 40, 40)`,
			[]ledger.Difference{
				{lotsAddUp, "fund:c USD", 370, 410},
				{lotsAsLines, "entry 2 fund:c USD", 540, 500},
			}},
		{"a lot was added where there are none",
			`INSERT INTO ledger.lots (account_id, entry_id, origin, amount, remaining) VALUES (` + stripe + `, 2, 'payment:mine', 40, 40)`,
			[]ledger.Difference{{lotsAsLines, "entry 2 stripe:cluster USD", 40, 0}}},
		{"a lot was deleted",
			`DELETE FROM ledger.lots WHERE id = 4`,
			[]ledger.Difference{
				{lotsAddUp, "allocation:a USD", 1100, 970},
				{lotsAsLines, "entry 3 allocation:a USD", 970, 1100},
				{putsDown, "entry 3", 970, 1100},
			}},
		{"a draw was changed",
			`UPDATE ledger.draws SET amount = 129 WHERE lot_id = 2`,
			[]ledger.Difference{
				{lotHolds, "lot 2", 370, 371},
				{lotsAsLines, "entry 3 fund:c USD", -1099, -1100},
				{noMoreThan, "lot 2 in entry 3", 130, 129},
				{putsDown, "entry 3", 1100, 1099},
			}},
		{"a draw was deleted",
			`DELETE FROM ledger.draws WHERE lot_id = 2`,
			[]ledger.Difference{
				{lotHolds, "lot 2", 370, 500},
				{lotsAsLines, "entry 3 fund:c USD", -970, -1100},
				{noMoreThan, "lot 2 in entry 3", 130, 0},
				{putsDown, "entry 3", 1100, 970},
			}},
		{"a draw was laid on another entry",
			`UPDATE ledger.draws SET entry_id = 2 WHERE lot_id = 2`,
			[]ledger.Difference{
				{lotsAsLines, "entry 2 fund:c USD", 370, 500},
				{lotsAsLines, "entry 3 fund:c USD", -970, -1100},
				{noMoreThan, "lot 2 in entry 3", 130, 0},
				{putsDown, "entry 3", 1100, 970},
			}},
		{"a draw was laid on another payment's lot",
			`UPDATE ledger.draws SET lot_id = 2 WHERE entry_id = 3 AND lot_id = 1`,
			[]ledger.Difference{
				{lotHolds, "lot 1", 0, 970},
				{lotHolds, "lot 2", 370, -600},
				{noMoreThan, "lot 1 in entry 3", 970, 0},
			}},
		{"an account was renamed",
			`UPDATE ledger.accounts SET code = 'allocation:c' WHERE code = 'fee:c'`,
			[]ledger.Difference{
				{hasBalance, "allocation:c USD", 0, 1},
				{lotsAsLines, "entry 1 allocation:c USD", 0, -30},
				{released, "USD", 30, 0},
			}},
		{"money is free while something is owed",
			`WITH s AS (INSERT INTO ledger.accounts (code, currency) VALUES ('shortfall:c', 'USD') RETURNING id),
			      b AS (INSERT INTO ledger.balances SELECT id, 40 FROM s)
			 INSERT INTO ledger.lines (entry_id, account_id, currency, amount)
			 SELECT 2, id, 'USD', 40 FROM s UNION ALL SELECT 2, ` + stripe + `, 'USD', -40`,
			[]ledger.Difference{{nothingFree, "fund:c USD", 0, 40}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app, owner := pgtest.Both(t)
			knownBooks(t, app)
			wantWhole(t, app)
			damage(t, owner, c.damage)
			_, got, err := ledger.Verify(t.Context(), app)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

// damage runs query as somebody who is allowed everything and has switched off every guard.
func damage(t *testing.T, owner *sqlx.DB, query string) {
	t.Helper()
	for _, table := range []string{"accounts", "balances", "entries", "lines", "lots", "draws"} {
		owner.MustExec(`ALTER TABLE ledger.` + table + ` DISABLE TRIGGER ALL`)
	}
	result, err := owner.ExecContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		t.Fatalf("the damage reached %d rows (%v)", rows, err)
	}
}

// Verify counts what it went through, so that an empty answer can be told from empty books.
func TestVerifyTellsHowMuchItSaw(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	seen, differences, err := ledger.Verify(t.Context(), db)
	if err != nil || len(differences) != 0 || seen != (ledger.Checked{}) {
		t.Errorf("Verify of empty books = %+v, %v, %v", seen, differences, err)
	}
	knownBooks(t, db)
	seen, _, err = ledger.Verify(t.Context(), db)
	if want := (ledger.Checked{Entries: 3, Lines: 9, Accounts: 5, Lots: 4}); err != nil || seen != want {
		t.Errorf("Verify = %+v, %v, want %+v", seen, err, want)
	}
}
