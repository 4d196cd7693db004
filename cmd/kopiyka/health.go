package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway"
)

// healthcheckCommand knows what the server that it asks was told, but for the secrets.
type healthcheckCommand struct {
	URL  string `env:"KOPIYKA_HEALTHCHECK_URL" help:"What to ask. Default: /readyz at KOPIYKA_ADDR."`
	Addr string `env:"KOPIYKA_ADDR" default:"127.0.0.1:8080" help:"Where the server serves."`
	Site string `env:"KOPIYKA_URL" help:"Where browsers reach the site."`
	Cert string `name:"tls-cert" env:"KOPIYKA_TLS_CERT" help:"The site's certificate, when the server speaks TLS."`
	ACME string `name:"tls-acme" env:"KOPIYKA_TLS_ACME" help:"Set, when the server gets its certificate by itself."`
}

// Run asks once. Any answer but 200 is a failure.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address, client, err := c.way()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return errors.New("the server does not answer")
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("not ready: %s", said)
	}
	return err
}

// way is what to ask, and how. Over TLS the server is asked by the site's name at its own
// address, and known by its certificate: one that the system trusts, or the very one of the
// file.
func (c *healthcheckCommand) way() (string, *http.Client, error) {
	if c.URL != "" {
		return c.URL, http.DefaultClient, nil
	}
	here, err := reachable(c.Addr)
	if err != nil {
		return "", nil, err
	}
	site := config.Config{URL: c.Site, TLSCert: c.Cert, ACME: c.ACME}
	if !site.TLS() {
		return "http://" + here + "/readyz", http.DefaultClient, nil
	}
	known, err := x509.SystemCertPool()
	if err != nil {
		known = x509.NewCertPool()
	}
	if c.Cert != "" {
		own, err := os.ReadFile(c.Cert)
		if err != nil {
			return "", nil, fmt.Errorf("KOPIYKA_TLS_CERT: %w", reasonOf(err))
		}
		known.AppendCertsFromPEM(own)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, here)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: known, MinVersion: tls.VersionTLS12}}}
	return "https://" + site.Host() + "/readyz", client, nil
}

// reachable is where this machine reaches a server that listens at an address, which may be
// all of its own.
func reachable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("KOPIYKA_ADDR: %q is no address such as 127.0.0.1:8080", addr)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

type healCommand struct{ settings }

// Run heals once, beside a running server or instead of its timetable. A running server's
// workers handle what it finds.
func (c *healCommand) Run(ctx context.Context, log *slog.Logger) error {
	c.Complete()
	d, err := knownDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.migrated(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	g, err := gateway.New(stripeOf(c.Config), db, clock.System, log)
	if err != nil {
		return err
	}
	found, err := g.Heal(ctx, clock.System())
	fmt.Printf("%d events had been missed, %d quiet payments were asked about, %d movements of money were booked late, %d payouts were asked about\n",
		found.Events, found.Payments, found.Money, found.Payouts)
	return err
}
