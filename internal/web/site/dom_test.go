package site_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// element is one element of a page under test.
type element struct{ *html.Node }

// parse reads a page.
func parse(t *testing.T, page string) element {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return element{root}
}

// all finds elements by a selector of words that contain each other: "main .gift a[href]".
// A word is a tag, and any of #id, .class, [attribute] and [attribute=value] behind it.
func (e element) all(selector string) []element {
	found := []element{e}
	for word := range strings.FieldsSeq(selector) {
		var next []element
		for _, from := range found {
			for n := range from.Descendants() {
				if m := (element{n}); m.is(word) && !slices.Contains(next, m) {
					next = append(next, m)
				}
			}
		}
		found = next
	}
	return found
}

// one finds the only element of a selector.
func (e element) one(t *testing.T, selector string) element {
	t.Helper()
	found := e.all(selector)
	if len(found) != 1 {
		t.Fatalf("%d elements are %q, want 1", len(found), selector)
	}
	return found[0]
}

func (e element) is(word string) bool {
	if e.Type != html.ElementNode {
		return false
	}
	for i, part := range pieces(word) {
		switch {
		case strings.HasPrefix(part, "#"):
			if e.attr("id") != part[1:] {
				return false
			}
		case strings.HasPrefix(part, "."):
			if !slices.Contains(strings.Fields(e.attr("class")), part[1:]) {
				return false
			}
		case strings.HasPrefix(part, "["):
			name, value, exact := strings.Cut(strings.Trim(part, "[]"), "=")
			if !e.has(name) || (exact && e.attr(name) != value) {
				return false
			}
		case i == 0 && e.Data != part:
			return false
		}
	}
	return true
}

// pieces cuts "a.button[href]" into "a", ".button", "[href]".
func pieces(word string) []string {
	var out []string
	inside := false
	for i, r := range word {
		if i == 0 || (!inside && strings.ContainsRune("#.[", r)) {
			out = append(out, "")
		}
		inside = (inside || r == '[') && r != ']'
		out[len(out)-1] += string(r)
	}
	return out
}

func (e element) has(name string) bool {
	return slices.ContainsFunc(e.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func (e element) attr(name string) string {
	for _, a := range e.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what a reader sees, with every run of white space as one space.
func (e element) text() string {
	var b strings.Builder
	for n := range e.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
