package spec

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func place(i int) string { return fmt.Sprintf("[%d]", i) }

// Request lists what is wrong with the parameters of a call: names that Stripe does
// not have, types, enums, lengths, and what is missing.
func (s *Spec) Request(method, path string, form url.Values) []string {
	op, ok := s.operation(method, path)
	if !ok {
		return []string{"Stripe has no operation " + method + " " + path}
	}
	schema := map[string]any{"type": "object", "properties": map[string]any{}, "additionalProperties": false}
	if method == http.MethodGet || method == http.MethodDelete {
		for _, p := range items(op.doc["parameters"]) {
			if dig(p, "in") == "query" {
				schema["properties"].(map[string]any)[dig(p, "name").(string)] = dig(p, "schema")
			}
		}
	} else if body, ok := dig(op.doc, "requestBody", "content", "application/x-www-form-urlencoded", "schema").(map[string]any); ok {
		schema = body
	}
	var found findings
	s.param(schema, nest(form), op.template, &found)
	return found
}

// param judges a parameter: a string of the form, or what nest made of several.
func (s *Spec) param(schema map[string]any, v any, at string, found *findings) {
	schema = s.deref(schema)
	if branches := items(schema["anyOf"]); branches != nil {
		s.anyParam(branches, v, at, found)
		return
	}
	text, scalar := v.(string)
	if allowed := items(schema["enum"]); allowed != nil && scalar && !slices.Contains(allowed, any(text)) {
		found.add("%s: %q is not one of %v", at, text, allowed)
	}
	switch schema["type"] {
	case "string":
		if !scalar {
			found.add("%s: a group instead of a value", at)
		} else if most, ok := schema["maxLength"].(float64); ok && utf8.RuneCountInString(text) > int(most) {
			found.add("%s: longer than %v characters", at, most)
		}
	case "integer":
		if _, err := strconv.ParseInt(text, 10, 64); !scalar || err != nil {
			found.add("%s: %v is not an integer", at, v)
		}
	case "boolean":
		if text != "true" && text != "false" {
			found.add("%s: %v is not a boolean", at, v)
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			found.add("%s: not a list", at)
			return
		}
		each, _ := schema["items"].(map[string]any)
		for i, x := range list {
			s.param(each, x, at+place(i), found)
		}
	case "object":
		s.paramGroup(schema, v, at, found)
	}
}

func (s *Spec) paramGroup(schema map[string]any, v any, at string, found *findings) {
	group, ok := v.(map[string]any)
	if list, isList := v.([]any); isList { // metadata[0]=a is a group whose names are digits
		group, ok = map[string]any{}, true
		for i, x := range list {
			group[strconv.Itoa(i)] = x
		}
	}
	if !ok {
		found.add("%s: not a group", at)
		return
	}
	for _, name := range items(schema["required"]) {
		if _, ok := group[name.(string)]; !ok {
			found.add("%s: %s is missing", at, name)
		}
	}
	fields, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(group)) {
		if field, ok := fields[name].(map[string]any); ok {
			s.param(field, group[name], at+"."+name, found)
		} else if other, ok := schema["additionalProperties"].(map[string]any); ok {
			s.param(other, group[name], at+"."+name, found)
		} else {
			found.add("%s: Stripe has no parameter %s", at, name)
		}
	}
}

func (s *Spec) anyParam(branches []any, v any, at string, found *findings) {
	var nearest findings
	for _, b := range branches {
		var wrong findings
		s.param(b.(map[string]any), v, at, &wrong)
		if len(wrong) == 0 {
			return
		}
		if nearest == nil || len(wrong) < len(nearest) {
			nearest = wrong
		}
	}
	*found = append(*found, nearest...)
}

// nest turns a[b][0][c]=v into groups and lists.
func nest(form url.Values) map[string]any {
	root := map[string]any{}
	for name, values := range form {
		parts := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
		for i, v := range values {
			path := slices.Clone(parts)
			if path[len(path)-1] == "" {
				path[len(path)-1] = strconv.Itoa(i)
			}
			put(root, path, v)
		}
	}
	for name, v := range root {
		root[name] = lists(v)
	}
	return root
}

func put(group map[string]any, path []string, v string) {
	for _, part := range path[:len(path)-1] {
		next, ok := group[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			group[part] = next
		}
		group = next
	}
	group[path[len(path)-1]] = v
}

// lists turns groups whose names are all numbers into lists.
func lists(v any) any {
	group, ok := v.(map[string]any)
	if !ok {
		return v
	}
	var places []int
	for name, x := range group {
		group[name] = lists(x)
		if i, err := strconv.Atoi(name); err == nil {
			places = append(places, i)
		}
	}
	if len(places) == 0 || len(places) < len(group) {
		return group
	}
	slices.Sort(places)
	out := make([]any, len(places))
	for i, p := range places {
		out[i] = group[strconv.Itoa(p)]
	}
	return out
}
