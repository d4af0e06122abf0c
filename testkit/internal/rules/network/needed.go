package network

import (
	"context"
	"fmt"
	"slices"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// needed are the rules about what is granted and not used. A connector without cases is found for that.
var needed = []rule.Rule{unusedGrant, unusedMethod, unusedPath}

var unusedGrant = rule.Rule{
	Rule: report.Rule{
		ID: "N001", Title: "Every grant is used by a case", Severity: report.Warning,
		Rationale: "Whoever installs a connector consents to its grants. One that nothing uses is a risk without a reason.",
		Fix:       "remove the grant, or add a case of the operation that needs it",
		Origin:    "Zapier scopes review, Chrome web store minimum permissions",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			if len(s.Cases) > 0 && len(of(all, i)) == 0 {
				found(rule.Grant(i), "none of the %d requests in the cases is covered by grant %s, %s", len(all), g.ID, g.URL)
			}
		}
		return nil
	},
}

var unusedMethod = rule.Rule{
	Rule: report.Rule{
		ID: "N002", Title: "Every granted method is used by a case", Severity: report.Warning,
		Rationale: "A connector that reads must not be able to write: what it may do is what somebody has to trust it with.",
		Fix:       "remove the method, or add a case of the operation that needs it",
		Origin:    "least privilege (NIST SP 800-53 AC-6)",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			mine := of(all, i)
			for j, method := range g.Methods {
				if len(mine) > 0 && !slices.ContainsFunc(mine, func(u use) bool { return u.exchange.Method == method }) {
					found(fmt.Sprintf("%s/methods/%d", rule.Grant(i), j), "%s is granted under %s; the %d requests in the cases that this grant covers do not use it", method, g.ID, len(mine))
				}
			}
		}
		return nil
	},
}

var unusedPath = rule.Rule{
	Rule: report.Rule{
		ID: "N003", Title: "Every granted path is used by a case", Severity: report.Warning,
		Rationale: "Vendors put what is harmless and what is not behind one host: paths are what tells them apart.",
		Fix:       "remove the path, or add a case of the operation that needs it",
		Origin:    "least privilege (NIST SP 800-53 AC-6)",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			mine := of(all, i)
			for j, path := range g.Paths {
				if len(mine) > 0 && !slices.ContainsFunc(mine, func(u use) bool { return slices.Contains(u.patterns, j) }) {
					found(fmt.Sprintf("%s/paths/%d", rule.Grant(i), j), "no request in the cases is to %s of grant %s", path, g.ID)
				}
			}
		}
		return nil
	},
}
