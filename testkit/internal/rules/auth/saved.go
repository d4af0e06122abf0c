package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var saved = rule.Look(report.Rule{
	ID: "A040", Title: "What an exchange saves is used", Severity: report.Warning,
	Rationale: "A step whose result nobody uses was not needed, or another credential is sent in its place.",
	Fix:       "write the saved value where it is needed, as in Authorization: \"Bearer {name}\", or leave the step out",
}, func(s *rule.Subject, found rule.Found) {
	for i, a := range s.Manifest.Auth {
		for j, step := range a.Steps {
			later := templates(manifest.AuthMethod{Headers: a.Headers, Steps: a.Steps[j+1:]})
			for _, name := range slices.Sorted(maps.Keys(step.Save)) {
				if !slices.Contains(kept, name) && !slices.ContainsFunc(later, func(t string) bool { return named(t, name) }) {
					found(fmt.Sprintf("%s/steps/%d/save/%s", method(i), j, rule.Escape(name)), "nothing after step %d of method %s uses %s", j+1, a.ID, name)
				}
			}
		}
	}
})

// kept are names that the host itself looks for.
var kept = []string{"token", "expires_in", "expires_at", "refresh_token"}

var shaped = rule.Look(report.Rule{
	ID: "A041", Title: "A field that stands in a path has a form", Severity: report.Note,
	Rationale: "A name in the place of an id, or one with a slash too many, is found when the vendor answers 404 and not when it is typed.",
	Fix:       "add a pattern, such as [0-9a-f]{32}, that takes no slash, or an enum",
	Origin:    "Power Platform PathParameterMissingEncoding",
}, func(s *rule.Subject, found rule.Found) {
	var paths []string
	for _, g := range s.Manifest.HTTP {
		paths = append(append(paths, below(g.URL)), g.Paths...)
	}
	for _, a := range s.Manifest.Auth {
		for _, step := range a.Steps {
			paths = append(paths, below(step.URL))
		}
	}
	eachField(s, func(place string, f manifest.Field) {
		if _, refused := f.Value("../a/b"); len(f.Enum) == 0 && refused == "" && slices.ContainsFunc(paths, func(t string) bool { return named(t, f.Name) }) {
			found(place, "%s is part of a path, and \"../a/b\" is accepted for it", f.Name)
		}
	})
})

// below is the path of an address.
func below(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	_, path, _ := strings.Cut(rest, "/")
	return path
}
