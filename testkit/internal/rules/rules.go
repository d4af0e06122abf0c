// Package rules is the rule set: every rule of certification, and a fixture for each of a connector that breaks it.
package rules

import (
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/internal/rules/auth"
	"patchbay/testkit/internal/rules/compat"
	"patchbay/testkit/internal/rules/documents"
	"patchbay/testkit/internal/rules/limits"
	"patchbay/testkit/internal/rules/listing"
	"patchbay/testkit/internal/rules/module"
	"patchbay/testkit/internal/rules/network"
	"patchbay/testkit/internal/rules/operations"
	"patchbay/testkit/internal/rules/resilience"
	"patchbay/testkit/internal/rules/secrets"
	"patchbay/testkit/internal/rules/triggers"
)

// Family is a group of rules, by the letter that their ids begin with.
type Family struct {
	ID, Title string
	Rules     []rule.Rule
}

// Families are all rules there are, by id within a family.
func Families() []Family {
	all := []Family{
		{"M", "Listing", listing.Rules()},
		{"A", "Auth", auth.Rules()},
		{"N", "Network", network.Rules()},
		{"S", "Secrets", secrets.Rules()},
		{"W", "Module", module.Rules()},
		{"O", "Operations", operations.Rules()},
		{"T", "Triggers", triggers.Rules()},
		{"R", "Resilience", resilience.Rules()},
		{"C", "Compatibility", compat.Rules()},
		{"D", "Documents", documents.Rules()},
		{"L", "Limits", limits.Rules()},
	}
	valid(all)
	for _, f := range all {
		slices.SortFunc(f.Rules, func(a, b rule.Rule) int { return strings.Compare(a.ID, b.ID) })
	}
	return all
}
