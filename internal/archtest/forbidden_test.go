package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// forbidden are words that no file of a kind may hold, but for those that are named: each
// has its reasons there. What stands in tests and in the sandbox serves nobody.
var forbidden = []struct {
	in    string // the files' ending
	below string // folder; empty: anywhere
	word  *regexp.Regexp
	why   string
	but   []string // beginnings of paths
}{
	{".go", "", regexp.MustCompile(`InsecureSkipVerify`), "certificates are checked", nil},
	{".go", "", regexp.MustCompile(`"crypto/(md5|sha1|des|rc4)"`), "broken cryptography", nil},
	{".go", "", regexp.MustCompile(`"math/rand(/v2)?"`), "chance that can be foretold", []string{"internal/pg/tx.go"}}, // how long to wait before trying again
	{".go", "", regexp.MustCompile(`"os/exec"`), "commands of the system", []string{"internal/pg/embedded/"}},          // the private PostgreSQL
	{".go", "", regexp.MustCompile(`(?m)^(import|\t)[ \w]*"(unsafe|plugin)"$`), "memory without types, code from elsewhere", nil},
	{".go", "", regexp.MustCompile(`"(net/http/pprof|expvar)"`), "the program's inside on the network", nil},
	{".go", "", regexp.MustCompile(`template\.(HTML|HTMLAttr|JS|JSStr|URL|CSS|Srcset)\(`), "text that passes for markup", []string{"internal/web/site/story.go"}}, // after it was sanitised
	{".go", "", regexp.MustCompile(`"text/template"`), "templates that do not escape", []string{"internal/mail/render.go"}},                                       // the text beside the HTML
	{".go", "", regexp.MustCompile(`http\.(Client\{|Get\(|Post\(|PostForm\(|Head\(|DefaultClient|DefaultTransport|Transport\{)|net\.(Dial|DialTimeout)\(|net\.Dialer\{`), "a way out that no list of places bounds",
		[]string{"internal/outward/", "cmd/kopiyka/health.go", "cmd/kopiyka/demo.go"}}, // the container's own probe; the demonstration asks its sandbox
	{".go", "", regexp.MustCompile(`middleware\.(Proxy|Secure|Static|MethodOverride|RateLimiter|BodyDump|Decompress)|StaticDirectoryHandler|\.StaticFS\(|\.JSONP|c\.Scheme\(`), "a part of Echo with a known hole: tools/holes/accepted.csv", nil},
	{".go", "internal/web/", regexp.MustCompile(`\.Bind\(`), "a form that fills whatever a struct has", nil},
	{".js", "", regexp.MustCompile(`\beval\(|new Function|document\.write`), "code made at run time", nil},
	{".js", "", regexp.MustCompile(`(inner|outer)HTML\s*=[^=]|insertAdjacentHTML`), "text that passes for markup", nil},
	{".js", "", regexp.MustCompile(`localStorage|sessionStorage|indexedDB`), "something that outlives the session", nil},
	{".js", "", regexp.MustCompile(`postMessage|onmessage`), "messages between windows", nil},
	{".js", "", regexp.MustCompile(`["']paste["']|onpaste`), "a password that cannot be pasted", nil},
	{".js", "", regexp.MustCompile(`[^=!]==[^=]|!=[^=]`), "a comparison that converts", nil},
	{".html", "", regexp.MustCompile(`(?i)<[a-z][^>]*\son[a-z]+=`), "script within markup", nil},
}

// offences lists what a file holds and must not.
func offences(path, text string) []string {
	var all []string
	for _, f := range forbidden {
		excused := slices.ContainsFunc(f.but, func(but string) bool { return strings.HasPrefix(path, but) })
		if filepath.Ext(path) == f.in && strings.HasPrefix(path, f.below) && !excused && f.word.MatchString(text) {
			all = append(all, f.why+": "+f.word.FindString(text))
		}
	}
	return all
}

// serves reports whether a file is part of what serves people.
func serves(path string) bool {
	for _, aside := range []string{"internal/stripesim/", "internal/pg/pgtest/", "internal/gateway/gatewaytest/", "internal/web/webtest/"} {
		if strings.HasPrefix(path, aside) {
			return false
		}
	}
	return !strings.HasSuffix(path, "_test.go")
}

func TestNothingForbiddenIsUsed(t *testing.T) {
	t.Parallel()
	read := map[string]int{}
	for _, folder := range []string{"cmd", "internal", "migrations", "templates"} {
		walk(t, folder, func(path string) {
			if kind := filepath.Ext(path); !serves(path) || kind != ".go" && kind != ".js" && kind != ".html" {
				return
			}
			read[filepath.Ext(path)]++
			for _, offence := range offences(path, file(t, path)) {
				t.Errorf("%s: %s", path, offence)
			}
		})
	}
	if read[".go"] < 100 || read[".js"] < 2 || read[".html"] < 50 {
		t.Errorf("only %v files were read", read)
	}
}

func TestWhatIsForbiddenIsNoticed(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		"tls.Config{InsecureSkipVerify: true}": "internal/mail/send.go", `import "crypto/md5"`: "internal/member/vault.go",
		`import "math/rand/v2"`: "internal/member/recovery.go", `import "os/exec"`: "internal/web/web.go", `import "unsafe"`: "internal/pg/id.go", "c.Bind(&form)": "internal/web/portal/pay.go",
		"client := &http.Client{}": "internal/document/pdf.go", `http.Get(company.Site)`: "internal/member/logo.go",
		"e.Use(middleware.BodyDump(keep))": "internal/web/web.go",
		"template.HTML(story)":             "internal/web/page/funcs.go", "main.innerHTML = text": "templates/assets/app.js", "if (a == b)": "templates/assets/app.js",
		`<a href="/" onclick="go()">`: "templates/site/home.html",
	} {
		if len(offences(path, text)) != 1 {
			t.Errorf("%s in %s is not noticed", text, path)
		}
	}
	for text, path := range map[string]string{"parsed.Bind(log)": "cmd/kopiyka/main.go", "if (a === b && a !== c)": "templates/assets/app.js", `<time data-ons="1">`: "templates/part/time.html"} {
		if got := offences(path, text); len(got) != 0 {
			t.Errorf("%s in %s: %v", text, path, got)
		}
	}
}

// top is the tree's own folder, seen from here.
const top = "../.."

func file(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// walk visits the files of a folder by their paths below the top.
func walk(t *testing.T, folder string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(top, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path, err = filepath.Rel(top, path)
		visit(filepath.ToSlash(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
