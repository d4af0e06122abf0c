package listing

import (
	"fmt"
	"strings"
	"unicode"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var operations = []rule.Rule{
	rule.Look(report.Rule{
		ID: "M019", Title: "No two operations have the same title", Severity: report.Error,
		Rationale: "Who chooses from a list cannot tell them apart.",
		Fix:       "say in the title what only this one does",
		Origin:    "n8n no duplicate option names",
	}, func(s *rule.Subject, found rule.Found) {
		seen := map[string]string{}
		for _, o := range offered(s) {
			key := strings.ToLower(o.title)
			if other, ok := seen[key]; ok {
				found(o.place+"/title", "%q is the title of %s too", o.title, other)
			}
			seen[key] = o.name
		}
	}),
	rule.Look(report.Rule{
		ID: "M020", Title: "Titles of operations are short, in sentence case", Severity: report.Warning,
		Rationale: "They are labels on buttons and in lists, of many connectors side by side.",
		Fix:       "write it as in \"Create sales order\": a capital first, at most 40 characters, no full stop, not all capitals",
		Origin:    "Zapier D018, Power Platform OperationSummaryTooLong, Workato naming",
	}, func(s *rule.Subject, found rule.Found) {
		for _, o := range offered(s) {
			if what := badTitle(o.title); what != "" {
				found(o.place+"/title", "%q %s", o.title, what)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "M021", Title: "Descriptions of operations say more than their titles", Severity: report.Warning,
		Rationale: "People and agents choose by them.",
		Fix:       "say in a sentence what it does, with what, and what it leaves alone",
		Origin:    "n8n description differs from displayName, Power Platform summary differs from description",
	}, func(s *rule.Subject, found rule.Found) {
		for _, o := range offered(s) {
			if d := strings.Trim(o.description, " ."); strings.EqualFold(d, o.title) || len(strings.Fields(d)) < 3 {
				found(o.place+"/description", "%q for %q", o.description, o.title)
			} else if emptyOpening.MatchString(d) {
				found(o.place+"/description", "it begins %q", emptyOpening.FindString(d))
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "M022", Title: "The name of an operation and its title agree", Severity: report.Note,
		Rationale: "Recipes hold the name and pages show the title: whoever reads one must find the other.",
		Fix:       "use the same words in both",
		Origin:    "Pipedream keys, n8n resource-operation-pattern",
	}, func(s *rule.Subject, found rule.Found) {
		for _, o := range offered(s) {
			if !related(o.name, o.title) {
				found(o.place, "%s is called %q: no word of one is in the other", o.name, o.title)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "M023", Title: "What an operation handles is classified", Severity: report.Warning,
		Rationale: "Admins decide by it which connectors may touch personal or financial data.",
		Fix:       "add data_classes to the operation: public, personal, financial, health or credential",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Actions {
			if len(a.DataClasses) == 0 && len(s.Manifest.HTTP) > 0 {
				found(rule.Action(i), "action %s has no data_classes", a.Name)
			}
		}
		for i, t := range s.Manifest.Triggers {
			if len(t.DataClasses) == 0 {
				found(rule.Trigger(i), "trigger %s has no data_classes", t.Name)
			}
		}
	}),
}

// offer is an operation that people choose from a list.
type offer struct{ place, name, title, description string }

func offered(s *rule.Subject) (all []offer) {
	for i, a := range s.Manifest.Actions {
		all = append(all, offer{rule.Action(i), a.Name, a.Title, a.Description})
	}
	for i, t := range s.Manifest.Triggers {
		all = append(all, offer{rule.Trigger(i), t.Name, t.Title, t.Description})
	}
	return all
}

func badTitle(title string) string {
	runes := []rune(title)
	upper, letters := 0, 0
	for _, r := range runes {
		if unicode.IsLetter(r) {
			letters++
		}
		if unicode.IsUpper(r) {
			upper++
		}
	}
	capitals := 0
	words := strings.Fields(title)
	for _, w := range words[min(1, len(words)):] {
		if r := []rune(w); unicode.IsUpper(r[0]) && strings.ToUpper(w) != w {
			capitals++
		}
	}
	switch {
	case len(runes) > 40:
		return fmt.Sprintf("has %d characters", len(runes))
	case unicode.IsLower(runes[0]):
		return "begins with a small letter"
	case strings.HasSuffix(title, "."):
		return "ends with a full stop"
	case letters > 4 && upper == letters:
		return "is all capitals"
	case len(words) > 2 && capitals == len(words)-1:
		return "has every word with a capital"
	}
	return ""
}

// related reports whether a word of the name begins like one of the title.
func related(name, title string) bool {
	for _, n := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' }) {
		for t := range strings.FieldsSeq(strings.ToLower(title)) {
			if k := min(len(n), len(t), 4); k > 0 && n[:k] == t[:k] {
				return true
			}
		}
	}
	return false
}
