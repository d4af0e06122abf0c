// Package auth has the rules of family A: how connections prove who they are.
package auth

import (
	"fmt"
	"slices"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat([]rule.Rule{test}, methods, fields, oauth, tests, []rule.Rule{unused, saved, shaped}, compared)
}

// method is the place of an auth method: "/auth/0".
func method(i int) string { return fmt.Sprintf("/auth/%d", i) }

var test = rule.Look(report.Rule{
	ID: "A001", Title: "A connection can be tested", Severity: report.Error,
	Rationale: "Without a test a wrong credential is found by the first recipe that fails, at night.",
	Fix:       "register a test with sdk.Test and name it under connection.test",
	Origin:    "n8n credential-test-required, Zapier schema, Make review",
}, func(s *rule.Subject, found rule.Found) {
	if len(s.Manifest.Auth) > 0 && s.Manifest.Connection.Test == "" {
		found("/connection/test", "the connector has %d auth methods and no test", len(s.Manifest.Auth))
	}
})
