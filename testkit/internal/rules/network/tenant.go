package network

import (
	"fmt"
	"slices"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var tenant = rule.Look(report.Rule{
	ID: "N040", Title: "A segment that is always a field of the connection is written as the field", Severity: report.Warning,
	Rationale: "With * in the place of the account every account is granted that the credential can reach, and not the one that was connected.",
	Fix:       "write {field} in the place of *",
	Origin:    "least privilege (NIST SP 800-53 AC-6)",
}, func(s *rule.Subject, found rule.Found) {
	all := uses(s)
	for i, g := range s.Manifest.HTTP {
		for j, path := range g.Paths {
			for k, part := range segments(path) {
				if field := standsFor(s, of(all, i), j, k); part == "*" && field != "" {
					found(fmt.Sprintf("%s/paths/%d", rule.Grant(i), j), "in %s segment %d is the connection's %s in every request of the cases", path, k+1, field)
				}
			}
		}
	}
})

// standsFor returns the field of the connection whose value a segment is in all requests under a pattern.
func standsFor(s *rule.Subject, mine []use, pattern, segment int) string {
	mine = slices.DeleteFunc(slices.Clone(mine), func(u use) bool { return !slices.Contains(u.patterns, pattern) })
	for _, f := range s.Manifest.Connection.Fields {
		elsewhere := slices.ContainsFunc(mine, func(u use) bool {
			value := fields(s.Manifest, u.of.Call)[f.Name]
			return len(value) < 3 || segment >= len(u.segments) || u.segments[segment] != value
		})
		if len(mine) > 0 && !elsewhere {
			return f.Name
		}
	}
	return ""
}
