package mail

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
)

// Kinds of letters that nobody's own act has caused and that their reader may stop. The
// reminders of instalments are the third such kind; giving keeps what is wished of them.
const (
	Digests      = "digest"      // what a cluster awaits, each week
	Applications = "application" // that a company has applied
)

// Kinds lists them.
func Kinds() []string { return []string{Digests, Applications} }

// StopPath is where the links of letters lead that end a kind of them.
const StopPath = "/letters/"

// Stop makes the link with which a person ends letters of a kind, for a letter that is
// queued in the same transaction. A POST to it ends them at once (RFC 8058), a GET only asks.
func Stop(ctx context.Context, tx *sqlx.Tx, at time.Time, site, person, kind string) (link string, err error) {
	token := rand.Text()
	_, err = tx.ExecContext(ctx, `INSERT INTO letter_stops (token_hash, person_id, kind, made_at) VALUES ($1, $2, $3, $4)`, stopHash(token), person, kind, at)
	if err != nil {
		return "", fmt.Errorf("make a link that ends letters: %w", err)
	}
	return strings.TrimRight(site, "/") + StopPath + token, nil
}

func stopHash(token string) []byte {
	sum := sha256.Sum256([]byte("stop:" + token))
	return sum[:]
}

// Stopping is what such a link is about.
type Stopping struct {
	PersonID string `db:"person_id"`
	Kind     string
	Wanted   bool // the person wants letters of this kind
}

// StoppingBy finds what a link is about; any other link is a NotFound fault. It proves that
// the link was in the letter, and not who follows it.
func StoppingBy(ctx context.Context, db *sqlx.DB, token string) (Stopping, error) {
	var s Stopping
	err := db.GetContext(ctx, &s, `SELECT person_id, kind, letter_wanted(person_id, kind) AS wanted FROM letter_stops WHERE token_hash = $1`, stopHash(token))
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "link.gone")
	}
	if err != nil {
		return s, fmt.Errorf("find what a link ends: %w", err)
	}
	return s, nil
}

// Wants reports whether a person wants letters of a kind.
func Wants(ctx context.Context, db *sqlx.DB, person, kind string) (wanted bool, err error) {
	if err := db.GetContext(ctx, &wanted, `SELECT letter_wanted($1, $2)`, person, kind); err != nil {
		return false, fmt.Errorf("find what a person wishes: %w", err)
	}
	return wanted, nil
}

// Wish records whether a person wants letters of a kind. A repeat changes nothing; a kind
// that cannot be stopped is a NotFound fault.
func Wish(ctx context.Context, db *sqlx.DB, now clock.Clock, person, kind string, wanted bool) error {
	if !slices.Contains(Kinds(), kind) {
		return fault.New(fault.NotFound, "page.unknown")
	}
	_, err := db.ExecContext(ctx, `INSERT INTO letter_wishes (person_id, kind, wanted, wished_at) SELECT $1, $2, $3, $4 WHERE letter_wanted($1, $2) <> $3`, person, kind, wanted, now())
	if err != nil {
		return fmt.Errorf("record the wish: %w", err)
	}
	return nil
}
