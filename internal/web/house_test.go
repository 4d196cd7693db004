package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/web"
)

// secret is that of everybody's authenticator app.
const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// house is the whole front of the house before a real database and a sandbox.
type house struct {
	*gatewaytest.Bench
	web    *web.Web
	server *httptest.Server
	vault  *member.Vault
	rate   int // of requests; 0: no limit
	t      testing.TB
}

const password = "correct horse battery"

func open(t testing.TB) *house {
	t.Helper()
	vault, err := member.NewVault(make([]byte, member.VaultKeySize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{Bench: gatewaytest.New(t), vault: vault, t: t}
	h.serve(clock.System)
	return h
}

// serve opens the doors by a clock.
func (h *house) serve(now clock.Clock) {
	h.t.Helper()
	var err error
	h.web, err = web.New(web.Parts{
		DB: h.DB, Vault: h.vault, Gateway: h.Gateway, Now: now, Log: slog.New(slog.NewTextHandler(h.Log, nil)),
		Config: config.Config{Addr: "127.0.0.1:0", URL: "http://127.0.0.1", StripeBase: h.URL, StripePageOrigin: h.URL, Proxies: "127.0.0.0/8", Rate: h.rate},
		Wake:   h.Workers.Wake, Working: h.Workers.Working,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.server = httptest.NewServer(h.web)
	h.t.Cleanup(h.server.Close)
}

// letIn gives everybody the same password, cheaply hashed: what passwords cost is tried
// where they live. Who runs a cluster gets an authenticator app too.
func (h *house) letIn() {
	h.t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.Owner.Exec(`UPDATE people SET password_hash = $1`, hash); err != nil {
		h.t.Fatal(err)
	}
	h.arm()
}

// arm gives who runs a cluster an authenticator app of which no code was used: a code counts
// once, and tests come in more often.
func (h *house) arm() {
	h.t.Helper()
	var all []string
	if err := h.Owner.Select(&all, `SELECT DISTINCT person_id FROM cluster_roles`); err != nil {
		h.t.Fatal(err)
	}
	h.Tx(func(tx *sqlx.Tx) error {
		for _, person := range all {
			if err := member.GiveAuthenticator(h.t.Context(), tx, h.vault, h.Now(), person, secret); err != nil {
				return err
			}
		}
		return nil
	})
}

// visitor is a browser that follows nothing by itself. Nobody is signed in when email is "".
func (h *house) visitor(email string) *http.Client {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if email == "" {
		return c
	}
	h.arm()
	res, err := c.PostForm(h.server.URL+"/sign-in", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("sign in as %s: %d", email, res.StatusCode)
	}
	if res.Header.Get("Location") == "/sign-in/factor" {
		h.second(c)
	}
	return c
}

// second takes the second step.
func (h *house) second(c *http.Client) {
	h.t.Helper()
	code, err := member.CodeAt(secret, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := c.PostForm(h.server.URL+"/sign-in/factor", url.Values{"proof_code": {code}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("the second step: %d", res.StatusCode)
	}
}

// answered is what a test looks at besides the body.
type answered struct {
	StatusCode int
	Header     http.Header
}

// ask sends a request and returns the answer with its body.
func (h *house) ask(c *http.Client, method, path, body string, headers ...string) (answered, string) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answered{res.StatusCode, res.Header}, string(said)
}
