package member

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/jmoiron/sqlx"
	"golang.org/x/text/unicode/norm"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// argon are OWASP's parameters for Argon2id with 19 MiB: about a tenth of a second here.
var argon = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashing bounds the memory that passwords may take at once: strangers can ask for it.
var hashing = make(chan struct{}, 2)

// hashed counts the passwords that were hashed, for the test that compares the work.
var hashed atomic.Int64

// Password lengths, in characters. The upper one only bounds the work.
const minPassword, maxPassword = 12, 128

// nobodysHash is checked when the address is unknown, so that the answer takes as long.
var nobodysHash = sync.OnceValues(func() (string, error) {
	return argon2id.CreateHash("nobody has this password", argon)
})

// CheckPassword says whether a password may be a person's: long enough, not the address,
// not this site's name, and not among those that everybody tries first. What it is made of
// is not our business.
//
// It looks for known passwords in Unicode's composed form and in small letters, and twelve
// signs are twelve in that form too: nobody comes past the lists, or to the least length, by
// taking letters apart. What is kept is the password as it came.
func CheckPassword(password, email string) error {
	composed := norm.NFC.String(password)
	sent := utf8.RuneCountInString(password)
	if min(sent, utf8.RuneCountInString(composed)) < minPassword {
		return fault.In("password", "person.password_short", minPassword)
	}
	if sent > maxPassword {
		return fault.In("password", "person.password_long", maxPassword)
	}
	plain := strings.ToLower(composed)
	name, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case len(name) >= 4 && strings.Contains(plain, name), strings.Contains(plain, "kopiyka"), strings.Contains(plain, "копійка"):
		return fault.In("password", "person.password_name")
	case common(plain):
		return fault.In("password", "person.password_common")
	}
	return nil
}

func hashPassword(password, email string) (string, error) {
	if err := CheckPassword(password, email); err != nil {
		return "", err
	}
	hashing <- struct{}{}
	defer func() { <-hashing }()
	hashed.Add(1)
	hash, err := argon2id.CreateHash(password, argon)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// comparePassword reports whether a password is that of the hash, sign for sign as it was
// sent. Without a hash it does the same work and reports false.
func comparePassword(ctx context.Context, password string, hash sql.NullString) (bool, error) {
	against := hash.String
	if !hash.Valid {
		var err error
		if against, err = nobodysHash(); err != nil {
			return false, fmt.Errorf("hash a password: %w", err)
		}
	}
	if len(password) > 4*maxPassword {
		password = "" // it is wrong in any case, and hashing it would be work for a stranger
	}
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-hashing }()
	hashed.Add(1)
	match, err := argon2id.ComparePasswordAndHash(password, against)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return match && hash.Valid, nil
}

// SetPassword gives a person a password, within the caller's transaction. One that may not
// be a person's is a fault of the field "password".
func SetPassword(ctx context.Context, tx *sqlx.Tx, person, password string) error {
	var email string
	if err := tx.GetContext(ctx, &email, `SELECT email FROM people WHERE id = $1`, person); err != nil {
		return fmt.Errorf("set a password: %w", err)
	}
	hash, err := hashPassword(password, email)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE people SET password_hash = $2, password_given_at = NULL WHERE id = $1`, person, hash); err != nil {
		return fmt.Errorf("set a password: %w", err)
	}
	return nil
}

// givenFor is how long a password that somebody else has chosen opens. After that its person
// asks for a letter, as whoever has forgotten one does.
const givenFor = 14 * 24 * time.Hour

// PasswordWasGiven notes that a person's password is one that somebody else has chosen, such
// as whoever wrote the file for kopiyka seed. It opens for two weeks, and nothing but the
// page on which it is changed.
func PasswordWasGiven(ctx context.Context, tx *sqlx.Tx, at time.Time, person string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE people SET password_given_at = $2 WHERE id = $1 AND password_hash IS NOT NULL`, person, at); err != nil {
		return fmt.Errorf("note a given password: %w", err)
	}
	return nil
}

// ChangePassword sets the password of somebody who is signed in, ends all sessions but the
// one named, and tells the person by letter.
func ChangePassword(ctx context.Context, db *sqlx.DB, now clock.Clock, person, password, session string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		return changePassword(ctx, tx, now(), person, password, session, "changed")
	})
}

func changePassword(ctx context.Context, tx *sqlx.Tx, at time.Time, person, password, session, how string) error {
	if err := SetPassword(ctx, tx, person, password); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, person, session); err != nil {
		return err
	}
	// Links to reset it would undo the change.
	if _, err := tx.ExecContext(ctx, `UPDATE magic_links SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL`, person, at); err != nil {
		return fmt.Errorf("end a person's links: %w", err)
	}
	if err := audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "person.password-" + how, Subject: "person:" + person}); err != nil {
		return err
	}
	return tell(ctx, tx, at, person, "password")
}
