package bank

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Difference is one place where the books and somebody else's do not agree.
type Difference struct {
	Name     string         `db:"name"`    // what differs; its sentence is bank.difference.<name>
	Subject  string         `db:"subject"` // where: a line, an account, a payout
	Day      sql.NullTime   `db:"day"`
	Books    int64          `db:"books_minor"`
	Theirs   int64          `db:"theirs_minor"`
	Currency money.Currency `db:"currency"`
}

// Proof is what one comparison found.
type Proof struct {
	Name        string       `json:"name"`
	Looked      int64        `json:"looked"` // how much was compared
	UpTo        time.Time    `json:"up_to"`  // the last day that it can speak of; zero: there was nothing to compare
	Silent      bool         `json:"silent"` // there is something, and nothing proves it
	Differences []Difference `json:"-"`
}

// Check compares the books of a cluster with what somebody else says, in one snapshot.
type Check func(ctx context.Context, tx *sqlx.Tx, cluster string) (Proof, error)

// Result is one cluster's reconciliation.
type Result struct {
	ID          string
	ClusterID   string
	ClusterUK   string
	ClusterEN   string
	RanAt       time.Time
	ProvenOn    time.Time // zero: something differs, or nothing could be compared
	Checks      []Proof
	Differences []Difference
}

// Reconcile compares every cluster's books with its banks, and with whatever other checks
// compare, and writes down what came of it. It changes nothing else and may run at any time.
func Reconcile(ctx context.Context, db *sqlx.DB, now clock.Clock, others ...Check) ([]Result, error) {
	var clusters []struct {
		ID string
		UK string `db:"name_uk"`
		EN string `db:"name_en"`
	}
	if err := db.SelectContext(ctx, &clusters, `SELECT id, name_uk, name_en FROM clusters ORDER BY slug`); err != nil {
		return nil, fmt.Errorf("list the clusters: %w", err)
	}
	var all []Result
	for _, c := range clusters {
		r := Result{ID: pg.NewID(), ClusterID: c.ID, ClusterUK: c.UK, ClusterEN: c.EN, RanAt: now()}
		if err := r.run(ctx, db, append([]Check{linesInBooks, booksOnStatements, restsInBooks, balances}, others...)); err != nil {
			return all, fmt.Errorf("reconcile %s: %w", c.EN, err)
		}
		if err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error { return r.write(ctx, tx) }); err != nil {
			return all, fmt.Errorf("write the reconciliation: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}

func (r *Result) run(ctx context.Context, db *sqlx.DB, checks []Check) error {
	tx, err := pg.Snapshot(ctx, db)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	silent := false
	for _, check := range checks {
		p, err := check(ctx, tx, r.ClusterID)
		if err != nil {
			return err
		}
		r.Checks = append(r.Checks, p)
		r.Differences = append(r.Differences, p.Differences...)
		silent = silent || p.Silent
		if !p.UpTo.IsZero() && (r.ProvenOn.IsZero() || p.UpTo.Before(r.ProvenOn)) {
			r.ProvenOn = p.UpTo
		}
	}
	if silent || len(r.Differences) > 0 {
		r.ProvenOn = time.Time{}
	}
	return nil
}

// mostKept is how many differences are written down of one run. The number tells of all.
const mostKept = 1000

func (r *Result) write(ctx context.Context, tx *sqlx.Tx) error {
	checks, err := json.Marshal(r.Checks)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO reconciliations (id, cluster_id, ran_at, proven_on, differences, checks) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.ID, r.ClusterID, r.RanAt, sql.NullTime{Time: r.ProvenOn, Valid: !r.ProvenOn.IsZero()}, len(r.Differences), string(checks))
	if err != nil {
		return err
	}
	for i, d := range r.Differences[:min(len(r.Differences), mostKept)] {
		_, err := tx.ExecContext(ctx, `INSERT INTO reconciliation_differences (reconciliation_id, place, name, subject, day, books_minor, theirs_minor, currency)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, r.ID, i, d.Name, d.Subject, d.Day, d.Books, d.Theirs, string(d.Currency))
		if err != nil {
			return err
		}
	}
	return nil
}

// Latest returns the last reconciliation of each cluster in which a person has a role.
func Latest(ctx context.Context, db *sqlx.DB, person string) ([]Result, error) {
	var rows []struct {
		ID        string
		ClusterID string       `db:"cluster_id"`
		UK        string       `db:"name_uk"`
		EN        string       `db:"name_en"`
		RanAt     time.Time    `db:"ran_at"`
		ProvenOn  sql.NullTime `db:"proven_on"`
		Checks    []byte
	}
	err := db.SelectContext(ctx, &rows, `
		SELECT r.id, r.cluster_id, c.name_uk, c.name_en, r.ran_at, r.proven_on, r.checks
		  FROM clusters c CROSS JOIN LATERAL (SELECT * FROM reconciliations x WHERE x.cluster_id = c.id ORDER BY x.id DESC LIMIT 1) r
		 WHERE EXISTS (SELECT 1 FROM cluster_roles g WHERE g.cluster_id = c.id AND g.person_id = $1) ORDER BY c.slug`, person)
	if err != nil {
		return nil, fmt.Errorf("find the last reconciliations: %w", err)
	}
	var all []Result
	for _, row := range rows {
		r := Result{ID: row.ID, ClusterID: row.ClusterID, ClusterUK: row.UK, ClusterEN: row.EN, RanAt: row.RanAt, ProvenOn: row.ProvenOn.Time}
		if err := json.Unmarshal(row.Checks, &r.Checks); err != nil {
			return nil, fmt.Errorf("read a reconciliation: %w", err)
		}
		err := db.SelectContext(ctx, &r.Differences, `SELECT name, subject, day, books_minor, theirs_minor, currency
			FROM reconciliation_differences WHERE reconciliation_id = $1 ORDER BY place`, r.ID)
		if err != nil {
			return nil, fmt.Errorf("list what differs: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}
