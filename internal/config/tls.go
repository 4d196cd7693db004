package config

import (
	"errors"
	"net"
	"net/mail"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// ACMEWithoutContact is the value of KOPIYKA_TLS_ACME that names nobody to write to.
const ACMEWithoutContact = "on"

// TLS reports whether the program speaks TLS itself.
func (c *Config) TLS() bool { return c.TLSCert != "" || c.ACME != "" }

// Host is the name by which browsers know the site, as certificates and handshakes have it.
func (c *Config) Host() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return ""
	}
	if ascii, err := idna.Lookup.ToASCII(u.Hostname()); err == nil {
		return ascii
	}
	return u.Hostname() // an address of IPv6, of which there are no other forms
}

// checkTLS says what would let others see what visitors say: TLS that is half set up, and an
// address without it that other machines reach.
func (c *Config) checkTLS() error {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("KOPIYKA_TLS_CERT and KOPIYKA_TLS_KEY: one is of no use without the other")
	case c.TLSCert != "" && c.ACME != "":
		return errors.New("KOPIYKA_TLS_CERT and KOPIYKA_TLS_ACME: the certificate comes either from a file or from an authority")
	case c.TLS() && !c.Secure():
		return errors.New("KOPIYKA_URL is not https, and the program is to speak TLS")
	case !c.TLS() && c.HTTPAddr != "":
		return errors.New("KOPIYKA_HTTP_ADDR is of no use without TLS: KOPIYKA_ADDR is in the clear already")
	case !c.TLS() && !c.PrivateNetwork && strings.TrimSpace(c.Proxies) == "" && !onThisMachine(c.Addr):
		return errors.New("KOPIYKA_ADDR is open to other machines without TLS. Let the program speak it (KOPIYKA_TLS_CERT, KOPIYKA_TLS_ACME), " +
			"name the proxies that do (KOPIYKA_PROXIES), or, on a network that nobody else is in, set KOPIYKA_PRIVATE_NETWORK=true")
	}
	if c.HTTPAddr != "" {
		if _, _, err := net.SplitHostPort(c.HTTPAddr); err != nil {
			return errors.New("KOPIYKA_HTTP_ADDR is no address such as 0.0.0.0:80")
		}
	}
	if c.ACME == "" {
		return nil
	}
	if host := c.Host(); net.ParseIP(host) != nil || !strings.Contains(strings.Trim(host, "."), ".") {
		return errors.New("KOPIYKA_TLS_ACME: an authority knows the site by a name such as help.example.org alone, and KOPIYKA_URL has none")
	}
	if a, err := mail.ParseAddress(c.ACME); c.ACME != ACMEWithoutContact && (err != nil || a.Address != c.ACME) {
		return errors.New("KOPIYKA_TLS_ACME is neither an e-mail address nor 'on'")
	}
	u, err := url.Parse(c.ACMEDirectory)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return errors.New("KOPIYKA_TLS_ACME_DIRECTORY is no address such as https://acme-v02.api.letsencrypt.org/directory")
	}
	return nil
}

// onThisMachine holds for an address that other machines do not reach.
func onThisMachine(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && local(host)
}
