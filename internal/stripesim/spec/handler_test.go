package spec_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kopiyka/internal/stripesim/spec"
)

// verdict is a test that may fail without failing this one.
type verdict struct{ wrong []string }

func (v *verdict) Helper() {}
func (v *verdict) Errorf(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

func TestHandlerFailsTheTestForWhatStripeWouldNotDo(t *testing.T) {
	t.Parallel()
	balance := `{"object":"balance","available":[],"pending":[],"livemode":false}`
	refused := `{"error":{"type":"invalid_request_error","message":"no"}}`
	for name, c := range map[string]struct {
		method, target, form string
		status               int
		answer               string
		want                 string
	}{
		"all well":                   {"GET", "/v1/balance", "", 200, balance, ""},
		"invented field":             {"GET", "/v1/balance", "", 200, `{"colour":"blue",` + balance[1:], "no field colour"},
		"no JSON":                    {"GET", "/v1/balance", "", 200, "ok", "invalid character"},
		"unknown query, let through": {"GET", "/v1/balance?colour=blue", "", 200, balance, "no parameter colour"},
		"unknown query, refused":     {"GET", "/v1/balance?colour=blue", "", 400, refused, ""},
		"unknown field, let through": {"POST", "/v1/refunds", "colour=blue", 200, balance, "no parameter colour"},
		"error of another shape":     {"GET", "/v1/balance", "", 400, `{"message":"no"}`, "error is missing"},
		"error of unknown type":      {"GET", "/v1/balance", "", 400, `{"error":{"type":"whim"}}`, "not one of"},
		"invented path, answered":    {"GET", "/v1/pledges", "", 200, "{}", "no operation GET /v1/pledges"},
		"invented path, not found":   {"GET", "/v1/pledges", "", 404, refused, ""},
		"another door":               {"GET", "/c/pay/1", "", 200, "<html>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := &verdict{}
			h := spec.Handler(v, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseForm(); err != nil || c.form != "" && r.PostForm.Encode() != c.form {
					t.Errorf("the handler below read %q, %v", r.PostForm.Encode(), err)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.answer)
			}))
			req := httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(c.form))
			if c.form != "" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if rec.Code != c.status || rec.Body.String() != c.answer {
				t.Errorf("passed on %d %s", rec.Code, rec.Body)
			}
			got := strings.Join(v.wrong, "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("verdict %q, want %q", got, c.want)
			}
		})
	}
}

func TestEventIsJudgedWithItsObject(t *testing.T) {
	t.Parallel()
	envelope := `{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1,"livemode":false,"pending_webhooks":0,"request":null,"type":"balance.available","data":{"object":%s}}`
	balance := `{"object":"balance","available":[],"pending":[],"livemode":false}`
	for body, want := range map[string]string{
		fmt.Sprintf(envelope, balance):                "",
		fmt.Sprintf(envelope, `{"object":"balance"}`): "available is missing",
		fmt.Sprintf(envelope, `{"object":"pledge"}`):  "no object pledge",
		fmt.Sprintf(envelope, `null`):                 "data.object",
		`{"id":"evt_1"}`:                              "created is missing",
		`no`:                                          "invalid character",
	} {
		got := strings.Join(spec.Event([]byte(body)), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\nfound %q, want %q", body, got, want)
		}
	}
}
