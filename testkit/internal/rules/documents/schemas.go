package documents

import (
	"encoding/json"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var schemas = []rule.Rule{
	rule.Look(report.Rule{
		ID: "D013", Title: "Every property of an input is described", Severity: report.Warning,
		Rationale: "It is the help text of a form, and all that an agent knows of it.",
		Fix:       "add a description to the property",
		Origin:    "Zapier help text, Power Platform parameter descriptions, n8n",
	}, func(s *rule.Subject, found rule.Found) {
		for _, p := range undescribed(s, true) {
			found(p, "it has no description")
		}
	}),
	rule.Look(report.Rule{
		ID: "D014", Title: "Every property of an output is described", Severity: report.Note,
		Rationale: "Who maps it to the next step must know what it is.",
		Fix:       "add a description to the property",
		Origin:    "Power Platform exact response schema",
	}, func(s *rule.Subject, found rule.Found) {
		for _, p := range undescribed(s, false) {
			found(p, "it has no description")
		}
	}),
	rule.Look(report.Rule{
		ID: "D015", Title: "Required inputs have an example", Severity: report.Note,
		Rationale: "A form shows it, a reader sees the format at a glance, and an agent copies it.",
		Fix:       "add examples: [VALUE] to the property, or an enum, a default or a format",
		Origin:    "Zapier placeholder, n8n placeholder",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Actions {
			var in struct {
				Required   []string                  `json:"required"`
				Properties map[string]map[string]any `json:"properties"`
			}
			if json.Unmarshal(a.Input, &in) != nil {
				continue // a schema in an unusual form, true for one
			}
			for _, name := range in.Required {
				if p, ok := in.Properties[name]; ok && !shown(p) {
					found(rule.Action(i)+"/input/properties/"+rule.Escape(name), "it has neither example, enum, default nor format")
				}
			}
		}
	}),
}

// shown reports whether a property shows what its values look like. What is built of others shows theirs.
func shown(p map[string]any) bool {
	for _, key := range []string{"examples", "enum", "const", "default", "format", "x-options", "properties", "items", "$ref"} {
		if _, ok := p[key]; ok {
			return true
		}
	}
	return p["type"] == "boolean" || p["type"] == "integer" || p["type"] == "number"
}

// undescribed returns the places of properties without a description. One is described where it stands, or by what it
// refers to.
func undescribed(s *rule.Subject, input bool) (all []string) {
	look := func(place string, in, out json.RawMessage) {
		which, schema := "/output", out
		if input {
			which, schema = "/input", in
		}
		rule.EachProperty(schema, place+which, func(at, _ string, p map[string]any) {
			if text, _ := p["description"].(string); text == "" && p["$ref"] == nil && p["const"] == nil {
				all = append(all, at)
			}
		})
	}
	for i, a := range s.Manifest.Actions {
		look(rule.Action(i), a.Input, a.Output)
	}
	for i, t := range s.Manifest.Triggers {
		look(rule.Trigger(i), t.Input, t.Output)
	}
	return all
}
