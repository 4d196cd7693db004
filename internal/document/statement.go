package document

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// YearOf is a company's year with one cluster.
type YearOf struct {
	ClusterID, CompanyID string
	Facts                Facts
}

// Totals are the sums of a year in each currency, in the order in which they first appear.
func (f Facts) Totals() []Total {
	var all []Total
	of := func(c money.Currency) *Total {
		for i := range all {
			if all[i].Currency == c {
				return &all[i]
			}
		}
		all = append(all, Total{Currency: c})
		return &all[len(all)-1]
	}
	for _, l := range f.Lines {
		t := of(l.Amount.Currency)
		if l.Kind == Receipt {
			t.Received += l.Amount.Minor
		} else {
			t.Returned -= l.Amount.Minor
		}
	}
	for _, l := range f.TakenFor {
		of(l.Amount.Currency).Taken -= l.Amount.Minor
	}
	return all
}

// Total is one currency of a year: what came in by receipts, what went back by notes, and
// what the company's own bank took back.
type Total struct {
	Currency                  money.Currency
	Received, Returned, Taken int64
}

// Stays is what stays with the campaigns.
func (t Total) Stays() money.Amount {
	return money.Of(t.Received-t.Returned-t.Taken, t.Currency)
}

// YearsOf reads a company's year for a person of that company: one for each cluster to
// which it gave, as the documents say it. Another's company and none are one NotFound
// fault. A year in which nothing moved is empty.
func YearsOf(ctx context.Context, db *sqlx.DB, companySlug, person string, year int) ([]YearOf, error) {
	var all []YearOf
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		company, err := companyFor(ctx, tx, companySlug, person)
		if err != nil {
			return err
		}
		all, err = yearsOf(ctx, tx, company, year)
		return err
	})
	return all, err
}

// companyFor finds a company in which the person has any role.
func companyFor(ctx context.Context, tx *sqlx.Tx, slug, person string) (id string, err error) {
	err = tx.GetContext(ctx, &id, `SELECT c.id FROM companies c JOIN company_roles r ON r.company_id = c.id WHERE c.slug = $1 AND r.person_id = $2`, slug, person)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "company.unknown")
	}
	if err != nil {
		return "", fmt.Errorf("find the company: %w", err)
	}
	return id, nil
}

func yearsOf(ctx context.Context, tx *sqlx.Tx, company string, year int) ([]YearOf, error) {
	var rows []struct {
		ClusterID string `db:"cluster_id"`
		ClusterUK string `db:"cluster_uk"`
		ClusterEN string `db:"cluster_en"`
		CompanyUK string `db:"company_uk"`
		CompanyEN string `db:"company_en"`
		lineRow
	}
	from, until := i18n.YearSpan(year)
	err := tx.SelectContext(ctx, &rows, `
		SELECT d.cluster_id, k.name_uk AS cluster_uk, k.name_en AS cluster_en, o.name_uk AS company_uk, o.name_en AS company_en,
		       d.happened_at AS at, d.kind, d.year || '-' || d.number AS no, c.title_uk, c.title_en,
		       CASE d.kind WHEN 'receipt' THEN d.amount_minor ELSE -d.amount_minor END AS minor, d.currency
		  FROM documents d JOIN pledges p ON p.id = d.pledge_id JOIN campaigns c ON c.id = p.campaign_id
		  JOIN clusters k ON k.id = d.cluster_id JOIN companies o ON o.id = d.company_id
		 WHERE d.company_id = $1 AND d.kind IN ('receipt', 'refund-note') AND d.happened_at >= $2 AND d.happened_at < $3
		 ORDER BY k.slug, d.happened_at, d.id`, company, from, until)
	if err != nil {
		return nil, fmt.Errorf("list a company's year: %w", err)
	}
	var all []YearOf
	for _, r := range rows {
		if len(all) == 0 || all[len(all)-1].ClusterID != r.ClusterID {
			y := YearOf{ClusterID: r.ClusterID, CompanyID: company}
			y.Facts.Year, y.Facts.Cluster, y.Facts.Company = year, Text{r.ClusterUK, r.ClusterEN}, Text{r.CompanyUK, r.CompanyEN}
			if y.Facts.TakenFor, err = takenBack(ctx, tx, company, r.ClusterID, from, until); err != nil {
				return nil, err
			}
			all = append(all, y)
		}
		last := &all[len(all)-1].Facts
		last.Lines = append(last.Lines, r.line())
	}
	return all, nil
}

type lineRow struct {
	At       time.Time
	Kind     Kind
	No       string
	TitleUK  string `db:"title_uk"`
	TitleEN  string `db:"title_en"`
	Minor    int64
	Currency money.Currency
}

func (r lineRow) line() Line {
	return Line{At: r.At.UTC(), Kind: r.Kind, No: r.No, Campaign: Text{r.TitleUK, r.TitleEN}, Amount: money.Of(r.Minor, r.Currency)}
}

// takenBack are the payments of the year of which the company's own bank has taken money
// back in a dispute. There is no note about it: we returned nothing.
func takenBack(ctx context.Context, tx *sqlx.Tx, company, cluster string, from, until time.Time) ([]Line, error) {
	var rows []lineRow
	err := tx.SelectContext(ctx, &rows, `
		SELECT y.settled_at AS at, '' AS kind, coalesce((SELECT d.year || '-' || d.number FROM documents d WHERE d.payment_id = y.id AND d.kind = 'receipt'), '') AS no,
		       c.title_uk, c.title_en, -(y.disputed_minor + y.lost_minor) AS minor, y.currency
		  FROM pledges p JOIN payments y ON y.pledge_id = p.id JOIN campaigns c ON c.id = p.campaign_id
		 WHERE p.company_id = $1 AND c.cluster_id = $2 AND y.settled_at >= $3 AND y.settled_at < $4 AND y.disputed_minor + y.lost_minor > 0
		 ORDER BY y.settled_at, y.id`, company, cluster, from, until)
	if err != nil {
		return nil, fmt.Errorf("list what a bank took back: %w", err)
	}
	var all []Line
	for _, r := range rows {
		all = append(all, r.line())
	}
	return all, nil
}

// IssueStatements issues a company's statements of a year, one for each cluster to which
// it gave. As long as nothing in it has changed, a repeat is the same statement. A viewer
// may look, and is Forbidden to issue; a year without money is a Conflict.
func IssueStatements(ctx context.Context, db *sqlx.DB, now clock.Clock, companySlug, person string, year int) ([]Document, error) {
	var issued []Document
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		issued = nil
		company, err := companyFor(ctx, tx, companySlug, person)
		if err != nil {
			return err
		}
		if err := mayIssue(ctx, tx, company, person); err != nil {
			return err
		}
		years, err := yearsOf(ctx, tx, company, year)
		if err != nil {
			return err
		}
		if len(years) == 0 {
			return fault.New(fault.Conflict, "document.empty_year", fmt.Sprint(year))
		}
		for _, y := range years {
			doc, err := issue(ctx, tx, now(), draft{
				kind: Statement, subject: fmt.Sprintf("company:%s:%s:%d", company, y.ClusterID, year), cluster: y.ClusterID, company: company, facts: y.Facts, by: person,
			})
			if err != nil {
				return err
			}
			issued = append(issued, doc)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("issue statements: %w", err)
	}
	return issued, nil
}

// StatementsOf lists the statements of a company's year that were issued, newest first.
func StatementsOf(ctx context.Context, db *sqlx.DB, companySlug, person string, year int) ([]Document, error) {
	var all []Document
	err := db.SelectContext(ctx, &all, `SELECT `+columns+` FROM documents d JOIN companies c ON c.id = d.company_id
		WHERE c.slug = $1 AND`+ownedBy+` AND d.kind = 'statement' AND (d.facts->>'Year')::int = $3 ORDER BY d.id DESC LIMIT 50`, companySlug, person, year)
	if err != nil {
		return nil, fmt.Errorf("list statements: %w", err)
	}
	return all, nil
}
