// Package module has the rules of family W: the guest's code, and whether it is what the manifest says.
package module

import (
	"context"
	"slices"

	"patchbay/abi"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat([]rule.Rule{describes, coded, declared}, weight, leftovers, surface, materials)
}

var describes = rule.Rule{
	Rule: report.Rule{
		ID: "W001", Title: "The guest describes itself", Severity: report.Error,
		Rationale: "A host asks a guest what it has code for before the first call; one that fails then fails always.",
		Fix:       "run the guest's own tests; its registration must not fail",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		if _, err := s.Lab.Describe(ctx); err != nil {
			found("guest", "%v", err)
		}
		return nil
	},
}

var coded = rule.Rule{
	Rule: report.Rule{
		ID: "W002", Title: "Every operation of the manifest has code", Severity: report.Error,
		Rationale: "An operation that is listed and missing fails for everybody who chooses it.",
		Fix:       "register it in the guest, or remove it from the manifest",
		Origin:    "n8n node-registration-complete",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		has := operations(ctx, s)
		for _, op := range s.Manifest.Operations() {
			if has != nil && !has[op] {
				found(string(op.Kind)+" "+op.Name, "it is declared, but the guest has no code for it")
			}
		}
		return nil
	},
}

var declared = rule.Rule{
	Rule: report.Rule{
		ID: "W003", Title: "The guest has no code that the manifest does not declare", Severity: report.Error,
		Rationale: "What nobody has reviewed or consented to must not be callable.",
		Fix:       "declare it in the manifest, or remove it from the guest",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		has := operations(ctx, s)
		for _, op := range s.Manifest.Operations() {
			delete(has, op)
		}
		for op := range has {
			found("guest", "it has code for %s %s, which the manifest does not declare", op.Kind, op.Name)
		}
		return nil
	},
}

// operations are those that the guest has code for; nil if it does not say.
func operations(ctx context.Context, s *rule.Subject) map[abi.Operation]bool {
	d, err := s.Lab.Describe(ctx)
	if err != nil {
		return nil
	}
	all := map[abi.Operation]bool{}
	for _, op := range d.Operations {
		all[op] = true
	}
	return all
}
