package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
)

// Needed is a place that would lose its last owner or its last admin with a person.
type Needed struct {
	Place
	Slug string
	Name Text
}

// NeededIn lists the places that have to get somebody else before a person can be erased.
func NeededIn(ctx context.Context, db sqlx.QueryerContext, person string) ([]Needed, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT k.id::text, '', k.slug, k.name_uk, k.name_en FROM company_roles r JOIN companies k ON k.id = r.company_id
		 WHERE r.person_id = $1 AND r.role = 'owner' AND NOT EXISTS (SELECT 1 FROM company_roles o WHERE o.company_id = r.company_id AND o.role = 'owner' AND o.person_id <> $1)
		UNION ALL
		SELECT '', c.id::text, c.slug, c.name_uk, c.name_en FROM cluster_roles r JOIN clusters c ON c.id = r.cluster_id
		 WHERE r.person_id = $1 AND r.role = 'admin' AND NOT EXISTS (SELECT 1 FROM cluster_roles o WHERE o.cluster_id = r.cluster_id AND o.role = 'admin' AND o.person_id <> $1)
		 ORDER BY 4`, person)
	if err != nil {
		return nil, fmt.Errorf("find who needs a person: %w", err)
	}
	defer rows.Close()
	var all []Needed
	for rows.Next() {
		var n Needed
		if err := rows.Scan(&n.CompanyID, &n.ClusterID, &n.Slug, &n.Name.UK, &n.Name.EN); err != nil {
			return nil, fmt.Errorf("find who needs a person: %w", err)
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// farewell is what the last letter to a person says.
type farewell struct {
	Number int64 // by which the person goes from now on
}

// Erase takes a person's name, address and everything they sign in with out of the system,
// with whatever was written to the address or asked in its name, and ends their sessions
// with the same commit. What they did stays, as done by somebody with a number, which is
// returned. By is who asked for it; empty: whoever runs the machine. A last letter tells
// the person, and is emptied once it is sent.
//
// The last owner of a company and the last admin of a cluster are a Conflict fault, a person
// who is not here, or not any more, a NotFound one. The schema does it as a whole, and is
// the only one who can: see erase_person.
func Erase(ctx context.Context, db *sqlx.DB, now clock.Clock, person, by string) (number int64, err error) {
	if !pg.IsID(person) {
		return 0, fault.New(fault.NotFound, "person.unknown")
	}
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		var p struct{ Email, Lang string }
		var n sql.NullInt64
		err := tx.QueryRowxContext(ctx, `SELECT email, lang FROM people WHERE id = $1 AND erased_at IS NULL`, person).Scan(&p.Email, &p.Lang)
		if err == nil {
			err = tx.GetContext(ctx, &n, `SELECT erase_person($1, $2, $3)`, person, null(by), now())
		}
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && !n.Valid: // or somebody was faster
			return fault.New(fault.NotFound, "person.unknown")
		case err != nil:
			return fmt.Errorf("erase a person: %w", kindly(err))
		}
		number = n.Int64
		return mail.Queue(ctx, tx, mail.Letter{
			Key: "erased:" + pg.NewID(), To: p.Email, Lang: i18n.Lang(p.Lang), Name: mail.Farewell, At: now(), Data: farewell{number},
		})
	})
	return number, err
}

// EraseAddress erases whoever has an address. To an address of nobody here something may
// have been written all the same: an invitation, an answer to an application. It is entered
// as a person of whom nothing else is known, and erased, so that this too is on record.
func EraseAddress(ctx context.Context, db *sqlx.DB, now clock.Clock, email string) (number int64, err error) {
	person, err := PersonByEmail(ctx, db, email)
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
			person, err = AddPerson(ctx, tx, now(), email, "—", "")
			return err
		})
	}
	if err != nil {
		return 0, err
	}
	return Erase(ctx, db, now, person, "")
}
