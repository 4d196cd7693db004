package config

import (
	"slices"
	"strings"
	"testing"
)

func good() Config {
	return Config{Addr: "127.0.0.1:8080", URL: "https://help.example.org", Data: "data"}
}

func TestWhatIsRefusedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  string // of the error; empty: taken
	}{
		"good":                   {func(*Config) {}, ""},
		"on this machine":        {func(c *Config) { c.URL = "http://127.0.0.1:8080" }, ""},
		"on this machine, IPv6":  {func(c *Config) { c.URL = "http://[::1]:8080" }, ""},
		"localhost":              {func(c *Config) { c.URL = "http://localhost:8080" }, ""},
		"every address":          {func(c *Config) { c.Addr = ":8080" }, ""},
		"two proxies":            {func(c *Config) { c.Proxies = "10.0.0.0/8, fd00::/8," }, ""},
		"address without a port": {func(c *Config) { c.Addr = "127.0.0.1" }, "KOPIYKA_ADDR"},
		"no address":             {func(c *Config) { c.Addr = "" }, "KOPIYKA_ADDR"},
		"URL without a scheme":   {func(c *Config) { c.URL = "help.example.org" }, "KOPIYKA_URL"},
		"URL of another scheme":  {func(c *Config) { c.URL = "ftp://help.example.org" }, "KOPIYKA_URL"},
		"URL without a host":     {func(c *Config) { c.URL = "https://" }, "KOPIYKA_URL"},
		"URL with a path":        {func(c *Config) { c.URL = "https://example.org/help" }, "KOPIYKA_URL"},
		"URL with a query":       {func(c *Config) { c.URL = "https://example.org?a=b" }, "KOPIYKA_URL"},
		"URL with a fragment":    {func(c *Config) { c.URL = "https://example.org#a" }, "KOPIYKA_URL"},
		"URL with a password":    {func(c *Config) { c.URL = "https://olena:canary@example.org" }, "KOPIYKA_URL"},
		"URL that is none":       {func(c *Config) { c.URL = "https://a b\x7f" }, "KOPIYKA_URL"},
		"passwords in the clear": {func(c *Config) { c.URL = "http://help.example.org" }, "not https"},
		"nearly this machine":    {func(c *Config) { c.URL = "http://127.0.0.1.example.org" }, "not https"},
		"proxy without a mask":   {func(c *Config) { c.Proxies = "10.0.0.1" }, "KOPIYKA_PROXIES"},
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
