package member

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
)

// argon are OWASP's parameters for Argon2id with 19 MiB: about a tenth of a second here.
var argon = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashing bounds the memory that passwords may take at once: strangers can ask for it.
var hashing = make(chan struct{}, 2)

// Password lengths, in characters. The upper one only bounds the work.
const minPassword, maxPassword = 12, 200

// nobodysHash is checked when the address is unknown, so that the answer takes as long.
var nobodysHash = sync.OnceValues(func() (string, error) {
	return argon2id.CreateHash("nobody has this password", argon)
})

func hashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword {
		return "", fault.In("password", "person.password_short", minPassword)
	} else if n > maxPassword {
		return "", fault.In("password", "person.password_long", maxPassword)
	}
	hashing <- struct{}{}
	defer func() { <-hashing }()
	hash, err := argon2id.CreateHash(password, argon)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// How many failures are borne within the window, for one address and from one host.
const (
	failureWindow     = 15 * time.Minute
	failuresByEmail   = 10
	failuresByHost    = 60
	failureWindowMins = int(failureWindow / time.Minute)
)

// SignIn answers who has this e-mail and password. A wrong pair is one Unauthorized fault,
// whether the address is known or not and after the same work; too many failures are
// TooMany. It opens no session: the door does.
func SignIn(ctx context.Context, db *sqlx.DB, now clock.Clock, email, password, host string) (Person, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	byEmail, byHost := "email:"+digest(email), "ip:"+host
	if err := tooManyFailures(ctx, db, now(), byEmail, byHost); err != nil {
		return Person{}, err
	}
	id, ok, err := check(ctx, db, email, password)
	if err != nil {
		return Person{}, err
	}
	if !ok {
		if err := noteFailure(ctx, db, now(), byEmail, byHost); err != nil {
			return Person{}, err
		}
		return Person{}, fault.New(fault.Unauthorized, "signin.wrong")
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE subject = $1`, byEmail); err != nil {
		return Person{}, fmt.Errorf("forget failures: %w", err)
	}
	return PersonByID(ctx, db, id)
}

func check(ctx context.Context, db *sqlx.DB, email, password string) (id string, ok bool, err error) {
	var hash sql.NullString
	if _, err := cleanEmail(email); err == nil { // what is no address is nobody's
		err = db.QueryRowxContext(ctx, `SELECT id, password_hash FROM people WHERE email = $1`, email).Scan(&id, &hash)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", false, fmt.Errorf("find person: %w", err)
		}
	}
	against := hash.String
	if !hash.Valid {
		if against, err = nobodysHash(); err != nil {
			return "", false, fmt.Errorf("hash a password: %w", err)
		}
	}
	if utf8.RuneCountInString(password) > maxPassword {
		password = "" // it is wrong in any case, and hashing it would be work for a stranger
	}
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
	defer func() { <-hashing }()
	match, err := argon2id.ComparePasswordAndHash(password, against)
	if err != nil {
		return "", false, fmt.Errorf("compare a password: %w", err)
	}
	return id, match && hash.Valid, nil
}

func tooManyFailures(ctx context.Context, db *sqlx.DB, now time.Time, byEmail, byHost string) error {
	var email, host int
	err := db.QueryRowxContext(ctx, `
		SELECT count(*) FILTER (WHERE subject = $1), count(*) FILTER (WHERE subject = $2)
		  FROM sign_in_failures WHERE subject IN ($1, $2) AND failed_at > $3`, byEmail, byHost, now.Add(-failureWindow)).Scan(&email, &host)
	if err != nil {
		return fmt.Errorf("count failures: %w", err)
	}
	if email >= failuresByEmail || host >= failuresByHost {
		return fault.New(fault.TooMany, "signin.too_many", failureWindowMins).Again(failureWindow)
	}
	return nil
}

func noteFailure(ctx context.Context, db *sqlx.DB, now time.Time, subjects ...string) error {
	for _, s := range subjects {
		if _, err := db.ExecContext(ctx, `INSERT INTO sign_in_failures (subject, failed_at) VALUES ($1, $2)`, s, now); err != nil {
			return fmt.Errorf("note a failure: %w", err)
		}
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE failed_at < $1`, now.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("drop old failures: %w", err)
	}
	return nil
}

// digest hides an address that was typed: it may be a password in the wrong field.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
