package documents

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var figures = page(report.Rule{
	ID: "D022", Title: "The README gives the limits that the quotas give", Severity: report.Note,
	Rationale: "Who plans by the larger of two figures waits for the smaller one.",
	Fix:       "write the same figure in both, and say of another whose it is",
}, func(s *rule.Subject, p document, found rule.Found) {
	all := rates(p)
	for _, unit := range slices.Sorted(maps.Keys(all)) {
		declared := declares(s.Manifest, func(q manifest.Quota) int {
			if time.Duration(q.Per) == units[unit] {
				return q.Requests
			}
			return 0
		})
		if differ(all[unit], declared) {
			found("README.md", "%s requests a %s; the quotas of the manifest have %s", strings.Join(all[unit], ", "), unit, strings.Join(declared, ", "))
		}
	}
	declared := declares(s.Manifest, func(q manifest.Quota) int { return q.Concurrency })
	if said := atOnce(p); differ(said, declared) {
		found("README.md", "%s at a time; the quotas of the manifest have %s", strings.Join(said, ", "), strings.Join(declared, ", "))
	}
})

// declares are the figures of the quotas that have one.
func declares(m *manifest.Manifest, figure func(manifest.Quota) int) (all []string) {
	for _, q := range m.Quotas {
		if n := figure(q); n > 0 {
			all = append(all, strconv.Itoa(n))
		}
	}
	return all
}

// differ reports whether there are figures on both sides, and none is on both.
func differ(said, declared []string) bool {
	return len(said) > 0 && len(declared) > 0 && !slices.ContainsFunc(said, func(n string) bool { return slices.Contains(declared, n) })
}

var (
	rate  = regexp.MustCompile(`\b(\d{1,3}(?:,\d{3})+|\d+) (?:requests|calls)(?: (?:a|an|per|each|every)|/| in (?:a|one)) ?(second|minute|hour|day)\b`)
	units = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	more  = regexp.MustCompile(`^ and (\d{1,3}(?:,\d{3})+|\d+) (?:requests |calls )?(?:a|an|per) (second|minute|hour|day)\b`)
)

// rates are the numbers of requests in a unit of time that a README names, by the unit.
func rates(p document) map[string][]string {
	all := map[string][]string{}
	keep := func(n, unit string) { all[unit] = append(all[unit], strings.ReplaceAll(n, ",", "")) }
	for _, at := range rate.FindAllStringSubmatchIndex(p.text, -1) {
		keep(p.text[at[2]:at[3]], p.text[at[4]:at[5]])
		if m := more.FindStringSubmatch(p.text[at[1]:]); m != nil {
			keep(m[1], m[2])
		}
	}
	return all
}

var simultaneous = regexp.MustCompile(`\b(\d+) (?:requests |calls )?(?:at a time|at the same time|at once|in parallel)\b`)

// atOnce are the numbers of requests at the same time that a README names.
func atOnce(p document) (all []string) {
	for _, m := range simultaneous.FindAllStringSubmatch(p.text, -1) {
		all = append(all, m[1])
	}
	return all
}
