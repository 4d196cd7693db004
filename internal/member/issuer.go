package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// toVisit is a challenge that is answered by way of another house.
const toVisit = "issuer"

// BeginVisit keeps what has to be known when somebody comes back from an issuer, and returns
// the visit's name.
func BeginVisit(ctx context.Context, db *sqlx.DB, at time.Time, data any) (string, error) {
	return keepCeremony(ctx, db, at, toVisit, data)
}

// EndVisit takes out what was kept. A visit ends once; one that is unknown, over or too old
// is a fault.
func EndVisit(ctx context.Context, db *sqlx.DB, at time.Time, id string, data any) error {
	return takeCeremony(ctx, db, at, toVisit, id, data)
}

// IssuerLink is an account of another house with which a person signs in here.
type IssuerLink struct {
	Issuer   string
	LinkedAt time.Time `db:"linked_at"`
}

// PersonOfIssuer answers who has linked the account that an issuer calls subject; nobody is
// a NotFound fault. An address that the issuer names decides nothing.
func PersonOfIssuer(ctx context.Context, db *sqlx.DB, now clock.Clock, issuer, subject string) (Person, error) {
	var id string
	err := db.GetContext(ctx, &id, `UPDATE issuer_links SET used_at = $3 WHERE issuer = $1 AND subject = $2 RETURNING person_id`, issuer, subject, now())
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, fault.New(fault.NotFound, "issuer.unknown")
	}
	if err != nil {
		return Person{}, fmt.Errorf("find who has linked an account: %w", err)
	}
	return PersonByID(ctx, db, id)
}

// LinkIssuer links an account of an issuer to a person, who has confirmed it while signed
// in. An account that somebody else has linked is a Conflict; a second account of the same
// issuer takes the place of the first.
func LinkIssuer(ctx context.Context, db *sqlx.DB, now clock.Clock, person, issuer, subject string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM issuer_links WHERE person_id = $1 AND issuer = $2`, person, issuer); err != nil {
			return fmt.Errorf("link an account: %w", err)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO issuer_links (issuer, subject, person_id, linked_at) VALUES ($1, $2, $3, $4)`, issuer, subject, person, now())
		if pg.Constraint(err) == "issuer_links_pkey" {
			return fault.New(fault.Conflict, "issuer.taken")
		}
		if err != nil {
			return fmt.Errorf("link an account: %w", err)
		}
		return issuerChanged(ctx, tx, now(), person, issuer, "linked", "issuer")
	})
}

// UnlinkIssuer parts a person from their account of an issuer. A second call finds nothing
// to do.
func UnlinkIssuer(ctx context.Context, db *sqlx.DB, now clock.Clock, person, issuer string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM issuer_links WHERE person_id = $1 AND issuer = $2`, person, issuer)
		if err != nil {
			return fmt.Errorf("unlink an account: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return issuerChanged(ctx, tx, now(), person, issuer, "unlinked", "issuer-removed")
	})
}

func issuerChanged(ctx context.Context, tx *sqlx.Tx, at time.Time, person, issuer, act, letter string) error {
	err := audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "person.issuer-" + act, Subject: "person:" + person, Detail: map[string]any{"issuer": issuer}})
	if err != nil {
		return err
	}
	return tell(ctx, tx, at, person, letter)
}

// IssuersOf lists the accounts that a person has linked.
func IssuersOf(ctx context.Context, db *sqlx.DB, person string) ([]IssuerLink, error) {
	var all []IssuerLink
	if err := db.SelectContext(ctx, &all, `SELECT issuer, linked_at FROM issuer_links WHERE person_id = $1 ORDER BY issuer`, person); err != nil {
		return nil, fmt.Errorf("list linked accounts: %w", err)
	}
	return all, nil
}
