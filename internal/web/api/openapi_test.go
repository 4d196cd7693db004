package api_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/web/webtest"
)

// The description is kept by hand; this holds it to what the handlers really answer, in
// both directions: no field that it does not know, and none that it promises and is not
// there.
func TestDescriptionFitsTheAnswers(t *testing.T) {
	w, grown := busy(t)
	joint(w)
	w.Goal(grown, 150_000, "Дахів більше")
	h := door(t, w)
	var spec map[string]any
	if err := json.Unmarshal([]byte(webtest.Ask(t, h, "/api/openapi.json").Body), &spec); err != nil {
		t.Fatal(err)
	}
	past := w.Now.AddDate(0, 0, -1).Format(time.DateOnly)
	for _, c := range []struct{ described, asked, status, media string }{
		{"/api/v1/campaigns", "/api/v1/campaigns", "200", "application/json"},
		{"/api/v1/campaigns/{slug}", "/api/v1/campaigns/it4life", "200", "application/json"},
		{"/api/v1/campaigns/{slug}", "/api/v1/campaigns/it4life?as_of=" + past, "200", "application/json"},
		{"/api/v1/campaigns/{slug}", "/api/v1/campaigns/bridge", "200", "application/json"},
		{"/api/v1/campaigns/{slug}", "/api/v1/campaigns/none", "404", "application/problem+json"},
		{"/api/v1/campaigns/{slug}", "/api/v1/campaigns/none?as_of=x", "422", "application/problem+json"},
	} {
		response := at(t, spec, at(t, spec, "paths", c.described, "get", "responses", c.status))
		schema := at(t, spec, response, "content", c.media, "schema")
		r := webtest.Ask(t, h, c.asked)
		if strconv.Itoa(r.Status) != c.status {
			t.Errorf("%s: %d", c.asked, r.Status)
		}
		var got any
		if err := json.Unmarshal([]byte(r.Body), &got); err != nil {
			t.Fatal(err)
		}
		fits(t, spec, c.asked, at(t, spec, schema), got)
	}
	if n := len(spec["paths"].(map[string]any)); n != 2 {
		t.Errorf("%d paths are described and 2 are tested", n)
	}
}

// at goes down into the description, from the root or a node, and follows references.
func at(t *testing.T, spec map[string]any, way ...any) map[string]any {
	t.Helper()
	node := spec
	for _, step := range way {
		switch s := step.(type) {
		case map[string]any:
			node = s
		case string:
			next, ok := node[s].(map[string]any)
			if !ok {
				t.Fatalf("the description has no %q of %v", s, way)
			}
			node = next
		}
		if ref, ok := node["$ref"].(string); ok {
			var path []any
			for _, p := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
				path = append(path, p)
			}
			node = at(t, spec, path...)
		}
	}
	return node
}

// fits checks a value against the few words of JSON Schema that the description uses, and
// fails on any other.
func fits(t *testing.T, spec map[string]any, where string, schema map[string]any, v any) {
	t.Helper()
	for word := range schema {
		if !slices.Contains([]string{"type", "properties", "required", "additionalProperties", "items", "format", "description"}, word) {
			t.Fatalf("%s: the test does not know %q", where, word)
		}
	}
	kinds := []any{schema["type"]}
	if several, ok := schema["type"].([]any); ok {
		kinds = several
	}
	if !slices.Contains(kinds, any(kind(v))) {
		t.Errorf("%s is %v, a %s, want %v", where, v, kind(v), kinds)
		return
	}
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			fits(t, spec, fmt.Sprintf("%s[%d]", where, i), at(t, spec, schema["items"]), one)
		}
	case map[string]any:
		properties := schema["properties"].(map[string]any)
		for _, name := range schema["required"].([]any) {
			if _, ok := v[name.(string)]; !ok {
				t.Errorf("%s lacks %v", where, name)
			}
		}
		for name, one := range v {
			described, ok := properties[name].(map[string]any)
			if !ok {
				t.Errorf("%s has %q, which is not described", where, name)
				continue
			}
			fits(t, spec, where+"."+name, at(t, spec, described), one)
		}
	case string:
		if layout := map[any]string{"date-time": time.RFC3339, "date": time.DateOnly}[schema["format"]]; layout != "" {
			if _, err := time.Parse(layout, v); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
}

func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%T", v)
}
