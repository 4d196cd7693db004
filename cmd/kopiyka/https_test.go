package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kopiyka/internal/config"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

// testSite is whom the certificate of a test is for.
const testSite = "https://example.com"

// certificate writes a certificate of testSite and its key, and returns the files and what
// trusts it.
func certificate(t *testing.T) (cert, key string, known *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	pair := server.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert = inFolder(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	key = inFolder(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	known = x509.NewCertPool()
	known.AddCert(server.Certificate())
	return cert, key, known
}

// Told of files alone, the program serves over TLS, refuses programs in the clear, finds
// itself well, and has no secret in its environment.
func TestTheProgramServesOverTLSWithSecretsInFiles(t *testing.T) {
	t.Parallel()
	cert, key, known := certificate(t)
	addr, aside := freeAddr(t), freeAddr(t)
	command := func(verb string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], verb)
		for _, v := range os.Environ() {
			name, _, _ := strings.Cut(v, "=")
			if !strings.HasPrefix(name, "STRIPE_") && !strings.HasPrefix(name, "KOPIYKA_") && name != "DATABASE_URL" {
				cmd.Env = append(cmd.Env, v)
			}
		}
		cmd.Env = append(cmd.Env, asProgram+"=1", "KOPIYKA_ADDR="+addr, "KOPIYKA_HTTP_ADDR="+aside, "KOPIYKA_URL="+testSite, "KOPIYKA_TLS_CERT="+cert, "KOPIYKA_TLS_KEY="+key)
		return cmd
	}
	server := command("serve")
	for name, secret := range map[string]string{
		"DATABASE_URL": pgtest.DSN(t), "KOPIYKA_SECRET_KEY": member.NewVaultKey(), "STRIPE_SECRET_KEY": sceneKey, "STRIPE_WEBHOOK_SECRET": sceneSecret,
	} {
		server.Env = append(server.Env, name+inFile+"="+inFolder(t, secret))
	}
	said := &strings.Builder{}
	server.Stderr = said
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready "+testSite+"\n" {
		_ = server.Wait()
		t.Fatalf("it said %q, %v\n%s", line, err, said)
	}
	client := &http.Client{Timeout: time.Minute, Transport: waysIn(known, addr, aside)}
	for address, want := range map[string]int{testSite + "/uk/": http.StatusOK, "http://example.com/api/v1/campaigns": http.StatusForbidden} {
		res, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want || strings.HasPrefix(address, "https") && (res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "") {
			t.Errorf("%s: %s %s, %v", address, res.Proto, res.Status, res.Header)
		}
	}
	if out, err := command("healthcheck").CombinedOutput(); err != nil {
		t.Errorf("healthcheck: %v\n%s", err, out)
	}
	if err := server.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("told to stop: %v\n%s", err, said)
	}
}

// waysIn reaches the site at addresses of this machine: https at one, http at the other.
func waysIn(known *x509.CertPool, over, clear string) *http.Transport {
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.TLSClientConfig.RootCAs = known
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		to := over
		if strings.HasSuffix(addr, ":80") {
			to = clear
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	return tr
}

// A container's own question finds the server as it was set up, and takes another's word for
// nothing.
func TestHealthIsAskedAsTheServerServes(t *testing.T) {
	t.Parallel()
	cert, _, _ := certificate(t)
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				code = http.StatusNotFound
			}
			w.WriteHeader(code)
		})
	}
	well, ill, overTLS := httptest.NewServer(status(200)), httptest.NewServer(status(503)), httptest.NewTLSServer(status(200))
	t.Cleanup(func() { well.Close(); ill.Close(); overTLS.Close() })
	port := func(s *httptest.Server) string { return s.URL[strings.LastIndexByte(s.URL, ':'):] }
	for name, c := range map[string]struct {
		command healthcheckCommand
		want    string // of the error; empty: well
	}{
		"in the clear":              {healthcheckCommand{Addr: "127.0.0.1" + port(well)}, ""},
		"at every address":          {healthcheckCommand{Addr: "0.0.0.0" + port(well)}, ""},
		"as it was":                 {healthcheckCommand{URL: well.URL + "/readyz", Addr: "127.0.0.1:1"}, ""},
		"behind a proxy":            {healthcheckCommand{Addr: port(well), Site: testSite}, ""},
		"ill":                       {healthcheckCommand{Addr: "127.0.0.1" + port(ill)}, "not ready"},
		"over TLS":                  {healthcheckCommand{Addr: port(overTLS), Site: testSite, Cert: cert}, ""},
		"another site":              {healthcheckCommand{Addr: port(overTLS), Site: "https://help.example.org", Cert: cert}, "does not answer"},
		"a certificate unknown":     {healthcheckCommand{Addr: port(overTLS), Site: testSite, ACME: config.ACMEWithoutContact}, "does not answer"},
		"a certificate that is not": {healthcheckCommand{Addr: port(overTLS), Site: testSite, Cert: filepath.Join(t.TempDir(), "gone")}, "KOPIYKA_TLS_CERT"},
		"nobody":                    {healthcheckCommand{Addr: "127.0.0.1:1"}, "does not answer"},
		"no address":                {healthcheckCommand{Addr: "here"}, "KOPIYKA_ADDR"},
	} {
		err := c.command.Run(t.Context())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
