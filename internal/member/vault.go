package member

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// VaultKeySize is how many bytes an installation's key has.
const VaultKeySize = 32

// Vault seals what the database must not be able to tell: the secrets of authenticator
// apps. Its key is the installation's and lives outside the database.
type Vault struct{ seal cipher.AEAD }

// NewVault makes a vault with a key of VaultKeySize bytes.
func NewVault(key []byte) (*Vault, error) {
	if len(key) != VaultKeySize {
		return nil, fmt.Errorf("the key that seals secrets has %d bytes, not %d", len(key), VaultKeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the vault: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the vault: %w", err)
	}
	return &Vault{seal}, nil
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
	return v.seal.Seal(nil, nil, []byte(secret), []byte(person))
}

func (v *Vault) take(person string, sealed []byte) (string, error) {
	secret, err := v.seal.Open(nil, nil, sealed, []byte(person))
	if err != nil {
		return "", fmt.Errorf("open a sealed secret: is the installation's key another one? %w", err)
	}
	return string(secret), nil
}
