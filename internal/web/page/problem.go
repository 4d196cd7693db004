package page

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
)

// Problem is an error for programs, as RFC 9457 writes it.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail,omitempty"`
	Code      string         `json:"code,omitempty"` // the fault's key: stable, unlike its sentence
	RequestID string         `json:"request_id,omitempty"`
	Errors    []ProblemField `json:"errors,omitempty"`
}

// ProblemField is what is wrong with one field.
type ProblemField struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// wantsProblem reports whether a program asks: at a program's door, or by preferring JSON
// to HTML.
func wantsProblem(r *http.Request) bool {
	for _, door := range []string{"/api/", "/hooks/", "/data/", "/log/"} {
		if strings.HasPrefix(r.URL.Path, door) {
			return true
		}
	}
	accept := r.Header.Get(echo.HeaderAccept)
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

func problem(c echo.Context, l i18n.Lang, x refusal, id string) error {
	p := Problem{Type: "about:blank", Title: http.StatusText(x.status), Status: x.status, RequestID: id}
	for _, f := range x.faults {
		if f.Field != "" {
			p.Errors = append(p.Errors, ProblemField{f.Field, f.Key, l.Fault(f)})
		}
	}
	if len(x.faults) > 0 {
		p.Code, p.Detail = x.faults[0].Key, sentence(l, x.faults[0])
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.Blob(x.status, "application/problem+json", body)
}
