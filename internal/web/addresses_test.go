package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// inAddresses are what may stand behind the question mark of an address, where browsers keep it
// and proxies read it: nothing that opens anything. Two of them are what somebody of the office
// looks for, which may be a name or an e-mail.
var inAddresses = map[string]string{
	"q": "what is looked for", "name": "a letter's kind", "joined": "a year", "person": "what is looked for", "company": "part of a company's name", "subject": "a thing's id",
	"campaign": "a slug", "cluster": "a slug", "kind": "a choice", "state": "a choice", "act": "a choice",
	"letter": "a choice", "lang": "a language",
	"year": "a year", "from": "a day", "until": "a day", "amount": "an amount",
	"notice": "what was just done", "next": "a path of the site's own", "account": "an id",
}

func TestNothingSecretStandsInAnAddress(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	all := h.things()
	pages, letters, searches, seen := 0, 0, 0, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(matrix)) {
		path, isPage := strings.CutPrefix(name, "GET ")
		row, err := parseRow(matrix[name])
		if err != nil || !isPage {
			continue
		}
		who, found := reader(row)
		if !found {
			continue
		}
		res, body := h.ask(all.as(path, who), http.MethodGet, all.at(path), "")
		page, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		pages++
		searches += h.queries(path, page, seen)
		if strings.HasSuffix(path, "/:token") {
			letters++
			h.keepsItsAddress(path, res, page)
		}
	}
	for name := range inAddresses {
		if !seen[name] {
			t.Errorf("nothing puts %q into an address", name)
		}
	}
	if pages < 100 || letters < 6 || searches < 20 {
		t.Errorf("%d pages, %d of them from letters, and %d searches were looked at: the test looks past them", pages, letters, searches)
	}
}

// reader is somebody who is shown a page: the one who may do the most there, if it is shown to
// them.
func reader(row [][]int) (actor, bool) {
	for _, name := range []string{"owner", "coordinator", "admin", "auditor", "nobody"} {
		for g, group := range actors {
			for i, a := range group {
				if a.name == name && row[g][i] == http.StatusOK {
					return a, true
				}
			}
		}
	}
	return actor{}, false
}

// queries looks at what a page's links and searches put into addresses, and counts the searches.
func (h *house) queries(path string, page *html.Node, seen map[string]bool) (searches int) {
	h.t.Helper()
	known := func(where, name string) {
		seen[name] = true
		if inAddresses[name] == "" {
			h.t.Errorf("%s: %s puts %q into an address", path, where, name)
		}
	}
	for n := range page.Descendants() {
		for _, at := range []string{"href", "action", "src"} {
			if u, err := url.Parse(attribute(n, at)); err == nil && u.Host == "" && u.RawQuery != "" {
				for name := range u.Query() {
					known("a link", name)
				}
			}
		}
		if n.Data != "form" || strings.EqualFold(attribute(n, "method"), "post") {
			continue
		}
		searches++
		for field := range n.Descendants() {
			if kind := attribute(field, "type"); kind == "password" || kind == "file" {
				h.t.Errorf("%s: a search asks for a %s", path, kind)
			}
			if name := attribute(field, "name"); name != "" {
				known("a search", name)
			}
		}
	}
	return searches
}

// keepsItsAddress looks at a page that a link in a letter leads to: the link is a secret until
// it is used, so that it is told to no other site, kept by no cache, and does nothing by itself.
func (h *house) keepsItsAddress(path string, res answered, page *html.Node) {
	h.t.Helper()
	if res.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		h.t.Errorf("%s: Referrer-Policy %q, Cache-Control %q", path, res.Header.Get("Referrer-Policy"), res.Header.Get("Cache-Control"))
	}
	if matrix["POST "+path] == "" {
		h.t.Errorf("%s does what it is for without a press of a button", path)
	}
	for n := range page.Descendants() {
		for _, at := range []string{"src", "href", "action"} {
			if u, err := url.Parse(attribute(n, at)); err == nil && u.Host != "" && n.Data != "a" {
				h.t.Errorf("%s: <%s> asks %s", path, n.Data, u.Host)
			}
		}
	}
}
