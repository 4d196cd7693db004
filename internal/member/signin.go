package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
)

// SignIn answers who has this e-mail and password. A wrong pair is one Unauthorized fault,
// whether the address is known or not and after the same work; too many failures are
// TooMany. It opens no session, and asks for no second factor: the door does.
func SignIn(ctx context.Context, db *sqlx.DB, now clock.Clock, email, password, host string) (Person, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	try, err := begin(ctx, db, now(), emailSubject("email", email), failuresByEmail, host)
	if err != nil {
		return Person{}, err
	}
	id, ok, err := check(ctx, db, now(), email, password)
	if err != nil {
		return Person{}, err
	}
	if !ok {
		if err := try.failed(ctx, db, now()); err != nil {
			return Person{}, err
		}
		return Person{}, fault.New(fault.Unauthorized, "signin.wrong")
	}
	if err := try.succeeded(ctx, db); err != nil {
		return Person{}, err
	}
	return PersonByID(ctx, db, id)
}

// check does the same work for every pair: one query, one comparison. What is no address
// is looked for as an address that nobody has. A password that was given too long ago is wrong.
func check(ctx context.Context, db *sqlx.DB, at time.Time, email, password string) (id string, ok bool, err error) {
	if _, err := cleanEmail(email); err != nil {
		email = ""
	}
	var hash sql.NullString
	var over sql.NullBool
	err = db.QueryRowxContext(ctx, `SELECT id, password_hash, password_given_at <= $2 FROM people WHERE email = $1`, email, at.Add(-givenFor)).Scan(&id, &hash, &over)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", false, fmt.Errorf("find person: %w", err)
	}
	match, err := comparePassword(ctx, password, hash)
	return id, match && !over.Bool, err
}

// ProvePassword asks a person who is signed in for the password again. Failures count with
// those of signing in.
func ProvePassword(ctx context.Context, db *sqlx.DB, now clock.Clock, p Person, password, host string) error {
	who, err := SignIn(ctx, db, now, p.Email, password, host)
	if f, ok := fault.As(err); ok && f.Kind == fault.Unauthorized {
		return fault.In("password", "person.password_wrong")
	}
	if err == nil && who.ID != p.ID {
		return fault.In("password", "person.password_wrong")
	}
	return err
}
