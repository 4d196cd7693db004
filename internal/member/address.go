package member

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Address is where a company is registered, or where it works since it had to leave.
type Address struct {
	Kind    string     `db:"kind"` // registered or relocated
	Country string     `db:"country"`
	Place   string     `db:"place"`
	Since   time.Time  `db:"since"`
	Until   *time.Time `db:"until"` // the first day on which it is no longer there
}

// AddressKinds are the kinds there are.
var AddressKinds = []string{"registered", "relocated"}

const maxPlace = 300

// Moved records a further address of a company. The one of the same kind that was open ends
// on the day on which this one begins; one that overlaps an ended one is a fault. The
// company's owners may, and the coordinators of its clusters.
func Moved(ctx context.Context, db *sqlx.DB, now clock.Clock, company, person string, a Address) error {
	if err := a.check(clock.Day(now())); err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mayRecord(ctx, tx, company, person); err != nil {
			return err
		}
		if err := pg.Lock(ctx, tx, "addresses:"+company); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE company_addresses SET until = $3 WHERE company_id = $1 AND kind = $2 AND until IS NULL`, company, a.Kind, a.Since)
		if err != nil {
			return fmt.Errorf("close an address: %w", kindly(err))
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO company_addresses (id, company_id, kind, country, place, since, until, recorded_by, recorded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, pg.NewID(), company, a.Kind, a.Country, a.Place, a.Since, a.Until, person, now())
		if err != nil {
			return fmt.Errorf("record an address: %w", kindly(err))
		}
		return record(ctx, tx, now(), person, "company.moved", "company:"+company,
			map[string]any{"kind": a.Kind, "country": a.Country, "place": a.Place, "since": a.Since.Format(time.DateOnly)})
	})
}

func (a *Address) check(today time.Time) error {
	var form fault.Form
	if a.Kind != "registered" && a.Kind != "relocated" {
		form = append(form, fault.In("kind", "address.kind"))
	}
	if !countryForm.MatchString(a.Country) {
		form = append(form, fault.In("country", "company.country"))
	}
	a.Place = line(a.Place)
	if a.Place == "" {
		form = append(form, fault.In("place", "address.place"))
	} else if f := text.Check("place", a.Place, maxPlace); f != nil {
		form = append(form, f)
	}
	if a.Since.IsZero() || a.Since.After(today) || a.Since.Year() < 1900 {
		form = append(form, fault.In("since", "address.since"))
	}
	return form.Err()
}

// AddressesOf is the history of a company's addresses, the latest first. Whoever asks has
// looked whether the reader may know the company.
func AddressesOf(ctx context.Context, db sqlx.QueryerContext, company string) ([]Address, error) {
	var all []Address
	err := sqlx.SelectContext(ctx, db, &all, `SELECT kind, country, place, since, until FROM company_addresses WHERE company_id = $1 ORDER BY since DESC, kind`, company)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return all, nil
}

// mayRecord refuses who neither owns the company nor coordinates a cluster to which it
// belongs now: as if there were none, unless the person knows it otherwise.
func mayRecord(ctx context.Context, tx *sqlx.Tx, company, person string) error {
	var may struct{ Does, Knows bool }
	err := tx.GetContext(ctx, &may, `
		WITH posts AS (
			SELECT role, true AS now FROM company_roles WHERE company_id = $1 AND person_id = $2
			UNION ALL
			SELECT r.role, m.until IS NULL OR m.until > CURRENT_DATE FROM memberships m JOIN cluster_roles r ON r.cluster_id = m.cluster_id WHERE m.company_id = $1 AND r.person_id = $2)
		SELECT count(*) > 0 AS knows, count(*) FILTER (WHERE now AND role IN ('owner', 'coordinator')) > 0 AS does FROM posts`, company, person)
	switch {
	case err != nil:
		return fmt.Errorf("look up roles: %w", err)
	case !may.Knows:
		return fault.New(fault.NotFound, "company.unknown")
	case !may.Does:
		return fault.New(fault.Forbidden, "company.owners_only")
	}
	return nil
}
