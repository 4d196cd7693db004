package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func good() Config {
	return Config{Addr: "127.0.0.1:8080", URL: "https://help.example.org", Data: "data", ACMEDirectory: "https://acme-v02.api.letsencrypt.org/directory"}
}

func TestWhatIsRefusedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  string // of the error; empty: taken
	}{
		"good":                       {func(*Config) {}, ""},
		"on this machine":            {func(c *Config) { c.URL = "http://127.0.0.1:8080" }, ""},
		"on this machine, IPv6":      {func(c *Config) { c.URL = "http://[::1]:8080" }, ""},
		"localhost":                  {func(c *Config) { c.URL = "http://localhost:8080" }, ""},
		"every address, without TLS": {func(c *Config) { c.Addr = ":8080" }, "KOPIYKA_ADDR is open"},
		"another machine's address, in the clear": {func(c *Config) { c.Addr, c.URL = "0.0.0.0:8080", "http://127.0.0.1:8080" }, "KOPIYKA_ADDR is open"},
		"every address, behind a proxy":           {func(c *Config) { c.Addr, c.Proxies = ":8080", "10.0.0.0/8" }, ""},
		"every address of a private network":      {func(c *Config) { c.Addr, c.PrivateNetwork = ":8080", true }, ""},
		"every address over TLS":                  {func(c *Config) { c.Addr, c.TLSCert, c.TLSKey = ":443", "a", "b" }, ""},
		"both ways in":                            {func(c *Config) { c.Addr, c.TLSCert, c.TLSKey, c.HTTPAddr = ":443", "a", "b", ":80" }, ""},
		"certificate without a key":               {func(c *Config) { c.TLSCert = "a" }, "KOPIYKA_TLS_KEY"},
		"key without a certificate":               {func(c *Config) { c.TLSKey = "a" }, "KOPIYKA_TLS_CERT"},
		"two certificates":                        {func(c *Config) { c.TLSCert, c.TLSKey, c.ACME = "a", "b", "on" }, "KOPIYKA_TLS_ACME"},
		"TLS and http":                            {func(c *Config) { c.URL, c.TLSCert, c.TLSKey = "http://127.0.0.1:8080", "a", "b" }, "KOPIYKA_URL is not https"},
		"in the clear beside nothing":             {func(c *Config) { c.HTTPAddr = ":80" }, "KOPIYKA_HTTP_ADDR"},
		"in the clear beside TLS, nowhere":        {func(c *Config) { c.TLSCert, c.TLSKey, c.HTTPAddr = "a", "b", "80" }, "KOPIYKA_HTTP_ADDR"},
		"by itself":                               {func(c *Config) { c.ACME = "on" }, ""},
		"by itself, with a contact":               {func(c *Config) { c.ACME = "olena@example.org" }, ""},
		"by itself, elsewhere":                    {func(c *Config) { c.ACME, c.ACMEDirectory = "on", "https://ca.example.org/acme" }, ""},
		"by itself, with no contact":              {func(c *Config) { c.ACME = "true" }, "KOPIYKA_TLS_ACME"},
		"by itself, with a name":                  {func(c *Config) { c.ACME = "Olena <olena@example.org>" }, "KOPIYKA_TLS_ACME"},
		"by itself, for a number":                 {func(c *Config) { c.ACME, c.URL = "on", "https://192.0.2.1" }, "KOPIYKA_TLS_ACME"},
		"by itself, for this machine":             {func(c *Config) { c.ACME, c.URL = "on", "https://localhost" }, "KOPIYKA_TLS_ACME"},
		"by itself, in the clear":                 {func(c *Config) { c.ACME, c.ACMEDirectory = "on", "http://ca.example.org" }, "KOPIYKA_TLS_ACME_DIRECTORY"},
		"by itself, with a password":              {func(c *Config) { c.ACME, c.ACMEDirectory = "on", "https://a:canary@ca.example.org" }, "KOPIYKA_TLS_ACME_DIRECTORY"},
		"two proxies":                             {func(c *Config) { c.Proxies = "10.0.0.0/8, fd00::/8," }, ""},
		"address without a port":                  {func(c *Config) { c.Addr = "127.0.0.1" }, "KOPIYKA_ADDR"},
		"no address":                              {func(c *Config) { c.Addr = "" }, "KOPIYKA_ADDR"},
		"URL without a scheme":                    {func(c *Config) { c.URL = "help.example.org" }, "KOPIYKA_URL"},
		"URL of another scheme":                   {func(c *Config) { c.URL = "ftp://help.example.org" }, "KOPIYKA_URL"},
		"URL without a host":                      {func(c *Config) { c.URL = "https://" }, "KOPIYKA_URL"},
		"URL with a path":                         {func(c *Config) { c.URL = "https://example.org/help" }, "KOPIYKA_URL"},
		"URL with a query":                        {func(c *Config) { c.URL = "https://example.org?a=b" }, "KOPIYKA_URL"},
		"URL with a fragment":                     {func(c *Config) { c.URL = "https://example.org#a" }, "KOPIYKA_URL"},
		"URL with a password":                     {func(c *Config) { c.URL = "https://olena:canary@example.org" }, "KOPIYKA_URL"},
		"URL that is none":                        {func(c *Config) { c.URL = "https://a b\x7f" }, "KOPIYKA_URL"},
		"passwords in the clear":                  {func(c *Config) { c.URL = "http://help.example.org" }, "not https"},
		"nearly this machine":                     {func(c *Config) { c.URL = "http://127.0.0.1.example.org" }, "not https"},
		"proxy without a mask":                    {func(c *Config) { c.Proxies = "10.0.0.1" }, "KOPIYKA_PROXIES"},
		"two issuers": {func(c *Config) {
			c.OIDC = []string{"Google|https://accounts.google.com|id|s", " Ours|https://id.example.org/x|id|s"}
		}, ""},
		"issuer without secret":  {func(c *Config) { c.OIDC = []string{"Google|https://accounts.google.com|canary"} }, "KOPIYKA_OIDC"},
		"issuer in the clear":    {func(c *Config) { c.OIDC = []string{"Google|http://accounts.google.com|id|canary"} }, "KOPIYKA_OIDC"},
		"issuer twice":           {func(c *Config) { c.OIDC = []string{"A|https://a.example|id|canary", "a|https://b.example|id|canary"} }, "KOPIYKA_OIDC"},
		"mail server":            {func(c *Config) { c.SMTPURL, c.MailFrom = "smtp://mail.example.org", "letters@example.org" }, ""},
		"letters from nobody":    {func(c *Config) { c.SMTPURL = "smtp://olena:canary@mail.example.org" }, "KOPIYKA_MAIL_FROM"},
		"letters with no server": {func(c *Config) { c.MailFrom = "letters@example.org" }, "KOPIYKA_SMTP_URL"},
		"owner's address alone":  {func(c *Config) { c.MigrateURL = "postgres://owner:canary@db" }, "KOPIYKA_MIGRATE_URL"},
		"rate below zero":        {func(c *Config) { c.Rate = -1 }, "KOPIYKA_RATE"},
		"proxy that is none":     {func(c *Config) { c.Proxies = "10.0.0.0/8,everybody" }, "KOPIYKA_PROXIES"},
	} {
		t.Run(name, func(t *testing.T) {
			config := good()
			c.spoil(&config)
			err := config.Check()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error = %v, want one about %s", err, c.want)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestCompleteFillsInTheURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{"": "http://127.0.0.1:8080", "https://help.example.org/": "https://help.example.org", "https://help.example.org": "https://help.example.org"} {
		c := Config{Addr: "127.0.0.1:8080", URL: url}
		c.Complete()
		if c.URL != want {
			t.Errorf("%q became %q, want %q", url, c.URL, want)
		}
		if err := c.Check(); err != nil {
			t.Errorf("%q: %v", url, err)
		}
		if c.Secure() != strings.HasPrefix(want, "https") {
			t.Errorf("%q is secure: %v", want, c.Secure())
		}
	}
}

// An empty secret would let anybody sign: it must not reach the gateway as one.
func TestCase008SecretsAreTheCurrentAndTheFormer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		current, former string
		want            []string
	}{
		{"", "", nil}, {"a", "", []string{"a"}}, {"a", "b", []string{"a", "b"}}, {"", "b", []string{"b"}},
	} {
		config := Config{WebhookSecret: c.current, FormerSecret: c.former}
		if got := config.WebhookSecrets(); !slices.Equal(got, c.want) {
			t.Errorf("secrets = %q, want %q", got, c.want)
		}
	}
}

func TestProxyNetworks(t *testing.T) {
	t.Parallel()
	c := Config{Proxies: "10.0.0.0/8, fd00::/8,"}
	networks, err := c.ProxyNetworks()
	if err != nil || len(networks) != 2 || networks[0].String() != "10.0.0.0/8" || networks[1].String() != "fd00::/8" {
		t.Errorf("networks = %v, %v", networks, err)
	}
	c.Proxies = ""
	if networks, err := c.ProxyNetworks(); err != nil || len(networks) != 0 {
		t.Errorf("networks = %v, %v", networks, err)
	}
}

// Certificates and handshakes know a name of other letters by its form of Latin ones.
func TestTheHostIsAsCertificatesHaveIt(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://help.example.org:8443": "help.example.org", "https://HELP.example.org": "help.example.org", "https://допомога.укр": "xn--80afc6ajabf.xn--j1amh",
		"https://127.0.0.1:8443": "127.0.0.1", "https://[::1]:8443": "::1", "https://a b\x7f": "",
	} {
		c := Config{URL: url}
		if got := c.Host(); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

// Whoever adds a secret marks it, so that it can come in a file.
func TestEverySecretIsMarked(t *testing.T) {
	t.Parallel()
	marked := Secrets()
	if want := []string{"DATABASE_URL", "KOPIYKA_MIGRATE_URL", "KOPIYKA_SECRET_KEY", "KOPIYKA_SECRET_KEY_FORMER", "KOPIYKA_OIDC", "KOPIYKA_SMTP_URL",
		"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET_FORMER"}; !slices.Equal(marked, want) {
		t.Errorf("secrets are %q, want %q", marked, want)
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		name := field.Tag.Get("env")
		if name == "" {
			t.Errorf("%s has no variable", field.Name)
		}
		suspicious := strings.Contains(name, "SECRET") || strings.Contains(name, "PASSWORD") || strings.HasSuffix(name, "_TOKEN") || strings.Contains(field.Tag.Get("help"), "secret")
		if suspicious && !slices.Contains(marked, name) {
			t.Errorf("%s is no secret?", name)
		}
	}
}
