package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

const (
	denied    = "42501" // the role lacks the right
	check     = "23514"
	noSuchKey = "23503"
	unequal   = "LG001" // lines do not sum to zero
	tooFew    = "LG002" // fewer than two lines
	closed    = "LG003" // lines after the first statement
	written   = "LG004" // written once
	otherwise = "LG005" // same source, other content
	noLot     = "LG006"
	notDrawn  = "LG007" // a draw of an entry that takes nothing there
	notItsOwn = "LG008" // an account that entries of this kind do not touch
)

// refusal is an act that the books refuse, to the program and to the schema's owner.
type refusal struct {
	name       string
	app, owner string // the SQLSTATE each of them gets
	is         error  // the error that callers of this package ask for; nil: none
	act        func(ctx context.Context, tx *sqlx.Tx) error
}

// posting refuses an entry that goes through Post.
func posting(name, code string, is error, e ledger.Entry) refusal {
	return refusal{name, code, code, is, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := ledger.Post(ctx, tx, e)
		return err
	}}
}

// calling refuses a call of ledger.post past Post and its own checks. A row of lines is
// code, currency, amount; amounts stay text, so that nonsense can be sent.
func calling(name, code string, lines ...[3]string) refusal {
	return refusal{name, code, code, nil, func(ctx context.Context, tx *sqlx.Tx) error {
		return callPost(ctx, tx, name, "gift", lines...)
	}}
}

func callPost(ctx context.Context, tx *sqlx.Tx, source, kind string, lines ...[3]string) error {
	of, codes, currencies, amounts, origins := []int64{}, []string{}, []string{}, []string{}, []string{}
	for _, l := range lines {
		of = append(of, 1)
		codes, currencies, amounts, origins = append(codes, l[0]), append(currencies, l[1]), append(amounts, l[2]), append(origins, "payment:raw")
	}
	_, err := tx.ExecContext(ctx, `SELECT ledger.post(ARRAY[$1], ARRAY[$2::bytea], ARRAY[$3], ARRAY[now()], ARRAY['stripe'], ARRAY[NULL], ARRAY[NULL]::bigint[],
			$4, $5, $6, $7::text[]::bigint[], $8)`,
		source, bytes.Repeat([]byte{0}, 32), kind, pq.Array(of), pq.Array(codes), pq.Array(currencies), pq.Array(amounts), pq.Array(origins))
	return err
}

// writing refuses plain SQL.
func writing(name, app, owner, query string) refusal {
	return refusal{name, app, owner, nil, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, query)
		return err
	}}
}

func refusals() []refusal {
	gift := giftOf("p1", "c", usd, 1000, 30, 0)
	with := func(change func(*ledger.Entry)) ledger.Entry {
		e := allocationOf("new", "c", usd, 100)
		change(&e)
		return e
	}
	return []refusal{
		posting("the same source with other content", otherwise, ledger.ErrOtherContent, giftOf("p1", "c", usd, 999, 30, 0)),
		posting("the same source with another kind", otherwise, ledger.ErrOtherContent, func() ledger.Entry { e := gift; e.Kind = ledger.Unexplained; return e }()),
		posting("an allocation that nobody approved", check, nil, with(func(e *ledger.Entry) { e.Approver = "" })),
		posting("an allocation approved by who proposed it", check, nil, with(func(e *ledger.Entry) { e.Approver = e.Actor })),
		posting("an allocation of more than is free", check, ledger.ErrTooLittle, allocationOf("big", "c", usd, 371)),
		posting("an entry of nobody", check, nil, with(func(e *ledger.Entry) { e.Actor = "" })),
		posting("an entry without a source", check, nil, with(func(e *ledger.Entry) { e.Source = "" })),
		posting("an entry of an unknown kind", noSuchKey, nil, with(func(e *ledger.Entry) { e.Kind = "present" })),
		posting("a correction that names nothing", check, nil, with(func(e *ledger.Entry) { e.Kind = ledger.Correction })),
		posting("a correction of an entry that is not there", noSuchKey, nil, with(func(e *ledger.Entry) { e.Kind, e.Mends = ledger.Correction, 1<<40 })),
		posting("a correction that nobody approved", check, nil, with(func(e *ledger.Entry) { e.Kind, e.Mends, e.Approver = ledger.Correction, 1, "" })),
		posting("an allocation that names another entry", check, nil, with(func(e *ledger.Entry) { e.Mends = 1 })),
		posting("lines that do not sum to zero", "", ledger.ErrUnbalanced, with(func(e *ledger.Entry) { e.Lines[0].Minor++ })),
		posting("lines that sum to zero across currencies only", "", ledger.ErrUnbalanced, with(func(e *ledger.Entry) { e.Lines[0].Account.Currency = "EUR" })),
		posting("an entry without lines", "", ledger.ErrUnbalanced, with(func(e *ledger.Entry) { e.Lines = nil })),
		posting("an account of an unknown kind", noSuchKey, nil, with(func(e *ledger.Entry) { e.Lines[1].Account.Code = "pocket:mine" })),
		posting("an account without an owner", check, nil, with(func(e *ledger.Entry) { e.Lines[1].Account.Code = "allocation:" })),
		posting("a currency that is none", check, nil, with(func(e *ledger.Entry) { e.Lines[0].Account.Currency, e.Lines[1].Account.Currency = "usd", "usd" })),
		posting("money into a fund from nowhere", "23502", nil, ledger.Entry{Source: "x", Kind: ledger.Gift, HappenedAt: noon, Actor: "stripe",
			Lines: []ledger.Line{ledger.Debit(ledger.Stripe("cluster", usd), 5), ledger.Credit(ledger.Fund("c", usd), 5)}}),
		posting("an allocation out of the bank", notItsOwn, nil, with(func(e *ledger.Entry) {
			e.Lines = []ledger.Line{ledger.Debit(ledger.Bank("b", usd), 5), ledger.Credit(ledger.Allocation("new", usd), 5).From("payment:p1")}
		})),

		calling("a gift straight into an allocation, past Post", notItsOwn, [3]string{"stripe:x", "USD", "1000"}, [3]string{"allocation:x", "USD", "-1000"}),
		calling("lines that do not sum to zero, past Post", unequal, [3]string{"stripe:x", "USD", "1000"}, [3]string{"fund:x", "USD", "-999"}),
		calling("two currencies, past Post", unequal, [3]string{"stripe:x", "USD", "1000"}, [3]string{"fund:x", "EUR", "-1000"}),
		calling("no line, past Post", tooFew),
		calling("one line, past Post", tooFew, [3]string{"stripe:x", "USD", "1000"}),
		calling("lines of nothing", check, [3]string{"stripe:x", "USD", "0"}, [3]string{"fund:x", "USD", "0"}),
		calling("a huge amount", check, [3]string{"stripe:x", "USD", "9000000000000000000"}, [3]string{"fund:x", "USD", "-9000000000000000000"}),
		calling("an amount past bigint", "22003", [3]string{"stripe:x", "USD", "9223372036854775808"}, [3]string{"fund:x", "USD", "-1"}),
		calling("half a cent", "22P02", [3]string{"stripe:x", "USD", "10.5"}, [3]string{"fund:x", "USD", "-10.5"}),

		writing("an entry past ledger.post", denied, tooFew, `INSERT INTO ledger.entries (source, content, kind, happened_at, actor) VALUES ('x', decode(repeat('00', 32), 'hex'), 'gift', now(), 'me')`),
		writing("a line in another currency than its account", denied, noSuchKey, `INSERT INTO ledger.lines (entry_id, account_id, currency, amount) SELECT 1, id, 'EUR', 5 FROM ledger.accounts WHERE code = 'fund:c'`),
		writing("a balanced pair of lines added later", denied, closed, `INSERT INTO ledger.lines (entry_id, account_id, currency, amount) SELECT 1, id, 'USD', v FROM ledger.accounts, (VALUES (5), (-5)) x (v) WHERE code = 'fund:c'`),
		writing("changing a line", denied, written, `UPDATE ledger.lines SET amount = amount + 1`),
		writing("deleting a line", denied, written, `DELETE FROM ledger.lines`),
		writing("emptying the lines", denied, written, `TRUNCATE ledger.lines CASCADE`),
		writing("changing an entry", denied, written, `UPDATE ledger.entries SET actor = 'me'`),
		writing("deleting an entry", denied, written, `DELETE FROM ledger.entries`),
		writing("emptying the entries", denied, written, `TRUNCATE ledger.entries CASCADE`),
		writing("changing an account", denied, written, `UPDATE ledger.accounts SET code = 'fund:mine'`),
		writing("deleting a line as a replica", denied, written, `SET LOCAL session_replication_role = replica; DELETE FROM ledger.lines`),
		writing("adding a line as a replica", denied, closed, `SET LOCAL session_replication_role = replica; INSERT INTO ledger.lines (entry_id, account_id, currency, amount) VALUES (1, 1, 'USD', 5)`),
		writing("writing a balance below zero", denied, check, `UPDATE ledger.balances SET balance = -1`),
		writing("giving a lot more", denied, written, `UPDATE ledger.lots SET remaining = remaining + 1 WHERE remaining < amount`),
		writing("giving a lot another origin", denied, written, `UPDATE ledger.lots SET origin = 'payment:mine', remaining = remaining - 1 WHERE remaining > 0`),
		writing("moving a lot to another account", denied, written, `UPDATE ledger.lots SET account_id = account_id + 1, remaining = remaining - 1 WHERE remaining > 0`),
		writing("deleting a lot", denied, written, `DELETE FROM ledger.lots`),
		writing("emptying the lots", denied, written, `TRUNCATE ledger.lots CASCADE`),
		writing("changing a draw", denied, written, `UPDATE ledger.draws SET amount = amount + 1`),
		writing("deleting a draw", denied, written, `DELETE FROM ledger.draws`),
		writing("a draw from a lot of another account", denied, notDrawn, `INSERT INTO ledger.draws (lot_id, entry_id, amount)
			SELECT l.id, e.id, 1 FROM ledger.lots l, ledger.entries e WHERE l.parent_id IS NOT NULL AND e.kind = 'allocation' LIMIT 1`),

		{"two lines of one entry in two statements", denied, closed, nil, func(ctx context.Context, tx *sqlx.Tx) error {
			var entry int64
			err := tx.GetContext(ctx, &entry, `INSERT INTO ledger.entries (source, content, kind, happened_at, actor)
				VALUES ('twice', decode(repeat('00', 32), 'hex'), 'gift', now(), 'me') RETURNING id`)
			if err != nil {
				return err
			}
			const line = `INSERT INTO ledger.lines (entry_id, account_id, currency, amount) SELECT $1, id, 'USD', $2 FROM ledger.accounts WHERE code = 'fund:c'`
			if _, err := tx.ExecContext(ctx, line, entry, 5); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, line, entry, -5)
			return err
		}},
		{"a draw of more than the lots hold", denied, noLot, nil, func(ctx context.Context, tx *sqlx.Tx) error {
			// What post meets when somebody has raised a balance by hand.
			_, err := tx.ExecContext(ctx, `SELECT ledger.draw(1, id, NULL, 100000) FROM ledger.accounts WHERE code = 'fund:c'`)
			return err
		}},
	}
}

// What the books must never take, they take from nobody: neither from the program nor from
// the owner of the schema, neither through Post nor past it. A refusal leaves no trace.
func TestLedgerRefuses(t *testing.T) {
	t.Parallel()
	app, owner := pgtest.Both(t)
	mustPost(t, app, giftOf("p1", "c", usd, 1000, 30, 0))
	mustPost(t, app, allocationOf("a1", "c", usd, 600))
	before, _, err := ledger.Verify(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refusals() {
		for _, by := range []struct {
			role string
			db   *sqlx.DB
			code string
		}{{"app", app, r.app}, {"owner", owner, r.owner}} {
			t.Run(by.role+"/"+r.name, func(t *testing.T) {
				err := pg.InTx(t.Context(), by.db, func(tx *sqlx.Tx) error { return r.act(t.Context(), tx) })
				if err == nil {
					t.Fatal("it was taken")
				}
				if got := pg.Code(err); got != by.code {
					t.Errorf("SQLSTATE %q, want %q: %v", got, by.code, err)
				}
				for _, sentinel := range []error{ledger.ErrOtherContent, ledger.ErrTooLittle, ledger.ErrUnbalanced} {
					if got, want := errors.Is(err, sentinel), errors.Is(r.is, sentinel); got != want {
						t.Errorf("errors.Is(err, %q) = %t, want %t", sentinel, got, want)
					}
				}
			})
		}
	}
	after, _, err := ledger.Verify(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	if after != before {
		t.Errorf("after the refusals the books hold %+v, before them %+v", after, before)
	}
	if got := balanceOf(t, app, ledger.Fund("c", usd)); got != 370 {
		t.Errorf("the fund holds %d, want 370", got)
	}
	wantWhole(t, app)
}
