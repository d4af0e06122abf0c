package operations

import (
	"slices"
	"strings"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// kept are the rules about cases as files for people.
var kept = []rule.Rule{
	rule.Look(report.Rule{
		ID: "O037", Title: "A case says what it shows", Severity: report.Note,
		Rationale: "Whoever breaks it has to know whether the case is wrong or the change.",
		Fix:       "write a sentence before the first file of the case",
	}, func(s *rule.Subject, found rule.Found) {
		for _, k := range s.Cases {
			if strings.TrimSpace(k.Comment) == "" && k.Recorded.IsZero() {
				found(rule.CaseFile(k.Name), "it begins with -- call.json --")
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O038", Title: "No case is there twice", Severity: report.Note,
		Rationale: "A copy looks like another situation that was tried, and doubles the time of every run.",
		Fix:       "remove it, or change it into the situation that it is named after",
	}, func(s *rule.Subject, found rule.Found) {
		text := func(name string) string { // without the comment
			_, rest, _ := strings.Cut(string(s.Contents.Cases[name]), "-- call.json --")
			return strings.TrimSpace(rest)
		}
		for i, k := range s.Cases {
			if j := slices.IndexFunc(s.Cases[:i], func(o *cases.Case) bool { return text(o.Name) == text(k.Name) }); j >= 0 {
				found(rule.CaseFile(k.Name), "it is %s again", s.Cases[j].Name)
			}
		}
	}),
}
