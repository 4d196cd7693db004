package serve

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
)

const browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"

// A person is sent to https; a program that came in the clear learns of its mistake, and is
// never led on.
func TestInTheClearPagesAreSentOnAndProgramsRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	asked := 0
	d := open(t, overTLS(writeFiles(t, i.issue(site, false))), slog.New(slog.DiscardHandler), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	client := clientOf(d, i.pool)
	for _, c := range []struct {
		method, path, accept string
		want                 string // where to; empty: refused
	}{
		{"GET", "/", browser, "/"}, {"HEAD", "/uk/campaigns/it4life", browser, "/uk/campaigns/it4life"}, {"GET", "/uk/?q=%D1%97&x=1", browser, "/uk/?q=%D1%97&x=1"},
		{"GET", "//other.example.org/", browser, "//other.example.org/"}, // below this site all the same
		{"GET", "/apiary", browser, "/apiary"},
		{"GET", "/", "*/*", ""}, {"GET", "/", "", ""}, {"GET", "/uk/", "application/json", ""}, {"POST", "/sign-in", browser, ""}, {"PUT", "/", browser, ""}, {"OPTIONS", "/", browser, ""},
		{"GET", "/api/v1/campaigns", browser, ""}, {"GET", "/api", browser, ""}, {"POST", "/hooks/stripe", "*/*", ""}, {"GET", "/hooks/stripe", browser, ""}, {"GET", "/readyz", browser, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+site+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", c.accept)
		res, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s %s: %v", c.method, c.path, err)
		}
		body, err := io.ReadAll(res.Body)
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		to := res.Header.Get("Location")
		switch {
		case err != nil:
			t.Errorf("%s %s: %v", c.method, c.path, err)
		case c.want != "" && (res.StatusCode != http.StatusPermanentRedirect || to != "https://"+site+c.want):
			t.Errorf("%s %s: %d to %q", c.method, c.path, res.StatusCode, to)
		case c.want == "" && (res.StatusCode != http.StatusForbidden || to != "" || c.method != "HEAD" && !strings.Contains(string(body), "use https") || !res.Close):
			t.Errorf("%s %s: %d to %q: %s", c.method, c.path, res.StatusCode, to, body)
		}
	}
	if asked != 0 {
		t.Errorf("the house was asked %d times in the clear", asked)
	}
	if got := get(t, client, "https://"+site+"/"); got != "200 " || asked != 1 {
		t.Errorf("over TLS: %q, asked %d times", got, asked)
	}
}

// Without TLS of its own the house answers those alone who end TLS before it, and nobody of
// whom they say that there was none.
func TestBehindAProxyNobodyElseIsAnsweredInTheClear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, proxies, from, proto, path string
		private, taken                   bool
	}{
		{"the proxy", "10.0.0.0/8", "10.1.2.3:4000", "https", "/", false, true},
		{"a proxy that says nothing", "10.0.0.0/8", "10.1.2.3:4000", "", "/", false, true},
		{"a visitor in the clear, through the proxy", "10.0.0.0/8", "10.1.2.3:4000", "http", "/", false, false},
		{"a visitor past the proxy", "10.0.0.0/8", "192.0.2.7:4000", "https", "/", false, false},
		{"a visitor past the proxy, on a private network", "10.0.0.0/8", "192.0.2.7:4000", "https", "/", true, false},
		{"anybody on a private network", "", "172.18.0.1:4000", "", "/", true, true},
		{"this machine", "", "127.0.0.1:4000", "", "/", false, true},
		{"this machine, IPv6", "10.0.0.0/8", "[::1]:4000", "", "/", false, true},
		{"another machine", "", "192.0.2.7:4000", "", "/", false, false},
		{"who asks how it is", "10.0.0.0/8", "192.0.2.7:4000", "", "/readyz", false, true},
		{"nobody knows who", "10.0.0.0/8", "", "", "/", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			settings := config.Config{Addr: "127.0.0.1:0", URL: "https://" + site, Proxies: c.proxies, PrivateNetwork: c.private}
			d, err := Open(settings, clock.System, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil)
			r.RemoteAddr = c.from
			r.Header.Set("Accept", browser)
			if c.proto != "" {
				r.Header.Set("X-Forwarded-Proto", c.proto)
			}
			w := httptest.NewRecorder()
			d.behind(hello).ServeHTTP(w, r)
			if taken := w.Code == http.StatusOK; taken != c.taken || !taken && w.Header().Get("Location") != "https://"+site+c.path {
				t.Errorf("answered %d, to %q", w.Code, w.Header().Get("Location"))
			}
		})
	}
}
