package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostile is what strangers and slips of the hand put into fields.
var hostile = map[string]string{
	"nothing":                       "",
	"a book":                        strings.Repeat("ї", 100_000),
	"turned letters":                "abc\u202egpj.exe",
	"hidden letters":                "a\u200bb\ufeff",
	"a page's own words":            `"><script>alert(1)</script>`,
	"a formula":                     `=HYPERLINK("https://evil.example";"x")`,
	"letters that look like others": "аdmin@exаmple.org", // а is Cyrillic
	"a byte that ends":              "a\x00b",
	"half a letter":                 "a\xff\xfeb",
	"a number beyond all":           "-99999999999999999999.999",
	"no such day":                   "2026-02-30",
}

// Every form of the house that its people are shown is sent with each of these in all of its
// fields at once, as a browser would otherwise have filled them in. Nothing breaks, nothing
// becomes part of a page, and what was typed is there again when it is refused.
func TestEveryFieldTakesAnything(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	all := h.things()
	tried, refused := map[string]bool{}, 0
	for _, name := range slices.Sorted(maps.Keys(matrix)) {
		path, isPage := strings.CutPrefix(name, "GET ")
		row, err := parseRow(matrix[name])
		if err != nil || !isPage {
			continue
		}
		for g, group := range actors {
			for i, a := range group {
				if g == otherCompany || g == otherCluster || row[g][i] != http.StatusOK {
					continue
				}
				_, body := h.ask(all.as(path, a), http.MethodGet, all.at(path), "")
				for _, f := range formsOn(t, body) {
					if key := f.key(); !tried[key] {
						tried[key] = true
						refused += all.attack(a, path, f)
					}
				}
			}
		}
	}
	if len(tried) < 30 || refused < 100 {
		t.Errorf("%d forms were found and %d tries refused: the test looks past them", len(tried), refused)
	}
}

// attack sends a form with everything hostile and returns how often it was refused.
func (h *things) attack(a actor, path string, f form) (refused int) {
	h.t.Helper()
	for what, value := range hostile {
		sent, written := maps.Clone(f.filled), f.typed
		if what == "a book" {
			written = written[:min(1, len(written))] // into one field: into several is more than anybody may send
		}
		for _, field := range written {
			sent[field] = []string{value}
		}
		if f.typed == nil { // choices alone, of which this is none
			for _, field := range slices.Sorted(maps.Keys(f.filled)) {
				sent[field] = []string{value}
				if what == "a book" {
					break
				}
			}
		}
		if _, err := h.Owner.Exec(`DELETE FROM sign_in_failures`); err != nil { // who has failed too often is asked nothing
			h.t.Fatal(err)
		}
		res, body := h.ask(h.as(path, a), http.MethodPost, f.action, sent.Encode())
		if what == "a book" && res.StatusCode == http.StatusRequestEntityTooLarge {
			h.t.Errorf("%s as %s: a book in one field is lost", f.action, a.name)
		}
		if res.StatusCode >= http.StatusInternalServerError || res.StatusCode < http.StatusMultipleChoices && res.StatusCode != http.StatusOK {
			h.t.Errorf("%s as %s, %s: %d\n%.300s", f.action, a.name, what, res.StatusCode, body)
		}
		if strings.Contains(body, "<script>alert") {
			h.t.Errorf("%s as %s, %s: it became part of the page", f.action, a.name, what)
		}
		if res.StatusCode == http.StatusSeeOther {
			h.letIn() // a formula is as good a new password as any
			if f = h.anew(a, path, f); f.action == "" {
				return refused
			}
		}
		if res.StatusCode != http.StatusUnprocessableEntity {
			continue
		}
		refused++
		if written != nil && strings.ToValidUTF8(value, "") == value && !strings.Contains(value, "\x00") {
			h.kept(f, written, body, what, value)
		}
	}
	return refused
}

// anew is the same form for another thing, where its own is done with; or none.
func (h *things) anew(a actor, path string, f form) form {
	h.t.Helper()
	_, body := h.ask(h.as(path, a), http.MethodGet, h.at(path), "")
	for _, again := range formsOn(h.t, body) {
		if again.key() == f.key() {
			return again
		}
	}
	return form{}
}

// kept looks whether a form that is shown again has what was typed.
func (h *things) kept(f form, written []string, body, what, value string) {
	h.t.Helper()
	for _, again := range formsOn(h.t, body) {
		if again.action != f.action || !again.filled.Has(f.typed[0]) {
			continue // it may have more fields by now, such as one that asks whether this is meant
		}
		for _, field := range written {
			if f.once[field] {
				continue
			}
			if got := again.filled.Get(field); got != value {
				h.t.Errorf("%s, %s: of what was typed into %s is left %.80q", f.action, what, field, got)
			}
		}
		return
	}
	h.t.Errorf("%s, %s: the form is not shown again", f.action, what)
}

// form is one of a page, as a browser would send it untouched.
type form struct {
	action string
	filled url.Values
	typed  []string        // the fields that a person writes into
	once   map[string]bool // those for a code that counts once, which is not shown again
}

var ownID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|evt_\d+|/\d+$|[A-Za-z0-9_-]{43}`)

// key is the same for the same form of another thing.
func (f form) key() string {
	fields := slices.Sorted(maps.Keys(f.filled))
	return ownID.ReplaceAllString(f.action, "…") + " " + strings.Join(fields, " ")
}

// formsOn are the forms of a page that are sent with a POST and take something. Files have
// tests of their own.
func formsOn(t testing.TB, body string) []form {
	t.Helper()
	page, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var all []form
	for n := range page.Descendants() {
		if n.Data != "form" || !strings.EqualFold(attribute(n, "method"), "post") || attribute(n, "enctype") == "multipart/form-data" {
			continue
		}
		f := form{action: attribute(n, "action"), filled: url.Values{}, once: map[string]bool{}}
		for field := range n.Descendants() {
			f.take(field)
		}
		if len(f.filled) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// take fills a field in as it stands.
func (f *form) take(field *html.Node) {
	name, value := attribute(field, "name"), attribute(field, "value")
	if name == "" {
		return
	}
	switch kind := attribute(field, "type"); {
	case field.Data == "textarea":
		if field.FirstChild != nil {
			value = strings.TrimPrefix(field.FirstChild.Data, "\n")
		}
		f.typed = append(f.typed, name)
	case field.Data == "select":
		value = chosen(field)
	case field.Data != "input":
		return
	case kind == "radio" || kind == "checkbox":
		if _, on := find(field, "checked"); !on && f.filled.Has(name) {
			return
		}
	case kind == "submit" || kind == "file":
		return
	case kind == "hidden" || kind == "password":
	default:
		f.typed = append(f.typed, name)
		f.once[name] = attribute(field, "autocomplete") == "one-time-code"
	}
	f.filled.Set(name, value)
}

// chosen is what a list of choices would send.
func chosen(list *html.Node) (value string) {
	first := true
	for o := range list.Descendants() {
		if o.Data != "option" {
			continue
		}
		if _, on := find(o, "selected"); on || first {
			value, first = attribute(o, "value"), false
		}
	}
	return value
}

func attribute(n *html.Node, name string) string {
	value, _ := find(n, name)
	return value
}

func find(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
