package stripesim

import (
	"crypto/rand"
	"encoding/json"
	"strings"
)

// opt is a string field that Stripe writes as null when it is empty.
type opt string

func (o opt) MarshalJSON() ([]byte, error) {
	if o == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(o))
}

// never is a field of Stripe's that the sandbox does not model: always null.
type never struct{}

func (never) MarshalJSON() ([]byte, error) { return []byte("null"), nil }
func (*never) UnmarshalJSON([]byte) error  { return nil }

// none is an object of Stripe's that the sandbox leaves empty: always {}.
type none struct{}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID makes an id that nobody can guess, in the shape of Stripe's.
func newID(prefix string, length int) string {
	var b strings.Builder
	b.WriteString(prefix)
	for b.Len() < len(prefix)+length {
		var random [32]byte
		rand.Read(random[:])
		for _, r := range random {
			// 248 = 4×62: larger bytes would favour the first letters.
			if r < 248 && b.Len() < len(prefix)+length {
				b.WriteByte(alphabet[r%62])
			}
		}
	}
	return b.String()
}

// person is who pays. The sandbox's page asks for a name and no address.
type person struct {
	Address never `json:"address"`
	Email   opt   `json:"email"`
	Name    opt   `json:"name"`
	Phone   opt   `json:"phone"`
}
