package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Issuer is another house that vouches for people by OpenID Connect.
type Issuer struct {
	Slug     string // of its addresses here, made of the name
	Name     string // as people know it: "Google"
	URL      string // as the issuer calls itself: "https://accounts.google.com"
	ClientID string
	Secret   string
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// Issuers reads KOPIYKA_OIDC. Its errors repeat no secret.
func (c *Config) Issuers() ([]Issuer, error) {
	var all []Issuer
	seen := map[string]bool{}
	for n, entry := range c.OIDC {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		parts := strings.Split(entry, "|")
		if len(parts) != 4 {
			return nil, fmt.Errorf("KOPIYKA_OIDC: entry %d has not the form name|issuer|client id|client secret", n+1)
		}
		i := Issuer{Name: strings.TrimSpace(parts[0]), URL: strings.TrimSpace(parts[1]), ClientID: strings.TrimSpace(parts[2]), Secret: strings.TrimSpace(parts[3])}
		i.Slug = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(i.Name), "-"), "-")
		u, err := url.Parse(i.URL)
		if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname()))) {
			return nil, fmt.Errorf("KOPIYKA_OIDC: the issuer of entry %d is no address such as https://accounts.google.com", n+1)
		}
		if i.Slug == "" || i.ClientID == "" || i.Secret == "" || seen[i.Slug] {
			return nil, fmt.Errorf("KOPIYKA_OIDC: entry %d lacks a name in Latin letters, a client or its secret, or has the name of another", n+1)
		}
		seen[i.Slug] = true
		all = append(all, i)
	}
	return all, nil
}
