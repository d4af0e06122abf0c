// Package documents has the rules of family D: what a connector tells people.
package documents

import (
	"bytes"
	"context"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule { return []rule.Rule{readme, mentions} }

var readme = rule.Rule{
	Rule: report.Rule{
		ID: "D001", Title: "There is a README", Severity: report.Error,
		Rationale: "It is the page that the marketplace shows.",
		Fix:       "add README.md: what the connector does, how to connect, and what each action is for",
		Origin:    "Airbyte QA, Power Platform Readme, Terraform docs/index.md",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		if len(bytes.TrimSpace(s.Contents.Readme)) == 0 {
			found("README.md", "there is none, or it is empty")
		}
		return nil
	},
}

var mentions = rule.Rule{
	Rule: report.Rule{
		ID: "D002", Title: "The README mentions every action", Severity: report.Warning,
		Rationale: "What is not written down is not found.",
		Fix:       "add a line for it",
		Origin:    "Airbyte QA section templates",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, a := range s.Manifest.Actions {
			if len(bytes.TrimSpace(s.Contents.Readme)) > 0 && !bytes.Contains(s.Contents.Readme, []byte(a.Name)) {
				found("README.md", "action %s is not mentioned", a.Name)
			}
		}
		return nil
	},
}
