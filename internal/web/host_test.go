package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"kopiyka/internal/config"
)

// Limits and records go by where a request came from. Nobody says that but our own proxy.
func TestWhereARequestCameFromIsBelievedFromProxiesAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ proxies, from, said, want string }{
		"no proxy, and a claim":              {"", "203.0.113.7:1", "198.51.100.1", "203.0.113.7"},
		"no proxy, and a private address":    {"", "10.0.0.1:1", "198.51.100.1", "10.0.0.1"},
		"the proxy's word":                   {"10.0.0.0/8", "10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		"a claim that the proxy passed on":   {"10.0.0.0/8", "10.0.0.1:1", "192.0.2.9, 198.51.100.1", "198.51.100.1"},
		"somebody who is not the proxy":      {"10.0.0.0/8", "203.0.113.7:1", "198.51.100.1", "203.0.113.7"},
		"a private address beside the proxy": {"10.0.0.0/8", "192.168.0.1:1", "198.51.100.1", "192.168.0.1"},
		"this machine":                       {"10.0.0.0/8", "127.0.0.1:1", "198.51.100.1", "127.0.0.1"},
	} {
		proxies, err := (&config.Config{Proxies: c.proxies}).ProxyNetworks()
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		r.Header.Set("X-Forwarded-For", c.said)
		r.Header.Set("X-Real-Ip", c.said)
		if got := hostOf(proxies)(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
