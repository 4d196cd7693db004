package stripesim

import (
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// params reads the parameters of one level of a request. The first thing wrong is
// remembered, and finish tells it; so a handler reads all it knows, then asks once.
type params struct {
	node *node
	path string
	err  **apiError // shared by all levels of a request
}

func newParams(n *node) *params { return &params{node: n, err: new(*apiError)} }

func (p *params) name(field string) string {
	if p.path == "" {
		return field
	}
	return p.path + "[" + field + "]"
}

func (p *params) fail(field, code, message string) {
	if *p.err == nil {
		*p.err = badRequest(code, p.name(field), message)
	}
}

// take finds a field and marks it as known.
func (p *params) take(field string) *node {
	if p.node == nil {
		return nil
	}
	n := p.node.kids[field]
	if n != nil {
		n.known = true
	}
	return n
}

// text reads a string of at most so many characters. Absent and empty are "".
func (p *params) text(field string, most int) string {
	n := p.take(field)
	if n == nil {
		return ""
	}
	if n.kids != nil {
		p.fail(field, "parameter_invalid_string_blank", "Invalid string: a single value is wanted.")
		return ""
	}
	if utf8.RuneCountInString(n.value) > most {
		p.fail(field, "", fmt.Sprintf("Invalid string: must be at most %d characters", most))
	}
	return n.value
}

func (p *params) required(field, value string) string {
	if value == "" {
		p.fail(field, "parameter_missing", "Missing required param: "+p.name(field)+".")
	}
	return value
}

func (p *params) integer(field string) (int64, bool) {
	s := p.text(field, 5000)
	if s == "" {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		p.fail(field, "parameter_invalid_integer", "Invalid integer: "+s)
	}
	return v, true
}

func (p *params) choice(field string, allowed ...string) string {
	s := p.text(field, 5000)
	if s == "" {
		return ""
	}
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	p.fail(field, "", fmt.Sprintf("Invalid %s: must be one of %s", p.name(field), strings.Join(allowed, ", ")))
	return ""
}

func (p *params) url(field string) string {
	s := p.text(field, 5000)
	if s != "" && !isWebURL(s) {
		p.fail(field, "url_invalid", "Not a valid URL")
	}
	return s
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (p *params) email(field string) string {
	s := p.text(field, 800)
	if s == "" {
		return ""
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		p.fail(field, "email_invalid", "Invalid email address: "+s)
	}
	return s
}

// group reads field[...]; absent is an empty group.
func (p *params) group(field string) *params {
	n := p.take(field)
	if n != nil && n.kids == nil && n.value != "" {
		p.fail(field, "", "Invalid object")
	}
	return &params{node: n, path: p.name(field), err: p.err}
}

// groups reads field[0][...], field[1][...].
func (p *params) groups(field string) []*params {
	var out []*params
	list := p.group(field)
	for _, i := range p.indexes(field) {
		out = append(out, list.group(i))
	}
	return out
}

// texts reads field[0], field[1] or field[].
func (p *params) texts(field string, most int) []string {
	var out []string
	list := p.group(field)
	for _, i := range p.indexes(field) {
		out = append(out, list.required(i, list.text(i, most)))
	}
	return out
}

func (p *params) indexes(field string) []string {
	n := p.take(field)
	if n == nil {
		return nil
	}
	keys, ok := n.indexes()
	if !ok {
		p.fail(field, "", "Invalid array")
	}
	return keys
}

const (
	metadataKeys  = 50
	metadataKey   = 40
	metadataValue = 500
)

// metadata reads field[key]=value. An empty value leaves the key out.
func (p *params) metadata(field string) map[string]string {
	out := map[string]string{}
	g := p.group(field)
	if g.node == nil {
		return out
	}
	for key := range g.node.kids {
		if utf8.RuneCountInString(key) > metadataKey {
			g.fail(key, "", "Metadata keys can have up to 40 characters.")
		}
		if value := g.text(key, metadataValue); value != "" {
			out[key] = value
		}
	}
	if len(out) > metadataKeys {
		p.fail(field, "", "Metadata can have up to 50 keys.")
	}
	return out
}

// finish tells the first thing wrong, a parameter that nobody read included.
func (p *params) finish() error {
	if *p.err == nil {
		if name := p.node.unknown(p.path); name != "" {
			*p.err = badRequest("parameter_unknown", name, "Received unknown parameter: "+name+". The sandbox implements a subset of Stripe's parameters.")
		}
	}
	if *p.err != nil {
		return *p.err
	}
	return nil
}
