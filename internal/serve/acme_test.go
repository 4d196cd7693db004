package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
)

// Of the authority nothing is to wait at random, no request is refused for practice, and its
// own certificate is known as the system's are: as that of an authority of one's own would be.
func TestMain(m *testing.M) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	server.Close()
	folder, err := os.MkdirTemp("", "kopiyka-serve-")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(folder, "roots.pem")
	if err := errors.Join(os.WriteFile(file, root, 0o600), os.Setenv("SSL_CERT_FILE", file),
		os.Setenv("PEBBLE_VA_NOSLEEP", "1"), os.Setenv("PEBBLE_WFE_NONCEREJECT", "0")); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// authority is Let's Encrypt's own test authority. It looks at the site as theirs does: by
// asking for it by name, at the ports that it is told of.
type authority struct {
	t         *testing.T
	directory string
	orders    atomic.Int64
	now       atomic.Pointer[http.Handler] // nil until the site's ports are known
	ca        *ca.CAImpl
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/order-plz" {
			a.orders.Add(1)
		}
		(*a.now.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.directory = server.URL + wfe.DirectoryPath
	return a
}

// looks makes the authority look for sites at these ports of this machine.
func (a *authority) looks(httpPort, tlsPort int) {
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	a.ca = ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, true, resolver(a.t), store), a.ca, []string{"pebble.letsencrypt.org"}, true, false, 1, 1)
	handler := front.Handler()
	a.now.Store(&handler)
}

func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.ca.GetRootCert(0).PEM()) {
		a.t.Fatal("the authority has no root")
	}
	return pool
}

// resolver is a DNS server that knows the site, on this machine.
func resolver(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, asked *dns.Msg) {
		answer := new(dns.Msg).SetReply(asked)
		if q := asked.Question[0]; q.Qtype == dns.TypeA && q.Name == site+"." {
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return listener.Addr().String()
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// By itself the site gets a certificate for its own name, over either of the authority's two
// ways, keeps it where nobody else reads it, and has it again after a restart.
func TestTheSiteGetsItsCertificateByItself(t *testing.T) {
	t.Parallel()
	for way, ports := range map[string]func(d *Doors) (http, tls int){
		"over TLS":     func(d *Doors) (int, int) { return 1, portOf(d.main) }, // nobody listens at port 1
		"in the clear": func(d *Doors) (int, int) { return portOf(d.aside), 1 },
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			a, log := newAuthority(t), &said{}
			c := config.Config{Addr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", URL: "https://" + site, Data: t.TempDir(), ACME: "olena@example.com", ACMEDirectory: a.directory}
			serve := func() (*Doors, func()) {
				d, err := Open(c, clock.System, log.logger())
				if err != nil {
					t.Fatal(err)
				}
				if a.ca == nil {
					a.looks(ports(d))
				}
				ctx, cancel := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- d.Serve(ctx, hello) }()
				return d, func() {
					cancel()
					if err := <-served; err != nil {
						t.Error(err)
					}
				}
			}
			d, stop := serve()
			s, err := shake(d.Addr(), &tls.Config{RootCAs: a.roots(), NextProtos: []string{"h2"}})
			if err != nil {
				t.Fatalf("%v; the log has %s", err, log.b.String())
			}
			if s.Version != tls.VersionTLS13 || s.NegotiatedProtocol != "h2" || s.PeerCertificates[0].VerifyHostname(site) != nil {
				t.Errorf("it speaks %x and %q as %v", s.Version, s.NegotiatedProtocol, s.PeerCertificates[0].DNSNames)
			}
			if _, err := shake(d.Addr(), &tls.Config{RootCAs: a.roots(), ServerName: "other.example.org"}); err == nil {
				t.Error("it has a certificate for another name")
			}
			if got := get(t, clientOf(d, a.roots()), "http://"+site+"/api/v1/campaigns"); !strings.HasPrefix(got, "403 ") {
				t.Errorf("a program in the clear is told %s", got)
			}
			stop()
			onlyOurs(t, filepath.Join(c.Data, Folder))
			ordered := a.orders.Load()
			d, stop = serve()
			defer stop()
			if _, err := shake(d.Addr(), &tls.Config{RootCAs: a.roots()}); err != nil || ordered == 0 || a.orders.Load() != ordered {
				t.Errorf("after a restart: %v; %d orders, then %d", err, ordered, a.orders.Load())
			}
			if log.count("level=ERROR") != 0 {
				t.Errorf("the log has %s", log.b.String())
			}
		})
	}
}

// onlyOurs finds what others on the machine could read.
func onlyOurs(t *testing.T, folder string) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found++
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the rights %v", path, info.Mode())
		}
		return err
	})
	if err != nil || found < 3 {
		t.Errorf("%d in the folder of certificates, %v", found, err)
	}
}

// An authority that finds no site issues nothing; that is said once, and visitors are not let
// in with anything less.
func TestWithoutACertificateNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	a, log := newAuthority(t), &said{}
	a.looks(1, 1)
	c := config.Config{Addr: "127.0.0.1:0", URL: "https://" + site, Data: t.TempDir(), ACME: config.ACMEWithoutContact, ACMEDirectory: a.directory}
	d := open(t, c, log.logger(), hello)
	for range 2 {
		if _, err := shake(d.Addr(), &tls.Config{RootCAs: a.roots()}); err == nil {
			t.Error("somebody was let in")
		}
	}
	if got := log.count("there is no certificate for the site"); got != 1 {
		t.Errorf("it was told %d times: %s", got, log.b.String())
	}
}

// The authority is asked at the address that is configured, and at no other that it names.
func TestTheAuthorityIsAskedWhereItIsConfigured(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another place was asked") }))
	t.Cleanup(elsewhere.Close)
	directory := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.ReplaceAll(`{"newNonce": "X/nonce", "newAccount": "X/account", "newOrder": "X/order", "revokeCert": "X/revoke", "keyChange": "X/key"}`, "X", elsewhere.URL))
	}))
	t.Cleanup(directory.Close)
	log := &said{}
	a, err := openAutomatic(config.Config{URL: "https://" + site, Data: t.TempDir(), ACME: "on", ACMEDirectory: directory.URL}, clock.System, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.get(&tls.ClientHelloInfo{ServerName: site}); err == nil || log.count("not among those") != 1 {
		t.Errorf("%v; %s", err, log.b.String())
	}
}
