package spec

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// T is the part of testing.T that a verdict needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Handler lets calls through to next and fails the test for every call that Stripe
// would not have taken although next took it, and for every answer that Stripe would
// not have given. A call that next refused was bad on purpose: of it only the error
// is judged. Paths outside /v1/ and answers for paths that Stripe does not have are
// let through unseen.
func Handler(t T, next http.Handler) http.Handler {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Errorf("%v", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: read the request: %v", r.Method, r.URL.Path, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		s.judge(t, r, string(body), rec)
	})
}

func (s *Spec) judge(t T, r *http.Request, body string, rec *recorder) {
	t.Helper()
	if _, ok := s.operation(r.Method, r.URL.Path); !ok && rec.status == http.StatusNotFound {
		return
	}
	for _, wrong := range s.Response(r.Method, r.URL.Path, rec.status, rec.body.Bytes()) {
		t.Errorf("answer %d to %s %s: %s", rec.status, r.Method, r.URL.Path, wrong)
	}
	if rec.status != http.StatusOK {
		return
	}
	raw := body
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		raw = r.URL.RawQuery
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		t.Errorf("request %s %s: %v", r.Method, r.URL.Path, err)
	}
	for _, wrong := range s.Request(r.Method, r.URL.Path, form) {
		t.Errorf("request %s %s: %s", r.Method, r.URL.Path, wrong)
	}
}

// Event lists what is wrong with the raw body of an event.
func Event(raw []byte) []string {
	s, err := Load()
	if err != nil {
		return []string{err.Error()}
	}
	return s.Event(raw)
}

// recorder keeps a copy of what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
