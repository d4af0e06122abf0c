package limits

import (
	"maps"
	"slices"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// sizes are the rules about what a connector weighs.
var sizes = []rule.Rule{cases, bundled}

const (
	largeCase   = 256 << 10
	largeBundle = 10 << 20
)

var cases = rule.Look(report.Rule{
	ID: "L018", Title: "A case has at most 256 KiB", Severity: report.Warning,
	Rationale: "Cases ship with the connector, to be read by reviewers. A recorded page of a thousand records is not read.",
	Fix:       "shorten the vendor's answers to the two or three records that matter",
	Origin:    "Airbyte CAT expected records",
}, func(s *rule.Subject, found rule.Found) {
	for _, name := range slices.Sorted(maps.Keys(s.Contents.Cases)) {
		if n := len(s.Contents.Cases[name]); n > largeCase {
			found(rule.CaseFile(name), "it has %s", size(int64(n)))
		}
	}
})

var bundled = rule.Look(report.Rule{
	ID: "L019", Title: "A bundle has at most 10 MiB", Severity: report.Warning,
	Rationale: "Every installation downloads it, keeps it, and reads it when it starts.",
	Fix:       "leave out packages that the guest does not need; shorten cases and pictures",
}, func(s *rule.Subject, found rule.Found) {
	if n := s.Bundle.Size(); n > largeBundle {
		found("guest", "it has %s, of which the module is %s", size(n), size(int64(len(s.Contents.Module))))
	}
})
