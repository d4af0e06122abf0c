// Package compat has the rules of family C: what changes from one version to the next. They are looked at where there is
// a version before.
package compat

import (
	"regexp"
	"strings"

	"patchbay/contract"
	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return []rule.Rule{number, steps, identity, removals, breaks, repeats, dedupe, access, consent, scopes, guide}
}

// compared makes a rule about a connector that has a version before it.
func compared(r report.Rule, check func(s *rule.Subject, d contract.Diff, found rule.Found)) rule.Rule {
	made := rule.Look(r, func(s *rule.Subject, found rule.Found) {
		check(s, rule.Once(s, diffKey{}, func() contract.Diff { return contract.Compare(s.Previous.Manifest(), s.Manifest) }), found)
	})
	made.Compares = true
	return made
}

type diffKey struct{}

// each makes a rule of the changes that match.
func each(r report.Rule, match func(contract.Change) bool) rule.Rule {
	return compared(r, func(_ *rule.Subject, d contract.Diff, found rule.Found) {
		for _, c := range d.Changes {
			if match(c) {
				found(c.Place, "%s", c.Reason)
			}
		}
	})
}

// versions reads both numbers, which manifests hold valid.
func versions(s *rule.Subject) (old, new manifest.Version) {
	old, _ = manifest.ParseVersion(s.Previous.Manifest().Version)
	new, _ = manifest.ParseVersion(s.Manifest.Version)
	return old, new
}

var number = compared(report.Rule{
	ID: "C001", Title: "The version grows as much as the change wants", Severity: report.Error,
	Rationale: "Upgrades within a major version are installed without a second thought: they must not break anything.",
	Fix:       "raise version in connector.yaml to the least that is named, or take the change back; 'pack diff OLD NEW' lists the changes",
	Origin:    "Airbyte version increment and breakingChanges, Zapier C001-C003",
}, func(s *rule.Subject, d contract.Diff, found rule.Found) {
	old, new := versions(s)
	if err := d.Allows(old, new); err != nil {
		found("/version", "%v%s", err, first(d))
	}
})

// first says what the greatest change is.
func first(d contract.Diff) string {
	if len(d.Changes) == 0 {
		return ""
	}
	return "; " + d.Changes[0].Place + ": " + d.Changes[0].Reason
}

var steps = compared(report.Rule{
	ID: "C002", Title: "No version is left out", Severity: report.Note,
	Rationale: "Who sees 3.0.0 after 1.4.0 looks for what 2 has changed.",
	Fix:       "raise one part of the number by one, and set those after it to 0",
	Origin:    "Airbyte version rules",
}, func(s *rule.Subject, _ contract.Diff, found rule.Found) {
	old, new := versions(s)
	oldMajor, oldMinor, _ := old.Numbers()
	newMajor, newMinor, _ := new.Numbers()
	if newMajor > oldMajor+1 || newMajor == oldMajor && newMinor > oldMinor+1 {
		found("/version", "%s comes after %s", new, old)
	}
})

var identity = compared(report.Rule{
	ID: "C003", Title: "It is the same connector", Severity: report.Error,
	Rationale: "Recipes and connections name the publisher and the connector: under another name they find nothing.",
	Fix:       "keep publisher and name, or publish it as a connector of its own",
}, func(s *rule.Subject, _ contract.Diff, found rule.Found) {
	if was := s.Previous.Manifest().Ref(); was != s.Manifest.Ref() {
		found("/name", "%s comes after %s", s.Manifest.Ref(), was)
	}
})

var removals = each(report.Rule{
	ID: "C004", Title: "No operation is taken away", Severity: report.Warning,
	Rationale: "Every recipe that uses it stops at its next run.",
	Fix:       "keep it and say in its description what to use instead, or say in the README how to go on without it",
	Origin:    "Zapier C001, Airbyte stream removed",
}, func(c contract.Change) bool { return c.Level == contract.Major && operation.MatchString(c.Place) })

var operation = regexp.MustCompile(`^/(actions|triggers|options|schemas)/\d+$`)

var breaks = each(report.Rule{
	ID: "C005", Title: "Inputs and outputs stay compatible", Severity: report.Warning,
	Rationale: "A mapping that worked is refused, or finds nothing.",
	Fix:       "add optional properties beside the old ones, and widen inputs only",
	Origin:    "Airbyte CAT spec and catalog backward compatibility, Zapier C002 and C003",
}, func(c contract.Change) bool { return c.Level == contract.Major && schema.MatchString(c.Place) })

var schema = regexp.MustCompile(`^/(actions|triggers|options|schemas)/\d+/(input|output)`)

var repeats = each(report.Rule{
	ID: "C006", Title: "What could be repeated still can", Severity: report.Warning,
	Rationale: "A run that was interrupted goes on by that promise: without it somebody has to look by hand.",
	Fix:       "keep read_only and idempotency as they were, or make an action of its own",
}, func(c contract.Change) bool {
	return c.Level == contract.Major && (strings.HasSuffix(c.Place, "/idempotency") || strings.HasSuffix(c.Place, "/read_only"))
})

var dedupe = each(report.Rule{
	ID: "C007", Title: "Events are known by the same fields", Severity: report.Warning,
	Rationale: "With another key all events of the last days come again, or new ones are taken for old.",
	Fix:       "keep dedupe as it was, or make a trigger of its own",
	Origin:    "Airbyte cursor changed",
}, func(c contract.Change) bool {
	return c.Level == contract.Major && (strings.HasSuffix(c.Place, "/dedupe") || strings.HasSuffix(c.Place, "/poll/least") || strings.HasSuffix(c.Place, "/webhook/signature"))
})

var access = each(report.Rule{
	ID: "C008", Title: "Connections of today go on working", Severity: report.Warning,
	Rationale: "Otherwise everybody has to connect anew, and until then every recipe stands still.",
	Fix:       "keep the auth methods, and give new fields a default",
	Origin:    "Power Platform connections after upgrades, Zapier E001",
}, func(c contract.Change) bool {
	return c.Level == contract.Major && !strings.HasSuffix(c.Place, "/scopes") && (strings.HasPrefix(c.Place, "/auth/") || strings.HasPrefix(c.Place, "/connection/"))
})

var consent = each(report.Rule{
	ID: "C009", Title: "Nothing more is asked for than before", Severity: report.Note,
	Rationale: "An admin is asked about it before the upgrade, and it waits until there is an answer.",
	Fix:       "nothing, if it is needed: say in the grant's reason what for",
	Origin:    "browser extensions' permission warnings",
}, func(c contract.Change) bool { return c.Consent })

var scopes = each(report.Rule{
	ID: "C010", Title: "No scope is added", Severity: report.Warning,
	Rationale: "Those who have consented have not consented to it: their tokens lack it until they connect anew.",
	Fix:       "leave it out, or offer it by an auth method of its own",
}, func(c contract.Change) bool {
	return c.Level == contract.Major && strings.HasSuffix(c.Place, "/scopes")
})

var guide = compared(report.Rule{
	ID: "C011", Title: "The README says what to do about a breaking change", Severity: report.Warning,
	Rationale: "Who upgrades needs to know which recipes to look at.",
	Fix:       "add a heading such as \"## Upgrading to 2.0.0\" with what changed and what to do",
	Origin:    "Airbyte migration guide",
}, func(s *rule.Subject, d contract.Diff, found rule.Found) {
	if d.Level < contract.Major {
		return
	}
	readme := strings.ToLower(string(s.Contents.Readme))
	if !upgrading.MatchString(readme) || !strings.Contains(readme, s.Manifest.Version) {
		found("README.md", "no heading speaks of upgrading to %s, though %d changes may break something", s.Manifest.Version, count(d))
	}
})

var upgrading = regexp.MustCompile(`(?m)^#+ .*(upgrad|migrat|breaking|change)`)

func count(d contract.Diff) (n int) {
	for _, c := range d.Changes {
		if c.Level == contract.Major {
			n++
		}
	}
	return n
}
