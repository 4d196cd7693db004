package reporttest

import "kopiyka/internal/pg/pgtest"

// Word gives a pledge the message of its company. A promise is written once, so the
// database's owner has its guard stand aside for this one act.
func (w *World) Word(p Pledge, message string) Pledge {
	w.t.Helper()
	_, owner := pgtest.Both(w.t)
	tx := owner.MustBegin()
	tx.MustExec(`ALTER TABLE pledges DISABLE TRIGGER write_once_rows`)
	tx.MustExec(`UPDATE pledges SET message = $2 WHERE id = $1`, p.ID, message)
	tx.MustExec(`ALTER TABLE pledges ENABLE ALWAYS TRIGGER write_once_rows`)
	if err := tx.Commit(); err != nil {
		w.t.Fatal(err)
	}
	return p
}
