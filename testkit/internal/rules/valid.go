package rules

import (
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// sections are the manifest's, by the family that they belong to. What is not named belongs to the listing.
var sections = map[string]string{
	"auth": "A", "connection": "A", "http": "N", "guest": "W", "actions": "O", "options": "O", "schemas": "O",
	"triggers": "T", "retry": "R", "errors": "R", "limits": "L", "quotas": "L",
}

// FamilyOf returns the family of a section of the manifest.
func FamilyOf(section string) string {
	if f, ok := sections[section]; ok {
		return f
	}
	return "M"
}

// Valid is the rule of a family about what keeps a connector from being built at all. It has no check of its own: a
// bundle that exists has passed it.
func Valid(family string) report.Rule {
	what := map[string]string{
		"M": "The manifest can be read, and its listing is complete", "A": "The auth methods and connection fields are valid",
		"N": "The http grants are valid", "W": "The guest is a module that this host can bound", "O": "The actions, options and schemas are valid",
		"T": "The triggers are valid", "R": "The error rules and retries are valid", "L": "The limits and quotas are valid",
	}
	return report.Rule{
		ID: family + "900", Title: what[family], Severity: report.Error,
		Rationale: "A host refuses to build, install or run what is not valid.",
		Fix:       "correct it as the finding says; docs/manifest.md describes every key",
		Origin:    "Zapier functional constraints, Power Platform swagger validator, n8n n8n-object-validation",
	}
}

// valid adds to each family its rule about validity.
func valid(all []Family) {
	for i, f := range all {
		if r := Valid(f.ID); r.Title != "" {
			all[i].Rules = append(all[i].Rules, rule.Rule{Rule: r, Static: true, Check: rule.Passed})
		}
	}
}
