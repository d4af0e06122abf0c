package listing

import (
	"strings"
	"unicode"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// mixed finds names that are meant to be taken for others: "NetSuite" with a Cyrillic S.
var mixed = eachText(report.Rule{
	ID: "M040", Title: "No word is made of letters of two scripts", Severity: report.Warning,
	Rationale: "Letters of other scripts that look like Latin ones make a name that reads like a product's and is another. A search for the product does not find it.",
	Fix:       "write the word in letters of one script",
	Origin:    "Unicode Technical Standard 39, mixed-script detection",
}, func(t rule.Text) string {
	for w := range strings.FieldsFuncSeq(t.Text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len([]rune(w)) > 2 && scripts(w) > 1 { // of two letters: μs, Δt
			return w
		}
	}
	return ""
})

// alike are the scripts whose letters can be taken for each other's.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}

// scripts is of how many of them a word has letters.
func scripts(word string) (n int) {
	for _, script := range alike {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) }) {
			n++
		}
	}
	return n
}
