package serve

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
)

const site = "help.example.org"

// said is a log that tests read while it is written.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) count(word string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.b.String(), word)
}

func (s *said) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

// issuer is a certificate authority of a test's own.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  crypto.Signer
	pool *x509.CertPool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, key: newKey(t, false), pool: x509.NewCertPool()}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test's root"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	i.cert = i.sign(root, root, i.key.Public())
	i.pool.AddCert(i.cert)
	return i
}

func newKey(t *testing.T, withRSA bool) crypto.Signer {
	t.Helper()
	if withRSA {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (i *issuer) sign(c, by *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	i.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, key, i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return signed
}

// pair is what an authority hands out, in PEM.
type pair struct{ cert, key []byte }

var serial = func() func() int64 {
	var mu sync.Mutex
	n := int64(1)
	return func() int64 { mu.Lock(); defer mu.Unlock(); n++; return n }
}()

func (i *issuer) issue(host string, withRSA bool, change ...func(*x509.Certificate)) pair {
	i.t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(serial()), DNSNames: []string{host}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 3, 0)}
	for _, f := range change {
		f(c)
	}
	key := newKey(i.t, withRSA)
	signed := i.sign(c, i.cert, key.Public())
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	return pair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
}

// written are files of a pair, each writing of which is later than the one before.
type written struct {
	t         *testing.T
	cert, key string
	at        time.Time
}

func (w *written) write(p pair) {
	w.t.Helper()
	w.at = w.at.Add(time.Second)
	for name, text := range map[string][]byte{w.cert: p.cert, w.key: p.key} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			w.t.Fatal(err)
		}
		if err := os.Chtimes(name, w.at, w.at); err != nil {
			w.t.Fatal(err)
		}
	}
}

func writeFiles(t *testing.T, p pair) *written {
	t.Helper()
	folder := t.TempDir()
	w := &written{t: t, cert: filepath.Join(folder, "cert.pem"), key: filepath.Join(folder, "key.pem"), at: time.Now()}
	w.write(p)
	return w
}

// overTLS is a configuration with the pair in files.
func overTLS(w *written) config.Config {
	return config.Config{Addr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", URL: "https://" + site, TLSCert: w.cert, TLSKey: w.key}
}

// open serves a house until the test ends.
func open(t *testing.T, c config.Config, log *slog.Logger, house http.Handler) *Doors {
	t.Helper()
	d, err := Open(c, clock.System, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx, house) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("it did not stop well: %v", err)
		}
	})
	return d
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello over "+r.Proto) })

// shake makes a handshake with what is listening at an address.
func shake(addr net.Addr, c *tls.Config) (tls.ConnectionState, error) {
	if c.ServerName == "" {
		c.ServerName = site
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", addr.String(), c)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.ConnectionState(), conn.Close()
}

// Whoever knows TLS 1.3 speaks it, others 1.2 with keys that nobody finds out later, and
// nobody anything else.
func TestOnlyTodaysTLSIsSpoken(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for _, withRSA := range []bool{false, true} {
		d := open(t, overTLS(writeFiles(t, i.issue(site, withRSA))), slog.New(slog.DiscardHandler), hello)
		modern, err := shake(d.Addr(), &tls.Config{RootCAs: i.pool, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil || modern.Version != tls.VersionTLS13 || modern.NegotiatedProtocol != "h2" {
			t.Fatalf("who knows everything speaks %x, %q, %v", modern.Version, modern.NegotiatedProtocol, err)
		}
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			if s, err := shake(d.Addr(), &tls.Config{RootCAs: i.pool, MinVersion: version, MaxVersion: version}); err == nil {
				t.Errorf("version %x was spoken", s.Version)
			}
		}
		taken := 0
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			if suite.SupportedVersions[0] == tls.VersionTLS13 {
				continue
			}
			s, err := shake(d.Addr(), &tls.Config{RootCAs: i.pool, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
			if err != nil {
				continue
			}
			taken++
			if s.Version != tls.VersionTLS12 || !strings.HasPrefix(suite.Name, "TLS_ECDHE_") || !strings.Contains(suite.Name, "GCM") && !strings.Contains(suite.Name, "POLY1305") {
				t.Errorf("%s was spoken", suite.Name)
			}
		}
		if taken != 3 {
			t.Errorf("of TLS 1.2 there are %d suites for one kind of key, want 3", taken)
		}
	}
}

// Renewing takes no restart, and a renewal that went wrong takes nobody the site away.
func TestANewCertificateIsTakenAndABrokenOneIsNot(t *testing.T) {
	t.Parallel()
	i, log := newIssuer(t), &said{}
	first, second := i.issue(site, false), i.issue(site, false)
	w := writeFiles(t, first)
	d := open(t, overTLS(w), log.logger(), hello)
	serves := func(what string, p pair) {
		t.Helper()
		s, err := shake(d.Addr(), &tls.Config{RootCAs: i.pool})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.PeerCertificates[0].Raw}); !bytes.Equal(got, p.cert) {
			t.Errorf("%s: another certificate is served", what)
		}
	}
	serves("as it was", first)
	w.write(second)
	serves("renewed", second)
	broken := 0
	for what, p := range map[string]pair{
		"of two pairs": {first.cert, second.key}, "cut off": {first.cert[:100], first.key}, "empty": {},
		"another site's": i.issue("other.example.org", false), "over": i.issue(site, false, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
	} {
		broken++
		w.write(p)
		serves(what, second)
		serves(what+", again", second)
		if got := log.count("cannot be used"); got != broken {
			t.Errorf("%s: it was told %d times of %d", what, got, broken)
		}
	}
	if err := os.Remove(w.cert); err != nil {
		t.Fatal(err)
	}
	serves("taken away", second)
	w.write(first)
	serves("mended", first)
}

func TestACertificateThatCannotServeIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	good := i.issue(site, false)
	for what, p := range map[string]pair{
		"another site's": i.issue("other.example.org", false), "of two pairs": {good.cert, i.issue(site, false).key}, "turned round": {good.key, good.cert}, "empty": {},
		"over": i.issue(site, false, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
	} {
		d, err := Open(overTLS(writeFiles(t, p)), clock.System, slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s: it was taken: %v", what, d.Close())
			continue
		}
		if !strings.Contains(err.Error(), "KOPIYKA_TLS_CERT") || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", what, err)
		}
	}
	c := overTLS(writeFiles(t, good))
	c.TLSKey += ".not"
	if _, err := Open(c, clock.System, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("without a key: %v", err)
	}
}

// Nobody finds out that renewing has stopped by the site being gone.
func TestACertificateThatNobodyRenewsIsTold(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	now := time.Now()
	for what, c := range map[string]struct {
		life, left time.Duration
		want       int
	}{
		"long": {90 * 24 * time.Hour, 8 * 24 * time.Hour, 0}, "long, and nearly over": {90 * 24 * time.Hour, 6 * 24 * time.Hour, 1},
		"short": {6 * 24 * time.Hour, 2 * 24 * time.Hour, 0}, "short, and nearly over": {6 * 24 * time.Hour, 24 * time.Hour, 1},
	} {
		log := &said{}
		w := writeFiles(t, i.issue(site, false, func(x *x509.Certificate) { x.NotBefore, x.NotAfter = now.Add(c.left-c.life), now.Add(c.left) }))
		f, err := openFiles(w.cert, w.key, site, clock.At(now), log.logger())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := f.get(nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := log.count("level=ERROR"); got != c.want {
			t.Errorf("%s: it was told %d times, want %d", what, got, c.want)
		}
	}
}

// Stopping lets a request that was begun end, at both doors.
func TestStoppingLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	d, err := Open(overTLS(writeFiles(t, i.issue(site, false))), clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	begun, served := make(chan struct{}), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		served <- d.Serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(begun)
			<-ctx.Done()
			_, _ = io.WriteString(w, "ended")
		}))
	}()
	client := clientOf(d, i.pool)
	answered := make(chan string, 1)
	go func() { answered <- get(t, client, "https://"+site+"/") }()
	<-begun
	cancel()
	if got := <-answered; got != "200 ended" {
		t.Errorf("who had asked was told %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("it did not stop well: %v", err)
	}
	for _, l := range []net.Listener{d.main, d.aside} {
		if c, err := net.DialTimeout("tcp", l.Addr().String(), time.Minute); err == nil {
			t.Errorf("%s still listens: %v", l.Addr(), c.Close())
		}
	}
}

// clientOf asks the doors, whatever the address says: those of https the main one, those of
// http the one beside it.
func clientOf(d *Doors, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				to := d.main
				if strings.HasSuffix(addr, ":80") {
					to = d.aside
				}
				return (&net.Dialer{}).DialContext(ctx, network, to.Addr().String())
			}},
	}
}

// get is the status and the body of an answer.
func get(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	res, err := client.Get(address)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return res.Status[:4] + string(body)
}
