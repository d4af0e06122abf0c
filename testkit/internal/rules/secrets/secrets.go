// Package secrets has the rules of family S: credentials, and data of real people, where they must not be.
package secrets

import (
	"slices"

	"patchbay/testkit/internal/leaks"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat(written, recorded, personal, []rule.Rule{returned, logged, echoed, handed})
}

// written are about credentials that somebody has written into what ships.
var written = []rule.Rule{
	leaked("S001", "The manifest holds no credential", func(s *rule.Subject, look scan) {
		look("connector.yaml", leaks.Find(s.Contents.Manifest))
	}),
	leaked("S002", "The README holds no credential", func(s *rule.Subject, look scan) {
		look("README.md", leaks.Find(s.Contents.Readme))
	}),
	leaked("S003", "The cases hold no credential", func(s *rule.Subject, look scan) {
		for _, f := range files(s) {
			look(f.place, leaks.Find(f.text))
		}
	}),
	leaked("S004", "The guest holds no credential", func(s *rule.Subject, look scan) {
		look("guest", leaks.FindIn(s.Contents.Module))
	}),
	leaked("S005", "The icon and the bill of materials hold no credential", func(s *rule.Subject, look scan) {
		look("icon", leaks.FindIn(s.Contents.Icon))
		look("sbom.json", leaks.FindIn(s.Contents.SBOM))
	}),
}

// scan takes what was found in a file.
type scan func(place string, found []leaks.Leak)

func leaked(id, title string, look func(s *rule.Subject, look scan)) rule.Rule {
	return rule.Look(report.Rule{
		ID: id, Title: title, Severity: report.Error,
		Rationale: "Whoever installs the connector can read it, and so can everybody else: it is lost from the moment it is published.",
		Fix:       "revoke the credential at its vendor, take it out, and let users bring their own as a field of a connection",
		Origin:    "Zapier 4.3, n8n no-hardcoded-secrets, Workato review, Power Platform CredScan, VS Code secretlint",
	}, func(s *rule.Subject, found rule.Found) {
		look(s, func(place string, all []leaks.Leak) {
			for _, l := range all {
				found(at(place, l), "%s: %s", l.Kind, l.Shown)
			}
		})
	})
}

// at is the place of a leak: a line, where the file has lines.
func at(place string, l leaks.Leak) string {
	if place == "guest" || place == "icon" || place == "connector.yaml" {
		return place
	}
	return rule.Line(place, l.Line)
}
