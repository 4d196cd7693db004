package member

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// VaultKeySize is how many bytes an installation's key has.
const VaultKeySize = 32

// Vault seals what the database must not be able to tell, the secrets of authenticator apps,
// and what browsers keep for us. Its keys are the installation's and live outside the
// database: one seals, and those before it still open what they have sealed.
type Vault struct{ keys []vaultKey }

// vaultKey is a key with its number, which stands before all that it has sealed.
type vaultKey struct {
	number [4]byte
	seal   cipher.AEAD
}

// NewVault makes a vault with a key of VaultKeySize bytes, and those that sealed before it.
func NewVault(key []byte, former ...[]byte) (*Vault, error) {
	v := &Vault{}
	for _, k := range append([][]byte{key}, former...) {
		if len(k) != VaultKeySize {
			return nil, fmt.Errorf("the key that seals secrets has %d bytes, not %d", len(k), VaultKeySize)
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, fmt.Errorf("make the vault: %w", err)
		}
		seal, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("make the vault: %w", err)
		}
		sum := sha256.Sum256(append([]byte("the number of a key: "), k...))
		v.keys = append(v.keys, vaultKey{[4]byte(sum[:4]), seal})
	}
	return v, nil
}

// NewVaultKey makes a key at random, in the form that ParseVaultKey reads.
func NewVaultKey() string {
	key := make([]byte, VaultKeySize)
	_, _ = rand.Read(key) // it never fails
	return base64.StdEncoding.EncodeToString(key)
}

// ParseVaultKey reads a key as it is configured: 32 bytes in base64. The error does not
// repeat it.
func ParseVaultKey(s string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(key) != VaultKeySize {
		return nil, errors.New("it is not 32 bytes in base64; `openssl rand -base64 32` makes one")
	}
	return key, nil
}

// put seals a secret of a person. What is sealed for one person opens for nobody else.
func (v *Vault) put(person, secret string) []byte {
	k := v.keys[0]
	return k.seal.Seal(bytes.Clone(k.number[:]), nil, []byte(secret), []byte(person))
}

// take opens what any of the keys has sealed. What was sealed before keys had numbers is
// tried with each.
func (v *Vault) take(person string, sealed []byte) (string, error) {
	var failed error
	for _, k := range v.keys {
		if rest, numbered := bytes.CutPrefix(sealed, k.number[:]); numbered {
			if secret, err := k.seal.Open(nil, nil, rest, []byte(person)); err == nil {
				return string(secret), nil
			}
		}
		secret, err := k.seal.Open(nil, nil, sealed, []byte(person))
		if err == nil {
			return string(secret), nil
		}
		failed = err
	}
	return "", fmt.Errorf("open a sealed secret: is the installation's key another one? %w", failed)
}

// current reports whether the key that seals has sealed it.
func (v *Vault) current(sealed []byte) bool { return bytes.HasPrefix(sealed, v.keys[0].number[:]) }
