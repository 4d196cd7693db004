package document

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
)

// ownedBy holds for documents of companies in which the person $2 has any role.
const ownedBy = ` EXISTS (SELECT 1 FROM company_roles r WHERE r.company_id = d.company_id AND r.person_id = $2)`

// ofClusterOf holds for documents of clusters in which the person $2 has any role.
const ofClusterOf = ` d.cluster_id IN (SELECT r.cluster_id FROM cluster_roles r WHERE r.person_id = $2)`

// File is a document's file in one language, for a person of its company. Its bytes are
// the same at every call. Another's document and none are one NotFound fault.
func File(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string, l i18n.Lang) (Document, []byte, error) {
	return fileFor(ctx, db, now, ownedBy, id, person, l)
}

// FileFor is the same for a person with a role in the document's cluster.
func FileFor(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string, l i18n.Lang) (Document, []byte, error) {
	return fileFor(ctx, db, now, ofClusterOf, id, person, l)
}

// CompanyOf is the company whose document it is, for a person of that company. Nothing is drawn
// for it. Another's document and none are one NotFound fault.
func CompanyOf(ctx context.Context, db *sqlx.DB, id, person string) (string, error) {
	doc, err := find(ctx, db, ownedBy, id, person)
	return doc.CompanyID, err
}

func fileFor(ctx context.Context, db *sqlx.DB, now clock.Clock, seenBy, id, person string, l i18n.Lang) (Document, []byte, error) {
	var doc Document
	var body []byte
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) (err error) {
		if doc, err = find(ctx, tx, seenBy, id, person); err != nil {
			return err
		}
		body, err = fileIn(ctx, tx, now(), doc, l)
		return err
	})
	return doc, body, err
}

// find is a document that a person may see.
func find(ctx context.Context, q sqlx.QueryerContext, seenBy, id, person string) (Document, error) {
	unknown := fault.New(fault.NotFound, "document.unknown")
	if !pg.IsID(id) {
		return Document{}, unknown
	}
	var doc Document
	err := sqlx.GetContext(ctx, q, &doc, `SELECT `+columns+` FROM documents d WHERE d.id = $1 AND`+seenBy, id, person)
	if errors.Is(err, sql.ErrNoRows) {
		return doc, unknown
	}
	if err != nil {
		return doc, fmt.Errorf("find the document: %w", err)
	}
	return doc, nil
}

// fileIn is the file as it was first drawn, or draws it now. Who comes second to draw it
// takes what the first has kept.
func fileIn(ctx context.Context, tx *sqlx.Tx, at time.Time, d Document, l i18n.Lang) ([]byte, error) {
	body, found, err := kept(ctx, tx, d.ID, l)
	if err != nil || found {
		return body, err
	}
	if body, err = Draw(d, l); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	res, err := tx.ExecContext(ctx, `INSERT INTO document_files (document_id, lang, body, sha256, drawn_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		d.ID, string(l), body, sum[:], at)
	if err != nil {
		return nil, fmt.Errorf("keep the file of a document: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return body, err
	}
	body, found, err = kept(ctx, tx, d.ID, l)
	if err == nil && !found {
		err = errors.New("the file of a document was kept and is not there")
	}
	return body, err
}

func kept(ctx context.Context, tx *sqlx.Tx, id string, l i18n.Lang) ([]byte, bool, error) {
	var body []byte
	err := tx.GetContext(ctx, &body, `SELECT body FROM document_files WHERE document_id = $1 AND lang = $2`, id, string(l))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the file of a document: %w", err)
	}
	return body, true, nil
}

// Search is what is looked for among documents. The zero Search finds all of them.
type Search struct {
	Kind Kind
	No   string // a number as it stands on the paper: "2026-17"
	Year int    // of the number

	Company string // part of its name; of no use among one company's own
}

// number reads the year and the number; ok is false for what no document can have.
func (s Search) number() (year, number int, ok bool) {
	if s.No == "" {
		return s.Year, 0, true
	}
	head, tail, _ := strings.Cut(s.No, "-")
	year, wrongYear := strconv.Atoi(head)
	number, wrong := strconv.Atoi(tail)
	ok = wrongYear == nil && wrong == nil && Document{Year: year, Number: number}.No() == s.No && number > 0 && max(year, number) <= math.MaxInt32
	return year, number, ok && (s.Year == 0 || s.Year == year)
}

// OfCompany lists what was issued to a company that fits a search, newest first, for a
// person of that company; for others there is nothing. After is the id of the last document
// of the page before, or empty.
func OfCompany(ctx context.Context, db *sqlx.DB, company, person string, s Search, after string, limit int) ([]Document, error) {
	return list(ctx, db, `d.company_id = $1 AND`+ownedBy, company, person, s, after, limit)
}

// Of names what documents are about: one pledge, or one payment.
type Of struct{ Pledge, Payment string }

// About lists what was issued about a pledge or a payment, newest first and a page of them
// at most, for a person with a role in its cluster; for others there is nothing.
func About(ctx context.Context, db *sqlx.DB, of Of, person string) ([]Document, error) {
	if of.Payment != "" {
		return list(ctx, db, `d.payment_id = $1 AND`+ofClusterOf, of.Payment, person, Search{}, "", PageSize)
	}
	return list(ctx, db, `d.pledge_id = $1 AND`+ofClusterOf, of.Pledge, person, Search{}, "", PageSize)
}

// Find lists what the clusters in which a person has a role have issued that fits a search,
// newest first. After is the id of the last document of the page before, or empty.
func Find(ctx context.Context, db *sqlx.DB, person string, s Search, after string, limit int) ([]Document, error) {
	company := strings.TrimSpace(s.Company)
	if company == "" {
		return list(ctx, db, `$1 = '' AND`+ofClusterOf, "", person, s, after, limit)
	}
	return list(ctx, db, `d.company_id IN (SELECT k.id FROM companies k
		WHERE strpos(lower((k.name_uk || ' ' || k.name_en || ' ' || k.slug) COLLATE "uk-x-icu"), lower($1 COLLATE "uk-x-icu")) > 0) AND`+ofClusterOf, company, person, s, after, limit)
}

// list lists documents: those for which a condition on $1 and the person $2 holds.
func list(ctx context.Context, db *sqlx.DB, which, about, person string, s Search, after string, limit int) ([]Document, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	year, number, ok := s.number()
	if !ok {
		return nil, nil
	}
	var all []Document
	err := db.SelectContext(ctx, &all, `SELECT `+columns+` FROM documents d WHERE `+which+`
		  AND ($3 = '' OR d.id < nullif($3, '')::uuid) AND ($4 = '' OR d.kind = $4) AND ($5::int = 0 OR d.year = $5) AND ($6::int = 0 OR d.number = $6)
		ORDER BY d.id DESC LIMIT $7`, about, person, after, string(s.Kind), year, number, limit)
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return all, nil
}

// PageSize is how many documents a page of a list holds.
const PageSize = 50

// OfPledge lists what was issued about a pledge and its payments, newest first, for a
// person of its company; for others there is nothing. After is the id of the last document
// of the page before, or empty. A full page may be followed by another.
func OfPledge(ctx context.Context, db *sqlx.DB, pledge, person, after string) ([]Document, error) {
	if !pg.IsID(pledge) {
		return nil, nil
	}
	return list(ctx, db, `d.pledge_id = $1 AND`+ownedBy, pledge, person, Search{}, after, PageSize)
}

// ReceiptOf finds a payment's receipt for a person of its company; for others, and before
// it was issued, there is none.
func ReceiptOf(ctx context.Context, db *sqlx.DB, payment, person string) (Document, bool, error) {
	var doc Document
	err := db.GetContext(ctx, &doc, `SELECT `+columns+` FROM documents d WHERE d.payment_id = $1 AND`+ownedBy+` AND d.kind = 'receipt'`, payment, person)
	if errors.Is(err, sql.ErrNoRows) {
		return doc, false, nil
	}
	if err != nil {
		return doc, false, fmt.Errorf("find the receipt: %w", err)
	}
	return doc, true, nil
}
