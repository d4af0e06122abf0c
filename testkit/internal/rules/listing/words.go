package listing

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var title = rule.Look(report.Rule{
	ID: "M006", Title: "The title is the product's name and no more", Severity: report.Warning,
	Rationale: "Everything in the marketplace is a connector for some API; the words only make titles longer and harder to sort.",
	Fix:       "leave the words out: Acme Desk instead of Acme Desk API Connector",
	Origin:    "Power Platform ValueContainsRestrictedWords",
}, func(s *rule.Subject, found rule.Found) {
	for word := range strings.FieldsSeq(s.Manifest.Title) {
		if slices.Contains([]string{"api", "connector", "integration", "plugin", "app", "patchbay", "official"}, strings.ToLower(strings.Trim(word, ".,:;()"))) {
			found("/title", "%q has the word %q", s.Manifest.Title, word)
		}
	}
	if last, _ := utf8.DecodeLastRuneInString(s.Manifest.Title); !unicode.IsLetter(last) && !unicode.IsDigit(last) && last != ')' && last != '+' {
		found("/title", "%q ends in %q", s.Manifest.Title, last)
	}
})

var category = rule.Look(report.Rule{
	ID: "M007", Title: "There are at most three categories, each once", Severity: report.Warning,
	Rationale: "A connector that is in every category makes each of them useless.",
	Fix:       "keep the one to three that its users would look in",
	Origin:    "Power Platform TooManyConnectorCategories, Workato three keywords",
}, func(s *rule.Subject, found rule.Found) {
	c := s.Manifest.Categories
	if n := len(c); n > 3 {
		found("/categories", "there are %d", n)
	}
	if sorted := slices.Sorted(slices.Values(c)); len(slices.Compact(sorted)) != len(c) {
		found("/categories", "one is there twice: %s", strings.Join(c, ", "))
	}
})

var summary = rule.Look(report.Rule{
	ID: "M008", Title: "The description has 30 to 300 characters", Severity: report.Warning,
	Rationale: "It stands under the title in every list: shorter it says nothing, longer nobody reads it.",
	Fix:       "say in a sentence or two what people do with the connector",
	Origin:    "Zapier M002, Power Platform 30-500 characters",
}, func(s *rule.Subject, found rule.Found) {
	if n := utf8.RuneCountInString(s.Manifest.Description); n < 30 || n > 300 {
		found("/description", "it has %d", n)
	}
})

// emptyOpening is how descriptions begin that say nothing in their first words.
var emptyOpening = regexp.MustCompile(`(?i)^(this|the|an?)\s+([\w-]+\s+){0,3}(connector|integration|plugin|action|trigger|operation)\b`)

var summaryForm = rule.Look(report.Rule{
	ID: "M009", Title: "The description says what the connector does", Severity: report.Warning,
	Rationale: "A list shows the first words only; \"This connector\" is in all of them.",
	Fix:       "begin with a verb, as in \"Reads and files tickets of Acme Desk.\", and do not repeat the title alone",
	Origin:    "n8n description differs from displayName, Power Platform summary differs from description",
}, func(s *rule.Subject, found rule.Found) {
	d := s.Manifest.Description
	switch {
	case emptyOpening.MatchString(d):
		found("/description", "it begins %q", emptyOpening.FindString(d))
	case strings.EqualFold(strings.Trim(d, " ."), s.Manifest.Title):
		found("/description", "it is the title")
	}
})
