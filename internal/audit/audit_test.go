package audit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func record(t *testing.T, db *sqlx.DB, a audit.Act) error {
	t.Helper()
	return pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { return audit.Record(t.Context(), tx, a) })
}

func TestActIsKeptAsItWasTold(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	if err := record(t, db, audit.Act{At: noon, Act: "payment.refund-failed", Subject: "payment:1", Detail: map[string]any{"net_minor": int64(9_007_199_254_740_993)}}); err != nil {
		t.Fatal(err)
	}
	if err := record(t, db, audit.Act{At: noon, Act: "pledge.made", Subject: "pledge:1"}); err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		At      time.Time `db:"happened_at"`
		Person  *string   `db:"person_id"`
		Act     string
		Subject string
		Detail  string
	}
	if err := db.Select(&rows, `SELECT happened_at, person_id, act, subject, detail FROM audit_acts ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Act != "payment.refund-failed" || rows[0].Subject != "payment:1" || rows[0].Detail != `{"net_minor": 9007199254740993}` ||
		rows[0].Person != nil || !rows[0].At.Equal(noon) || rows[1].Detail != "{}" {
		t.Errorf("rows = %+v", rows)
	}
}

// An act belongs to the transaction of what it tells of: neither is there without the other.
func TestActIsUndoneWithItsTransaction(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	changed := errors.New("changed my mind")
	err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		if err := audit.Record(t.Context(), tx, audit.Act{At: noon, Act: "pledge.made", Subject: "pledge:1"}); err != nil {
			return err
		}
		return changed
	})
	var n int
	if getErr := db.Get(&n, `SELECT count(*) FROM audit_acts`); !errors.Is(err, changed) || getErr != nil || n != 0 {
		t.Errorf("%d rows, %v, %v", n, err, getErr)
	}
}

func TestActsAreWrittenOnceAndHaveAForm(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	if err := record(t, db, audit.Act{At: noon, Act: "pledge.made", Subject: "pledge:1"}); err != nil {
		t.Fatal(err)
	}
	for _, as := range []*sqlx.DB{db, owner} {
		for _, change := range []string{`UPDATE audit_acts SET act = 'pledge.kept'`, `DELETE FROM audit_acts`, `TRUNCATE audit_acts CASCADE`} {
			if _, err := as.Exec(change); pg.Code(err) != "LG004" && pg.Code(err) != "42501" {
				t.Errorf("%s: %v", change, err)
			}
		}
	}
	for _, act := range []string{"", "pledged", "Pledge.made", "pledge.made.twice"} {
		if err := record(t, db, audit.Act{At: noon, Act: act, Subject: "x"}); pg.Constraint(err) != "audit_acts_act" {
			t.Errorf("%q: %v", act, err)
		}
	}
	if err := record(t, db, audit.Act{At: noon, Act: "a.b", Subject: "x", Detail: map[string]any{"f": func() {}}}); err == nil {
		t.Error("what is no JSON was recorded")
	}
}
