package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// option is one choice of a pick list.
type option struct {
	Value json.RawMessage `json:"value"`
	Label string          `json:"label"`
}

func optionsOf(t lab.Trace) []option {
	var out struct {
		Items []option `json:"items"`
	}
	if t.Fault != nil || json.Unmarshal(t.Output, &out) != nil {
		return nil
	}
	return out.Items
}

var choosable = rule.Rule{
	Rule: report.Rule{
		ID: "O112", Title: "Every choice of a pick list has a label and a value of its own", Severity: report.Error,
		Rationale: "People choose by the label, and the value is all that is kept of their choice.",
		Fix:       "leave out what has no name, or show its id; give each choice the id that the vendor knows it by",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindOptions {
				continue
			}
			for _, t := range traces(ctx, s, op) {
				seen := map[string]bool{}
				for i, o := range optionsOf(t) {
					value := string(o.Value)
					switch {
					case strings.TrimSpace(o.Label) == "":
						found(op.Title, "case %s: choice %d, %s, has no label", t.Case.Name, i+1, value)
					case value == "" || value == "null" || value == `""`:
						found(op.Title, "case %s: choice %d, %q, has no value", t.Case.Name, i+1, o.Label)
					case seen[value]:
						found(op.Title, "case %s: the value %s is there twice", t.Case.Name, value)
					}
					seen[value] = true
				}
			}
		}
		return nil
	},
}

var acceptable = rule.Rule{
	Rule: report.Rule{
		ID: "O113", Title: "The choices of a pick list are values that its input takes", Severity: report.Error,
		Rationale: "A choice that is refused when the recipe runs cannot be made at all.",
		Fix:       "return as value what the input's schema takes, such as the id where it wants one, or correct the schema",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		all := map[string][]option{}
		for _, op := range s.Operations() {
			for _, t := range traces(ctx, s, op) {
				if op.Kind == abi.KindOptions {
					all[op.Name] = append(all[op.Name], optionsOf(t)...)
				}
			}
		}
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Input) {
				if name, ok := schema["x-options"].(string); ok {
					checkChoices(op.Place+"/input"+at, name, schema, all[name], found)
				}
			}
		}
		return nil
	},
}

// checkChoices holds choices to the schema of the input that they are for; of a list to that of its items.
func checkChoices(place, name string, schema map[string]any, choices []option, found rule.Found) {
	if items, ok := schema["items"].(map[string]any); ok {
		schema = items
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		return
	}
	compiled, err := manifest.CompileSchema(raw)
	if err != nil {
		return // it refers to another place
	}
	for _, o := range choices {
		if err := compiled.Validate(o.Value); err != nil && len(o.Value) > 0 {
			found(place, "the choice %s of %s: %s", o.Value, name, abi.AsFault(err).Message)
			return
		}
	}
}

var drawn = rule.Rule{
	Rule: report.Rule{
		ID: "O114", Title: "A schema function returns the JSON Schema of an object", Severity: report.Error,
		Rationale: "An editor makes a form of it. From anything else it makes none.",
		Fix:       `return {"type": "object", "properties": {...}} with keywords of JSON Schema 2020-12`,
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindSchema {
				continue
			}
			for _, t := range traces(ctx, s, op) {
				if why := undrawn(t); t.Fault == nil && why != "" {
					found(op.Title, "case %s: %s", t.Case.Name, why)
					continue
				}
				for _, other := range otherAccounts {
					again := s.Lab.Try(ctx, lab.Try{Case: t.Case, Call: t.Case.Call, Change: other.change})
					if why := undrawn(again); t.Fault == nil && again.Fault == nil && why != "" {
						found(op.Title, "case %s, %s: %s", t.Case.Name, other.when, why)
						break
					}
				}
			}
		}
		return nil
	},
}

// otherAccounts are answers that a form may be made of as well: those of an account in which it is another form.
var otherAccounts = []struct {
	when   string
	change func(int, cases.Exchange) cases.Exchange
}{
	{"with the lists of its answers empty", withoutItems},
	{"with false for every true of its answers", everywhere(instead(true, false))},
	{"with true for every false of its answers", everywhere(instead(false, true))},
}

func instead(of, v bool) func(string, any) any {
	return func(_ string, was any) any {
		if was == of {
			return v
		}
		return was
	}
}

func undrawn(t lab.Trace) string {
	if _, err := manifest.CompileSchema(t.Output); err != nil {
		return err.Error()
	}
	schema, _ := rule.Decode(t.Output).(map[string]any)
	if schema["type"] != "object" {
		return fmt.Sprintf("its type is %v", schema["type"])
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if _, ok := properties[name].(map[string]any); !ok {
			return fmt.Sprintf("property %s is no schema", name)
		}
	}
	return ""
}
