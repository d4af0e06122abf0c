package operations

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// promised are the rules about what is said of repeating an action.
var promised = []rule.Rule{
	rule.Look(report.Rule{
		ID: "O030", Title: "Nothing says that a write may be repeated that the manifest does not", Severity: report.Warning,
		Rationale: "People and agents repeat what is said to be safe: the host does not know of it, and the effect is there twice.",
		Fix:       "declare idempotency if it is so, or say what repeating does",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Actions {
			if a.ReadOnly || a.Idempotency != nil {
				continue
			}
			if what := claim(a.Description); what != "" {
				found(rule.Action(i)+"/description", "%q, and %s declares no idempotency", what, a.Name)
			}
			for n, line := range strings.Split(string(s.Contents.Readme), "\n") {
				if what := claim(line); what != "" && about(line, a.Name) {
					found(rule.Line("README.md", n+1), "%q, and %s declares no idempotency", what, a.Name)
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O031", Title: "The lookup of an action can tell what the action has made", Severity: report.Warning,
		Rationale: "After a lost answer the lookup decides whether the action is made again: one that reads something else always finds it, or never.",
		Fix:       "name an action that finds the record by what the call was given, and gives its id by the same name; or declare no lookup",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Actions {
			if a.Idempotency == nil || a.Idempotency.Lookup == "" {
				continue
			}
			by, _ := s.Manifest.Action(a.Idempotency.Lookup)
			if !tells(s, a.Name, by.Name, a.Output) {
				found(rule.Action(i)+"/idempotency/lookup", "nothing that the cases of %s make is in what those of %s find", a.Name, by.Name)
			}
		}
	}),
}

var (
	safely = regexp.MustCompile(`(?i)\b(is|are) safe\b|\bsafe(ly)? (to )?(be )?(repeat|retr|call|run)[a-z]*|\b(repeat|retri|call)ed (again )?(safely|at will|without harm)|\bidempotent\b|\b(reads? only|read-only|only reads)\b|\bexactly once\b|\bat most once\b|\bnever (creates?|adds?|makes?|launche?s?) (a |an )?(second|duplicate|another)\b|\bno duplicates?\b|\bhas no (further |second )?effect\b|\bchanges nothing\b`)
	denied = regexp.MustCompile(`(?i)\b(not|never|no|nor|isn't|aren't|cannot|can't|un)\s*([a-z]+ ){0,2}$`)
)

// claim returns what in a text says that something may be repeated.
func claim(text string) string {
	for _, at := range safely.FindAllStringIndex(text, -1) {
		if !denied.MatchString(text[:at[0]]) {
			return text[at[0]:at[1]]
		}
	}
	return ""
}

// about reports whether a row of a table or an item of a list is about an action.
func about(line, action string) bool {
	lead := strings.TrimLeft(strings.TrimSpace(line), "|-*+ ")
	return strings.HasPrefix(lead, "`"+action+"`") || strings.HasPrefix(lead, "**`"+action+"`")
}

// tells reports whether some case of a lookup finds what some case of an action has made, by a property that is
// required in the action's output. Without cases there is nothing to tell.
func tells(s *rule.Subject, action, lookup string, output json.RawMessage) bool {
	schema, _ := rule.Decode(output).(map[string]any)
	required, _ := schema["required"].([]any)
	made, found := map[string]bool{}, map[string]bool{}
	for _, op := range s.Operations() {
		for _, k := range successes(s, op) {
			switch op.Name {
			case action:
				scalars("", rule.Decode(k.Want.Output), made)
			case lookup:
				scalars("", rule.Decode(k.Want.Output), found)
			}
		}
	}
	if len(made) == 0 || len(found) == 0 {
		return true
	}
	return slices.ContainsFunc(required, func(name any) bool {
		for value := range made {
			if strings.HasPrefix(value, name.(string)+"=") && found[value] {
				return true
			}
		}
		return false
	})
}

// scalars are the texts and numbers within a value, each with the name that it stands under.
func scalars(name string, v any, all map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			scalars(key, e, all)
		}
	case []any:
		for _, e := range v {
			scalars(name, e, all)
		}
	case string, json.Number:
		all[fmt.Sprintf("%s=%v", name, v)] = true
	}
}
