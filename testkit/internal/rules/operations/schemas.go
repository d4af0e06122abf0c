package operations

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var closed = rule.Rule{
	Rule: report.Rule{
		ID: "O005", Title: "An input says what it takes, and takes nothing else", Severity: report.Warning,
		Rationale: "A misspelt property that is accepted is ignored without a word, and the recipe does something else than it says.",
		Fix:       "add additionalProperties: false, or a schema of the values where the names are the user's own",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Input) {
				if rule.Has(schema, "object") && open(schema) {
					found(op.Place+"/input"+at, "an object that takes any property beside %s", list(rule.Properties(schema)))
				}
			}
		}
		return nil
	},
}

// open reports whether an object schema takes properties that it says nothing about.
func open(schema map[string]any) bool {
	for _, key := range []string{"additionalProperties", "unevaluatedProperties"} {
		if v, ok := schema[key]; ok {
			return v == true
		}
	}
	return true
}

func list[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none that it names"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

var described = rule.Rule{
	Rule: report.Rule{
		ID: "O006", Title: "An output schema says what comes", Severity: report.Error,
		Rationale: "The next step of a recipe picks from what the schema names. From a schema that allows everything nothing can be picked.",
		Fix:       "name the output's properties and their types",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindAction && op.Kind != abi.KindTrigger {
				continue
			}
			schema, _ := rule.Decode(op.Output).(map[string]any)
			if empty := schema["additionalProperties"] == false && len(rule.Properties(schema)) == 0; vague(schema) && !empty {
				found(op.Place+"/output", "%s describes nothing", op.Output)
			}
		}
		return nil
	},
}

var typed = rule.Rule{
	Rule: report.Rule{
		ID: "O007", Title: "Every property of an input or output has a type", Severity: report.Warning,
		Rationale: "An editor offers a field by its type, and a value without one cannot be mapped with any certainty.",
		Fix:       "add type, with items to an array and properties to an object; one of any shape says additionalProperties: true",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for part, raw := range map[string]json.RawMessage{"/input": op.Input, "/output": op.Output} {
				for at, schema := range rule.Schemas(raw) {
					if isProperty(at) && vague(schema) && schema["additionalProperties"] != true { // true is said, and not left open
						found(op.Place+part+at, "says nothing of its values")
					}
				}
			}
		}
		return nil
	},
}

// isProperty is true of a schema of a property or of a list's items: those that a user sees.
func isProperty(at string) bool {
	_, ok := valuePointer(at)
	return ok && at != ""
}

// vague reports whether a schema leaves open what a value is made of.
func vague(schema map[string]any) bool {
	for _, key := range []string{"enum", "const", "$ref", "anyOf", "oneOf", "allOf", "x-schema"} {
		if _, ok := schema[key]; ok {
			return false
		}
	}
	_, more := schema["additionalProperties"].(map[string]any)
	_, patterns := schema["patternProperties"]
	_, prefix := schema["prefixItems"]
	_, items := schema["items"]
	switch {
	case schema["type"] == "object":
		return len(rule.Properties(schema)) == 0 && !more && !patterns
	case schema["type"] == "array":
		return !items && !prefix
	}
	return schema["type"] == nil
}

var possible = rule.Rule{
	Rule: report.Rule{
		ID: "O008", Title: "Required properties are among those described", Severity: report.Error,
		Rationale: "A property that is required and not described cannot be filled in, and where no other is allowed nothing is ever valid.",
		Fix:       "describe the property, or take its name out of required",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for part, raw := range map[string]json.RawMessage{"/input": op.Input, "/output": op.Output} {
				for at, schema := range rule.Schemas(raw) {
					required, _ := schema["required"].([]any)
					for _, name := range required {
						if _, ok := rule.Properties(schema)[name.(string)]; !ok && schema["properties"] != nil {
							found(op.Place+part+at+"/required", "%s is required, but not described", name)
						}
					}
				}
			}
		}
		return nil
	},
}

var consistent = rule.Rule{
	Rule: report.Rule{
		ID: "O009", Title: "Defaults and examples are values that their schema allows", Severity: report.Error,
		Rationale: "Editors and agents copy examples, and fill in defaults. One that is refused sends them astray.",
		Fix:       "correct the value, or the schema",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for part, raw := range map[string]json.RawMessage{"/input": op.Input, "/output": op.Output} {
				for at, schema := range rule.Schemas(raw) {
					checkValues(op.Place+part+at, schema, found)
				}
			}
		}
		return nil
	},
}

// checkValues holds a schema's default and examples to it. A schema that refers to another place is left out.
func checkValues(place string, schema map[string]any, found rule.Found) {
	values, _ := schema["examples"].([]any)
	if v, ok := schema["default"]; ok {
		values = append([]any{v}, values...)
	}
	if len(values) == 0 {
		return
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		return
	}
	compiled, err := manifest.CompileSchema(raw)
	if err != nil {
		return
	}
	for _, v := range values {
		text, _ := json.Marshal(v) // it was read from JSON
		if err := compiled.Validate(text); err != nil {
			found(place, "%s: %s", text, strings.TrimPrefix(abi.AsFault(err).Message, "invalid_input: "))
		}
	}
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

var spelled = rule.Rule{
	Rule: report.Rule{
		ID: "O016", Title: "Properties are named in snake_case", Severity: report.Note,
		Rationale: "Whoever maps one connector's output to another's input should not have to remember how each spells its names.",
		Fix:       "name it in lower case with underscores",
		Origin:    "n8n and Airbyte naming rules",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for part, raw := range map[string]json.RawMessage{"/input": op.Input, "/output": op.Output} {
				for at, schema := range rule.Schemas(raw) {
					for name := range rule.Properties(schema) {
						if !snake.MatchString(name) {
							found(op.Place+part+rule.Pointer(at+"/properties", name), "%q", name)
						}
					}
				}
			}
		}
		return nil
	},
}
