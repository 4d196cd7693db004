package member_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

// tryFrom signs in from a browser.
func tryFrom(t *testing.T, db *sqlx.DB, d member.Device, at time.Time, email, password, host string) error {
	t.Helper()
	_, err := member.SignIn(member.WithDevice(t.Context(), d), db, clock.At(at), email, password, host)
	return err
}

// Whoever guesses at an address from everywhere shuts its person out of no browser of theirs,
// and gets no more guesses by having a browser of their own.
func TestStrangersGuessesShutNobodyOut(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	v := vault(t)
	olena, err := member.PersonByID(t.Context(), db, person(t, db, "olena@example.org", password))
	if err != nil {
		t.Fatal(err)
	}
	ivan, err := member.PersonByID(t.Context(), db, person(t, db, "ivan@example.org", password))
	if err != nil {
		t.Fatal(err)
	}
	hers := v.OpenDevice(v.SealDevice(member.Device{}.Remember(olena, true, noon)), noon)
	his := member.Device{}.Remember(ivan, true, noon)
	both := hers.Remember(ivan, true, noon)
	for i := range 10 {
		wantFault(t, tryFrom(t, db, his, noon, "olena@example.org", "wrong", fmt.Sprint("203.0.113.", i)), fault.Unauthorized, "signin.wrong")
	}
	// All the world is one here, and the hosts do not matter.
	for name, d := range map[string]member.Device{"an unknown browser": {}, "another's browser": his} {
		err := tryFrom(t, db, d, noon, "olena@example.org", password, "203.0.113.99")
		if f, ok := fault.As(err); !ok || f.Kind != fault.TooMany {
			t.Errorf("%s: %v, want TooMany", name, err)
		}
	}
	owner.MustExec(`INSERT INTO sign_in_failures (subject, failed_at) SELECT 'ip:203.0.113.99', $1 FROM generate_series(1, 60)`, noon)
	for name, d := range map[string]member.Device{"her browser": hers, "their common one": both} {
		if err := tryFrom(t, db, d, noon, " Olena@example.org", password, "203.0.113.99"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Signing in there does not forgive the strangers.
	wantFault(t, tryFrom(t, db, member.Device{}, noon, "olena@example.org", password, host), fault.TooMany, "signin.too_many")
	// A browser that was stolen has no more guesses than anybody.
	for range 10 {
		wantFault(t, tryFrom(t, db, hers, noon, "olena@example.org", "wrong", host), fault.Unauthorized, "signin.wrong")
	}
	wantFault(t, tryFrom(t, db, hers, noon, "olena@example.org", password, host), fault.TooMany, "signin.too_many")
}

// Who has the password can guess codes, but not keep the person from showing one. A letter
// shows the address alone: by letters nobody gets more guesses.
func TestGuessesAtCodesShutNobodyOut(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	v := vault(t)
	id := person(t, db, "olena@example.org", password)
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	if err := in(t, db, func(tx *sqlx.Tx) error { return member.GiveAuthenticator(t.Context(), tx, v, noon, id, secret) }); err != nil {
		t.Fatal(err)
	}
	olena, err := member.PersonByID(t.Context(), db, id)
	if err != nil {
		t.Fatal(err)
	}
	prove := func(d member.Device, code string) error {
		_, err := member.ProveCode(member.WithDevice(t.Context(), d), db, v, clock.At(noon), id, code, host)
		return err
	}
	for range 5 {
		wantFault(t, prove(member.Device{}, "000000"), fault.Invalid, "factor.wrong")
	}
	byLetter := member.Device{}.Remember(olena, false, noon)
	for name, d := range map[string]member.Device{"an unknown browser": {}, "one that a letter was read in": byLetter} {
		if f, ok := fault.As(prove(d, codeAt(t, secret, noon))); !ok || f.Kind != fault.TooMany {
			t.Errorf("%s is not refused", name)
		}
	}
	if err := prove(byLetter.Remember(olena, true, noon).Remember(olena, false, noon), codeAt(t, secret, noon)); err != nil {
		t.Errorf("her browser: %v", err)
	}
}

// A browser's cookie is ours, whole and in time, or it is nothing.
func TestDevicesThatAreNotOursAreNobodys(t *testing.T) {
	t.Parallel()
	v := vault(t)
	d := member.Device{}.Remember(member.Person{ID: nobody, Email: "olena@example.org"}, true, noon)
	kept := v.SealDevice(d)
	if got := v.OpenDevice(kept, noon.Add(member.DeviceFor-time.Second)); got.ID != d.ID || len(got.Knows) != 1 {
		t.Fatalf("ours is %+v", got)
	}
	other, err := member.NewVault(bytes.Repeat([]byte{1}, member.VaultKeySize))
	if err != nil {
		t.Fatal(err)
	}
	later, err := member.NewVault(bytes.Repeat([]byte{2}, member.VaultKeySize), make([]byte, member.VaultKeySize))
	if err != nil {
		t.Fatal(err)
	}
	if later.OpenDevice(kept, noon).ID != d.ID {
		t.Error("a new key forgets every browser")
	}
	for name, got := range map[string]member.Device{
		"too old": v.OpenDevice(kept, noon.Add(member.DeviceFor)), "of another house": other.OpenDevice(kept, noon), "cut": v.OpenDevice(kept[:len(kept)-1], noon),
		"empty": v.OpenDevice("", noon), "no base64": v.OpenDevice("§", noon), "changed": v.OpenDevice("A"+kept[1:], noon),
	} {
		if got.ID != "" || len(got.Knows) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for i := range 5 {
		d = d.Remember(member.Person{ID: nobody, Email: fmt.Sprint(i, "@example.org")}, true, noon)
	}
	if len(d.Knows) != 3 {
		t.Errorf("one browser knows %d people", len(d.Knows))
	}
}

// A new key takes the place of the former while people go on signing in.
func TestTheKeyIsReplaced(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, member.VaultKeySize) }
	made := func(keys ...[]byte) *member.Vault {
		t.Helper()
		v, err := member.NewVault(keys[0], keys[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	former, both, next, strange := made(key(1)), made(key(2), key(1)), made(key(2)), made(key(3))
	give := func(v *member.Vault, email string) string {
		t.Helper()
		id := person(t, db, email, "")
		if err := in(t, db, func(tx *sqlx.Tx) error { return member.GiveAuthenticator(t.Context(), tx, v, noon, id, secret) }); err != nil {
			t.Fatal(err)
		}
		return id
	}
	olena, lost := give(former, "olena@example.org"), give(strange, "lost@example.org")
	if _, err := member.OfferAuthenticator(t.Context(), db, former, clock.At(noon), member.Person{ID: lost, Email: "lost@example.org"}); err != nil {
		t.Fatal(err)
	}
	give(both, "new@example.org")
	opens := func(v *member.Vault, person string, at time.Time) bool {
		_, err := member.ProveCode(t.Context(), db, v, clock.At(at), person, codeAt(t, secret, at), host)
		return err == nil
	}
	if opens(next, olena, noon) || !opens(both, olena, noon) {
		t.Fatal("before, the new key alone opens, or both do not")
	}
	done, err := member.Reseal(t.Context(), db, both)
	if err != nil || done != (member.Resealed{Done: 2, Lost: 1}) {
		t.Errorf("%+v, %v, want 2 sealed anew and 1 lost", done, err)
	}
	if opens(former, olena, noon.Add(time.Minute)) || !opens(next, olena, noon.Add(2*time.Minute)) {
		t.Error("afterwards the former key opens, or the new one does not")
	}
	if done, err := member.Reseal(t.Context(), db, both); err != nil || done != (member.Resealed{Lost: 1}) {
		t.Errorf("a second time: %+v, %v", done, err)
	}
}

// Secrets of releases before keys had numbers still open.
func TestSecretsWithoutAKeysNumberOpen(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	v := vault(t)
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	id := person(t, db, "olena@example.org", "")
	if err := in(t, db, func(tx *sqlx.Tx) error { return member.GiveAuthenticator(t.Context(), tx, v, noon, id, secret) }); err != nil {
		t.Fatal(err)
	}
	owner.MustExec(`UPDATE authenticators SET secret = substr(secret, 5)`)
	if _, err := member.ProveCode(t.Context(), db, v, clock.At(noon), id, codeAt(t, secret, noon), host); err != nil {
		t.Error(err)
	}
	if done, err := member.Reseal(t.Context(), db, v); err != nil || done.Done != 1 {
		t.Errorf("sealed anew: %+v, %v", done, err)
	}
}
