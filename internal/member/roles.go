package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
)

// Colleague is a person with what they may do in one place.
type Colleague struct {
	PersonID, Name, Email string
	Roles                 []string // one in a company, one or more in a cluster
	ComesBack             bool     // letters to the address come back
	Factor                bool     // there is a second factor
}

// TeamOf are the people of a company, owners first; PeopleOf those of a cluster, by name.
// Whoever asks has looked whether the reader may know.
func TeamOf(ctx context.Context, db sqlx.QueryerContext, company string) ([]Colleague, error) {
	return colleagues(ctx, db, `SELECT p.id, p.name, p.email, r.role, `+comesBack+`, `+hasFactor+` FROM company_roles r JOIN people p ON p.id = r.person_id
		WHERE r.company_id = $1 ORDER BY r.role <> 'owner', r.role <> 'payer', p.name COLLATE "uk-x-icu", p.id`, company)
}

// PeopleOf are the people of a cluster.
func PeopleOf(ctx context.Context, db sqlx.QueryerContext, cluster string) ([]Colleague, error) {
	return colleagues(ctx, db, `SELECT p.id, p.name, p.email, string_agg(r.role, ' ' ORDER BY r.role), `+comesBack+`, `+hasFactor+` FROM cluster_roles r JOIN people p ON p.id = r.person_id
		WHERE r.cluster_id = $1 GROUP BY p.id ORDER BY p.name COLLATE "uk-x-icu", p.id`, cluster)
}

const comesBack = `EXISTS (SELECT 1 FROM address_bounces b WHERE b.address = p.email AND b.cleared_at IS NULL)`

// hasFactor holds for a person p who has a second factor.
const hasFactor = `(EXISTS (SELECT 1 FROM authenticators f WHERE f.person_id = p.id) OR EXISTS (SELECT 1 FROM passkeys f WHERE f.person_id = p.id))`

func colleagues(ctx context.Context, db sqlx.QueryerContext, query, place string) ([]Colleague, error) {
	rows, err := db.QueryContext(ctx, query, place)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	defer rows.Close()
	var all []Colleague
	for rows.Next() {
		var c Colleague
		var roles string
		if err := rows.Scan(&c.PersonID, &c.Name, &c.Email, &roles, &c.ComesBack, &c.Factor); err != nil {
			return nil, fmt.Errorf("list people: %w", err)
		}
		c.Roles = strings.Fields(roles)
		all = append(all, c)
	}
	return all, rows.Err()
}

// SetCompanyRole gives a colleague another role in a company; an empty one takes the person
// out of it. Owners may, and everybody may leave. The last owner stays one.
func SetCompanyRole(ctx context.Context, db *sqlx.DB, now clock.Clock, company, by, person string, role CompanyRole) error {
	if role != "" && !roleFits(Place{CompanyID: company}, string(role)) {
		return fault.In("role", "invitation.role")
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if role != "" || by != person {
			if err := mustOwn(ctx, tx, company, by); err != nil {
				return err
			}
		}
		var was string
		err := sql.ErrNoRows
		if pg.IsID(person) {
			err = tx.GetContext(ctx, &was, `SELECT role FROM company_roles WHERE company_id = $1 AND person_id = $2 FOR UPDATE`, company, person)
		}
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fault.New(fault.NotFound, "person.unknown")
		case err != nil:
			return fmt.Errorf("look up a role: %w", err)
		case was == string(role):
			return nil
		case role == "":
			_, err = tx.ExecContext(ctx, `DELETE FROM company_roles WHERE company_id = $1 AND person_id = $2`, company, person)
		default:
			_, err = tx.ExecContext(ctx, `UPDATE company_roles SET role = $3 WHERE company_id = $1 AND person_id = $2`, company, person, string(role))
		}
		if err != nil {
			return fmt.Errorf("change a role: %w", kindly(err))
		}
		return roleChanged(ctx, tx, now(), Place{CompanyID: company}, by, person, was, string(role))
	})
}

// ActingRoles are those that do more than read.
var ActingRoles = []ClusterRole{Coordinator, Approver, Treasurer, Admin}

// May lets pass who holds one of some roles in a cluster. Its other people are told why not;
// to who has no role there at all, and where there is no such cluster, the thing that is
// asked for is not there.
//
// It is the one place that asks so. Queries that read what somebody may know ask it of their
// rows by themselves.
func May(ctx context.Context, q sqlx.QueryerContext, cluster, person string, roles []ClusterRole, denied, unknown *fault.Fault) error {
	if !pg.IsID(cluster) || !pg.IsID(person) {
		return unknown
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	var holds sql.NullBool // NULL: no role at all
	err := sqlx.GetContext(ctx, q, &holds, `SELECT bool_or(role = ANY (string_to_array($3, ' '))) FROM cluster_roles WHERE cluster_id = $1 AND person_id = $2`,
		cluster, person, strings.Join(names, " "))
	switch {
	case err != nil:
		return fmt.Errorf("look up roles: %w", err)
	case !holds.Valid:
		return unknown
	case !holds.Bool:
		return denied
	}
	return nil
}

// mustAdminister refuses who does not administer the cluster.
func mustAdminister(ctx context.Context, tx *sqlx.Tx, cluster, person string) error {
	return May(ctx, tx, cluster, person, []ClusterRole{Admin}, fault.New(fault.Forbidden, "cluster.admins_only"), fault.New(fault.NotFound, "cluster.unknown"))
}

// mustCoordinateCluster refuses who does not coordinate the cluster, with what is said to
// whom it is not there.
func mustCoordinateCluster(ctx context.Context, tx *sqlx.Tx, cluster, person string, unknown *fault.Fault) error {
	return May(ctx, tx, cluster, person, []ClusterRole{Coordinator}, fault.New(fault.Forbidden, "company.coordinators_only"), unknown)
}

// GiveRole gives a person of a cluster a further role there, and TakeRole takes one away.
// Admins may, and everybody may lay down their own. The last admin stays one.
func GiveRole(ctx context.Context, db *sqlx.DB, now clock.Clock, cluster, by, person string, role ClusterRole) error {
	if !roleFits(Place{ClusterID: cluster}, string(role)) {
		return fault.In("role", "invitation.role")
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustAdminister(ctx, tx, cluster, by); err != nil {
			return err
		}
		var there bool
		if err := tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM cluster_roles WHERE cluster_id = $1 AND person_id::text = $2)`, cluster, person); err != nil {
			return fmt.Errorf("look up a role: %w", err)
		}
		if !there {
			return fault.New(fault.NotFound, "person.unknown")
		}
		if err := GiveClusterRole(ctx, tx, person, cluster, role); err != nil {
			return err
		}
		return roleChanged(ctx, tx, now(), Place{ClusterID: cluster}, by, person, "", string(role))
	})
}

// TakeRole takes a role in a cluster away.
func TakeRole(ctx context.Context, db *sqlx.DB, now clock.Clock, cluster, by, person string, role ClusterRole) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if by != person {
			if err := mustAdminister(ctx, tx, cluster, by); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM cluster_roles WHERE cluster_id = $1 AND person_id::text = $2 AND role = $3`, cluster, person, string(role))
		if err != nil {
			return fmt.Errorf("take a role: %w", kindly(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.NotFound, "person.unknown"))
		}
		return roleChanged(ctx, tx, now(), Place{ClusterID: cluster}, by, person, string(role), "")
	})
}

// roleChanged writes the act down and tells the person, unless it was their own.
func roleChanged(ctx context.Context, tx *sqlx.Tx, at time.Time, p Place, by, person, was, is string) error {
	err := record(ctx, tx, at, by, "person.role-changed", p.subject(), map[string]any{"person": person, "role": map[string]any{"before": was, "after": is}})
	if err != nil || by == person {
		return err
	}
	name, who, err := namesFor(ctx, tx, p, by)
	if err != nil {
		return err
	}
	var to struct {
		Email string
		Lang  i18n.Lang
	}
	if err := tx.GetContext(ctx, &to, `SELECT email, lang FROM people WHERE id = $1`, person); err != nil {
		return fmt.Errorf("read whose role it is: %w", err)
	}
	return write(ctx, tx, at, "role:"+pg.NewID(), to.Email, to.Lang, roleLetter(to.Lang, who, name, was, is), by)
}

// roleLetter says who has changed a role. An empty one is none.
func roleLetter(l i18n.Lang, who string, name Text, was, is string) letter {
	said := letter{Title: l.T("mail.role.title", name.In(l)), Why: l.T("mail.role.why")}
	switch {
	case is == "":
		said.Text = []string{l.T("mail.role.taken", who, name.In(l), l.T("signin.role."+was))}
	case was == "":
		said.Text = []string{l.T("mail.role.given", who, name.In(l), l.T("signin.role."+is))}
	default:
		said.Text = []string{l.T("mail.role.changed", who, name.In(l), l.T("signin.role."+was), l.T("signin.role."+is))}
	}
	return said
}
