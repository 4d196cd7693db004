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

	"github.com/alexedwards/argon2id"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/web"
)

// house is the whole front of the house before a real database and a sandbox.
type house struct {
	*gatewaytest.Bench
	web    *web.Web
	server *httptest.Server
	t      testing.TB
}

const password = "correct horse battery"

func open(t testing.TB) *house {
	t.Helper()
	b := gatewaytest.New(t)
	w, err := web.New(web.Parts{
		DB: b.DB, Gateway: b.Gateway, Now: clock.System, Log: slog.New(slog.NewTextHandler(b.Log, nil)),
		Config: config.Config{Addr: "127.0.0.1:0", URL: "http://127.0.0.1", StripeBase: b.URL, StripePageOrigin: b.URL},
		Wake:   b.Workers.Wake, Working: b.Workers.Working,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return &house{b, w, server, t}
}

// letIn gives everybody the same password, cheaply hashed: what passwords cost is tried
// where they live.
func (h *house) letIn() {
	h.t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.Owner.Exec(`UPDATE people SET password_hash = $1`, hash); err != nil {
		h.t.Fatal(err)
	}
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
	res, err := c.PostForm(h.server.URL+"/sign-in", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("sign in as %s: %d", email, res.StatusCode)
	}
	return c
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
