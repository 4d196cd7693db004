package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// ImportFile is a file of companies as somebody brings it.
type ImportFile struct {
	ClusterID, PersonID string
	Name                string
	Body                []byte
	Delimiter, Encoding string // empty: to be found out
}

// BringCompanies keeps a file of companies to be looked at. Nothing is entered yet. What is
// no table of companies is a fault about the file.
func BringCompanies(ctx context.Context, db *sqlx.DB, now clock.Clock, f ImportFile) (id string, err error) {
	if len(f.Body) == 0 {
		return "", fault.In("file", "import.missing")
	}
	if e := strings.ToLower(filepath.Ext(f.Name)); e != ".csv" && e != ".txt" {
		return "", fault.In("file", "import.ending")
	}
	if f.Delimiter != "" && f.Delimiter != "," && f.Delimiter != ";" && f.Delimiter != "\t" {
		return "", fault.In("delimiter", "import.delimiter")
	}
	if _, err := ParseImport(f.Body, f.Delimiter, f.Encoding); err != nil {
		return "", err
	}
	id = pg.NewID()
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustCoordinateCluster(ctx, tx, f.ClusterID, f.PersonID, fault.In("cluster", "application.cluster")); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO company_imports (id, cluster_id, person_id, file_name, body, delimiter, encoding, brought_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, f.ClusterID, f.PersonID, short(f.Name, 200), f.Body, f.Delimiter, f.Encoding, now())
		if err != nil {
			return fmt.Errorf("keep a file of companies: %w", err)
		}
		return nil
	})
	return id, err
}

// Import is a file of companies with what would become of each row.
type Import struct {
	ID, ClusterID string
	Cluster       Text
	Name          string
	BroughtAt     time.Time
	EnteredAt     *time.Time
	Entered       int // companies, once they are entered
	Rows          []ImportRow
	Faulty        int
}

// ImportFor is a file that the coordinators of its cluster look at, row by row; to all others
// there is none: it holds what a company has not shown anybody yet. Once it is entered its rows are gone, and the companies stand in the list.
func ImportFor(ctx context.Context, q sqlx.ExtContext, id, person string) (Import, error) {
	var v Import
	if !pg.IsID(id) {
		return v, fault.New(fault.NotFound, "import.unknown")
	}
	var body []byte
	var delimiter, encoding string
	err := q.QueryRowxContext(ctx, `
		SELECT i.id, i.cluster_id, c.name_uk, c.name_en, i.file_name, i.brought_at, i.entered_at, i.entered, i.body, i.delimiter, i.encoding
		  FROM company_imports i JOIN clusters c ON c.id = i.cluster_id
		 WHERE i.id = $1 AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = i.cluster_id AND r.person_id = $2 AND r.role = 'coordinator')`, id, person).
		Scan(&v.ID, &v.ClusterID, &v.Cluster.UK, &v.Cluster.EN, &v.Name, &v.BroughtAt, &v.EnteredAt, &v.Entered, &body, &delimiter, &encoding)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fault.New(fault.NotFound, "import.unknown")
	}
	if err != nil {
		return v, fmt.Errorf("read a file of companies: %w", err)
	}
	if v.EnteredAt != nil {
		return v, nil
	}
	if v.Rows, err = ParseImport(body, delimiter, encoding); err != nil {
		return v, err
	}
	if err := v.compare(ctx, q); err != nil {
		return v, err
	}
	for _, row := range v.Rows {
		if len(row.Faults) > 0 {
			v.Faulty++
		}
	}
	return v, nil
}

// compare looks each row up among the companies that are here.
func (v *Import) compare(ctx context.Context, q sqlx.QueryerContext) error {
	at := map[string]int{}
	for i, row := range v.Rows {
		if row.Company.OfficialID != "" && len(row.Faults) == 0 {
			at[row.Company.Country+" "+row.Company.OfficialID] = i
		}
	}
	rows, err := q.QueryxContext(ctx, `
		SELECT k.country || ' ' || k.official_id, k.id, k.name_uk, EXISTS (SELECT 1 FROM memberships m WHERE m.company_id = k.id AND m.cluster_id = $1)
		  FROM companies k WHERE k.official_id <> ''`, v.ClusterID)
	if err != nil {
		return fmt.Errorf("compare companies: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, id, name string
		var member bool
		if err := rows.Scan(&key, &id, &name, &member); err != nil {
			return fmt.Errorf("compare companies: %w", err)
		}
		i, found := at[key]
		switch {
		case !found:
		case member:
			v.Rows[i].Faults = append(v.Rows[i].Faults, fault.In("official_id", "import.member_already", name))
		default:
			v.Rows[i].KnownID = id
		}
	}
	return rows.Err()
}

// EnterImport enters every company of a file and makes it a member: all of them in one
// commit, or none when a row is not right. A second call is a Conflict fault.
func EnterImport(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string) (entered int, err error) {
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := pg.Lock(ctx, tx, "company-import:"+id); err != nil {
			return err
		}
		v, err := ImportFor(ctx, tx, id, person)
		if err != nil {
			return err
		}
		if v.EnteredAt != nil {
			return fault.New(fault.Conflict, "import.entered")
		}
		if v.Faulty > 0 {
			return fault.New(fault.Invalid, "import.faulty", v.Faulty)
		}
		for _, row := range v.Rows {
			if err := row.enter(ctx, tx, now(), v.ClusterID); err != nil {
				return inRow(row.Line, err)
			}
		}
		entered = len(v.Rows)
		_, err = tx.ExecContext(ctx, `UPDATE company_imports SET entered_at = $2, entered = $3, body = '' WHERE id = $1`, id, now(), entered)
		if err != nil {
			return fmt.Errorf("close a file of companies: %w", err)
		}
		return record(ctx, tx, now(), person, "company.imported", "cluster:"+v.ClusterID, map[string]any{"import": id, "file": v.Name, "companies": entered})
	})
	return entered, err
}

// enter takes one company in. It shows its name and nothing else until it says so itself.
func (row ImportRow) enter(ctx context.Context, tx *sqlx.Tx, at time.Time, cluster string) error {
	company := row.KnownID
	if company == "" {
		var err error
		if company, err = AddCompanyAs(ctx, tx, at, row.Company); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE companies SET site = $2, shows_about = false WHERE id = $1`, company, row.Site); err != nil {
			return fmt.Errorf("keep a company's site: %w", err)
		}
	}
	return Enrol(ctx, tx, company, Membership{ClusterID: cluster, Kind: row.Kind, Since: row.Since, Until: row.Until})
}

// inRow says in which row a fault is that only the database saw: somebody was quicker.
func inRow(line int, err error) error {
	if f, ok := fault.As(err); ok {
		return fault.New(fault.Conflict, "import.overtaken", line).About(f.Field)
	}
	return fmt.Errorf("line %d: %w", line, err)
}

// short is a text cut to a number of characters.
func short(s string, most int) string {
	if runes := []rune(line(s)); len(runes) > most {
		return string(runes[:most])
	}
	return line(s)
}
