package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// Many at once are what one after the other would be, and a repeat changes nothing.
func TestManyEntriesPostOnce(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	bank, unmatched := ledger.Bank("a", "UAH"), ledger.Unmatched("c", "UAH")
	entry := func(source string, minor int64) ledger.Entry {
		return ledger.Entry{Source: source, Kind: ledger.BankLine, HappenedAt: noon, Actor: "bank", Lines: []ledger.Line{ledger.Debit(bank, minor), ledger.Credit(unmatched, minor)}}
	}
	all := func(entries ...ledger.Entry) (posted []ledger.Posted, err error) {
		err = pg.InTx(t.Context(), db, func(tx *sqlx.Tx) (err error) {
			posted, err = ledger.PostAll(t.Context(), tx, entries)
			return err
		})
		return posted, err
	}
	first, err := all(entry("bank:1", 100), entry("bank:2", -30))
	if err != nil || !first[0].New || !first[1].New || first[0].ID >= first[1].ID {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := all(entry("bank:3", 5), entry("bank:1", 100), entry("bank:3", 5))
	if err != nil || !second[0].New || second[1] != (ledger.Posted{ID: first[0].ID}) || second[2] != (ledger.Posted{ID: second[0].ID}) {
		t.Fatalf("%+v, %v", second, err)
	}
	err = pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { // the same entry by itself is the same
		p, err := ledger.Post(t.Context(), tx, entry("bank:2", -30))
		if err == nil && (p.New || p.ID != first[1].ID) {
			t.Errorf("posted again: %+v", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	unbalanced := entry("bank:5", 1)
	unbalanced.Lines[1].Minor = -2
	wrongShape := entry("bank:7", 1)
	wrongShape.Kind = ledger.Payout
	for name, test := range map[string]struct {
		entries []ledger.Entry
		is      error
		says    string
	}{
		"other content":     {[]ledger.Entry{entry("bank:4", 1), entry("bank:1", 101)}, ledger.ErrOtherContent, ""},
		"two of one source": {[]ledger.Entry{entry("bank:4", 1), entry("bank:4", 2)}, ledger.ErrOtherContent, ""},
		"out of balance":    {[]ledger.Entry{entry("bank:4", 1), unbalanced}, ledger.ErrUnbalanced, ""},
		"a strange account": {[]ledger.Entry{wrongShape}, nil, "may not touch"},
	} {
		if _, err := all(test.entries...); err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := ledger.Balance(t.Context(), db, bank); err != nil || got != 75 {
		t.Errorf("%d in the bank, %v", got, err)
	}
	if _, differences, err := ledger.Verify(t.Context(), owner); err != nil || len(differences) > 0 {
		t.Errorf("%v, %v", differences, err)
	}
}
