package member

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
)

// letter is what a letter of this room says.
type letter struct {
	Title  string
	Text   []string
	Quote  string // somebody's reason, in their words
	Button mail.Button
	Note   string
	Why    string // for what reason its reader gets it
}

// write queues a letter of this room. Names are the ids of the people whom it names beside
// its reader; empty ones are nobody.
func write(ctx context.Context, tx *sqlx.Tx, at time.Time, key, to string, l i18n.Lang, said letter, names ...string) error {
	names = slices.DeleteFunc(names, func(id string) bool { return id == "" })
	return mail.Queue(ctx, tx, mail.Letter{Key: key, To: to, Lang: l, Name: "people", Data: said, At: at, Names: names})
}

// langOf is the language of a letter. What nobody has set is Ukrainian.
func langOf(s string) i18n.Lang {
	if l, ok := i18n.Parse(s); ok {
		return l
	}
	return i18n.UK
}

// In is the text in a language.
func (t Text) In(l i18n.Lang) string {
	if l == i18n.EN {
		return t.EN
	}
	return t.UK
}

// newToken makes what stands in a link that works once, and what of it is kept.
func newToken() (token string, hash []byte, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", nil, err
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	hash, err = hashToken(token)
	return token, hash, err
}

var errNoToken = errors.New("not a token")

// hashToken is what is kept of a token. What has not its form is none.
func hashToken(token string) ([]byte, error) {
	if len(token) != 43 {
		return nil, errNoToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, errNoToken
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}
