package pg_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/embedded"
	"kopiyka/internal/pg/pgtest"
)

// signer is an authority of a test's own.
type signer struct {
	t    *testing.T
	root *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{t: t, key: key}
	s.root = s.certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, key)
	return s
}

func (s *signer) certificate(c *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	s.t.Helper()
	s.n++
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(s.n), time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	parent := s.root
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return signed
}

// write puts a certificate and its key into a folder, for its owner's eyes alone.
func (s *signer) write(folder, name string, c *x509.Certificate) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.put(folder, name+".crt", "CERTIFICATE", s.certificate(c, key).Raw)
	s.put(folder, name+".key", "PRIVATE KEY", private)
}

// put writes a file as whoever owns its folder.
func (s *signer) put(folder, name, kind string, der []byte) {
	s.t.Helper()
	path := filepath.Join(folder, name)
	info, err := os.Stat(folder)
	if err != nil {
		s.t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	err = errors.Join(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600), os.Chown(path, int(owner.Uid), int(owner.Gid)))
	if err != nil {
		s.t.Fatal(err)
	}
}

// certified boots a server that knows the program by its certificate and by nothing else, and
// tells where it is.
func certified(t *testing.T, s *signer) (server *embedded.Server, host string) {
	t.Helper()
	// PostgreSQL listens at one port; of this machine's addresses there are many.
	at := make([]byte, 3)
	_, _ = rand.Read(at)
	host = net.IPv4(127, 1+at[0]%254, at[1], 1+at[2]%254).String()
	server = pgtest.Alone(t, embedded.Options{Settings: map[string]string{"listen_addresses": host}})
	owner := open(t, pg.Open, server.DSN())
	if err := pg.Migrate(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	var folder, rules string
	if err := owner.QueryRowxContext(t.Context(), `SELECT current_setting('data_directory'), current_setting('hba_file')`).Scan(&folder, &rules); err != nil {
		t.Fatal(err)
	}
	s.put(folder, "root.crt", "CERTIFICATE", s.root.Raw)
	s.write(folder, "server", &x509.Certificate{IPAddresses: []net.IP{net.ParseIP(host)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rules, append([]byte("hostssl all all 0.0.0.0/0 cert\nhost all all 0.0.0.0/0 reject\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE ROLE kopiyka_serve LOGIN NOINHERIT`, `GRANT kopiyka_app TO kopiyka_serve`, // without a password
		`ALTER SYSTEM SET ssl_cert_file = 'server.crt'`, `ALTER SYSTEM SET ssl_key_file = 'server.key'`, `ALTER SYSTEM SET ssl_ca_file = 'root.crt'`, `ALTER SYSTEM SET ssl = on`,
		`SELECT pg_reload_conf()`,
	} {
		if _, err := owner.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return server, host
}

// The program needs no password to be known: a certificate will do, which may be as short as
// whoever issues it likes, since each new connection reads it anew.
func TestTheProgramIsKnownByACertificateInsteadOfAPassword(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems have one address of their own, and PostgreSQL's port may be taken there")
	}
	s := newSigner(t)
	server, host := certified(t, s)
	folder := t.TempDir()
	s.put(folder, "root.crt", "CERTIFICATE", s.root.Raw)
	client := func(name, login string) {
		s.write(folder, name, &x509.Certificate{Subject: pkix.Name{CommonName: login}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	client("program", "kopiyka_serve")
	client("other", "somebody_else")
	address := func(certificate string) string {
		values := url.Values{"sslmode": {"verify-full"}, "sslrootcert": {filepath.Join(folder, "root.crt")}}
		if certificate != "" {
			values.Set("sslcert", filepath.Join(folder, certificate+".crt"))
			values.Set("sslkey", filepath.Join(folder, certificate+".key"))
		}
		return (&url.URL{Scheme: "postgres", User: url.User("kopiyka_serve"), Host: host + ":5432", Path: "/kopiyka", RawQuery: values.Encode()}).String()
	}
	if overheard, err := pg.Overheard(address("program")); overheard || err != nil {
		t.Errorf("it could be overheard: %v, %v", overheard, err)
	}
	db := reloaded(t, address("program"))
	var login, role string
	if err := db.QueryRowxContext(t.Context(), `SELECT session_user, current_user`).Scan(&login, &role); err != nil || login != "kopiyka_serve" || role != pg.AppRole {
		t.Errorf("it signed in as %s in the role %s, %v", login, role, err)
	}
	var known int
	err := open(t, pg.Open, server.DSN()).GetContext(t.Context(), &known, `SELECT count(*) FROM pg_stat_ssl WHERE ssl AND client_dn = '/CN=kopiyka_serve'`)
	if err != nil || known != 1 {
		t.Errorf("the server knows %d by a certificate, %v", known, err)
	}
	for what, dsn := range map[string]string{
		"with another's certificate": address("other"), "without one": address(""), "in the clear": fmt.Sprintf("postgres://kopiyka_serve@%s:5432/kopiyka?sslmode=disable", host),
	} {
		if db, err := pg.OpenApp(t.Context(), dsn); err == nil {
			_ = db.Close()
			t.Errorf("somebody came in %s", what)
		} else if code := pg.Code(err); code != "28000" {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
	db.SetMaxIdleConns(0) // what asks next connects anew
	client("program", "somebody_else")
	if err := db.PingContext(t.Context()); pg.Code(err) != "28000" {
		t.Errorf("with another certificate in the file: %v, want a refusal", err)
	}
	client("program", "kopiyka_serve")
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("with a new certificate in the file: %v", err)
	}
}

// reloaded connects as soon as the server has read its configuration anew.
func reloaded(t *testing.T, dsn string) *sqlx.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		db, err := pg.OpenApp(ctx, dsn)
		if err == nil {
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}
