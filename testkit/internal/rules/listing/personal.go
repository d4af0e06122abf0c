package listing

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var personal = rule.Look(report.Rule{
	ID: "M038", Title: "What tells of people is classified as personal", Severity: report.Warning,
	Rationale: "Admins keep connectors away from personal data by its classification: with another one names and addresses pass unseen.",
	Fix:       "add personal to data_classes",
	Origin:    "GDPR article 30 records of processing",
}, func(s *rule.Subject, found rule.Found) {
	look := func(place string, classes []string, samples []manifest.Sample, schemas ...json.RawMessage) {
		if len(classes) == 0 || slices.Contains(classes, "personal") || slices.Contains(classes, "health") {
			return
		}
		seen := false
		for _, x := range samples {
			if name := tells(rule.Decode(x.Input)) + tells(rule.Decode(x.Output)); name != "" && !seen {
				seen = true
				found(place+"/data_classes", "%v, and its sample has %s", classes, name)
			}
		}
		for _, schema := range schemas {
			rule.EachProperty(schema, place, func(_, name string, p map[string]any) {
				if !seen && ofPeople.MatchString(name) && rule.Has(p, "string") {
					seen = true
					found(place+"/data_classes", "%v, and it handles %s", classes, name)
				}
			})
		}
	}
	for i, a := range s.Manifest.Actions {
		look(rule.Action(i), a.DataClasses, a.Samples, a.Input, a.Output)
	}
	for i, t := range s.Manifest.Triggers {
		look(rule.Trigger(i), t.DataClasses, t.Samples, t.Input, t.Output)
	}
})

// tells returns a property of a value, at any depth, that is of a person: schemas do not tell of open records.
func tells(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[name].(string); ok && ofPerson(strings.ToLower(name), text) {
				return name
			}
			if name := tells(v[name]); name != "" {
				return name
			}
		}
	case []any:
		for _, e := range v {
			if name := tells(e); name != "" {
				return name
			}
		}
	}
	return ""
}

// ofPerson reports whether a property is of a person. The full name of a repository has no space: octocat/hello-world.
func ofPerson(name, text string) bool {
	return text != "" && ofPeople.MatchString(name) || name == "full_name" && strings.Contains(text, " ")
}

// ofPeople are names of properties that are of a person.
var ofPeople = regexp.MustCompile(`^((first|last|given|family|middle|birth|maiden)_?name|surname|(home_|work_|mobile_|cell_)?phone(_number)?|birth_?(day|date)|date_of_birth|ssn|passport(_number)?|national_id|e_?mail(_address)?|(user|customer|contact|person|shopper|employee|member|author|sender|recipient|assignee|owner|requester)_e?_?mail|gender|marital_status|home_address)$`)
