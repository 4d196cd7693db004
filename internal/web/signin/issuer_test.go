package signin_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/config"
	"kopiyka/internal/web/webtest"
)

// vouching is a house that vouches for people, as the standard has it: it knows one visitor,
// and hands a code out once, for one challenge.
type vouching struct {
	*httptest.Server
	t   testing.TB
	key *rsa.PrivateKey

	subject, email string
	verified       bool
	spoil          func(claims map[string]any) // changes what the token says; may be nil

	codes map[string]url.Values // what was asked for with the code

	// What it signs with; without seal, RS256 with the key.
	keys []any
	alg  string
	seal func(text []byte) []byte
}

const clientID, clientSecret = "kopiyka-client", "canary-secret"

func newVouching(t testing.TB) *vouching {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	v := &vouching{t: t, key: key, subject: "1001", email: "Iryna@example.org", verified: true, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	v.Server = httptest.NewServer(mux)
	t.Cleanup(v.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		all := []string{"none", "HS256", "RS256", "PS256", "ES256", "EdDSA"} // it would have anything
		v.say(w, map[string]any{"issuer": v.URL, "authorization_endpoint": v.URL + "/authorize", "token_endpoint": v.URL + "/token", "jwks_uri": v.URL + "/keys", "id_token_signing_alg_values_supported": all})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		e := big.NewInt(int64(key.E)).Bytes()
		own := map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(e)}
		v.say(w, map[string]any{"keys": append(v.keys, own)})
	})
	mux.HandleFunc("POST /token", v.token)
	return v
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (v *vouching) say(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(what); err != nil {
		v.t.Error(err)
	}
}

func (v *vouching) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	asked, known := v.codes[r.FormValue("code")]
	delete(v.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || id != clientID || secret != clientSecret || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != b64(sum[:]) {
		w.WriteHeader(http.StatusBadRequest)
		v.say(w, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": v.URL, "aud": clientID, "sub": v.subject, "email": v.email, "email_verified": v.verified, "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	if v.spoil != nil {
		v.spoil(claims)
	}
	v.say(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": v.sign(claims)})
}

func (v *vouching) sign(claims map[string]any) string {
	body, err := json.Marshal(claims)
	if err != nil {
		v.t.Fatal(err)
	}
	if v.seal != nil {
		text := b64([]byte(`{"alg":"`+v.alg+`","kid":"`+v.alg+`"}`)) + "." + b64(body)
		return text + "." + b64(v.seal([]byte(text)))
	}
	text := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, v.key, crypto.SHA256, sum[:])
	if err != nil {
		v.t.Fatal(err)
	}
	return text + "." + b64(signature)
}

// visit lets a browser go to the other house and returns the address at which it comes back.
func (v *vouching) visit(b *webtest.Browser, next string) string {
	v.t.Helper()
	there, err := url.Parse(b.Get("/sign-in/with/other-house" + next).Wants(http.StatusSeeOther).Header.Get("Location"))
	if err != nil || !strings.HasPrefix(there.String(), v.URL+"/authorize?") || there.Query().Get("client_id") != clientID || !strings.Contains(there.Query().Get("scope"), "openid") {
		v.t.Fatalf("it leads to %v, %v", there, err)
	}
	code := rand.Text()
	v.codes[code] = there.Query()
	back, err := url.Parse(there.Query().Get("redirect_uri"))
	if err != nil || back.Path != "/sign-in/with/other-house/back" {
		v.t.Fatalf("it comes back at %v, %v", back, err)
	}
	return back.Path + "?" + url.Values{"code": {code}, "state": {there.Query().Get("state")}}.Encode()
}

func openWithIssuer(t *testing.T) (*gate, *vouching) {
	t.Helper()
	v := newVouching(t)
	c := config.Config{OIDC: []string{"Other House|" + v.URL + "|" + clientID + "|" + clientSecret}}
	issuers, err := c.Issuers()
	if err != nil {
		t.Fatal(err)
	}
	return openWith(t, false, issuers...), v
}

// linked is a payer who has linked the account.
func linked(g *gate, v *vouching) {
	g.t.Helper()
	b := g.signedIn("iryna@example.org")
	b.Get(v.visit(b, "")).Wants(http.StatusOK).Says("main", "will be able to sign in here as you")
	b.Post("/account/issuers", nil).LeadsTo("/account?notice=issuer-linked")
}

func TestALinkedAccountComesIn(t *testing.T) {
	t.Parallel()
	g, v := openWithIssuer(t)
	linked(g, v)
	b := g.house.As("")
	b.Get("/sign-in?next=%2Fportal%2Fx").Wants(http.StatusOK).Says("main", "Sign in with Other House")
	back := v.visit(b, "?next=%2Fportal%2Fx")
	b.Get(back).LeadsTo("/portal/x")
	if got := b.Get("/me").Body; !strings.HasPrefix(got, "Ірина") {
		t.Errorf("the visitor is %q", got)
	}
	b.Get(back).Wants(http.StatusUnprocessableEntity) // a visit ends once
	b.Get("/account").Wants(http.StatusOK).Says("main", "Linked on")
	b.Post("/account/issuers/other-house/remove", nil).LeadsTo("/account?notice=issuer-removed")
	stranger := g.house.As("")
	stranger.Get(v.visit(stranger, "")).Wants(http.StatusUnprocessableEntity)
}

// Another house vouches for the account, not for the second factor.
func TestALinkedAccountIsTheFirstFactorAlone(t *testing.T) {
	t.Parallel()
	g, v := openWithIssuer(t)
	v.email = "roman@example.org"
	b := g.signedIn("roman@example.org")
	b.Get(v.visit(b, "")).Wants(http.StatusOK)
	b.Post("/account/issuers", nil).LeadsTo("/account?notice=issuer-linked")
	b = g.house.As("")
	b.Get(v.visit(b, "?next=%2Fcluster")).LeadsTo("/sign-in/factor?next=%2Fcluster")
	b.Get("/cluster").Wants(http.StatusNotFound)
}

// Whoever can make another house say an address does not become its owner here.
func TestAnAddressAloneTakesNothingOver(t *testing.T) {
	t.Parallel()
	g, v := openWithIssuer(t)
	b := g.house.As("")
	answer := b.Get(v.visit(b, "")).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", "linked to nobody here")
	v.email = "nobody@example.org"
	other := g.house.As("")
	if same := other.Get(v.visit(other, "")).Text("[role=alert]"); same != answer.Text("[role=alert]") {
		t.Errorf("the answer tells which addresses are known: %q", same)
	}
	payer := g.signedIn("iryna@example.org")
	payer.Get(v.visit(payer, "")).Wants(http.StatusConflict) // another address
	v.email, v.verified = "iryna@example.org", false
	payer.Get(v.visit(payer, "")).Wants(http.StatusConflict)
	payer.Post("/account/issuers", nil).Wants(http.StatusUnprocessableEntity) // nothing waits for a word
	v.verified = true
	linked(g, v)
	v.email = "roman@example.org" // the account is Iryna's all the same
	roman := g.signedIn("roman@example.org")
	roman.Get(v.visit(roman, "")).Wants(http.StatusConflict)
}

func TestWhatDoesNotFitTheVisitLetsNobodyIn(t *testing.T) {
	t.Parallel()
	g, v := openWithIssuer(t)
	linked(g, v)
	for name, spoil := range map[string]func(map[string]any){
		"another visit's token": func(c map[string]any) { c["nonce"] = "other" },
		"no nonce":              func(c map[string]any) { delete(c, "nonce") },
		"another client's":      func(c map[string]any) { c["aud"] = "somebody" },
		"another issuer's":      func(c map[string]any) { c["iss"] = "https://evil.example" },
		"an old token":          func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
	} {
		v.spoil = spoil
		b := g.house.As("")
		if a := b.Get(v.visit(b, "")); a.Status != http.StatusServiceUnavailable || session(b) != nil && !strings.HasPrefix(b.Get("/me").Body, "nobody") || strings.Contains(a.Body, clientSecret) {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	v.spoil = nil
	own := v.key
	forged, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	v.key = forged
	forger := g.house.As("")
	forger.Get(v.visit(forger, "")).Wants(http.StatusServiceUnavailable) // signed, and not by the house
	v.key = own
	victim, attacker := g.house.As(""), g.house.As("")
	back := v.visit(attacker, "")
	victim.Get(back).Wants(http.StatusUnprocessableEntity) // it is another browser's visit
	v.visit(victim, "")
	victim.Get(back).Wants(http.StatusUnprocessableEntity) // and has another state
	b := g.house.As("")
	before := v.visit(b, "")
	b.Get(strings.Replace(before, "code=", "code=x", 1)).Wants(http.StatusServiceUnavailable)
	v.visit(b, "?next=%2Fportal")
	b.Get("/sign-in/with/other-house/back?error=access_denied").Wants(http.StatusUnprocessableEntity) // without the state
	b.Get("/sign-in/with/nobody").Wants(http.StatusNotFound)
}

func TestAHouseThatIsDownIsAskedAgain(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	g := openWith(t, false, config.Issuer{Slug: "down", Name: "Down", URL: "http://127.0.0.1:1", ClientID: "x", Secret: "y"}, config.Issuer{Slug: "other-house", Name: "Up", URL: v.URL, ClientID: clientID, Secret: clientSecret})
	b := g.house.As("")
	b.Get("/sign-in/with/down").Wants(http.StatusServiceUnavailable).Says("main", "Down does not answer")
	b.Get(v.visit(b, "")).Wants(http.StatusUnprocessableEntity)
	if got := fmt.Sprint(b.Get("/sign-in").Text("main")); !strings.Contains(got, "Sign in with Up") {
		t.Errorf("the page says %q", got)
	}
}

// Another site can send somebody here; it cannot make them sign in.
func TestNobodySignsInAtAnotherSitesWish(t *testing.T) {
	t.Parallel()
	g, v := openWithIssuer(t)
	b := g.house.As("")
	b.From = "cross-site"
	b.Get("/sign-in/with/other-house").LeadsTo("/sign-in")
	if len(b.Cookies) != 0 {
		t.Errorf("a visit has begun: %v", b.Cookies)
	}
	b.From = "same-origin"
	v.visit(b, "")
}

// A house that sends our questions elsewhere is not followed: they carry its client's secret.
func TestAHouseThatLeadsElsewhereIsNotFollowed(t *testing.T) {
	t.Parallel()
	followed := make(chan struct{}, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed <- struct{}{} }))
	t.Cleanup(elsewhere.Close)
	sends := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(sends.Close)
	g := openWith(t, false, config.Issuer{Slug: "other-house", Name: "Other House", URL: sends.URL, ClientID: clientID, Secret: clientSecret})
	g.house.As("").Get("/sign-in/with/other-house").Wants(http.StatusServiceUnavailable)
	if len(followed) != 0 {
		t.Error("it was followed")
	}
}

// A house whose description names another is not believed: it could pass for that one.
func TestAHouseThatCallsItselfAnotherIsNotBelieved(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	posing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		v.say(w, map[string]any{"issuer": v.URL, "authorization_endpoint": v.URL + "/authorize", "token_endpoint": v.URL + "/token", "jwks_uri": v.URL + "/keys"})
	}))
	t.Cleanup(posing.Close)
	g := openWith(t, false, config.Issuer{Slug: "other-house", Name: "Other House", URL: posing.URL, ClientID: clientID, Secret: clientSecret})
	g.house.As("").Get("/sign-in/with/other-house").Wants(http.StatusServiceUnavailable)
}
