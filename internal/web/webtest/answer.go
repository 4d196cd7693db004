package webtest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"kopiyka/internal/web/page/pagetest"
)

// Answer is what came back.
type Answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
	page   *html.Node
}

func newAnswer(t testing.TB, res *http.Response, body []byte) (Answer, error) {
	a := Answer{t: t, Status: res.StatusCode, Header: res.Header, Body: string(body)}
	var err error
	a.page, err = html.Parse(bytes.NewReader(body))
	return a, err
}

// Ask sends a GET to a handler without a server in between. Headers come in pairs.
func Ask(t testing.TB, h http.Handler, path string, header ...string) Answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	a, err := newAnswer(t, &http.Response{StatusCode: rec.Code, Header: rec.Header()}, rec.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Wants fails the test unless the answer has a status. A page is also looked at: its
// structure must be sound.
func (a Answer) Wants(status int) Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status = %d, want %d\n%s", a.Status, status, a.Text("main"))
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && a.Body != "" {
		for _, fault := range pagetest.Faults([]byte(a.Body)) {
			a.t.Error(fault)
		}
	}
	return a
}

// LeadsTo fails the test unless the answer sends the browser to an address with a GET.
func (a Answer) LeadsTo(address string) Answer {
	a.t.Helper()
	a.Wants(http.StatusSeeOther)
	if got := a.Location(); got != address {
		a.t.Fatalf("leads to %q, want %q", got, address)
	}
	return a
}

// Location is where the browser is sent.
func (a Answer) Location() string { return a.Header.Get("Location") }

// Says fails the test unless a reader of the part finds the words there. Spaces that do not
// break count as spaces.
func (a Answer) Says(selector, words string) Answer {
	a.t.Helper()
	if got := a.Text(selector); !strings.Contains(got, words) {
		a.t.Errorf("%s says %q, want %q in it", selector, got, words)
	}
	return a
}

// Has reports whether the page has an element.
func (a Answer) Has(selector string) bool { return len(a.all(selector)) > 0 }

// Text is what a reader sees of the elements, with every run of white space as one space.
func (a Answer) Text(selector string) string {
	var b strings.Builder
	for _, e := range a.all(selector) {
		for n := range e.Descendants() {
			if n.Type == html.TextNode && n.Parent.Data != "noscript" && n.Parent.Data != "title" {
				b.WriteString(n.Data)
			}
		}
		b.WriteByte(' ')
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Attr is an attribute of the only element of a selector.
func (a Answer) Attr(selector, name string) string {
	a.t.Helper()
	found := a.all(selector)
	if len(found) != 1 {
		a.t.Fatalf("%d elements are %q, want 1", len(found), selector)
	}
	value, ok := attr(found[0], name)
	if !ok {
		a.t.Fatalf("%q has no %s", selector, name)
	}
	return value
}

// all finds elements by a selector of words that contain each other: "form [name=amount]".
// A word is a tag and any of #id, .class and [attribute=value] behind it.
func (a Answer) all(selector string) []*html.Node {
	found := []*html.Node{a.page}
	for word := range strings.FieldsSeq(selector) {
		var next []*html.Node
		for _, from := range found {
			for n := range from.Descendants() {
				if is(n, word) && !slices.Contains(next, n) {
					next = append(next, n)
				}
			}
		}
		found = next
	}
	return found
}

func is(n *html.Node, word string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	tag := word
	if i := strings.IndexAny(word, "#.["); i >= 0 {
		tag = word[:i]
	}
	if tag != "" && n.Data != tag {
		return false
	}
	for rest := word[len(tag):]; rest != ""; {
		sign, part := rest[0], rest[1:]
		end := strings.IndexAny(part, "#.[")
		if sign == '[' {
			end = strings.IndexByte(part, ']') + 1
		}
		if end < 0 || end >= len(part) {
			end = len(part)
		}
		rest = part[end:]
		if !has(n, sign, strings.TrimSuffix(part[:end], "]")) {
			return false
		}
	}
	return true
}

func has(n *html.Node, sign byte, part string) bool {
	switch sign {
	case '#':
		id, _ := attr(n, "id")
		return id == part
	case '.':
		class, _ := attr(n, "class")
		return slices.Contains(strings.Fields(class), part)
	}
	name, value, exact := strings.Cut(part, "=")
	got, ok := attr(n, name)
	return ok && (!exact || got == value)
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// Form is what a browser would send of the only form of a selector: hidden fields, texts
// and chosen answers, without any button.
func (a Answer) Form(selector string) url.Values {
	a.t.Helper()
	found := a.all(selector)
	if len(found) != 1 {
		a.t.Fatalf("%d elements are %q, want 1", len(found), selector)
	}
	form := url.Values{}
	for n := range found[0].Descendants() {
		name, named := attr(n, "name")
		if n.Type != html.ElementNode || !named {
			continue
		}
		value, _ := attr(n, "value")
		switch kind, _ := attr(n, "type"); {
		case n.Data == "textarea":
			form.Set(name, textOf(n))
		case n.Data == "select":
			form.Set(name, selected(n))
		case n.Data == "input" && (kind == "radio" || kind == "checkbox"):
			if _, checked := attr(n, "checked"); checked {
				form.Add(name, value)
			}
		case n.Data == "input":
			form.Set(name, value)
		}
	}
	return form
}

// selected is the value of the option that is picked in a list.
func selected(list *html.Node) string {
	for n := range list.Descendants() {
		if _, picked := attr(n, "selected"); picked {
			value, _ := attr(n, "value")
			return value
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
