package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Person is somebody who may sign in, with all that the person may do.
type Person struct {
	ID, Email, Name string
	Lang            string // of letters to the person: uk or en
	Given           bool   // the password is one that somebody else has chosen
	Companies       []CompanyPost
	Clusters        []ClusterPost
	Withheld        []CompanyPost // companies that are open once a second factor is shown: see WithoutFactor
}

// CompanyPost is a person's role in one company.
type CompanyPost struct {
	CompanyID, Slug string
	Name            Text
	Role            CompanyRole
	AsksFactor      bool // the company asks a second factor of all who act for it
}

// ClusterPost is a person's role in one cluster; a person may hold several.
type ClusterPost struct {
	ClusterID, Slug string
	Name            Text
	Role            ClusterRole
}

// Holds reports whether the person has the role in any cluster.
func (p Person) Holds(role ClusterRole) bool {
	return slices.ContainsFunc(p.Clusters, func(c ClusterPost) bool { return c.Role == role })
}

// WithoutFactor is the person as who has shown the first factor alone: without the clusters,
// and without the companies that ask for a second.
func (p Person) WithoutFactor() Person {
	var open []CompanyPost
	for _, c := range p.Companies {
		if c.AsksFactor {
			p.Withheld = append(p.Withheld, c)
		} else {
			open = append(open, c)
		}
	}
	p.Companies, p.Clusters = open, nil
	return p
}

// PersonByID finds a person with the present roles; an unknown one is a NotFound fault.
func PersonByID(ctx context.Context, db *sqlx.DB, id string) (Person, error) {
	p := Person{ID: id}
	if !pg.IsID(id) {
		return p, fault.New(fault.NotFound, "person.unknown")
	}
	err := db.QueryRowxContext(ctx, `SELECT email, name, lang, password_given_at IS NOT NULL FROM people WHERE id = $1`, id).Scan(&p.Email, &p.Name, &p.Lang, &p.Given)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "person.unknown")
	}
	if err != nil {
		return p, fmt.Errorf("find person: %w", err)
	}
	if p.Companies, err = companiesOf(ctx, db, id); err != nil {
		return p, err
	}
	p.Clusters, err = clustersOf(ctx, db, id)
	return p, err
}

// PersonByEmail finds a person's id; an unknown address is a NotFound fault.
func PersonByEmail(ctx context.Context, db sqlx.QueryerContext, email string) (string, error) {
	var id string
	err := sqlx.GetContext(ctx, db, &id, `SELECT id FROM people WHERE email = $1`, strings.ToLower(strings.TrimSpace(email)))
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "person.unknown")
	}
	if err != nil {
		return "", fmt.Errorf("find person: %w", err)
	}
	return id, nil
}

func companiesOf(ctx context.Context, db *sqlx.DB, person string) ([]CompanyPost, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT c.id, c.slug, c.name_uk, c.name_en, r.role, asks_factor(c.id) FROM company_roles r JOIN companies c ON c.id = r.company_id
		 WHERE r.person_id = $1 ORDER BY c.name_uk COLLATE "uk-x-icu"`, person)
	if err != nil {
		return nil, fmt.Errorf("companies of a person: %w", err)
	}
	defer rows.Close()
	var all []CompanyPost
	for rows.Next() {
		var c CompanyPost
		if err := rows.Scan(&c.CompanyID, &c.Slug, &c.Name.UK, &c.Name.EN, &c.Role, &c.AsksFactor); err != nil {
			return nil, fmt.Errorf("companies of a person: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

func clustersOf(ctx context.Context, db *sqlx.DB, person string) ([]ClusterPost, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT c.id, c.slug, c.name_uk, c.name_en, r.role FROM cluster_roles r JOIN clusters c ON c.id = r.cluster_id
		 WHERE r.person_id = $1 ORDER BY c.name_uk COLLATE "uk-x-icu", r.role`, person)
	if err != nil {
		return nil, fmt.Errorf("clusters of a person: %w", err)
	}
	defer rows.Close()
	var all []ClusterPost
	for rows.Next() {
		var c ClusterPost
		if err := rows.Scan(&c.ClusterID, &c.Slug, &c.Name.UK, &c.Name.EN, &c.Role); err != nil {
			return nil, fmt.Errorf("clusters of a person: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// AddPerson enters a person. An empty password makes somebody who cannot sign in.
func AddPerson(ctx context.Context, tx *sqlx.Tx, at time.Time, email, name, password string) (string, error) {
	address, err := cleanEmail(email)
	if err != nil {
		return "", err
	}
	var hash sql.NullString
	if password != "" {
		if hash.String, err = hashPassword(password, address); err != nil {
			return "", err
		}
		hash.Valid = true
	}
	id := pg.NewID()
	_, err = tx.ExecContext(ctx, `INSERT INTO people (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
		id, address, strings.TrimSpace(name), hash, at)
	if err != nil {
		return "", fmt.Errorf("add person: %w", kindly(err))
	}
	return id, nil
}

// SpeakTo keeps the language in which a person wants letters: the one last chosen on a
// page. A language that the house does not speak is an error.
func SpeakTo(ctx context.Context, db sqlx.ExecerContext, person, lang string) error {
	if _, err := db.ExecContext(ctx, `UPDATE people SET lang = $2 WHERE id = $1 AND lang <> $2`, person, lang); err != nil {
		return fmt.Errorf("keep a person's language: %w", err)
	}
	return nil
}

// GiveCompanyRole lets a person act for a company; a second call changes the role.
func GiveCompanyRole(ctx context.Context, tx *sqlx.Tx, person, company string, role CompanyRole) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO company_roles (person_id, company_id, role) VALUES ($1, $2, $3)
		ON CONFLICT (person_id, company_id) DO UPDATE SET role = excluded.role`, person, company, string(role))
	if err != nil {
		return fmt.Errorf("give a role in a company: %w", err)
	}
	return nil
}

// GiveClusterRole gives a person a role in a cluster; a second call changes nothing.
func GiveClusterRole(ctx context.Context, tx *sqlx.Tx, person, cluster string, role ClusterRole) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO cluster_roles (person_id, cluster_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		person, cluster, string(role))
	if err != nil {
		return fmt.Errorf("give a role in a cluster: %w", err)
	}
	return nil
}

// cleanEmail reads one bare address and writes it in the form in which it is kept.
func cleanEmail(s string) (string, error) {
	readable := utf8.ValidString(s) // ToLower would mend it
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || !readable || a.Address != s || a.Name != "" || len(s) > 254 || strings.ContainsAny(s, "\r\n") {
		return "", fault.In("email", "person.email_form")
	}
	return s, nil
}
