package site

import (
	"strings"
	"testing"
)

func TestStoryKeepsTextAndDropsEverythingElse(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"paragraphs", "One.\n\nTwo *so*.", "<p>One.</p>\n<p>Two <em>so</em>.</p>\n"},
		{"a heading stands below the page's", "# Top\n\n###### Deep", "<h2>Top</h2>\n<h4>Deep</h4>\n"},
		{"a link", "[act](https://example.org/a)", "<p><a href=\"https://example.org/a\" rel=\"nofollow\">act</a></p>\n"},
		{"signs of HTML are text", "5 < 6 & so on", "<p>5 &lt; 6 &amp; so on</p>\n"},
	} {
		got, err := story(c.source)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A coordinator's account may be stolen. Its story still runs nothing on a reader's page.
func TestStoryRunsNothing(t *testing.T) {
	for _, attack := range []string{
		"<script>alert(1)</script>",
		"a <img src=x onerror=alert(1)> b",
		"[click](javascript:alert(1))",
		"[click](data:text/html;base64,PHNjcmlwdD4=)",
		"[click](vbscript:alert)",
		"![pixel](https://spy.example/p.gif)",
		"<style>body{display:none}</style>",
		"<a href=\"https://a.example\" onclick=\"alert(1)\" style=\"x\">x</a>",
		"<iframe src=https://a.example></iframe>",
		"<form action=https://a.example><input name=password></form>",
		"```\n</code><script>alert(1)</script>\n```",
		"&lt;script&gt;alert(1)&lt;/script&gt;",
		"[x](https://a.example \"\\\" onmouseover=alert(1) \")",
	} {
		got, err := story(attack)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script", "<img", "<style", "<iframe", "<form", "<input", "javascript:", "data:", "vbscript:", " onerror", " onclick", "onmouseover=alert(1) \"", "style="} {
			if strings.Contains(strings.ToLower(string(got)), bad) {
				t.Errorf("%s\nbecame %s\nwhich has %q", attack, got, bad)
			}
		}
	}
}
