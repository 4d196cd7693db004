package member

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"sort"
)

// breachedFile holds what breaches have shown of passwords of 12 signs and more: of each the
// first bytes of its SHA-256, in their order. They are the 44 thousand that are long enough
// in the million commonest of Mark Burnett's ten million passwords, which he gave to the
// public domain. breached_gen.go makes the file; who reads it learns no password.
//
//go:embed breached.bin
var breachedFile []byte

// breachedSize is how many bytes of each hash are kept: of 25 million other passwords one is
// taken for one of these.
const breachedSize = 5

// breached reports whether a password, in small letters, is known from a breach.
func breached(password string) bool {
	sum := sha256.Sum256([]byte(password))
	at := func(i int) []byte { return breachedFile[i*breachedSize : (i+1)*breachedSize] }
	count := len(breachedFile) / breachedSize
	i := sort.Search(count, func(i int) bool { return bytes.Compare(at(i), sum[:breachedSize]) >= 0 })
	return i < count && bytes.Equal(at(i), sum[:breachedSize])
}
