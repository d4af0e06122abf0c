package egress

import "strings"

// Covers reports whether a path, escaped as it is sent, lies within a pattern of a grant or a quota; see the package
// comment. A pattern that is none covers every path.
func Covers(pattern, path string) bool {
	segments, err := parsePattern(pattern)
	if err != nil {
		return true
	}
	return matches(segments, strings.Split(path, "/")[1:])
}
