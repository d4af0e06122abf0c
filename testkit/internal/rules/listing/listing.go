// Package listing has the rules of family M: what a marketplace shows of a connector.
package listing

import (
	"context"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule { return []rule.Rule{icon, support} }

var icon = rule.Rule{
	Rule: report.Rule{
		ID: "M001", Title: "The listing has an icon", Severity: report.Warning,
		Rationale: "People find a connector by its icon; a list of names all looks the same.",
		Fix:       "add an SVG or PNG file and name it under icon",
		Origin:    "Zapier M004, n8n icon-validation, Airbyte QA",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		if s.Manifest.Icon == "" {
			found("/icon", "the manifest names no icon")
		}
		return nil
	},
}

var support = rule.Rule{
	Rule: report.Rule{
		ID: "M002", Title: "Users are told where to find help", Severity: report.Warning,
		Rationale: "Whoever installs a connector must be able to reach somebody who can mend it.",
		Fix:       "add support: {url: https://…} or {email: …}",
		Origin:    "Workato sharing review, Power Platform contact metadata",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		if s.Manifest.Support.Email == "" && s.Manifest.Support.URL == "" {
			found("/support", "the manifest names neither an address nor a page")
		}
		return nil
	},
}
