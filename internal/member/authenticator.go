package member

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// What every authenticator app does by itself: six digits each half minute. A code of the
// half minute before or after is taken too, since clocks differ.
const (
	codeDigits = 6
	codePeriod = 30
	codeSkew   = 1
)

var codeForm = totp.ValidateOpts{Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// codeIssuer names this site in the app.
const codeIssuer = "Kopiyka"

// Offer is a secret that is to be taken over into an authenticator app.
type Offer struct {
	Secret string // in base32, for typing
	URI    string // otpauth://, for the square code
}

// offerFor is how long a secret that was shown may be confirmed.
const offerFor = time.Hour

// OfferAuthenticator is the secret for a person's new authenticator app. Whoever asks again
// within an hour gets the same. Nothing changes for the person until EnrolAuthenticator.
func OfferAuthenticator(ctx context.Context, db *sqlx.DB, vault *Vault, now clock.Clock, p Person) (Offer, error) {
	fresh := vault.put(p.ID, newSecret())
	var sealed []byte
	err := db.GetContext(ctx, &sealed, `
		INSERT INTO authenticator_offers AS o (person_id, secret, offered_at) VALUES ($1, $2, $3)
		ON CONFLICT (person_id) DO UPDATE
		   SET secret = CASE WHEN o.offered_at > $4 THEN o.secret ELSE excluded.secret END,
		       offered_at = CASE WHEN o.offered_at > $4 THEN o.offered_at ELSE excluded.offered_at END
		RETURNING secret`, p.ID, fresh, now(), now().Add(-offerFor))
	if err != nil {
		return Offer{}, fmt.Errorf("offer an authenticator: %w", err)
	}
	secret, err := vault.take(p.ID, sealed)
	if err != nil {
		return Offer{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: codeIssuer, AccountName: p.Email, Secret: rawSecret(secret), Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return Offer{}, fmt.Errorf("offer an authenticator: %w", err)
	}
	return Offer{Secret: secret, URI: key.URL()}, nil
}

// EnrolAuthenticator makes the offered secret a person's authenticator, once a code shows
// that the app has it, and returns new recovery codes; those from before are void. A code
// that does not fit is a fault of the field "code".
func EnrolAuthenticator(ctx context.Context, db *sqlx.DB, vault *Vault, now clock.Clock, person, typed, host string) (codes []string, err error) {
	try, err := begin(ctx, db, now(), factorSubject(person), failuresByFactor, host)
	if err != nil {
		return nil, err
	}
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		codes, err = enrol(ctx, tx, vault, now(), person, plainCode(typed))
		return err
	})
	if _, refused := fault.As(err); refused {
		return nil, errors.Join(err, try.failed(ctx, db, now()))
	}
	if err != nil {
		return nil, err
	}
	return codes, try.succeeded(ctx, db)
}

func enrol(ctx context.Context, tx *sqlx.Tx, vault *Vault, at time.Time, person, code string) ([]string, error) {
	var sealed []byte
	err := tx.GetContext(ctx, &sealed, `DELETE FROM authenticator_offers WHERE person_id = $1 AND offered_at > $2 RETURNING secret`, person, at.Add(-offerFor))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.In("code", "factor.offer_gone")
	}
	if err != nil {
		return nil, fmt.Errorf("enrol an authenticator: %w", err)
	}
	secret, err := vault.take(person, sealed)
	if err != nil {
		return nil, err
	}
	step, ok, err := stepOf(secret, code, at)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.In("code", "factor.wrong")
	}
	if err := keepAuthenticator(ctx, tx, at, person, sealed, step); err != nil {
		return nil, err
	}
	codes, err := renewRecovery(ctx, tx, at, person)
	if err != nil {
		return nil, err
	}
	if err := audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "person.authenticator-added", Subject: "person:" + person}); err != nil {
		return nil, err
	}
	return codes, tell(ctx, tx, at, person, "authenticator")
}

func keepAuthenticator(ctx context.Context, tx *sqlx.Tx, at time.Time, person string, sealed []byte, step int64) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO authenticators (person_id, secret, confirmed_at, last_step) VALUES ($1, $2, $3, $4)
		ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret, confirmed_at = excluded.confirmed_at, last_step = excluded.last_step`,
		person, sealed, at, step)
	if err != nil {
		return fmt.Errorf("keep an authenticator: %w", err)
	}
	return nil
}

// GiveAuthenticator gives a person an authenticator whose secret is known already: what the
// demonstration's people have. Nobody is told.
func GiveAuthenticator(ctx context.Context, tx *sqlx.Tx, vault *Vault, at time.Time, person, secret string) error {
	return keepAuthenticator(ctx, tx, at, person, vault.put(person, secret), 0)
}

// RemoveAuthenticator takes a person's authenticator app away, with the recovery codes when
// no passkey is left. Who runs a cluster has to set up another factor before going on.
func RemoveAuthenticator(ctx context.Context, db *sqlx.DB, now clock.Clock, person string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM authenticators WHERE person_id = $1`, person)
		if err != nil {
			return fmt.Errorf("remove an authenticator: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return factorRemoved(ctx, tx, now(), person, "authenticator")
	})
}

// factorRemoved records and tells that a person has one factor less. Recovery codes stand in
// for a factor; with the last one they go.
func factorRemoved(ctx context.Context, tx *sqlx.Tx, at time.Time, person, what string) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM recovery_codes WHERE person_id = $1
		   AND NOT EXISTS (SELECT 1 FROM authenticators WHERE person_id = $1) AND NOT EXISTS (SELECT 1 FROM passkeys WHERE person_id = $1)`, person)
	if err != nil {
		return fmt.Errorf("remove recovery codes: %w", err)
	}
	if err := audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "person." + what + "-removed", Subject: "person:" + person}); err != nil {
		return err
	}
	return tell(ctx, tx, at, person, what+"-removed")
}

// useCode takes a code of the person's app. Of two requests with the same code one is
// refused, wherever they arrive.
func useCode(ctx context.Context, db *sqlx.DB, vault *Vault, at time.Time, person, code string) error {
	var row struct {
		Secret   []byte
		LastStep int64 `db:"last_step"`
	}
	err := db.GetContext(ctx, &row, `SELECT secret, last_step FROM authenticators WHERE person_id = $1`, person)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.In("code", "factor.wrong")
	}
	if err != nil {
		return fmt.Errorf("find an authenticator: %w", err)
	}
	secret, err := vault.take(person, row.Secret)
	if err != nil {
		return err
	}
	step, ok, err := stepOf(secret, code, at)
	if err != nil {
		return err
	}
	if !ok {
		return fault.In("code", "factor.wrong")
	}
	res, err := db.ExecContext(ctx, `UPDATE authenticators SET last_step = $2 WHERE person_id = $1 AND last_step < $2 AND secret = $3`, person, step, row.Secret)
	if err != nil {
		return fmt.Errorf("use a code: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("use a code: %w", err)
	} else if n == 0 {
		return fault.In("code", "factor.used")
	}
	return nil
}

// stepOf finds the half minute to which a code belongs, if it is near. All that are near are
// compared, whichever fits.
func stepOf(secret, code string, at time.Time) (step int64, ok bool, err error) {
	now := at.Unix() / codePeriod
	for s := now - codeSkew; s <= now+codeSkew; s++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(s*codePeriod, 0), codeForm)
		if err != nil {
			return 0, false, fmt.Errorf("reckon a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// CodeAt is the code of a secret at a time, for the demonstration and for tests.
func CodeAt(secret string, at time.Time) (string, error) {
	return totp.GenerateCodeCustom(secret, at, codeForm)
}

var base32Secret = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret is 160 random bits, as RFC 4226 asks for.
func newSecret() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // it never fails
	return base32Secret.EncodeToString(raw)
}

func rawSecret(secret string) []byte {
	raw, err := base32Secret.DecodeString(secret)
	if err != nil {
		return nil // Generate makes one of its own then, which no code fits
	}
	return raw
}
