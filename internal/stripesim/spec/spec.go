// Package spec judges JSON and requests by Stripe's own OpenAPI document of API
// 2023-10-16, the one that stripe-mock carries. It is the oracle of the sandbox's
// tests and of anyone's who talks to the sandbox, and is imported by tests only, so
// nothing of stripe-mock reaches a binary.
//
// It is stricter than JSON Schema: Stripe's document does not say that other fields
// are forbidden, yet a field that it does not name is an invention of ours, and
// exactly what such a test should find.
package spec

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/stripe/stripe-mock/embedded"
)

// Spec is a loaded document. It may be used by many goroutines.
type Spec struct {
	version string
	schemas map[string]any
	ops     []operation
}

// operation is a method of a path template.
type operation struct {
	method, template string
	path             *regexp.Regexp
	doc              map[string]any
}

// Load reads the embedded document, once: it is 8 MB long.
var Load = sync.OnceValues(func() (*Spec, error) { return parse(embedded.OpenAPISpec) })

var placeholder = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func parse(raw []byte) (*Spec, error) {
	var doc struct {
		Info       struct{ Version string }
		Components struct{ Schemas map[string]any }
		Paths      map[string]map[string]any
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("read Stripe's OpenAPI document: %w", err)
	}
	s := &Spec{version: doc.Info.Version, schemas: doc.Components.Schemas}
	for template, methods := range doc.Paths {
		path, err := regexp.Compile("^" + placeholder.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$")
		if err != nil {
			return nil, fmt.Errorf("read path %s: %w", template, err)
		}
		for method, op := range methods {
			if doc, ok := op.(map[string]any); ok {
				s.ops = append(s.ops, operation{strings.ToUpper(method), template, path, doc})
			}
		}
	}
	// A path with fewer placeholders is the more exact one: charges/search before charges/{charge}.
	slices.SortFunc(s.ops, func(a, b operation) int {
		return strings.Count(a.template, "{") - strings.Count(b.template, "{")
	})
	return s, nil
}

// Version is the API version that the document describes.
func (s *Spec) Version() string { return s.version }

func (s *Spec) operation(method, path string) (operation, bool) {
	for _, op := range s.ops {
		if op.method == method && op.path.MatchString(path) {
			return op, true
		}
	}
	return operation{}, false
}

// Response lists what is wrong with a body that answers a call with a status. Any
// status but 200 is an error and judged as one.
func (s *Spec) Response(method, path string, status int, body []byte) []string {
	op, ok := s.operation(method, path)
	if !ok {
		return []string{"Stripe has no operation " + method + " " + path}
	}
	code := "200"
	if status != 200 {
		code = "default"
	}
	schema, ok := dig(op.doc, "responses", code, "content", "application/json", "schema").(map[string]any)
	if !ok {
		return []string{op.template + ": Stripe's document has no schema for the answer"}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{op.template + ": " + err.Error()}
	}
	var found findings
	s.value(schema, v, op.template, &found)
	return found
}

// Object lists what is wrong with a decoded object of a component such as "charge".
func (s *Spec) Object(component string, v any) []string {
	schema, ok := s.schemas[component].(map[string]any)
	if !ok {
		return []string{"Stripe has no object " + component}
	}
	var found findings
	s.value(schema, v, component, &found)
	return found
}

// Event lists what is wrong with the body of an event: its envelope, and the object
// in it by the name that the object gives itself.
func (s *Spec) Event(body []byte) []string {
	var ev map[string]any
	if err := json.Unmarshal(body, &ev); err != nil {
		return []string{"event: " + err.Error()}
	}
	found := s.Object("event", ev)
	obj, ok := dig(ev, "data", "object").(map[string]any)
	if !ok {
		return append(found, "event.data.object: missing")
	}
	name, _ := obj["object"].(string)
	return append(found, s.Object(name, obj)...)
}

type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// deref follows references to the schema that they mean.
func (s *Spec) deref(schema map[string]any) map[string]any {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		schema, _ = s.schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
	}
}

func dig(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func items(v any) []any {
	l, _ := v.([]any)
	return l
}
