package gateway_test

import (
	"strings"
	"testing"

	"kopiyka/internal/gateway"
)

func goodConfig() gateway.Config {
	return gateway.Config{
		SecretKey: "sk_test_4eC39HqLyjWDarjtT1zdp7dc", WebhookSecrets: []string{"whsec_0123456789abcdef"}, PublicURL: "https://help.example.org",
	}
}

func TestConfigThatCouldLoseOrInventMoneyIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*gateway.Config)
		want  string // of the error; empty: taken
	}{
		"good":                                 {func(*gateway.Config) {}, ""},
		"restricted test key":                  {func(c *gateway.Config) { c.SecretKey = "rk_test_1" }, ""},
		"live key":                             {func(c *gateway.Config) { c.SecretKey = "sk_live_1" }, ""},
		"sandbox":                              {func(c *gateway.Config) { c.APIBase = "http://127.0.0.1:18421" }, ""},
		"two secrets":                          {func(c *gateway.Config) { c.WebhookSecrets = append(c.WebhookSecrets, "whsec_fedcba9876543210") }, ""},
		"no key":                               {func(c *gateway.Config) { c.SecretKey = "" }, "STRIPE_SECRET_KEY"},
		"publishable key":                      {func(c *gateway.Config) { c.SecretKey = "pk_test_1" }, "STRIPE_SECRET_KEY"},
		"webhook secret as key":                {func(c *gateway.Config) { c.SecretKey = "whsec_1" }, "STRIPE_SECRET_KEY"},
		"key behind a space":                   {func(c *gateway.Config) { c.SecretKey = " sk_test_1" }, "STRIPE_SECRET_KEY"},
		"TestCase128LiveKeyInTheSandbox":       {func(c *gateway.Config) { c.SecretKey, c.APIBase = "sk_live_1", "http://127.0.0.1:1" }, "live key"},
		"restricted live key in the sandbox":   {func(c *gateway.Config) { c.SecretKey, c.APIBase = "rk_live_1", "http://127.0.0.1:1" }, "live key"},
		"live key beside Stripe's own address": {func(c *gateway.Config) { c.SecretKey, c.APIBase = "sk_live_1", "https://api.stripe.com" }, "live key"},
		"base without a host":                  {func(c *gateway.Config) { c.APIBase = "127.0.0.1:18421" }, "STRIPE_API_BASE"},
		"base of another scheme":               {func(c *gateway.Config) { c.APIBase = "file://host/x" }, "STRIPE_API_BASE"},
		"TestCase003NoSecret":                  {func(c *gateway.Config) { c.WebhookSecrets = nil }, "STRIPE_WEBHOOK_SECRET"},
		"empty secret":                         {func(c *gateway.Config) { c.WebhookSecrets = []string{""} }, "STRIPE_WEBHOOK_SECRET"},
		"empty former secret":                  {func(c *gateway.Config) { c.WebhookSecrets = append(c.WebhookSecrets, "") }, "STRIPE_WEBHOOK_SECRET"},
		"short secret":                         {func(c *gateway.Config) { c.WebhookSecrets = []string{"whsec_short"} }, "STRIPE_WEBHOOK_SECRET"},
		"no way back":                          {func(c *gateway.Config) { c.PublicURL = "" }, "KOPIYKA_URL"},
		"way back without a host":              {func(c *gateway.Config) { c.PublicURL = "/portal" }, "KOPIYKA_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			config := goodConfig()
			c.spoil(&config)
			_, err := gateway.New(config, nil, nil, nil)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error = %v, want one about %s", err, c.want)
			case err != nil && (strings.Contains(err.Error(), "whsec_0123") || strings.Contains(err.Error(), "live_1")):
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}
