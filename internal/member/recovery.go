package member

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// recoveryCount is how many codes a sheet has.
const recoveryCount = 10

// newRecoveryCode is a code of 130 random bits, for which a plain hash is enough: 26 signs
// out of small letters and 2 to 7, in fours.
func newRecoveryCode() string {
	var code strings.Builder
	for i, sign := range strings.ToLower(rand.Text()) {
		if i > 0 && i%4 == 0 {
			code.WriteByte('-')
		}
		code.WriteRune(sign)
	}
	return code.String()
}

// RenewRecovery makes a new sheet of recovery codes; those from before are void. The codes
// are returned this once and kept as hashes alone.
func RenewRecovery(ctx context.Context, db *sqlx.DB, now clock.Clock, person string) (codes []string, err error) {
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if codes, err = renewRecovery(ctx, tx, now(), person); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "person.recovery-codes-made", Subject: "person:" + person}); err != nil {
			return err
		}
		return tell(ctx, tx, now(), person, "recovery")
	})
	return codes, err
}

func renewRecovery(ctx context.Context, tx *sqlx.Tx, at time.Time, person string) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE person_id = $1`, person); err != nil {
		return nil, fmt.Errorf("void recovery codes: %w", err)
	}
	codes := make([]string, recoveryCount)
	for i := range codes {
		codes[i] = newRecoveryCode()
		if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (person_id, hash, made_at) VALUES ($1, $2, $3)`, person, recoveryHash(plainCode(codes[i])), at); err != nil {
			return nil, fmt.Errorf("make recovery codes: %w", err)
		}
	}
	return codes, nil
}

// useRecovery crosses a code off. Of two requests with the same code one is refused.
func useRecovery(ctx context.Context, db *sqlx.DB, at time.Time, person, code string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE recovery_codes SET used_at = $3 WHERE person_id = $1 AND hash = $2 AND used_at IS NULL`, person, recoveryHash(code), at)
		if err != nil {
			return fmt.Errorf("use a recovery code: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("use a recovery code: %w", err)
		} else if n == 0 {
			return fault.In("code", "factor.wrong")
		}
		if err := audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "person.recovery-code-used", Subject: "person:" + person}); err != nil {
			return err
		}
		return tell(ctx, tx, at, person, "recovery-used")
	})
}

func recoveryHash(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
