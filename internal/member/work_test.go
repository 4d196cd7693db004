package member_test

import (
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

// A stranger who measures learns nothing either: for every address the same queries are
// asked, and as many passwords are hashed. It is not parallel, since it counts what the
// whole process hashes.
func TestKnownAndUnknownAddressesAreTheSameWork(t *testing.T) {
	var log queries
	db := pgtest.Ears{Query: log.hear, Exec: log.hear}.Open(t, pgtest.DSN(t))
	person(t, db, "known@example.org", password)
	person(t, db, "silent@example.org", "")
	if _, err := signIn(t, db, noon, "nobody@example.org", password, host); err == nil { // nobody's hash is made once
		t.Fatal("signed in")
	}
	for name, act := range map[string]func(email string) error{
		"signing in with a wrong password": func(email string) error {
			_, err := signIn(t, db, noon, email, "не той пароль", host)
			return err
		},
		"asking for a new password": func(email string) error { return member.AskReset(t.Context(), db, clock.At(noon), email, host) },
	} {
		work := func(email string) (asked []string, hashes int64, err error) {
			log.take()
			before := member.Hashed()
			err = act(email)
			return log.take(), member.Hashed() - before, err
		}
		wantAsked, wantHashes, wantErr := work("known@example.org")
		if len(wantAsked) < 3 {
			t.Fatalf("%s: only %q was heard", name, wantAsked)
		}
		for _, email := range []string{"unknown@example.org", "silent@example.org", "someone.with.a.long.name@a.long.domain.example.org"} {
			asked, hashes, err := work(email)
			if diff := cmp.Diff(wantAsked, asked); diff != "" || hashes != wantHashes {
				t.Errorf("%s as %s: %d passwords hashed, want %d; queries (-known +this):\n%s", name, email, hashes, wantHashes, diff)
			}
			if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("%s as %s: %v, want %v", name, email, err, wantErr)
			}
		}
	}
}

// queries hears everything that is asked of a database.
type queries struct {
	mu   sync.Mutex
	kept []string
}

func (q *queries) hear(text string, _ []driver.NamedValue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kept = append(q.kept, strings.Join(strings.Fields(text), " "))
}

func (q *queries) take() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := slices.Clone(q.kept)
	q.kept = nil
	return kept
}
