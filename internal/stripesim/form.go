package stripesim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is a value of a form or a group of them: a[b][0]=v nests two groups. Whether
// digits count places of a list or are names is decided by whoever reads it, for
// metadata may well have the key 2024.
type node struct {
	value string
	kids  map[string]*node
	known bool
}

const (
	mostPairs = 2000
	mostDepth = 8
)

// parseForm reads a query or a form-encoded body.
func parseForm(raw string) (*node, *apiError) {
	root := &node{kids: map[string]*node{}}
	pairs := 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		if pairs++; pairs > mostPairs {
			return nil, badRequest("", "", "Too many parameters.")
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, badRequest("", "", "Invalid percent-encoding in the parameters.")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, badRequest("", "", "Invalid UTF-8 in the parameters.")
		}
		path, ok := splitName(name)
		if !ok {
			return nil, badRequest("", "", "Invalid parameter name: "+name)
		}
		if err := root.put(path, value, name); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// splitName takes a[b][] apart into a, b and "".
func splitName(name string) ([]string, bool) {
	head, rest, nested := strings.Cut(name, "[")
	if head == "" || strings.Contains(head, "]") {
		return nil, false
	}
	path := []string{head}
	for nested {
		var part string
		var closed bool
		if part, rest, closed = strings.Cut(rest, "]"); !closed || strings.Contains(part, "[") {
			return nil, false
		}
		path = append(path, part)
		if rest == "" {
			break
		}
		if rest[0] != '[' {
			return nil, false
		}
		rest = rest[1:]
	}
	return path, len(path) <= mostDepth
}

func (n *node) put(path []string, value, name string) *apiError {
	for i, part := range path {
		if n.kids == nil {
			return badRequest("", name, "Invalid parameters: "+name+" is both a value and a group.")
		}
		if part == "" { // a[]= appends
			part = strconv.Itoa(len(n.kids))
		}
		next := n.kids[part]
		last := i == len(path)-1
		switch {
		case next == nil && last:
			next = &node{}
		case next == nil:
			next = &node{kids: map[string]*node{}}
		case last && next.kids != nil:
			return badRequest("", name, "Invalid parameters: "+name+" is both a value and a group.")
		}
		n.kids[part] = next
		n = next
	}
	n.value = value // the last of several wins
	return nil
}

// indexes lists the names of a list's places in order; false if they are not numbers.
func (n *node) indexes() ([]string, bool) {
	if n.kids == nil {
		return nil, n.value == "" // x= stands for an empty list
	}
	var places []int
	for key := range n.kids {
		i, err := strconv.Atoi(key)
		if err != nil || strconv.Itoa(i) != key || i < 0 {
			return nil, false
		}
		places = append(places, i)
	}
	slices.Sort(places)
	out := make([]string, len(places))
	for i, place := range places {
		out[i] = strconv.Itoa(place)
	}
	return out, true
}

// unknown names a parameter that nobody asked for, or is empty.
func (n *node) unknown(path string) string {
	var names []string
	for key := range n.kids {
		names = append(names, key)
	}
	slices.Sort(names)
	for _, key := range names {
		kid, name := n.kids[key], key
		if path != "" {
			name = path + "[" + key + "]"
		}
		if !kid.known {
			return name
		}
		if deeper := kid.unknown(name); deeper != "" {
			return deeper
		}
	}
	return ""
}
