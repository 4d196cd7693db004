package document

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
)

// ownedBy holds for documents of companies in which the person $2 has any role.
const ownedBy = ` EXISTS (SELECT 1 FROM company_roles r WHERE r.company_id = d.company_id AND r.person_id = $2)`

// File is a document's file in one language, for a person of its company. Its bytes are
// the same at every call. Another's document and none are one NotFound fault.
func File(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string, l i18n.Lang) (Document, []byte, error) {
	unknown := fault.New(fault.NotFound, "document.unknown")
	if !pg.IsID(id) {
		return Document{}, nil, unknown
	}
	var doc Document
	var body []byte
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &doc, `SELECT `+columns+` FROM documents d WHERE d.id = $1 AND`+ownedBy, id, person)
		if errors.Is(err, sql.ErrNoRows) {
			return unknown
		}
		if err != nil {
			return fmt.Errorf("find the document: %w", err)
		}
		body, err = fileIn(ctx, tx, now(), doc, l)
		return err
	})
	return doc, body, err
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

// OfPledge lists what was issued about a pledge and its payments, newest first, for a
// person of its company; for others there is nothing.
func OfPledge(ctx context.Context, db *sqlx.DB, pledge, person string) ([]Document, error) {
	var all []Document
	if !pg.IsID(pledge) {
		return nil, nil
	}
	err := db.SelectContext(ctx, &all, `SELECT `+columns+` FROM documents d WHERE d.pledge_id = $1 AND`+ownedBy+` ORDER BY d.id DESC`, pledge, person)
	if err != nil {
		return nil, fmt.Errorf("list the documents of a pledge: %w", err)
	}
	return all, nil
}
