package signin

import "strings"

// safePath returns next if it is a path of this site, and otherwise instead. Whoever
// follows a link to the sign-in page must not end up with somebody else: "//host" and
// "/\host" leave the site, and control characters may hide it.
func safePath(next, instead string) string {
	if len(next) > 2000 || !strings.HasPrefix(next, "/") {
		return instead
	}
	if len(next) > 1 && (next[1] == '/' || next[1] == '\\') {
		return instead
	}
	for i := range len(next) {
		if next[i] <= ' ' || next[i] == 0x7f || next[i] == '\\' {
			return instead
		}
	}
	return next
}
