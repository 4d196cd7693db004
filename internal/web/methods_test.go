package web_test

import (
	"net/http"
	"testing"
)

// Who comes with the wrong method hears which would do; who asks for nothing hears that
// there is nothing, and a guard's 404 stays one.
func TestWrongMethodsHearWhichWouldDo(t *testing.T) {
	h := open(t)
	h.letIn()
	pledge := h.Pledge(1000)
	for _, c := range []struct {
		who, method, path string
		status            int
		allow             string
	}{
		{"", http.MethodGet, "/hooks/stripe", 405, "POST"},
		{"", http.MethodPut, "/hooks/stripe", 405, "POST"},
		{"", http.MethodPost, "/healthz", 405, "GET, HEAD"},
		{"", http.MethodTrace, "/sign-in", 405, "GET, POST"}, // nobody's cookies are echoed
		{"", http.MethodDelete, "/api/v1/campaigns", 405, "GET, HEAD"},
		{"", http.MethodPost, "/uk/campaigns/" + h.Slug, 405, "GET, HEAD"},
		{"", http.MethodGet, "/sign-out", 405, "POST"},
		{"payer@example.org", http.MethodDelete, "/portal/pledges/" + pledge, 405, "GET"},
		{"", http.MethodPost, "/nowhere", 404, ""},
		{"payer@example.org", http.MethodGet, "/portal/nowhere", 404, ""},
		{"coordinator@example.org", http.MethodGet, "/portal", 404, ""},
		{"stranger@example.org", http.MethodGet, "/portal/pledges/" + pledge, 404, ""},
	} {
		res, _ := h.ask(h.visitor(c.who), c.method, c.path, "")
		if res.StatusCode != c.status || res.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q, want %d, %q", c.method, c.path, res.StatusCode, res.Header.Get("Allow"), c.status, c.allow)
		}
	}
}

// HEAD is answered wherever GET is, with the same status and no body.
func TestHEADIsAnsweredWhereverGETIs(t *testing.T) {
	h := open(t)
	h.letIn()
	for _, path := range []string{"/uk/", "/uk/campaigns/" + h.Slug, "/sign-in", "/portal", "/api/v1/campaigns", "/nowhere"} {
		get, body := h.ask(h.visitor("payer@example.org"), http.MethodGet, path, "")
		head, nothing := h.ask(h.visitor("payer@example.org"), http.MethodHead, path, "")
		if head.StatusCode != get.StatusCode || nothing != "" || (body == "") != (get.StatusCode == http.StatusSeeOther) {
			t.Errorf("%s: GET %d, HEAD %d with %d bytes", path, get.StatusCode, head.StatusCode, len(nothing))
		}
	}
}
