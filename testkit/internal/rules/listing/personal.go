package listing

import (
	"encoding/json"
	"regexp"
	"slices"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var personal = rule.Look(report.Rule{
	ID: "M038", Title: "What tells of people is classified as personal", Severity: report.Warning,
	Rationale: "Admins keep connectors away from personal data by its classification: with another one names and addresses pass unseen.",
	Fix:       "add personal to data_classes",
	Origin:    "GDPR article 30 records of processing",
}, func(s *rule.Subject, found rule.Found) {
	look := func(place string, classes []string, schemas ...json.RawMessage) {
		if len(classes) == 0 || slices.Contains(classes, "personal") || slices.Contains(classes, "health") {
			return
		}
		seen := false
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
		look(rule.Action(i), a.DataClasses, a.Input, a.Output)
	}
	for i, t := range s.Manifest.Triggers {
		look(rule.Trigger(i), t.DataClasses, t.Input, t.Output)
	}
})

// ofPeople are names of properties that are of a person.
var ofPeople = regexp.MustCompile(`^((first|last|full|given|family|middle|birth|maiden)_?name|surname|(home_|work_|mobile_|cell_)?phone(_number)?|birth_?(day|date)|date_of_birth|ssn|passport(_number)?|national_id|e_?mail(_address)?|(user|customer|contact|person|shopper|employee|member|author|sender|recipient|assignee|owner|requester)_e?_?mail|gender|marital_status|home_address)$`)
