package member_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

func vault(t testing.TB) *member.Vault {
	t.Helper()
	v, err := member.NewVault(make([]byte, member.VaultKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func codeAt(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := member.CodeAt(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// olena is a person with an authenticator app, whose recovery codes are returned.
func olena(t testing.TB, db *sqlx.DB, v *member.Vault) (p member.Person, secret string, recovery []string) {
	t.Helper()
	p = member.Person{ID: person(t, db, "olena@example.org", password), Email: "olena@example.org"}
	offer, err := member.OfferAuthenticator(t.Context(), db, v, clock.At(noon), p)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = member.EnrolAuthenticator(t.Context(), db, v, clock.At(noon), p.ID, codeAt(t, offer.Secret, noon), host)
	if err != nil {
		t.Fatal(err)
	}
	return p, offer.Secret, recovery
}

func TestAnAuthenticatorCountsOnceACodeHasShownIt(t *testing.T) {
	t.Parallel()
	db, v := pgtest.DB(t), vault(t)
	p := member.Person{ID: person(t, db, "olena@example.org", password), Email: "olena@example.org"}
	offer, err := member.OfferAuthenticator(t.Context(), db, v, clock.At(noon), p)
	if err != nil || len(offer.Secret) != 32 || !strings.HasPrefix(offer.URI, "otpauth://totp/Kopiyka:olena@example.org?") || !strings.Contains(offer.URI, "secret="+offer.Secret) {
		t.Fatalf("offer = %+v, %v", offer, err)
	}
	again, err := member.OfferAuthenticator(t.Context(), db, v, clock.At(noon.Add(59*time.Minute)), p)
	if err != nil || again.Secret != offer.Secret {
		t.Errorf("a page that is opened again shows another secret: %v", err)
	}
	_, err = member.EnrolAuthenticator(t.Context(), db, v, clock.At(noon), p.ID, "000000", host)
	wantFault(t, err, fault.Invalid, "factor.wrong")
	if f, err := member.FactorsOf(t.Context(), db, p.ID); err != nil || f.Any() {
		t.Errorf("factors = %+v, %v", f, err)
	}
	codes, err := member.EnrolAuthenticator(t.Context(), db, v, clock.At(noon), p.ID, codeAt(t, offer.Secret, noon), host)
	if err != nil || len(codes) != 10 {
		t.Fatalf("codes = %v, %v", codes, err)
	}
	if f, err := member.FactorsOf(t.Context(), db, p.ID); err != nil || !f.Authenticator || f.RecoveryLeft != 10 || !f.Since.Equal(noon) {
		t.Errorf("factors = %+v, %v", f, err)
	}
	other, err := member.OfferAuthenticator(t.Context(), db, v, clock.At(noon), p)
	if err != nil || other.Secret == offer.Secret {
		t.Errorf("a used secret is offered again, %v", err)
	}
	_, err = member.EnrolAuthenticator(t.Context(), db, v, clock.At(noon.Add(2*time.Hour)), p.ID, codeAt(t, other.Secret, noon.Add(2*time.Hour)), host)
	wantFault(t, err, fault.Invalid, "factor.offer_gone")
}

func TestACodeIsTakenOnceAndOnlyNearItsTime(t *testing.T) {
	t.Parallel()
	db, v := pgtest.DB(t), vault(t)
	p, secret, _ := olena(t, db, v)
	prove := func(code string, at time.Time) error {
		_, err := member.ProveCode(t.Context(), db, v, clock.At(at), p.ID, code, host)
		return err
	}
	wantFault(t, prove(codeAt(t, secret, noon), noon), fault.Invalid, "factor.used") // it has enrolled the app
	if err := prove(codeAt(t, secret, noon.Add(30*time.Second)), noon); err != nil {
		t.Errorf("the code of a clock that is fast: %v", err)
	}
	wantFault(t, prove(codeAt(t, secret, noon.Add(30*time.Second)), noon.Add(40*time.Second)), fault.Invalid, "factor.used")
	wantFault(t, prove(codeAt(t, secret, noon), noon.Add(30*time.Second)), fault.Invalid, "factor.used") // older than the last
	later := noon.Add(time.Hour)
	wantFault(t, prove(codeAt(t, secret, later.Add(-60*time.Second)), later), fault.Invalid, "factor.wrong")
	wantFault(t, prove(codeAt(t, secret, later.Add(60*time.Second)), later), fault.Invalid, "factor.wrong")
	code := codeAt(t, secret, later.Add(-30*time.Second))
	if err := prove(" "+code[:3]+" "+code[3:]+"\u00a0", later); err != nil {
		t.Errorf("the code of a clock that is slow, typed in groups: %v", err)
	}
}

// Two requests with one code, at the same moment, at two processes.
func TestOfManyWithOneCodeOneIsTaken(t *testing.T) {
	t.Parallel()
	db, v := pgtest.DB(t), vault(t)
	p, secret, recovery := olena(t, db, v)
	later := noon.Add(time.Hour)
	for _, code := range []string{codeAt(t, secret, later), recovery[3]} {
		errs := gatewaytest.Together(4, func(int) error {
			_, err := member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, code, host)
			return err
		})
		if taken := len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })); taken != 1 {
			t.Errorf("the code was taken %d times: %v", taken, errs)
		}
		later = later.Add(time.Hour)
	}
}

func TestARecoveryCodeStandsInOnce(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	v := vault(t)
	p, _, recovery := olena(t, db, v)
	prove := func(code string) (member.Proof, error) {
		return member.ProveCode(t.Context(), db, v, clock.At(noon.Add(time.Hour)), p.ID, code, host)
	}
	typed := strings.ToUpper(strings.ReplaceAll(recovery[0], "-", " "))
	if proof, err := prove(typed); err != nil || proof != member.ByRecovery {
		t.Errorf("%q: %v, %v", typed, proof, err)
	}
	_, err := prove(recovery[0])
	wantFault(t, err, fault.Invalid, "factor.wrong")
	if f, _ := member.FactorsOf(t.Context(), db, p.ID); f.RecoveryLeft != 9 {
		t.Errorf("%d codes are left", f.RecoveryLeft)
	}
	fresh, err := member.RenewRecovery(t.Context(), db, clock.At(noon), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = prove(recovery[1])
	wantFault(t, err, fault.Invalid, "factor.wrong")
	if _, err := prove(fresh[1]); err != nil {
		t.Errorf("a new code: %v", err)
	}
	var told []string
	if err := owner.Select(&told, `SELECT subject FROM letters WHERE recipient = 'olena@example.org' ORDER BY id`); err != nil || len(told) != 4 {
		t.Errorf("letters = %q, %v", told, err)
	}
}

// Whoever has the database has neither the apps' secrets nor the codes.
func TestTheDatabaseTellsNoSecretOfAFactor(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	v := vault(t)
	p, secret, recovery := olena(t, db, v)
	var sealed []byte
	if err := owner.Get(&sealed, `SELECT secret FROM authenticators`); err != nil || bytes.Contains(sealed, []byte(secret)) {
		t.Fatalf("sealed = %q, %v", sealed, err)
	}
	var rows string
	if err := owner.Get(&rows, `SELECT string_agg(r::text, ' ') FROM recovery_codes r`); err != nil || strings.Contains(rows, recovery[0]) || strings.Contains(rows, strings.ReplaceAll(recovery[0], "-", "")) {
		t.Errorf("recovery codes are kept as %q, %v", rows, err)
	}
	// A plain hash keeps them: whoever reads it must not be able to try all codes there are.
	if bits := 5 * len(strings.ReplaceAll(recovery[0], "-", "")); bits < 128 {
		t.Errorf("a recovery code has %d bits", bits)
	}
	// What is sealed for one person opens for nobody else, and not with another key.
	ivan := person(t, db, "ivan@example.org", password)
	if _, err := owner.Exec(`INSERT INTO authenticators (person_id, secret, confirmed_at, last_step) SELECT $1, secret, confirmed_at, 0 FROM authenticators`, ivan); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(time.Hour)
	if _, err := member.ProveCode(t.Context(), db, v, clock.At(later), ivan, codeAt(t, secret, later), host); err == nil {
		t.Error("somebody else's sealed secret opens")
	}
	other, err := member.NewVault(bytes.Repeat([]byte{1}, member.VaultKeySize))
	if err != nil {
		t.Fatal(err)
	}
	_, err = member.ProveCode(t.Context(), db, other, clock.At(later), p.ID, codeAt(t, secret, later), host)
	if _, refused := fault.As(err); err == nil || refused {
		t.Errorf("with another key: %v", err)
	}
}

// Five tries for all processes together, however many come at once.
func TestGuessingCodesComesToAnEndOverReplicas(t *testing.T) {
	t.Parallel()
	db, v := pgtest.DB(t), vault(t)
	p, secret, _ := olena(t, db, v)
	later := noon.Add(time.Hour)
	errs := gatewaytest.Together(20, func(int) error {
		_, err := member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, "000000", host)
		return err
	})
	judged := 0
	for _, err := range errs {
		if errors.Is(err, fault.New(fault.Invalid, "factor.wrong")) {
			judged++
		} else {
			wantFault(t, err, fault.TooMany, "signin.too_many")
		}
	}
	if judged > 5 {
		t.Errorf("%d guesses were judged, at most 5 may be", judged)
	}
	for range 5 { // whoever came first at once may have been too careful
		_, _ = member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, "000000", host)
	}
	_, err := member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, codeAt(t, secret, later), host)
	wantFault(t, err, fault.TooMany, "signin.too_many")
	later = later.Add(16 * time.Minute)
	if _, err := member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, codeAt(t, secret, later), host); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestARemovedAuthenticatorOpensNothing(t *testing.T) {
	t.Parallel()
	db, v := pgtest.DB(t), vault(t)
	p, secret, recovery := olena(t, db, v)
	for range 2 { // the second click finds nothing to do
		if err := member.RemoveAuthenticator(t.Context(), db, clock.At(noon), p.ID); err != nil {
			t.Fatal(err)
		}
	}
	later := noon.Add(time.Hour)
	for _, code := range []string{codeAt(t, secret, later), recovery[0], "", strings.Repeat("9", 100_000), "\u202e000000"} {
		_, err := member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, code, host)
		wantFault(t, err, fault.Invalid, "factor.wrong")
	}
}

// Whoever has lost everything begins anew, and what was lost opens nothing.
func TestResetFactorsAreGoneEverywhere(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	v := vault(t)
	p, secret, recovery := olena(t, db, v)
	ivan, err := member.OfferAuthenticator(t.Context(), db, v, clock.At(noon), member.Person{ID: person(t, db, "ivan@example.org", password), Email: "ivan@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	session, err := member.BeginSession(t.Context(), db, noon, noon.Add(time.Hour), p.ID, "", host)
	if err != nil {
		t.Fatal(err)
	}
	for _, nothing := range []string{"", "  yes   ", "\u200bпаспорт\u202e з фото"} {
		if err := member.ResetFactors(t.Context(), db, clock.At(noon), p.ID, nothing); err == nil {
			t.Errorf("%q is enough", nothing)
		}
	}
	const shown = "Паспорт, у відеодзвінку з головою кластера"
	if err := member.ResetFactors(t.Context(), db, clock.At(noon), p.ID, shown); err != nil {
		t.Fatal(err)
	}
	var kept string
	if err := db.GetContext(t.Context(), &kept, `SELECT detail->>'shown' FROM audit_acts WHERE act = 'person.factors-reset'`); err != nil || kept != shown {
		t.Errorf("the audit has %q, %v", kept, err)
	}
	if f, err := member.FactorsOf(t.Context(), db, p.ID); err != nil || f != (member.Factors{Password: true}) {
		t.Errorf("factors = %+v, %v", f, err)
	}
	later := noon.Add(time.Minute)
	for _, code := range []string{codeAt(t, secret, later), recovery[0]} {
		_, err := member.ProveCode(t.Context(), db, v, clock.At(later), p.ID, code, host)
		wantFault(t, err, fault.Invalid, "factor.wrong")
	}
	if life, err := member.LifeOf(t.Context(), db, noon, session, 1, p.ID, host); err != nil || life.Goes {
		t.Errorf("the session goes on: %+v, %v", life, err)
	}
	if _, err := signIn(t, db, noon, p.Email, password, host); err != nil {
		t.Errorf("the password: %v", err)
	}
	var offers, told int
	if err := owner.QueryRow(`SELECT (SELECT count(*) FROM authenticator_offers), (SELECT count(*) FROM letters WHERE key LIKE 'account:factors-reset:%')`).Scan(&offers, &told); err != nil || offers != 1 || told != 1 || ivan.Secret == "" {
		t.Errorf("%d offers are left, %d letters tell of it, %v", offers, told, err)
	}
}

// What has ended by itself is dropped, and nothing else.
func TestSweepingDropsWhatHasEnded(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	id := person(t, db, "olena@example.org", password)
	for _, until := range []time.Time{noon.Add(time.Hour), noon.Add(3 * time.Hour)} {
		if _, err := member.BeginSession(t.Context(), db, noon, until, id, "", host); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := member.BeginVisit(t.Context(), db, noon, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := member.Forget(t.Context(), db, clock.At(noon.Add(2*time.Hour)), true); err != nil {
		t.Fatal(err)
	}
	var sessions, visits int
	if err := owner.QueryRow(`SELECT (SELECT count(*) FROM person_sessions), (SELECT count(*) FROM ceremonies)`).Scan(&sessions, &visits); err != nil || sessions != 1 || visits != 0 {
		t.Errorf("%d sessions and %d visits are left, %v", sessions, visits, err)
	}
}

func TestKeysAreRead(t *testing.T) {
	t.Parallel()
	key, err := member.ParseVaultKey(member.NewVaultKey())
	if err != nil || len(key) != member.VaultKeySize {
		t.Errorf("a new key: %d bytes, %v", len(key), err)
	}
	for _, s := range []string{"", "canary", "Y2FuYXJ5", strings.Repeat("A", 44) + "canary"} {
		if _, err := member.ParseVaultKey(s); err == nil || s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
