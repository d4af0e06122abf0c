package resilience

import (
	"fmt"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// reached are the rules about error rules that never decide anything.
var reached = []rule.Rule{
	static(report.Rule{
		ID: "R060", Title: "Every error rule can be reached", Severity: report.Warning,
		Rationale: "The first rule that matches decides. One that stands behind a wider one says something, and is never asked.",
		Fix:       "put the rule that looks at pointer or header before the one that looks at the status alone, or remove it",
		Origin:    "go vet unreachable, firewall shadowed rules",
	}, func(s *rule.Subject, found rule.Found) {
		for j, later := range s.Manifest.Errors {
			for i, first := range s.Manifest.Errors[:j] {
				if what := shadows(first, later); what != "" {
					found(fmt.Sprintf("/errors/%d", j), "/errors/%d takes %s before it", i, what)
					break
				}
			}
		}
	}),
	static(report.Rule{
		ID: "R061", Title: "An error rule looks where the vendor's errors have something", Severity: report.Note,
		Rationale: "A pointer that leads nowhere never matches: the errors that it was written for get another code.",
		Fix:       "correct pointer: it is a JSON pointer into the error's body, as the cases have it; or add a case of that error",
		Origin:    "Workato custom error handling",
	}, nowhere),
}

// shadows says what of a later error rule's answers an earlier rule takes, or "". The manifest itself refuses a rule
// behind a wider one of its own status. A refinement of 400 or 422 by what the body says is meant to come first; one of
// other statuses may be an afterthought.
func shadows(first, later manifest.ErrorRule) string {
	wider := first.Pointer == "" && first.Header == ""
	alike := first.Pointer == later.Pointer && first.Header == later.Header && (first.Equals == "" || first.Equals == later.Equals)
	switch {
	case !wider && alike && (first.Status == later.Status || first.Status == 0 && later.Status >= 400):
		return "all that it is for"
	case wider && later.Status == 0 && (first.Status == 400 || first.Status == 422) && first.Code != later.Code:
		return fmt.Sprintf("every %d", first.Status)
	}
	return ""
}

func nowhere(s *rule.Subject, found rule.Found) {
	told := map[string]bool{}
	for i, r := range s.Manifest.Errors {
		if r.Pointer == "" || r.Status > 0 && r.Status < 400 || told[r.Pointer] {
			continue
		}
		n, led := 0, false
		failed(s, func(_ *cases.Case, x *cases.Exchange, body any) {
			if r.Status == 0 || r.Status == x.Status {
				_, ok := follow(body, r.Pointer)
				n, led = n+1, led || ok
			}
		})
		if n > 1 && !led {
			told[r.Pointer] = true
			found(fmt.Sprintf("/errors/%d/pointer", i), "%s leads nowhere in the %d errors of the cases", r.Pointer, n)
		}
	}
}
