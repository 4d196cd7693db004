// Package config is what the program is told from outside: environment variables and
// flags, as one struct that refuses to start on nonsense. It reads no files and keeps no
// secrets in its errors.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Config is the configuration of the server. The tags are read by the command line
// (github.com/alecthomas/kong), so a flag, its variable and its meaning stand together. What
// is marked as a secret can come in a file instead, whose name stands in the variable with
// _FILE behind it.
type Config struct {
	Addr string `name:"addr" env:"KOPIYKA_ADDR" default:"127.0.0.1:8080" help:"Where to serve."`
	URL  string `name:"url" env:"KOPIYKA_URL" help:"Where browsers reach the site, such as https://help.example.org. Default: http:// and the address."`

	TLSCert       string `name:"tls-cert" env:"KOPIYKA_TLS_CERT" help:"File of the site's certificate and those above it, in PEM. Read anew when it changes."`
	TLSKey        string `name:"tls-key" env:"KOPIYKA_TLS_KEY" help:"File of the certificate's key, in PEM."`
	ACME          string `name:"tls-acme" env:"KOPIYKA_TLS_ACME" help:"Get the certificate by itself: an e-mail address for the authority, or 'on'. Whoever sets it has read and accepted the authority's terms."`
	ACMEDirectory string `name:"tls-acme-directory" env:"KOPIYKA_TLS_ACME_DIRECTORY" default:"https://acme-v02.api.letsencrypt.org/directory" help:"The authority, by its ACME directory."`
	HTTPAddr      string `name:"http-addr" env:"KOPIYKA_HTTP_ADDR" help:"Beside TLS: where to listen in the clear, to send people to https and refuse programs, such as 0.0.0.0:80."`

	DatabaseURL string `name:"database-url" env:"DATABASE_URL" secret:"" help:"PostgreSQL, as the program's own login. Empty: a private cluster below the data folder."`
	MigrateURL  string `name:"migrate-url" env:"KOPIYKA_MIGRATE_URL" secret:"" help:"PostgreSQL, as the owner of the schema: for migrate, which makes the login of DATABASE_URL too."`

	PrivateNetwork bool `name:"private-network" env:"KOPIYKA_PRIVATE_NETWORK" help:"Nobody else is on the way to the database, the mail server and the proxy: take a DATABASE_URL without sslmode=verify-full, a mail server without a password and without TLS, and visitors without TLS."`

	Data    string `name:"data" env:"KOPIYKA_DATA" default:"data" help:"Folder of the private cluster and of the sandbox's journal."`
	Proxies string `name:"proxies" env:"KOPIYKA_PROXIES" help:"Networks of reverse proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8. Empty: none."`
	Rate    int    `name:"rate" env:"KOPIYKA_RATE" default:"50" help:"How often one address may ask, a second, after ten seconds' worth at once. 0: the proxy sees to it."`

	SecretKey       string `name:"secret-key" env:"KOPIYKA_SECRET_KEY" secret:"" help:"32 bytes in base64 that seal the secrets of authenticator apps. Empty beside a private cluster: a file in the data folder."`
	FormerSecretKey string `name:"secret-key-former" env:"KOPIYKA_SECRET_KEY_FORMER" secret:"" help:"The key before it, until rotate-key has sealed everything anew."`

	OIDC []string `name:"oidc" env:"KOPIYKA_OIDC" secret:"" sep:";" help:"Other houses that people sign in with (OpenID Connect): name|issuer|client id|client secret, more after a semicolon."`

	SMTPURL  string `name:"smtp-url" env:"KOPIYKA_SMTP_URL" secret:"" help:"Mail server, such as smtp://user:password@mail.example.org:587 or smtps://…:465. Empty: letters wait."`
	MailFrom string `name:"mail-from" env:"KOPIYKA_MAIL_FROM" help:"Who letters are from, such as 'Kopiyka <letters@example.org>'."`

	StripeKey        string   `name:"stripe-secret-key" env:"STRIPE_SECRET_KEY" secret:"" help:"Stripe's secret or restricted key."`
	StripeBase       string   `name:"stripe-api-base" env:"STRIPE_API_BASE" help:"Another Stripe, such as the sandbox. Refused beside a live key."`
	WebhookSecret    string   `name:"stripe-webhook-secret" env:"STRIPE_WEBHOOK_SECRET" secret:"" help:"Signing secret of the webhook endpoint."`
	FormerSecret     string   `name:"stripe-webhook-secret-former" env:"STRIPE_WEBHOOK_SECRET_FORMER" secret:"" help:"The secret before it, while Stripe rolls it over."`
	StripeMethods    []string `name:"stripe-methods" env:"STRIPE_METHODS" default:"card,us_bank_account" help:"What companies can pay by: what the checkout page offers, customer_balance for bank transfers, invoice for invoices."`
	StripePageOrigin string   `name:"stripe-page-origin" env:"STRIPE_PAGE_ORIGIN" help:"Origin of the checkout pages, when it is not Stripe's own."`
}

// Complete fills in what follows from the rest.
func (c *Config) Complete() {
	if c.URL == "" {
		c.URL = "http://" + c.Addr
	}
	c.URL = strings.TrimRight(c.URL, "/")
}

// WebhookSecrets are the secrets that may have signed an event, the current one first.
func (c *Config) WebhookSecrets() []string {
	var all []string
	for _, s := range []string{c.WebhookSecret, c.FormerSecret} {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Secure reports whether browsers come over https.
func (c *Config) Secure() bool { return strings.HasPrefix(c.URL, "https://") }

// ProxyNetworks are the networks whose X-Forwarded-For is believed.
func (c *Config) ProxyNetworks() ([]*net.IPNet, error) {
	var all []*net.IPNet
	for part := range strings.SplitSeq(c.Proxies, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		_, network, err := net.ParseCIDR(part)
		if err != nil {
			return nil, fmt.Errorf("KOPIYKA_PROXIES: %q is no network", part)
		}
		all = append(all, network)
	}
	return all, nil
}

// Check says what is wrong, before anything starts. What concerns Stripe is checked by the
// gateway, which knows why, and the mail server's address by mail.
func (c *Config) Check() error {
	_, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("KOPIYKA_ADDR: %q is no address such as 127.0.0.1:8080", c.Addr)
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("KOPIYKA_URL is no address such as https://help.example.org")
	}
	if u.Scheme == "http" && !local(u.Hostname()) {
		return errors.New("KOPIYKA_URL is not https: passwords would travel in the clear")
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if (c.SMTPURL == "") != (c.MailFrom == "") {
		return errors.New("KOPIYKA_SMTP_URL and KOPIYKA_MAIL_FROM: one is of no use without the other")
	}
	if c.Rate < 0 {
		return errors.New("KOPIYKA_RATE is below zero: 0 lifts the limit")
	}
	if c.MigrateURL != "" && c.DatabaseURL == "" {
		return errors.New("KOPIYKA_MIGRATE_URL without DATABASE_URL: the program serves with a login of its own")
	}
	_, wrongProxies := c.ProxyNetworks()
	_, wrongIssuers := c.Issuers()
	return errors.Join(wrongProxies, wrongIssuers)
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
