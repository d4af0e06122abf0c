package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var repeatable = rule.Rule{
	Rule: report.Rule{
		ID: "O018", Title: "An action that writes says how it may be repeated", Severity: report.Note,
		Rationale: "After a crash or a timeout a recipe repeats only what is safe to repeat. The rest waits for a person.",
		Fix:       "declare idempotency: a header that the vendor honours, the key of an upsert, or a lookup of what was made; or say in the description what repeating does",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, a := range s.Manifest.Actions {
			if !a.ReadOnly && a.Idempotency == nil && !strings.Contains(strings.ToLower(a.Description), "repeat") {
				found(rule.Action(i), "action %s declares no idempotency, and its description does not speak of it", a.Name)
			}
		}
		return nil
	},
}

var keyed = rule.Rule{
	Rule: report.Rule{
		ID: "O019", Title: "The fields of an idempotency key are required", Severity: report.Warning,
		Rationale: "Two calls without the key cannot be known to be the same, and are made twice.",
		Fix:       "add the field to the input's required list, or choose another key",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Idempotency == nil {
				continue
			}
			schema, _ := rule.Decode(op.Input).(map[string]any)
			required, _ := schema["required"].([]any)
			for i, name := range op.Idempotency.Key {
				if !slices.Contains(required, any(name)) {
					found(fmt.Sprintf("%s/idempotency/key/%d", op.Place, i), "%s is not required", name)
				}
			}
		}
		return nil
	},
}

var contradicting = rule.Rule{
	Rule: report.Rule{
		ID: "O020", Title: "An action that is read-only declares no idempotency", Severity: report.Error,
		Rationale: "What changes nothing may always be repeated. An action that needs a key for it changes something.",
		Fix:       "take read_only away from an action that writes, or idempotency from one that does not",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.ReadOnly && op.Idempotency != nil {
				found(op.Place+"/read_only", "%s is read_only and declares idempotency", op.Title)
			}
		}
		return nil
	},
}

var used = rule.Rule{
	Rule: report.Rule{
		ID: "O021", Title: "Every options and schema function serves an input", Severity: report.Warning,
		Rationale: "A function that no input names is never called: its field shows no choices, or it is left over.",
		Fix:       "name it with x-options or x-schema at the property that it is for, or remove it",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		named := map[string]bool{}
		for _, op := range s.Operations() {
			for _, raw := range []json.RawMessage{op.Input, op.Output} {
				for _, schema := range rule.Schemas(raw) {
					named[fmt.Sprint("options ", schema["x-options"])] = true
					named[fmt.Sprint("schema ", schema["x-schema"])] = true
				}
			}
		}
		for _, f := range s.Manifest.Connection.Fields {
			named["options "+f.Options] = true
		}
		for _, op := range s.Operations() {
			if (op.Kind == abi.KindOptions || op.Kind == abi.KindSchema) && !named[fmt.Sprintf("%s %s", op.Kind, op.Name)] {
				found(op.Place, "nothing names %s", op.Name)
			}
		}
		return nil
	},
}

var told = rule.Rule{
	Rule: report.Rule{
		ID: "O022", Title: "No two actions, and no two triggers, have the same description", Severity: report.Warning,
		Rationale: "Agents choose by the description. Of two that are the same they choose the wrong one.",
		Fix:       "say in each what it does that the other does not",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		first := map[string]string{}
		same := func(kind, place, text string) {
			key := kind + strings.ToLower(strings.Trim(text, " ."))
			if other, ok := first[key]; ok && text != "" {
				found(place+"/description", "%q is the description of %s too", text, other)
				return
			}
			first[key] = place
		}
		for i, a := range s.Manifest.Actions {
			same("action", rule.Action(i), a.Description)
		}
		for i, t := range s.Manifest.Triggers {
			same("trigger", rule.Trigger(i), t.Description)
		}
		return nil
	},
}

var distinct = rule.Rule{
	Rule: report.Rule{
		ID: "O023", Title: "The values of an enum differ by more than their case", Severity: report.Warning,
		Rationale: "Of two values that read the same, people choose either, and the vendor takes one of them.",
		Fix:       "keep the spelling that the vendor documents",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for part, raw := range map[string]json.RawMessage{"/input": op.Input, "/output": op.Output} {
				for at, schema := range rule.Schemas(raw) {
					values, _ := schema["enum"].([]any)
					seen := map[string]bool{}
					for _, v := range values {
						key := strings.ToLower(strings.TrimSpace(fmt.Sprintf("%T%v", v, v)))
						if seen[key] {
							found(op.Place+part+at+"/enum", "%v is there twice", v)
						}
						seen[key] = true
					}
				}
			}
		}
		return nil
	},
}
