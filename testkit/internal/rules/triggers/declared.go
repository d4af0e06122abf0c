package triggers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var identified = rule.Rule{
	Rule: report.Rule{
		ID: "T001", Title: "The fields that identify an event are required in it", Severity: report.Error,
		Rationale: "An event without one of them is taken for another, and is lost or comes twice.",
		Fix:       "add the fields in dedupe to the output's required list",
		Origin:    "Zapier D003",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, t := range s.Manifest.Triggers {
			schema, _ := rule.Decode(t.Output).(map[string]any)
			required, _ := schema["required"].([]any)
			for n, name := range t.Dedupe {
				if !slices.Contains(required, any(name)) {
					found(fmt.Sprintf("%s/dedupe/%d", rule.Trigger(i), n), "%s is not required in the output", name)
				}
			}
		}
		return nil
	},
}

var scalar = rule.Rule{
	Rule: report.Rule{
		ID: "T002", Title: "The fields that identify an event are texts or whole numbers", Severity: report.Error,
		Rationale: "An object or a list is written in more than one way, a fraction loses digits, and true or false tells two events apart at most.",
		Fix:       "name fields of type string or integer in dedupe",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, t := range s.Manifest.Triggers {
			schema, _ := rule.Decode(t.Output).(map[string]any)
			for n, name := range t.Dedupe {
				p, ok := rule.Properties(schema)[name]
				if ok && (!rule.Has(p, "string") && !rule.Has(p, "integer") || slices.ContainsFunc(loose, func(kind string) bool { return rule.Has(p, kind) })) {
					found(fmt.Sprintf("%s/dedupe/%d", rule.Trigger(i), n), "%s is of type %s", name, typeOf(p))
				}
			}
		}
		return nil
	},
}

var loose = []string{"object", "array", "boolean", "number", "null"}

func typeOf(schema map[string]any) string {
	if schema["type"] == nil {
		return "any"
	}
	text, _ := json.Marshal(schema["type"]) // it was read from JSON
	return strings.ReplaceAll(string(text), `"`, "")
}

var paced = rule.Rule{
	Rule: report.Rule{
		ID: "T003", Title: "One poll as often as allowed fits the vendor's limits", Severity: report.Warning,
		Rationale: "A trigger that uses up the vendor's limit by itself stops everything else that the account does.",
		Fix:       "raise poll.every and poll.least, or ask for more in one request",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, t := range s.Manifest.Triggers {
			if t.Poll == nil {
				continue
			}
			least, requests := least(*t.Poll), requests(s, t.Name)
			for _, q := range s.Manifest.Quotas {
				if q.Requests == 0 || q.Per == 0 || len(q.Methods) > 0 || len(q.Paths) > 0 {
					continue
				}
				if need := float64(requests) * float64(q.Per) / float64(least); need > float64(q.Requests) {
					found(rule.Trigger(i)+"/poll", "a poll of %d requests every %s makes %.0f in %s, quota %s allows %d",
						requests, manifest.Duration(least), need, q.Per, q.ID, q.Requests)
				}
			}
		}
		return nil
	},
}

func least(p manifest.Poll) time.Duration {
	if p.Least == 0 {
		return 10 * time.Second
	}
	return time.Duration(p.Least)
}

// requests is the most that a case of the trigger makes, at least one.
func requests(s *rule.Subject, trigger string) int {
	n := 1
	for _, k := range polls(s, trigger) {
		n = max(n, len(k.Exchanges))
	}
	return n
}

var begun = rule.Rule{
	Rule: report.Rule{
		ID: "T004", Title: "A poll has a case of the first one and of a later one", Severity: report.Error,
		Rationale: "The first poll has no cursor and the later ones have: they are different requests, and the second is the one that runs for years.",
		Fix:       `add a case without "cursor" in its call.json, and one with the cursor that the first gave`,
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, t := range s.Manifest.Triggers {
			if t.Poll == nil {
				continue
			}
			var first, later bool
			for _, k := range polls(s, t.Name) {
				first, later = first || !hasCursor(k), later || hasCursor(k)
			}
			if !first {
				found(rule.Trigger(i), "no case of a first poll of %s", t.Name)
			}
			if !later {
				found(rule.Trigger(i), "no case of a later poll of %s", t.Name)
			}
		}
		return nil
	},
}
