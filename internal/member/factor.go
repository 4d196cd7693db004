package member

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Proof is how somebody has shown who they are.
type Proof string

const (
	ByPassword Proof = "password"
	ByCode     Proof = "code"     // of an authenticator app
	ByRecovery Proof = "recovery" // one of the codes kept on paper
	ByPasskey  Proof = "passkey"  // with the fingerprint or the PIN of its device: both factors at once
	ByIssuer   Proof = "issuer"   // another house has vouched
)

// Second reports whether the proof is a second factor.
func (p Proof) Second() bool { return p == ByCode || p == ByRecovery || p == ByPasskey }

// Factors are what a person can show.
type Factors struct {
	Password      bool // the first factor; without one there is another house's word
	Authenticator bool
	Since         time.Time // of the authenticator; zero without one
	RecoveryLeft  int       // codes that were not used
	Passkeys      int
}

// Any reports whether there is a second factor. Recovery codes alone are none: they stand
// in for something.
func (f Factors) Any() bool { return f.Authenticator || f.Passkeys > 0 }

// FactorsOf tells which second factors a person has.
func FactorsOf(ctx context.Context, db *sqlx.DB, person string) (Factors, error) {
	var row struct {
		Password bool
		Since    *time.Time
		Recovery int
		Passkeys int
	}
	err := db.GetContext(ctx, &row, `
		SELECT EXISTS (SELECT 1 FROM people WHERE id = $1 AND password_hash IS NOT NULL) AS password,
		       (SELECT confirmed_at FROM authenticators WHERE person_id = $1) AS since,
		       (SELECT count(*) FROM recovery_codes WHERE person_id = $1 AND used_at IS NULL) AS recovery,
		       (SELECT count(*) FROM passkeys WHERE person_id = $1) AS passkeys`, person)
	if err != nil {
		return Factors{}, fmt.Errorf("find a person's factors: %w", err)
	}
	f := Factors{Password: row.Password, RecoveryLeft: row.Recovery, Passkeys: row.Passkeys}
	if row.Since != nil {
		f.Authenticator, f.Since = true, *row.Since
	}
	return f, nil
}

// ProveCode judges what a person typed as a second factor: the six digits of the
// authenticator app, or a recovery code. Each is taken once. What is wrong is a fault of the
// field "code"; after five of them it is TooMany for a while, at all processes together.
func ProveCode(ctx context.Context, db *sqlx.DB, vault *Vault, now clock.Clock, person, typed, host string) (Proof, error) {
	try, err := begin(ctx, db, now(), factorSubject(person), failuresByFactor, host)
	if err != nil {
		return "", err
	}
	proof, judge := ByRecovery, useRecovery
	code := plainCode(typed)
	if len(code) == codeDigits {
		proof, judge = ByCode, func(ctx context.Context, db *sqlx.DB, at time.Time, person, code string) error {
			return useCode(ctx, db, vault, at, person, code)
		}
	}
	err = judge(ctx, db, now(), person, code)
	if _, refused := fault.As(err); refused {
		if err := try.failed(ctx, db, now()); err != nil {
			return "", err
		}
		return "", err
	}
	if err != nil {
		return "", err
	}
	return proof, try.succeeded(ctx, db)
}

// How long it may be said in what somebody has shown who they are.
const leastShown, mostShown = 10, 500

// ResetFactors takes all second factors of a person away, and ends their sessions: for
// somebody who has lost the phone and the recovery codes. Whoever asks for it has shown who
// they are to the people who run the machine, as they did when the account was made; nothing
// here can tell, and so what was shown is written down with the act. The password stays, and
// who runs a cluster sets up another factor at the next sign-in.
func ResetFactors(ctx context.Context, db *sqlx.DB, now clock.Clock, person, shown string) error {
	if shown = strings.TrimSpace(shown); utf8.RuneCountInString(shown) < leastShown {
		return fault.In("shown", "factor.shown_missing", leastShown)
	}
	if wrong := text.Check("shown", shown, mostShown); wrong != nil {
		return wrong
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		for _, table := range []string{"authenticators", "authenticator_offers", "passkeys", "recovery_codes"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE person_id = $1`, person); err != nil {
				return fmt.Errorf("reset a person's factors: %w", err)
			}
		}
		if err := endSessions(ctx, tx, person, ""); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Act{At: now(), Act: "person.factors-reset", Subject: "person:" + person, Detail: map[string]any{"shown": shown}}); err != nil {
			return err
		}
		return tell(ctx, tx, now(), person, "factors-reset")
	})
}

// plainCode is a code without what people put between its signs.
func plainCode(typed string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '–', '\u00a0', '\t':
			return -1
		}
		return r
	}, strings.ToLower(typed))
}
