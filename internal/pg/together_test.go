package pg_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

func TestStatementsGoTogether(t *testing.T) {
	t.Parallel()
	_, db := pgtest.Both(t)
	db.MustExec(`CREATE TABLE said (n bigint, what text CHECK (what <> 'never'))`)
	db.MustExec(`INSERT INTO said VALUES (1, 'before'), (2, 'before')`)
	say := func(all ...pg.Statement) error {
		return pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { return pg.ExecTogether(t.Context(), tx, all...) })
	}
	add := func(n int, what string) pg.Statement {
		return pg.Statement{Query: `INSERT INTO said SELECT $1::bigint, $2::text WHERE $1::bigint > 0`, Args: []any{n, what}}
	}
	change := pg.Statement{Query: `UPDATE said SET what = $2 WHERE n = $1`, Args: []any{2, "after"}}
	count := func(what string) (n int) {
		if err := db.GetContext(t.Context(), &n, `SELECT count(*) FROM said WHERE what = $1`, what); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, all := range [][]pg.Statement{nil, {{}}, {{}, {}}} {
		if err := say(all...); err != nil {
			t.Errorf("nothing to say: %v", err)
		}
	}
	if err := say(add(3, "new"), pg.Statement{}, change, add(4, "new")); err != nil {
		t.Fatal(err)
	}
	if err := say(add(5, "alone")); err != nil {
		t.Fatal(err)
	}
	if count("new") != 2 || count("after") != 1 || count("alone") != 1 {
		t.Error("not every statement did its own")
	}
	if err := say(add(6, "with another"), add(7, "never")); pg.Code(err) != "23514" || count("with another") != 0 {
		t.Errorf("the error of one is not that of all: %v", err)
	}
}
