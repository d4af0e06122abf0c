package resilience

import (
	"context"
	"fmt"
	"slices"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// declared is about what the manifest says of errors and retries.
var declared = []rule.Rule{
	static(report.Rule{
		ID: "R048", Title: "No request is repeated that was refused", Severity: report.Error,
		Rationale: "A refusal does not pass by itself; asking again only brings the limit nearer, or locks the account.",
		Fix:       "take the status out of retry.statuses; only 408, 425, 429 and 5xx may pass",
		Origin:    "AWS retry behaviour: no retries of client errors",
	}, func(s *rule.Subject, found rule.Found) {
		for i, status := range statuses(s.Manifest) {
			if status < 500 && !slices.Contains([]int{408, 425, 429}, status) {
				found(fmt.Sprintf("/retry/statuses/%d", i), "%d is repeated up to %d times", status, retryOf(s.Manifest).Attempts)
			}
		}
	}),
	static(report.Rule{
		ID: "R049", Title: "What passes by itself is repeated: 429 and 503", Severity: report.Warning,
		Rationale: "Both say that a later try is answered: without it every short outage is a failed run.",
		Fix:       "add 429 and 503 to retry.statuses, or leave statuses out for the usual ones",
		Origin:    "Airbyte DefaultErrorHandler, RFC 6585 section 4",
	}, func(s *rule.Subject, found rule.Found) {
		list := statuses(s.Manifest)
		for _, status := range []int{429, 503} {
			if len(list) > 0 && !slices.Contains(list, status) {
				found("/retry/statuses", "%d is not among %v", status, list)
			}
		}
	}),
	static(report.Rule{
		ID: "R050", Title: "The manifest has an error rule for every error that the cases show", Severity: report.Warning,
		Rationale: "A status alone gives a code, but not the vendor's words, and says nothing to who reads the manifest.",
		Fix:       "add {status: …, code: …, message: /pointer/to/the/words} to errors",
		Origin:    "Workato custom error handling, n8n NodeApiError",
	}, unruled),
	static(report.Rule{
		ID: "R051", Title: "An error rule gives a status the code that it means", Severity: report.Error,
		Rationale: "Recipes, retries and renewals go by the code: with another one they do the wrong thing.",
		Fix:       "use the status' own code, or name in pointer or header what makes this answer another error",
		Origin:    "RFC 9110 section 15",
	}, func(s *rule.Subject, found rule.Found) {
		for i, r := range s.Manifest.Errors {
			want := meanings[r.Status]
			if r.Status == 403 && told(s.Manifest, 401) { // with a 401 of its own a vendor means 403 when it says so
				want = want[:1]
			}
			if r.Pointer != "" || r.Header != "" || want == nil || slices.Contains(want, abi.Code(r.Code)) {
				continue
			}
			found(fmt.Sprintf("/errors/%d/code", i), "%d is %s, want %s", r.Status, r.Code, words(want))
		}
	}),
	static(report.Rule{
		ID: "R053", Title: "A vendor that throttles has a quota in the manifest", Severity: report.Note,
		Rationale: "A host that knows the limit stays below it, for all recipes of a connection together.",
		Fix:       "add the vendor's documented limit to quotas",
		Origin:    "Airbyte api_budget, Make rate limits",
	}, func(s *rule.Subject, found rule.Found) {
		i := slices.IndexFunc(s.Manifest.Errors, func(r manifest.ErrorRule) bool { return r.Code == string(abi.RateLimited) })
		if i >= 0 && len(s.Manifest.Quotas) == 0 {
			found(fmt.Sprintf("/errors/%d", i), "the vendor throttles, but there are no quotas")
		}
	}),
	static(report.Rule{
		ID: "R070", Title: "Repetitions leave the vendor time", Severity: report.Warning,
		Rationale: "A vendor that is down for a second is asked as often as the machine can, by every call: it stays down, and the calls fail all the same.",
		Fix:       "leave base and cap out, or wait 100ms at the least before the first and 500ms before the last",
		Origin:    "AWS exponential backoff and jitter",
	}, func(s *rule.Subject, found rule.Found) {
		r := retryOf(s.Manifest)
		if base, most := time.Duration(r.Base), time.Duration(r.Cap); r.Attempts > 1 && (base > 0 && base < 100*time.Millisecond || most > 0 && most < 500*time.Millisecond) {
			found("/retry", "%d tries after the first, with waits from %v to %v", r.Attempts, base, most)
		}
	}),
	static(report.Rule{
		ID: "R054", Title: "All repetitions of a request fit into a call's time", Severity: report.Warning,
		Rationale: "A call that is repeated until its time is up ends as a timeout, and the vendor's own words are lost.",
		Fix:       "lower retry.attempts, base or cap; whoever calls may try again later",
		Origin:    "Google SRE book, deadlines and retries",
	}, func(s *rule.Subject, found rule.Found) {
		total := waitsOf(s.Manifest)
		for _, op := range s.Manifest.Operations() {
			op, _ := s.Manifest.Operation(op.Kind, op.Name)
			if most := wall(op); total >= most {
				found("/retry", "the waits between the tries are up to %v together, and a call of %s %s has %v", total, op.Kind, op.Name, most)
				return
			}
		}
	}),
}

// told reports whether a rule gives a status by itself its own code.
func told(m *manifest.Manifest, status int) bool {
	return slices.ContainsFunc(m.Errors, func(r manifest.ErrorRule) bool {
		return r.Status == status && r.Pointer == "" && r.Header == "" && r.Code == string(meanings[status][0])
	})
}

func static(r report.Rule, check func(s *rule.Subject, found rule.Found)) rule.Rule {
	return rule.Rule{Rule: r, Static: true, Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		check(s, found)
		return nil
	}}
}

func statuses(m *manifest.Manifest) []int {
	if m.Retry == nil {
		return nil
	}
	return m.Retry.Statuses
}
