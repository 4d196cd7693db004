package serve

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// programs are the beginnings of the addresses that programs ask.
var programs = []string{"/api", "/hooks", "/healthz", "/readyz"}

// toHTTPS answers who came in the clear: a person who wants to see a page is sent to the
// same one over https, and everybody else is refused. A program that was led on would go on
// sending its secrets in the clear, and nobody would notice.
func toHTTPS(site string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !wantsPage(r) {
			h := w.Header()
			h.Set("Content-Type", "text/plain; charset=utf-8")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "no-store")
			h.Set("Connection", "close") // what is still coming is read by nobody
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "This came in the clear and was not taken: use https. If a secret was in it, replace the secret.\n")
			return
		}
		http.Redirect(w, r, site+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// wantsPage holds for what a browser asks for when somebody has typed an address or followed
// a link.
func wantsPage(r *http.Request) bool {
	path := r.URL.Path
	if r.Method != http.MethodGet && r.Method != http.MethodHead || !strings.HasPrefix(path, "/") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	return !slices.ContainsFunc(programs, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// fromProxies lets nobody into a house without TLS of its own but those who end TLS before
// it: this machine, and the proxies; without any proxies everybody on a private network. A
// visitor whom a proxy says to have come in the clear is treated so. Who asks whether the
// process is well learns nothing and needs no proxy.
func fromProxies(proxies []*net.IPNet, private bool, plain http.Handler) func(http.Handler) http.Handler {
	known := func(r *http.Request) bool {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		if err != nil || ip == nil {
			return false
		}
		return ip.IsLoopback() || private && len(proxies) == 0 || slices.ContainsFunc(proxies, func(n *net.IPNet) bool { return n.Contains(ip) })
	}
	return func(house http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
			if probe || known(r) && !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "http") {
				house.ServeHTTP(w, r)
				return
			}
			plain.ServeHTTP(w, r)
		})
	}
}
