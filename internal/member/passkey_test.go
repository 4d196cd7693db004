package member_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

const site, siteName = "https://help.example.org", "help.example.org"

// device is an authenticator as one is built into a phone: it makes a key and signs.
type device struct {
	t       testing.TB
	key     *ecdsa.PrivateKey
	id      []byte
	holder  string // whom the key is for
	counter uint32
	flags   byte // present and verified
	origin  string
}

func newDevice(t testing.TB) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &device{t: t, key: key, id: []byte(rand.Text()), flags: 0x05, origin: site}
}

// options are the parts of what a site asks that a device looks at.
type options struct {
	PublicKey struct {
		Challenge string
		User      struct{ ID string }
	} `json:"publicKey"`
}

func (d *device) read(asked any) options {
	d.t.Helper()
	raw, err := json.Marshal(asked)
	var o options
	if err == nil {
		err = json.Unmarshal(raw, &o)
	}
	if err != nil || o.PublicKey.Challenge == "" {
		d.t.Fatalf("options %s: %v", raw, err)
	}
	return o
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) client(kind, challenge string) []byte {
	raw, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return raw
}

// data is the authenticator's own part of an answer.
func (d *device) data(flags byte) []byte {
	hash := sha256.Sum256([]byte(siteName))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.counter)
}

// make answers the wish for a new passkey.
func (d *device) make(asked any) []byte {
	d.t.Helper()
	o := d.read(asked)
	holder, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	d.holder = string(holder)
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	public := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33]...)
	return d.makeOf(asked, append(append(public, 0x22, 0x58, 0x20), point[33:]...))
}

// makeOf answers it with a public key, in COSE.
func (d *device) makeOf(asked any, public []byte) []byte {
	d.t.Helper()
	data := append(d.data(d.flags|0x40), make([]byte, 16)...) // of no known maker
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	data = append(data, public...)
	object := []byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59")
	object = append(binary.BigEndian.AppendUint16(object, uint16(len(data))), data...)
	return d.answer(map[string]any{"clientDataJSON": b64(d.client("webauthn.create", d.read(asked).PublicKey.Challenge)), "attestationObject": b64(object)})
}

// sign answers a challenge.
func (d *device) sign(asked any) []byte {
	d.t.Helper()
	d.counter++
	data, client := d.data(d.flags), d.client("webauthn.get", d.read(asked).PublicKey.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64([]byte(d.holder)),
	})
}

func (d *device) answer(response map[string]any) []byte {
	raw, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		d.t.Fatal(err)
	}
	return raw
}

// keys is the site's side, and a person with a passkey.
func keys(t testing.TB, db *sqlx.DB) (*member.Passkeys, member.Person, *device) {
	t.Helper()
	k := passkeysAt(t, db, noon)
	p := member.Person{ID: person(t, db, "olena@example.org", password), Email: "olena@example.org", Name: "Олена Ткач"}
	d := newDevice(t)
	asked, ceremony, err := k.OfferPasskey(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.AddPasskey(t.Context(), p, ceremony, "Телефон", d.make(asked)); err != nil {
		t.Fatal(err)
	}
	return k, p, d
}

func passkeysAt(t testing.TB, db *sqlx.DB, at time.Time) *member.Passkeys {
	t.Helper()
	k, err := member.NewPasskeys(db, clock.At(at), site)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAPasskeySaysWhoItIs(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	k, p, d := keys(t, db)
	asked, ceremony, err := k.AskAnybody(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := d.sign(asked)
	who, err := k.SignIn(t.Context(), ceremony, answer)
	if err != nil || who.ID != p.ID {
		t.Fatalf("signed in as %+v, %v", who, err)
	}
	all, err := member.PasskeysOf(t.Context(), db, p.ID)
	if err != nil || len(all) != 1 || all[0].Name != "Телефон" || all[0].UsedAt == nil || !all[0].UsedAt.Equal(noon) {
		t.Errorf("passkeys = %+v, %v", all, err)
	}
	_, err = k.SignIn(t.Context(), ceremony, answer)
	wantFault(t, err, fault.Invalid, "passkey.too_late") // a challenge is answered once
	asked, ceremony, err = k.AskPerson(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	answer = d.sign(asked)
	_, err = k.SignIn(t.Context(), ceremony, answer)
	wantFault(t, err, fault.Invalid, "passkey.too_late") // it was a challenge for something else
	if err := k.Confirm(t.Context(), p.ID, ceremony, answer); err != nil {
		t.Error(err)
	}
	wantFault(t, k.Confirm(t.Context(), p.ID, ceremony, answer), fault.Invalid, "passkey.too_late")
}

// One challenge, one answer, many requests.
func TestOfManyAnswersToAChallengeOneCounts(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	k, _, d := keys(t, db)
	asked, ceremony, err := k.AskAnybody(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := d.sign(asked)
	errs := gatewaytest.Together(6, func(int) error {
		_, err := k.SignIn(t.Context(), ceremony, answer)
		return err
	})
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })); n != 1 {
		t.Errorf("%d requests were signed in: %v", n, errs)
	}
}

func TestWhatIsNotThePersonsPasskeyOpensNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	k, p, d := keys(t, db)
	ivan := member.Person{ID: person(t, db, "ivan@example.org", password)}
	for name, spoil := range map[string]func(d *device){
		"another site's page": func(d *device) { d.origin = "https://help.example.com" },
		"another key":         func(d *device) { d.key = newDevice(t).key },
		"an unknown passkey":  func(d *device) { d.id = []byte("unknown") },
		"somebody else's":     func(d *device) { d.holder = ivan.ID },
		"nobody's":            func(d *device) { d.holder = "' OR 1=1" },
		"without a finger":    func(d *device) { d.flags = 0x01 },
	} {
		wrong := *d
		spoil(&wrong)
		asked, ceremony, err := k.AskAnybody(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		who, err := k.SignIn(t.Context(), ceremony, wrong.sign(asked))
		if f, ok := fault.As(err); !ok || f.Key != "passkey.refused" || who.ID != "" {
			t.Errorf("%s: signed in as %+v, %v", name, who, err)
		}
	}
	asked, ceremony, err := k.AskPerson(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.counter = 50
	answer := d.sign(asked)
	wantFault(t, k.Confirm(t.Context(), ivan.ID, ceremony, answer), fault.Invalid, "passkey.refused")
	asked, ceremony, _ = k.AskPerson(t.Context(), p.ID)
	answer = d.sign(asked)
	wantFault(t, passkeysAt(t, db, noon.Add(6*time.Minute)).Confirm(t.Context(), p.ID, ceremony, answer), fault.Invalid, "passkey.too_late")
	for _, junk := range []string{"", "{}", "null", "[1]", `{"id":"AA"}`, "\x00"} {
		_, ceremony, _ := k.AskAnybody(t.Context())
		_, err := k.SignIn(t.Context(), ceremony, []byte(junk))
		wantFault(t, err, fault.Invalid, "passkey.refused")
	}
	_, _, err = k.AskPerson(t.Context(), ivan.ID)
	wantFault(t, err, fault.Conflict, "passkey.none")
}

// Two devices with one key are a copy: its counter goes back, and people hear of it.
func TestACounterThatGoesBackIsAnAlarm(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	k, p, d := keys(t, db)
	err := in(t, db, func(tx *sqlx.Tx) error {
		cluster, err := member.AddCluster(t.Context(), tx, noon, member.Cluster{Slug: "kharkiv-it", Name: member.Text{UK: "k", EN: "k"}})
		if err != nil {
			return err
		}
		return member.GiveClusterRole(t.Context(), tx, p.ID, cluster, member.Approver)
	})
	if err != nil {
		t.Fatal(err)
	}
	try := func(d *device) error {
		asked, ceremony, err := k.AskAnybody(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.SignIn(t.Context(), ceremony, d.sign(asked))
		return err
	}
	stolen := *d
	d.counter = 10
	if err := try(d); err != nil {
		t.Fatal(err)
	}
	wantFault(t, try(&stolen), fault.Invalid, "passkey.refused")
	var alarms, letters int
	if err := owner.Get(&alarms, `SELECT count(*) FROM alarms a JOIN audit_acts t ON t.id = a.act_id WHERE t.act = 'passkey.counter-went-back' AND a.open`); err != nil || alarms != 1 {
		t.Errorf("%d alarms, %v", alarms, err)
	}
	if err := owner.Get(&letters, `SELECT count(*) FROM letters WHERE key LIKE 'account:passkey-copied:%' AND recipient = 'olena@example.org'`); err != nil || letters != 1 {
		t.Errorf("%d letters, %v", letters, err)
	}
	if err := try(d); err != nil { // the person decides which of the two goes
		t.Errorf("the person's own device: %v", err)
	}
}

func TestPasskeysAreAddedOnceNamedAndRemoved(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	k, p, d := keys(t, db)
	ivan := member.Person{ID: person(t, db, "ivan@example.org", password), Email: "ivan@example.org"}
	add := func(p member.Person, name string, d *device) error {
		asked, ceremony, err := k.OfferPasskey(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return k.AddPasskey(t.Context(), p, ceremony, name, d.make(asked))
	}
	wantFault(t, add(ivan, "Чужий", d), fault.Invalid, "passkey.refused")
	wantFault(t, add(p, " ", newDevice(t)), fault.Invalid, "passkey.name")
	wantFault(t, add(p, "\u202eabc", newDevice(t)), fault.Invalid, "text.hidden_characters")
	careless := newDevice(t)
	careless.flags = 0x01
	wantFault(t, add(p, "Без пальця", careless), fault.Invalid, "passkey.refused")
	if err := add(p, "Ключ", newDevice(t)); err != nil {
		t.Fatal(err)
	}
	all, err := member.PasskeysOf(t.Context(), db, p.ID)
	if err != nil || len(all) != 2 || all[0].Name != "Ключ" {
		t.Fatalf("passkeys = %+v, %v", all, err)
	}
	wantFault(t, member.RemovePasskey(t.Context(), db, clock.At(noon), ivan.ID, all[1].ID), fault.NotFound, "passkey.unknown")
	if err := member.RemovePasskey(t.Context(), db, clock.At(noon), p.ID, all[1].ID); err != nil {
		t.Fatal(err)
	}
	wantFault(t, member.RemovePasskey(t.Context(), db, clock.At(noon), p.ID, all[1].ID), fault.NotFound, "passkey.unknown")
	asked, ceremony, err := k.AskAnybody(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.SignIn(t.Context(), ceremony, d.sign(asked))
	wantFault(t, err, fault.Invalid, "passkey.refused")
}

func TestPasskeysOfThisMachineGoByItsName(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{"http://127.0.0.1:8080": "http://localhost:8080", "http://localhost:8080": "http://localhost:8080", "http://[::1]": "http://localhost", site: site} {
		k, err := member.NewPasskeys(nil, clock.System, url)
		if err != nil || k.Origin() != want {
			t.Errorf("%s: %v, %v", url, k, err)
		}
	}
}

// What a passkey may be made of is a short list, and a browser that makes another is refused.
func TestPasskeysAreMadeOfStrongKeysAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	k := passkeysAt(t, db, noon)
	p := member.Person{ID: person(t, db, "olena@example.org", password), Email: "olena@example.org", Name: "Олена Ткач"}
	add := func(name string, public []byte) (algorithms []int, err error) {
		asked, ceremony, err := k.OfferPasskey(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		var wish struct {
			PublicKey struct {
				PubKeyCredParams []struct{ Alg int }
			}
		}
		if err := json.Unmarshal(raw, &wish); err != nil {
			t.Fatal(err)
		}
		for _, one := range wish.PublicKey.PubKeyCredParams {
			algorithms = append(algorithms, one.Alg)
		}
		return algorithms, k.AddPasskey(t.Context(), p, ceremony, name, newDevice(t).makeOf(asked, public))
	}
	rsa := func(algorithm, bits int) []byte {
		modulus := make([]byte, bits/8)
		modulus[0], modulus[len(modulus)-1] = 0x80, 1
		public := []byte{0xa4, 0x01, 0x03, 0x03, 0x39, byte((-1 - algorithm) >> 8), byte(-1 - algorithm), 0x20, 0x59, byte(len(modulus) >> 8), byte(len(modulus))}
		return append(append(public, modulus...), 0x21, 0x43, 0x01, 0x00, 0x01)
	}
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const edDSA, es256, es384, es512, rs256, rs384, rs1 = -8, -7, -35, -36, -257, -258, -65535
	asked, err := add("Ed25519", append([]byte{0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20}, edwards...))
	if err != nil {
		t.Errorf("an Ed25519 key is refused: %v", err)
	}
	if want := []int{edDSA, es256, es384, es512, rs256}; !slices.Equal(asked, want) {
		t.Errorf("browsers are asked for %v, want %v", asked, want)
	}
	for name, c := range map[string]struct {
		public []byte
		taken  bool
	}{
		"RS256 of 2048 bits": {rsa(rs256, 2048), true}, "RS256 of 3072 bits": {rsa(rs256, 3072), true},
		"RS256 of 1024 bits": {rsa(rs256, 1024), false}, "RS256 of 2040 bits": {rsa(rs256, 2040), false},
		"RS384, which was not asked for": {rsa(rs384, 2048), false}, "RS1": {rsa(rs1, 2048), false}, "no key": {[]byte{0xa0}, false},
	} {
		if _, err := add(name, c.public); (err == nil) != c.taken {
			t.Errorf("%s: %v, want it taken: %v", name, err, c.taken)
		}
	}
}
