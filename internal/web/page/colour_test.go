package page

import (
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kopiyka/templates"
)

var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	colour  = regexp.MustCompile(`(?i)#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(|:\s*(?:[^;{}]*\s)?(?:white|black|red|green|blue|gr[ae]y|silver|gold|orange|yellow|purple|navy|teal)\b`)
	token   = regexp.MustCompile(`(--[a-z-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`)
)

func css(t *testing.T, name string) string {
	t.Helper()
	body, err := fs.ReadFile(templates.Files, "assets/css/"+name+".css")
	if err != nil {
		t.Fatal(err)
	}
	return comment.ReplaceAllString(string(body), "")
}

func TestOnlyTokensNameAColour(t *testing.T) {
	if !colour.MatchString("a { color: red }") || !colour.MatchString("a{fill:#fff}") || colour.MatchString(".status--fault { color: var(--fault); }") {
		t.Fatal("the search for colours is broken")
	}
	for _, name := range templates.Styles {
		if name == "tokens" {
			continue
		}
		for n, line := range strings.Split(css(t, name), "\n") {
			if found := colour.FindString(line); found != "" {
				t.Errorf("%s.css:%d names the colour %q", name, n+1, found)
			}
		}
	}
}

func TestEveryTokenThatIsUsedIsDefined(t *testing.T) {
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`(--[a-z0-9-]+)\s*:`).FindAllStringSubmatch(css(t, "tokens"), -1) {
		defined[m[1]] = true
	}
	for _, name := range templates.Styles {
		for _, m := range regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllStringSubmatch(css(t, name), -1) {
			if !defined[m[1]] {
				t.Errorf("%s.css uses %s, which no token defines", name, m[1])
			}
		}
	}
}

// Text needs 4.5 : 1 against what it stands on; a bar, an edge or a sign 3 : 1 (WCAG 2.2 AA,
// 1.4.3 and 1.4.11). Fills that are only one of several signs are drawn with an edge, and
// the edge is what counts.
func TestPairsOfTokensCanBeToldApart(t *testing.T) {
	tokens := map[string][2]string{}
	for _, m := range token.FindAllStringSubmatch(css(t, "tokens"), -1) {
		tokens[m[1]] = [2]string{m[2], m[3]}
	}
	if len(tokens) < 25 {
		t.Fatalf("only %d colours were read", len(tokens))
	}
	papers := []string{"--paper", "--sheet"}
	text := map[string][]string{
		"--ink":           {"--paper", "--sheet", "--sunk", "--received-soft", "--fault-soft", "--sandbox-soft", "--transit-soft"},
		"--ink-soft":      {"--paper", "--sheet", "--sunk", "--received-soft"},
		"--press-ink":     {"--press", "--press-over"},
		"--paper":         {"--ink"},
		"--pledged":       papers,
		"--transit-ink":   papers,
		"--received-ink":  {"--paper", "--sheet", "--received-soft"},
		"--spent-ink":     papers,
		"--delivered-ink": papers,
		"--fault":         {"--paper", "--sheet", "--fault-soft"},
		"--sandbox-ink":   {"--sandbox"},
	}
	drawn := map[string][]string{
		"--edge": papers, "--pledged": papers, "--transit": papers, "--received": papers, "--spent": papers,
		"--delivered": papers, "--fee": papers, "--fault": papers, "--sandbox": papers,
	}
	check := func(pairs map[string][]string, least float64) {
		for front, backs := range pairs {
			for _, back := range backs {
				for scheme, name := range []string{"light", "dark"} {
					if got := contrast(t, tokens[front][scheme], tokens[back][scheme]); got < least {
						t.Errorf("%s on %s is %.2f : 1 in the %s scheme, want %.1f", front, back, got, name, least)
					}
				}
			}
		}
	}
	check(text, 4.5)
	check(drawn, 3)
}

func TestContrastIsWCAGs(t *testing.T) {
	for pair, want := range map[[2]string]string{{"#000000", "#ffffff"}: "21.00", {"#777777", "#ffffff"}: "4.48", {"#123456", "#123456"}: "1.00"} {
		if got := fmt.Sprintf("%.2f", contrast(t, pair[0], pair[1])); got != want {
			t.Errorf("%v = %s, want %s", pair, got, want)
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	linear := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}
