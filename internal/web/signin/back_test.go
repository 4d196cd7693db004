package signin

import (
	"strings"
	"testing"
)

// Whoever follows somebody's link to the sign-in page must not end up with them.
func TestOnlyPathsOfThisSiteAreFollowed(t *testing.T) {
	for _, path := range []string{"/", "/portal", "/portal?a=b&c=%2F%2F", "/uk/campaigns/x#top", "/p//q"} {
		if got := safePath(path, "/home"); got != path {
			t.Errorf("%q became %q", path, got)
		}
	}
	for _, path := range []string{
		"", "portal", "//evil.example", `/\evil.example`, `/x\..`, "https://evil.example", "javascript:alert(1)",
		"/\t/evil.example", "/\n//evil.example", "/\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example", "/ x", "/\x00", "/\x7f",
		"/" + strings.Repeat("x", 3000),
	} {
		if got := safePath(path, "/home"); got != "/home" {
			t.Errorf("%q leads to %q", path, got)
		}
	}
}
