// Package listing has the rules of family M: what a marketplace shows of a connector.
package listing

import (
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat(
		[]rule.Rule{support, homepage, docs, title, category, summary, summaryForm, size},
		icons, texts, operations, honest, about, []rule.Rule{visible, personal},
	)
}

var support = rule.Look(report.Rule{
	ID: "M002", Title: "Users are told where to find help", Severity: report.Warning,
	Rationale: "Whoever installs a connector must be able to reach somebody who can mend it.",
	Fix:       "add support: {url: https://…} or {email: …}",
	Origin:    "Workato sharing review, Power Platform contact metadata",
}, func(s *rule.Subject, found rule.Found) {
	if s.Manifest.Support.Email == "" && s.Manifest.Support.URL == "" {
		found("/support", "the manifest names neither an address nor a page")
	}
})

var homepage = rule.Look(report.Rule{
	ID: "M003", Title: "The vendor's homepage is named", Severity: report.Warning,
	Rationale: "People check that the connector is for the product that they mean, and reviewers that its hosts are the vendor's.",
	Fix:       "add homepage: https://…, the product's own page",
	Origin:    "Zapier M006, n8n require-homepage, Power Platform Website",
}, func(s *rule.Subject, found rule.Found) {
	if len(s.Manifest.HTTP) > 0 && s.Manifest.Homepage == "" {
		found("/homepage", "the connector calls %s and names no homepage", s.Manifest.HTTP[0].URL)
	}
})

var docs = rule.Look(report.Rule{
	ID: "M004", Title: "The vendor's API is documented in public", Severity: report.Note,
	Rationale: "A reviewer compares what the connector does with what the vendor says; an undocumented API changes without notice.",
	Fix:       "add docs: https://…, where the vendor describes the API",
	Origin:    "Zapier 5.2, Power Platform",
}, func(s *rule.Subject, found rule.Found) {
	bare := func(address string) string { return strings.TrimRight(address, "/") }
	switch m := s.Manifest; {
	case len(m.HTTP) == 0:
	case m.Docs == "":
		found("/docs", "the manifest does not say where the API is documented")
	case bare(m.Docs) == bare(m.Homepage):
		found("/docs", "%s is the homepage", m.Docs)
	}
})

var size = rule.Look(report.Rule{
	ID: "M005", Title: "There are at most 256 operations", Severity: report.Error,
	Rationale: "Nobody finds anything in a longer list, and an agent cannot be given it.",
	Fix:       "split the connector, or leave out what nobody calls",
	Origin:    "Power Platform TotalOperationsCountExceedsMaxAllowed",
}, func(s *rule.Subject, found rule.Found) {
	if n := len(s.Manifest.Operations()); n > 256 {
		found("/actions", "there are %d", n)
	}
})
