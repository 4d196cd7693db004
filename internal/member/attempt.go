package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
)

// How many failures are borne within the window: for one address, of one person's second
// factor, for one address that asks for letters, and from one host. A browser that its person
// has signed in with before has as many of its own (Device).
const (
	failureWindow     = 15 * time.Minute
	failuresByEmail   = 10
	failuresByFactor  = 5
	resetsByEmail     = 5
	failuresByHost    = 60
	failureWindowMins = int(failureWindow / time.Minute)
)

// attempt is one try at something that can be guessed. It is written down as a failure
// before it is judged: of any number of tries at once, at however many processes, no more
// are judged than the limit.
type attempt struct {
	account string
	ids     [2]int64 // of the account's row and the host's
}

// begin writes an attempt down. When there were too many of the account or from the host,
// it is a TooMany fault, and this attempt does not count.
func begin(ctx context.Context, db *sqlx.DB, at time.Time, account string, most int, host string) (attempt, error) {
	account, host = allowance(ctx, account, host)
	a := attempt{account: account}
	err := db.QueryRowxContext(ctx, `
		WITH tried AS (INSERT INTO sign_in_failures (subject, failed_at) VALUES ($1, $3), ($2, $3) RETURNING id, subject)
		SELECT max(id) FILTER (WHERE subject = $1), max(id) FILTER (WHERE subject = $2) FROM tried`, account, host, at).Scan(&a.ids[0], &a.ids[1])
	if err != nil {
		return a, fmt.Errorf("note an attempt: %w", err)
	}
	var ofAccount, ofHost int
	err = db.QueryRowxContext(ctx, `
		SELECT count(*) FILTER (WHERE subject = $1), count(*) FILTER (WHERE subject = $2)
		  FROM sign_in_failures WHERE subject IN ($1, $2) AND failed_at > $3`, account, host, at.Add(-failureWindow)).Scan(&ofAccount, &ofHost)
	if err != nil {
		return a, fmt.Errorf("count attempts: %w", err)
	}
	if ofAccount <= most && ofHost <= failuresByHost {
		return a, nil
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE id IN ($1, $2)`, a.ids[0], a.ids[1]); err != nil {
		return a, fmt.Errorf("take an attempt back: %w", err)
	}
	return a, fault.New(fault.TooMany, "signin.too_many", failureWindowMins).Again(failureWindow)
}

// failed leaves the attempt where it is, and drops what is too old to count.
func (a attempt) failed(ctx context.Context, db *sqlx.DB, at time.Time) error {
	if _, err := db.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE failed_at < $1`, at.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("drop old failures: %w", err)
	}
	return nil
}

// succeeded forgets the account's failures. Those of the host stay, but for this attempt.
func (a attempt) succeeded(ctx context.Context, db *sqlx.DB) error {
	if _, err := db.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE subject = $1 OR id = $2`, a.account, a.ids[1]); err != nil {
		return fmt.Errorf("forget failures: %w", err)
	}
	return nil
}

// emailSubject is what an address is counted as.
func emailSubject(kind, email string) string {
	return kind + ":" + digest(strings.ToLower(strings.TrimSpace(email)))
}

// digest hides an address that was typed: it may be a password in the wrong field.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
