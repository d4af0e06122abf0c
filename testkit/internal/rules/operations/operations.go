// Package operations has the rules of family O: whether operations do what they say.
package operations

import (
	"context"
	"maps"
	"slices"

	"patchbay/abi"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat(promised, careful, kept, []rule.Rule{
		readable, covered, coveredOthers, faulted, shown, filed,
		closed, described, typed, possible, consistent, spelled,
		sampled, realistic, dated, faithful,
		repeatable, keyed, contradicting, used, told, distinct,
		identified, offered,
		replayed, innocent, modest, marked, upserted, looked,
		advancing, turning, seamless, emptied, finite, whole,
		choosable, acceptable, drawn,
		repeatsItself, steady, pointed, confined, applied, exact, effective,
		quoted, shortened, lettered, arriving, disclosed, emptying,
		provided, uncut, zoned, telling, continued, furtherChoices, understood, leftOut,
	})
}

var readable = rule.Rule{
	Rule: report.Rule{
		ID: "O001", Title: "Every case can be read", Severity: report.Error,
		Rationale: "A case that is skipped proves nothing, and looks as if it did.",
		Fix:       "correct the case; docs/cases.md says what one looks like",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		bad := s.Lab.Unreadable()
		for _, name := range slices.Sorted(maps.Keys(bad)) {
			found(rule.CaseFile(name), "%v", bad[name])
		}
		return nil
	},
}

var covered = rule.Rule{
	Rule: report.Rule{
		ID: "O002", Title: "Every action has a case in which it succeeds", Severity: report.Error,
		Rationale: "Faults are injected into cases: an action without one is not tested at all.",
		Fix:       "add testdata/cases/ACTION.txtar with a call, its HTTP exchanges and its output; 'pack record' writes one from a live call",
		Origin:    "Make scenario per module, Zapier one run per action",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		has := map[string]bool{}
		for _, k := range s.Cases {
			if k.Call.Kind == abi.KindAction && k.Want.Fault == nil {
				has[k.Call.Operation] = true
			}
		}
		for i, a := range s.Manifest.Actions {
			if !has[a.Name] {
				found(rule.Action(i), "action %s has none", a.Name)
			}
		}
		return nil
	},
}

var replayed = rule.Rule{
	Rule: report.Rule{
		ID: "O100", Title: "Every case gives the result that it was recorded with", Severity: report.Error,
		Rationale: "A case that no longer passes is a behaviour that has changed unseen.",
		Fix:       "correct the guest or the case; 'pack test --run NAME' shows one case alone",
		Origin:    "Airbyte CAT expected records",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			if t.Problem != "" {
				found(rule.CaseFile(t.Case.Name), "%s", t.Problem)
			}
		}
		return nil
	},
}
