package signin_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"net/http"
	"testing"
)

// A house is believed when it signs with a key of its own that is long enough. What it calls
// possible is not asked: neither a secret that we know too, nor no signature at all.
func TestOtherHousesSignWithStrongKeysAlone(t *testing.T) {
	t.Parallel()
	sum := func(text []byte) []byte { s := sha256.Sum256(text); return s[:] }
	must := func(signature []byte, err error) []byte {
		if err != nil {
			t.Error(err)
		}
		return signature
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := curve.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	edwards, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := func(key *rsa.PrivateKey, alg string) any {
		return map[string]any{"kty": "RSA", "alg": alg, "use": "sig", "kid": alg, "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
	}
	pkcs := func(key *rsa.PrivateKey) func([]byte) []byte {
		return func(text []byte) []byte { return must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum(text))) }
	}
	for name, c := range map[string]struct {
		alg   string
		key   any
		seal  func([]byte) []byte
		taken bool
	}{
		"RS256 of 2048 bits": {"RS256", jwk(long, "RS256"), pkcs(long), true},
		"PS256 of 2048 bits": {"PS256", jwk(long, "PS256"), func(text []byte) []byte {
			return must(rsa.SignPSS(rand.Reader, long, crypto.SHA256, sum(text), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}, true},
		"ES256": {"ES256", map[string]any{"kty": "EC", "crv": "P-256", "kid": "ES256", "x": b64(point[1:33]), "y": b64(point[33:])}, func(text []byte) []byte {
			r, s, err := ecdsa.Sign(rand.Reader, curve, sum(text))
			return append(must(r.FillBytes(make([]byte, 32)), err), s.FillBytes(make([]byte, 32))...)
		}, true},
		"EdDSA":              {"EdDSA", map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "EdDSA", "x": b64(edwards)}, func(text []byte) []byte { return ed25519.Sign(private, text) }, true},
		"RS256 of 1024 bits": {"RS256", jwk(short, "RS256"), pkcs(short), false},
		"HS256 with the secret of both": {"HS256", map[string]any{"kty": "oct", "alg": "HS256", "kid": "HS256", "k": b64([]byte(clientSecret))}, func(text []byte) []byte {
			mac := hmac.New(sha256.New, []byte(clientSecret))
			mac.Write(text)
			return mac.Sum(nil)
		}, false},
		"no signature": {"none", jwk(long, "none"), func([]byte) []byte { return nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, v := openWithIssuer(t)
			linked(g, v)
			v.alg, v.keys, v.seal = c.alg, []any{c.key}, c.seal
			b := g.house.As("")
			if a := b.Get(v.visit(b, "")); (a.Status == http.StatusSeeOther) != c.taken {
				t.Errorf("%d, want it taken: %v", a.Status, c.taken)
			}
		})
	}
}
