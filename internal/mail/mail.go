// Package mail is the house's outbox: letters to people, written in the transaction of
// what they tell of and sent afterwards, each to one address and in its reader's language.
//
// It knows no reader and decides nothing: who may know what is settled by whoever queues a
// letter. It reads no mail, fetches nothing, tracks nobody, and speaks to the mail server
// outside every transaction.
package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
)

// Letter is what to write to whom. Its text comes from templates/mail/<Name>.html, which
// is told Data.
type Letter struct {
	Key         string // what it is about, such as "receipt:<payment>:<person>": each key is written once
	To          string // one bare address
	Lang        i18n.Lang
	Name        string
	Data        any
	Attachments []Attachment
	Unsubscribe string    // address that stops letters of this kind by a POST without a body of its own; empty: none
	At          time.Time // the letter's date; zero: the database's now
	Cluster     string    // whose people may see that it was written; empty: nobody's
	Names       []string  // ids of the people whom it names beside its reader: it is emptied when they are erased
}

// Attachment is a file that comes with a letter.
type Attachment struct {
	Name, Type string // "receipt.pdf", "application/pdf"
	Body       []byte
}

// Fact is a row of a letter's table, and Button the one thing that its reader may want to
// do. Both are for the structs that letters are told.
type (
	Fact   struct{ Name, Text string }
	Button struct{ Text, Href string }
)

// Queue writes a letter down in the caller's transaction; a Sender sends it once that has
// committed. A second letter of the same key is not written, and that is no error; nor is
// one that its reader could stop, to an address from which letters come back.
//
// A template that cannot be filled in, or an address that is none, is an error of the
// program: whoever takes addresses from people checks them first.
func Queue(ctx context.Context, tx *sqlx.Tx, l Letter) error {
	if err := l.check(); err != nil {
		return fmt.Errorf("queue letter %s: %w", l.Name, err)
	}
	m, err := Render(l.Lang, l.Name, l.Data, l.Unsubscribe)
	if err != nil {
		return fmt.Errorf("queue letter %s: %w", l.Name, err)
	}
	id := pg.NewID()
	written, err := insert(ctx, tx, id, l, m)
	if err != nil || !written {
		return err
	}
	if err := name(ctx, tx, id, l.Names); err != nil {
		return err
	}
	for i, a := range l.Attachments {
		_, err := tx.ExecContext(ctx, `INSERT INTO letter_attachments (letter_id, position, file_name, content_type, body) VALUES ($1, $2, $3, $4, $5)`,
			id, i, a.Name, a.Type, a.Body)
		if err != nil {
			return fmt.Errorf("queue letter %s: attach: %w", l.Name, err)
		}
	}
	return nil
}

func insert(ctx context.Context, tx *sqlx.Tx, id string, l Letter, m Message) (bool, error) {
	var at any // NULL: the database's now
	if !l.At.IsZero() {
		at = l.At
	}
	res, err := tx.ExecContext(ctx, `
		WITH letter AS (
			INSERT INTO letters (id, key, name, lang, recipient, subject, text_body, html_body, unsubscribe, queued_at, cluster_id)
			SELECT $1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10::timestamptz, now()), nullif($11, '')::uuid
			 WHERE $9 = '' OR NOT EXISTS (SELECT 1 FROM address_bounces WHERE address = $5 AND cleared_at IS NULL)
			ON CONFLICT (key) DO NOTHING RETURNING id, queued_at)
		INSERT INTO letter_states (letter_id, next_try_at) SELECT id, queued_at FROM letter`,
		id, l.Key, l.Name, string(l.Lang), l.To, m.Subject, m.Text, m.HTML, l.Unsubscribe, at, l.Cluster)
	if err != nil {
		return false, fmt.Errorf("queue letter %s: %w", l.Name, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// name writes down whom a letter names.
func name(ctx context.Context, tx *sqlx.Tx, letter string, people []string) error {
	for _, person := range people {
		if _, err := tx.ExecContext(ctx, `INSERT INTO letter_people (person_id, letter_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, person, letter); err != nil {
			return fmt.Errorf("write down whom a letter names: %w", err)
		}
	}
	return nil
}

// errHeader stands for whatever could make a header of what is none. It does not repeat
// what it was given.
var errHeader = errors.New("an address or a file's name cannot stand in a header")

// check refuses what must not reach a header. The schema refuses it too.
func (l Letter) check() error {
	if l.Key == "" {
		return errors.New("it has no key")
	}
	a, err := netmail.ParseAddress(l.To)
	if err != nil || a.Name != "" || a.Address != l.To || !oneLine(l.To) {
		return errHeader
	}
	if l.Unsubscribe != "" {
		u, err := url.Parse(l.Unsubscribe)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || !oneLine(l.Unsubscribe) || strings.ContainsAny(l.Unsubscribe, "<> ") {
			return errHeader
		}
	}
	for _, f := range l.Attachments {
		if f.Name == "" || !oneLine(f.Name) || strings.ContainsAny(f.Name, `/\"`) {
			return errHeader
		}
	}
	return nil
}

func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
