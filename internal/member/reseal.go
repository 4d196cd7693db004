package member

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
)

// resealAtOnce is how many secrets are sealed anew in one transaction.
const resealAtOnce = 200

// beforeAll is an id that comes before everybody's.
const beforeAll = "00000000-0000-0000-0000-000000000000"

// Resealed is what became of secrets that a former key had sealed.
type Resealed struct {
	Done int
	Lost int // no key of the vault opens them; they stay as they are
}

// Reseal seals everything anew that a former key has sealed, so that the key can go. People
// may sign in meanwhile; a second call finds nothing to do but what is lost.
func Reseal(ctx context.Context, db *sqlx.DB, vault *Vault) (Resealed, error) {
	var all Resealed
	for _, table := range []string{"authenticators", "authenticator_offers"} {
		for after := beforeAll; ; {
			var some Resealed
			last := ""
			err := pg.InTx(ctx, db, func(tx *sqlx.Tx) (err error) {
				some, last, err = resealSome(ctx, tx, vault, table, after)
				return err
			})
			if err != nil {
				return all, fmt.Errorf("seal %s anew: %w", table, err)
			}
			all.Done, all.Lost = all.Done+some.Done, all.Lost+some.Lost
			if last == "" {
				break
			}
			after = last
		}
	}
	return all, nil
}

// resealSome goes through the next rows of a table by their people. It returns the last of
// them, or "" when there are no more.
func resealSome(ctx context.Context, tx *sqlx.Tx, vault *Vault, table, after string) (done Resealed, last string, err error) {
	var rows []struct {
		Person string `db:"person_id"`
		Secret []byte
	}
	err = tx.SelectContext(ctx, &rows, `SELECT person_id, secret FROM `+table+` WHERE person_id > $1 ORDER BY person_id LIMIT $2 FOR UPDATE`,
		after, resealAtOnce)
	if err != nil {
		return done, "", err
	}
	for _, r := range rows {
		last = r.Person
		if vault.current(r.Secret) {
			continue
		}
		secret, err := vault.take(r.Person, r.Secret)
		if err != nil {
			done.Lost++
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET secret = $2 WHERE person_id = $1`, r.Person, vault.put(r.Person, secret)); err != nil {
			return done, "", err
		}
		done.Done++
	}
	return done, last, nil
}
