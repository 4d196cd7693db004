package member

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Passkey is a key that stays in one of a person's devices, as its person sees it.
type Passkey struct {
	ID, Name string
	MadeAt   time.Time  `db:"made_at"`
	UsedAt   *time.Time `db:"used_at"` // nil: not yet
}

// Passkeys asks browsers for passkeys and judges their answers, for one site.
type Passkeys struct {
	db   *sqlx.DB
	now  clock.Clock
	site *webauthn.WebAuthn
}

// NewPasskeys is for the site at an address. Browsers know passkeys of names alone: one on
// this machine's own number goes by the name localhost.
func NewPasskeys(db *sqlx.DB, now clock.Clock, siteURL string) (*Passkeys, error) {
	u, err := url.Parse(siteURL)
	if err != nil {
		return nil, errors.New("passkeys: the site's address cannot be read")
	}
	name, origin := u.Hostname(), u.Scheme+"://"+u.Host
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		name, origin = "localhost", u.Scheme+"://localhost"
		if u.Port() != "" {
			origin += ":" + u.Port()
		}
	}
	site, err := webauthn.New(&webauthn.Config{
		RPID: name, RPDisplayName: codeIssuer, RPOrigins: []string{origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Passkeys{db, now, site}, nil
}

// Origin is where passkeys work: "https://help.example.org".
func (k *Passkeys) Origin() string { return k.site.Config.RPOrigins[0] }

// What a challenge is for. The answer to one kind is none to another.
const (
	toAdd     = "passkey-new"
	toSignIn  = "passkey-sign-in"
	toConfirm = "passkey-again"
)

// ceremonyFor is how long a challenge waits.
const ceremonyFor = 5 * time.Minute

// mostPasskeys is more than anybody has devices.
const mostPasskeys = 20

// keyholder is a person as the library wants one.
type keyholder struct {
	id, email, name string
	keys            []webauthn.Credential
}

func (h keyholder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h keyholder) WebAuthnName() string                       { return h.email }
func (h keyholder) WebAuthnDisplayName() string                { return h.name }
func (h keyholder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// keyAlgorithms are those of which passkeys are made, the best first. RSA is what older
// Windows machines have alone.
var keyAlgorithms = []webauthncose.COSEAlgorithmIdentifier{
	webauthncose.AlgEdDSA, webauthncose.AlgES256, webauthncose.AlgES384, webauthncose.AlgES512, webauthncose.AlgRS256,
}

// leastRSA is how many bytes the modulus of an RSA key has at least: 2048 bits.
const leastRSA = 256

func keyKinds() []protocol.CredentialParameter {
	var all []protocol.CredentialParameter
	for _, algorithm := range keyAlgorithms {
		all = append(all, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: algorithm})
	}
	return all
}

// strongKey reports whether a passkey's public key is of one of our algorithms and long
// enough. What a browser was asked for it need not have made.
func strongKey(public []byte) bool {
	parsed, err := webauthncose.ParsePublicKey(public)
	if err != nil {
		return false
	}
	switch key := parsed.(type) {
	case webauthncose.RSAPublicKeyData:
		return key.Algorithm == int64(webauthncose.AlgRS256) && len(bytes.TrimLeft(key.Modulus, "\x00")) >= leastRSA
	case webauthncose.EC2PublicKeyData:
		return slices.Contains(keyAlgorithms, webauthncose.COSEAlgorithmIdentifier(key.Algorithm))
	case webauthncose.OKPPublicKeyData:
		return key.Algorithm == int64(webauthncose.AlgEdDSA)
	}
	return false
}

// OfferPasskey is what a browser is asked to make a passkey of, and the ceremony's name.
func (k *Passkeys) OfferPasskey(ctx context.Context, p Person) (options any, ceremony string, err error) {
	h, err := holder(ctx, k.db, p.ID)
	if err != nil {
		return nil, "", err
	}
	if len(h.keys) >= mostPasskeys {
		return nil, "", fault.New(fault.Conflict, "passkey.too_many", mostPasskeys)
	}
	options, session, err := k.site.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()), webauthn.WithCredentialParameters(keyKinds()))
	if err != nil {
		return nil, "", fmt.Errorf("offer a passkey: %w", err)
	}
	ceremony, err = keepCeremony(ctx, k.db, k.now(), toAdd, session)
	return options, ceremony, err
}

// AddPasskey keeps the passkey that a browser has made, under the name that its person gave
// it. An answer that does not fit is a fault.
func (k *Passkeys) AddPasskey(ctx context.Context, p Person, ceremony, name string, answer []byte) error {
	name = strings.TrimSpace(name)
	if name == "" {
		return fault.In("name", "passkey.name")
	}
	if wrong := text.Check("name", name, 60); wrong != nil {
		return wrong
	}
	session, err := k.takeSession(ctx, toAdd, ceremony)
	if err != nil {
		return err
	}
	h, err := holder(ctx, k.db, p.ID)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return refusedKey()
	}
	key, err := k.site.CreateCredential(h, session, parsed)
	if err != nil || !strongKey(key.PublicKey) {
		return refusedKey()
	}
	return pg.InTx(ctx, k.db, func(tx *sqlx.Tx) error { return keepPasskey(ctx, tx, k.now(), p.ID, name, key) })
}

// refusedKey is all that is said of an answer that does not fit: what exactly is wrong helps
// only who has forged it.
func refusedKey() error { return fault.New(fault.Invalid, "passkey.refused") }

func keepPasskey(ctx context.Context, tx *sqlx.Tx, at time.Time, person, name string, key *webauthn.Credential) error {
	row, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("keep a passkey: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO passkeys (id, person_id, credential_id, credential, name, made_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		pg.NewID(), person, key.ID, row, name, at)
	if pg.Constraint(err) == "passkeys_credential_once" {
		return refusedKey()
	}
	if err != nil {
		return fmt.Errorf("keep a passkey: %w", err)
	}
	if err := audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "person.passkey-added", Subject: "person:" + person}); err != nil {
		return err
	}
	return tell(ctx, tx, at, person, "passkey")
}

// AskAnybody is what a browser is asked of somebody who has not said who they are.
func (k *Passkeys) AskAnybody(ctx context.Context) (options any, ceremony string, err error) {
	options, session, err := k.site.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("ask for a passkey: %w", err)
	}
	ceremony, err = keepCeremony(ctx, k.db, k.now(), toSignIn, session)
	return options, ceremony, err
}

// AskPerson is what a browser is asked of somebody known, for one of their passkeys.
func (k *Passkeys) AskPerson(ctx context.Context, person string) (options any, ceremony string, err error) {
	h, err := holder(ctx, k.db, person)
	if err != nil {
		return nil, "", err
	}
	if len(h.keys) == 0 {
		return nil, "", fault.New(fault.Conflict, "passkey.none")
	}
	options, session, err := k.site.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("ask for a passkey: %w", err)
	}
	ceremony, err = keepCeremony(ctx, k.db, k.now(), toConfirm, session)
	return options, ceremony, err
}

// SignIn answers whose passkey has answered a challenge of AskAnybody. The device has asked
// its person for a finger or a PIN, so that this is both factors.
func (k *Passkeys) SignIn(ctx context.Context, ceremony string, answer []byte) (Person, error) {
	session, err := k.takeSession(ctx, toSignIn, ceremony)
	if err != nil {
		return Person{}, err
	}
	id, err := k.judge(ctx, "", answer, func(tx *sqlx.Tx, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
		_, key, err := k.site.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			return holder(ctx, tx, string(handle))
		}, session, parsed)
		return key, err
	})
	if err != nil {
		return Person{}, err
	}
	return PersonByID(ctx, k.db, id)
}

// Confirm judges the answer to a challenge of AskPerson.
func (k *Passkeys) Confirm(ctx context.Context, person, ceremony string, answer []byte) error {
	session, err := k.takeSession(ctx, toConfirm, ceremony)
	if err != nil {
		return err
	}
	_, err = k.judge(ctx, person, answer, func(tx *sqlx.Tx, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
		h, err := holder(ctx, tx, person)
		if err != nil {
			return nil, err
		}
		return k.site.ValidateLogin(h, session, parsed)
	})
	return err
}

// judge checks an answer with the key's row held, so that its counter is looked at by one at
// a time, and returns whose key it is. A counter that went back means that there are two of
// the key: that is refused, told to its person, and an alarm of every cluster that they run.
func (k *Passkeys) judge(ctx context.Context, person string, answer []byte, check func(*sqlx.Tx, *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error)) (string, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", refusedKey()
	}
	copied := false
	err = pg.InTx(ctx, k.db, func(tx *sqlx.Tx) error {
		var row struct {
			ID     string
			Person string `db:"person_id"`
		}
		err := tx.GetContext(ctx, &row, `SELECT id, person_id FROM passkeys WHERE credential_id = $1 AND ($2 = '' OR person_id::text = $2) FOR UPDATE`, parsed.RawID, person)
		if errors.Is(err, sql.ErrNoRows) {
			return refusedKey()
		}
		if err != nil {
			return fmt.Errorf("find a passkey: %w", err)
		}
		key, err := check(tx, parsed)
		if err != nil || !key.Flags.UserVerified {
			return refusedKey()
		}
		person, copied = row.Person, key.Authenticator.CloneWarning
		if copied {
			return counterWentBack(ctx, tx, k.now(), row.Person, row.ID)
		}
		kept, err := json.Marshal(key)
		if err != nil {
			return fmt.Errorf("keep a passkey: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE passkeys SET credential = $2, used_at = $3 WHERE id = $1`, row.ID, kept, k.now()); err != nil {
			return fmt.Errorf("keep a passkey: %w", err)
		}
		return nil
	})
	if err == nil && copied {
		err = refusedKey()
	}
	return person, err
}

func counterWentBack(ctx context.Context, tx *sqlx.Tx, at time.Time, person, passkey string) error {
	act := audit.Act{At: at, Person: person, Act: "passkey.counter-went-back", Subject: "person:" + person, Detail: map[string]any{"passkey": passkey}}
	var clusters []string
	if err := tx.SelectContext(ctx, &clusters, `SELECT DISTINCT cluster_id::text FROM cluster_roles WHERE person_id = $1`, person); err != nil {
		return fmt.Errorf("find a person's clusters: %w", err)
	}
	for _, cluster := range clusters {
		if err := audit.Raise(ctx, tx, cluster, act); err != nil {
			return err
		}
	}
	if len(clusters) == 0 {
		if err := audit.Record(ctx, tx, act); err != nil {
			return err
		}
	}
	return tell(ctx, tx, at, person, "passkey-copied")
}

// PasskeysOf lists a person's passkeys, the newest first.
func PasskeysOf(ctx context.Context, db *sqlx.DB, person string) ([]Passkey, error) {
	var all []Passkey
	if err := db.SelectContext(ctx, &all, `SELECT id, name, made_at, used_at FROM passkeys WHERE person_id = $1 ORDER BY id DESC`, person); err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return all, nil
}

// RemovePasskey takes one of a person's passkeys away. Another's, or one that is gone, is a
// NotFound fault.
func RemovePasskey(ctx context.Context, db *sqlx.DB, now clock.Clock, person, id string) error {
	unknown := fault.New(fault.NotFound, "passkey.unknown")
	if !pg.IsID(id) {
		return unknown
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM passkeys WHERE id = $1 AND person_id = $2`, id, person)
		if err != nil {
			return fmt.Errorf("remove a passkey: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("remove a passkey: %w", err)
		} else if n == 0 {
			return unknown
		}
		return factorRemoved(ctx, tx, now(), person, "passkey")
	})
}

// holder finds a person with all their keys; an unknown one is a NotFound fault.
func holder(ctx context.Context, q sqlx.QueryerContext, person string) (keyholder, error) {
	h := keyholder{id: person}
	if !pg.IsID(person) {
		return h, fault.New(fault.NotFound, "person.unknown")
	}
	err := q.QueryRowxContext(ctx, `SELECT email, name FROM people WHERE id = $1`, person).Scan(&h.email, &h.name)
	if errors.Is(err, sql.ErrNoRows) {
		return h, fault.New(fault.NotFound, "person.unknown")
	}
	if err != nil {
		return h, fmt.Errorf("find person: %w", err)
	}
	var rows [][]byte
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT credential FROM passkeys WHERE person_id = $1`, person); err != nil {
		return h, fmt.Errorf("find a person's passkeys: %w", err)
	}
	for _, row := range rows {
		var key webauthn.Credential
		if err := json.Unmarshal(row, &key); err != nil {
			return h, fmt.Errorf("read a passkey: %w", err)
		}
		key.Authenticator.CloneWarning = false // of an attempt that was refused
		h.keys = append(h.keys, key)
	}
	return h, nil
}

// keepCeremony writes a challenge down and returns its name.
func keepCeremony(ctx context.Context, db *sqlx.DB, at time.Time, kind string, data any) (string, error) {
	row, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("keep a challenge: %w", err)
	}
	id := pg.NewID()
	if _, err := db.ExecContext(ctx, `INSERT INTO ceremonies (id, kind, data, expires_at) VALUES ($1, $2, $3, $4)`, id, kind, row, at.Add(ceremonyFor)); err != nil {
		return "", fmt.Errorf("keep a challenge: %w", err)
	}
	return id, nil
}

// takeCeremony takes a challenge out. Whoever asks again, or too late, finds none.
func takeCeremony(ctx context.Context, db *sqlx.DB, at time.Time, kind, id string, data any) error {
	gone := fault.New(fault.Invalid, "passkey.too_late")
	if !pg.IsID(id) {
		return gone
	}
	var row []byte
	err := db.GetContext(ctx, &row, `DELETE FROM ceremonies WHERE id = $1 AND kind = $2 AND expires_at > $3 RETURNING data`, id, kind, at)
	if errors.Is(err, sql.ErrNoRows) {
		return gone
	}
	if err != nil {
		return fmt.Errorf("take a challenge: %w", err)
	}
	if err := json.Unmarshal(row, data); err != nil {
		return fmt.Errorf("read a challenge: %w", err)
	}
	return nil
}

func (k *Passkeys) takeSession(ctx context.Context, kind, ceremony string) (webauthn.SessionData, error) {
	var session webauthn.SessionData
	err := takeCeremony(ctx, k.db, k.now(), kind, ceremony, &session)
	return session, err
}
