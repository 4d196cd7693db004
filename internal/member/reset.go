package member

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
)

// resetFor is how long a link to set a new password opens.
const resetFor = time.Hour

// purposeReset is what such a link opens, and nothing else.
const purposeReset = "reset"

// AskReset takes an address to which a link for a new password is to be sent. Whether the
// address is known is looked up later, by AnswerResets: here the work is the same for every
// one. Only the form of the address is told, and TooMany when it was asked for too often.
func AskReset(ctx context.Context, db *sqlx.DB, now clock.Clock, email, host string) error {
	address, err := cleanEmail(email)
	if err != nil {
		return err
	}
	// Each wish counts as an attempt and stays one.
	if _, err := begin(ctx, db, now(), emailSubject("reset", address), resetsByEmail, host); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO reset_requests (email, asked_at) VALUES ($1, $2)`, address, now()); err != nil {
		return fmt.Errorf("ask for a new password: %w", err)
	}
	return nil
}

// resetLetter is what the letter with the link is told.
type resetLetter struct {
	Name   string
	Button mail.Button
}

// mostResets is how many wishes one run answers.
const mostResets = 500

// AnswerResets writes letters to those of the askers who are known, and forgets all. Several
// may run at once. It returns how many letters it wrote.
func AnswerResets(ctx context.Context, db *sqlx.DB, now clock.Clock, url string) (letters int, err error) {
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		letters = 0
		var asked []string
		err := tx.SelectContext(ctx, &asked, `
			DELETE FROM reset_requests WHERE id IN (SELECT id FROM reset_requests ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING email`, mostResets)
		if err != nil {
			return fmt.Errorf("take wishes for new passwords: %w", err)
		}
		for _, email := range asked {
			wrote, err := answerReset(ctx, tx, now(), url, email)
			if err != nil {
				return err
			}
			if wrote {
				letters++
			}
		}
		return nil
	})
	return letters, err
}

func answerReset(ctx context.Context, tx *sqlx.Tx, at time.Time, url, email string) (bool, error) {
	var p struct{ ID, Name, Lang string }
	err := tx.GetContext(ctx, &p, `SELECT id, name, lang FROM people WHERE email = $1`, email)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("answer a wish for a new password: %w", err)
	}
	token, key, err := makeLink(ctx, tx, purposeReset, p.ID, at, resetFor)
	if err != nil {
		return false, err
	}
	l := i18n.Lang(p.Lang)
	return true, mail.Queue(ctx, tx, mail.Letter{
		Key: key, To: email, Lang: l, Name: "reset", At: at,
		Data: resetLetter{Name: p.Name, Button: mail.Button{Text: l.T("mail.reset.button"), Href: strings.TrimRight(url, "/") + "/sign-in/reset/" + token}},
	})
}

// makeLink keeps what opens one thing for a person, and returns what stands in the link and
// the key of the letter that brings it: with the link's use the letter is emptied.
func makeLink(ctx context.Context, tx *sqlx.Tx, purpose, person string, at time.Time, opens time.Duration) (token, key string, err error) {
	token = rand.Text()
	hash := linkHash(purpose, token)
	_, err = tx.ExecContext(ctx, `INSERT INTO magic_links (hash, purpose, person_id, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		hash, purpose, person, at, at.Add(opens))
	if err != nil {
		return "", "", fmt.Errorf("make a link: %w", err)
	}
	return token, purpose + ":" + hex.EncodeToString(hash), nil
}

// linkHash binds a link to its purpose: what opens one thing opens nothing else.
func linkHash(purpose, token string) []byte {
	sum := sha256.Sum256([]byte(purpose + ":" + token))
	return sum[:]
}

// ResetOpen says whether a link still opens: one that is unknown, used or too old is a
// NotFound fault. Looking uses nothing up: mail servers look at links before their readers.
func ResetOpen(ctx context.Context, db *sqlx.DB, now clock.Clock, token string) error {
	return linkOpen(ctx, db, now(), purposeReset, token)
}

func linkOpen(ctx context.Context, db *sqlx.DB, at time.Time, purpose, token string) error {
	var open bool
	err := db.GetContext(ctx, &open, `SELECT EXISTS (SELECT 1 FROM magic_links WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3)`,
		linkHash(purpose, token), purpose, at)
	if err != nil {
		return fmt.Errorf("look at a link: %w", err)
	}
	if !open {
		return fault.New(fault.NotFound, "link.gone")
	}
	return nil
}

// Reset sets a new password by a link, which is used up by it, ends every session of the
// person, and tells who that is. Of two at once one is told that the link is gone. A second
// factor stays what it was: the link proves the address and nothing more.
func Reset(ctx context.Context, db *sqlx.DB, now clock.Clock, token, password string) (person string, err error) {
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &person, `
			UPDATE magic_links SET used_at = $3 WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING person_id`,
			linkHash(purposeReset, token), purposeReset, now())
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "link.gone")
		}
		if err != nil {
			return fmt.Errorf("use a link: %w", err)
		}
		return changePassword(ctx, tx, now(), person, password, "", "reset")
	})
	return person, err
}
