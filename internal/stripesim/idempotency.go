package stripesim

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// answer is what a request with an idempotency key was answered. It is saved in the
// same step as what the request did, so an answer lost on the way, or a process
// killed before it was sent, is found again by the retry.
type answer struct {
	Key     string `json:"key"`
	Request string `json:"request"`
	Print   string `json:"print"`
	Body    string `json:"body"`
	At      int64  `json:"at"`
}

func (a answer) key() string { return a.Key }

// keysKept is how long a key protects; after it Stripe takes the key as a new one.
const keysKept = 24 * time.Hour

func (a answer) stale(now time.Time) bool { return a.At <= now.Add(-keysKept).Unix() }

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
