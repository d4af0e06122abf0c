// Package printable makes text from strangers, connectors and vendors, fit for a terminal or a page: with control and
// direction-changing characters it could repaint the screen, forge a line or hide what it says.
package printable

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Clean turns what is not fit into spaces, line feeds too, and bytes that are not UTF-8 into U+FFFD.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unfit(r) {
			return ' '
		}
		return r
	}, text)
}

// Lines is [Clean] for text of several lines: line feeds stay.
func Lines(text string) string {
	return strings.Map(func(r rune) rune {
		if unfit(r) && r != '\n' {
			return ' '
		}
		return r
	}, text)
}

// begins is what a line begins with, or has in it, that the runners of CI jobs take for a command to them.
var begins = regexp.MustCompile(`(?m)^([ \t]*:)(:)|(#)(#(?:vso|teamcity)?\[)`)

// Log is [Lines] for output that may be read by the runner of a CI job, which obeys lines such as "::add-mask::" and
// "##vso[": in the text of others they are no commands.
func Log(text string) string {
	return begins.ReplaceAllString(Lines(text), "$1$3 $2$4")
}

// Words is text on one line, with single spaces between its words.
func Words(text string) string {
	return strings.Join(strings.Fields(Clean(text)), " ")
}

// JSON escapes what is not fit in a JSON document: its value stays the same. Its line feeds stay.
func JSON(document []byte) []byte {
	out := make([]byte, 0, len(document))
	for _, r := range string(document) {
		if unfit(r) && r != '\n' {
			out = fmt.Appendf(out, `\u%04x`, r)
			continue
		}
		out = append(out, string(r)...)
	}
	return out
}

// unfit reports whether r is a control, changes the direction of text, or ends a line.
func unfit(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}
