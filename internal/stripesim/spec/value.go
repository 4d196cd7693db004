package spec

import (
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// value judges a decoded JSON value.
func (s *Spec) value(schema map[string]any, v any, at string, found *findings) {
	nullable, _ := schema["nullable"].(bool)
	schema = s.deref(schema)
	if n, _ := schema["nullable"].(bool); n {
		nullable = true
	}
	if v == nil {
		if !nullable {
			found.add("%s: null is not allowed", at)
		}
		return
	}
	if any := items(schema["anyOf"]); any != nil {
		s.anyOf(any, v, at, found)
		return
	}
	if allowed := items(schema["enum"]); allowed != nil && !slices.Contains(allowed, v) {
		found.add("%s: %v is not one of %v", at, v, allowed)
	}
	switch schema["type"] {
	case "string":
		text, ok := v.(string)
		if !ok {
			found.add("%s: %T instead of a string", at, v)
		} else if most, ok := schema["maxLength"].(float64); ok && utf8.RuneCountInString(text) > int(most) {
			found.add("%s: longer than %v characters", at, most)
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != math.Trunc(n) {
			found.add("%s: %v instead of an integer", at, v)
		}
	case "number":
		if _, ok := v.(float64); !ok {
			found.add("%s: %T instead of a number", at, v)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			found.add("%s: %T instead of a boolean", at, v)
		}
	case "array":
		s.array(schema, v, at, found)
	case "object":
		s.object(schema, v, at, found)
	}
}

func (s *Spec) array(schema map[string]any, v any, at string, found *findings) {
	list, ok := v.([]any)
	if !ok {
		found.add("%s: %T instead of an array", at, v)
		return
	}
	each, _ := schema["items"].(map[string]any)
	for i, x := range list {
		s.value(each, x, at+place(i), found)
	}
}

func (s *Spec) object(schema map[string]any, v any, at string, found *findings) {
	obj, ok := v.(map[string]any)
	if !ok {
		found.add("%s: %T instead of an object", at, v)
		return
	}
	for _, name := range items(schema["required"]) {
		if _, ok := obj[name.(string)]; !ok {
			found.add("%s: %s is missing", at, name)
		}
	}
	fields, _ := schema["properties"].(map[string]any)
	more, hasMore := schema["additionalProperties"]
	for _, name := range slices.Sorted(maps.Keys(obj)) {
		if field, ok := fields[name].(map[string]any); ok {
			s.value(field, obj[name], at+"."+name, found)
		} else if other, ok := more.(map[string]any); ok {
			s.value(other, obj[name], at+"."+name, found)
		} else if len(fields) > 0 && !hasMore {
			found.add("%s: Stripe has no field %s", at, name)
		}
	}
}

// anyOf passes if one branch does. Otherwise it tells what is wrong with the branch
// that was meant: the one whose object has the same name, or the nearest.
func (s *Spec) anyOf(branches []any, v any, at string, found *findings) {
	var nearest findings
	meant := false
	for _, b := range branches {
		branch := b.(map[string]any)
		var wrong findings
		s.value(branch, v, at, &wrong)
		if len(wrong) == 0 {
			return
		}
		name := items(dig(s.deref(branch), "properties", "object", "enum"))
		named := len(name) == 1 && name[0] == dig(v, "object")
		if nearest == nil || named && !meant || named == meant && len(wrong) < len(nearest) {
			nearest, meant = wrong, meant || named
		}
	}
	*found = append(*found, nearest...)
}
