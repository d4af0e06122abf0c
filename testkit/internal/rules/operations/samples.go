package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var sampled = rule.Rule{
	Rule: report.Rule{
		ID: "O010", Title: "Every action and trigger has a sample with its output", Severity: report.Warning,
		Rationale: "A recipe is written against the sample before the first real run; without one its author works blind.",
		Fix:       "add samples: [{title, input, output}] with values as the vendor gives them",
		Origin:    "Zapier D001, D002",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindAction && op.Kind != abi.KindTrigger {
				continue
			}
			if len(op.Samples) == 0 {
				found(op.Place, "%s has no sample", op.Title)
			}
			for i, sample := range op.Samples {
				if v, _ := rule.Decode(sample.Output).(map[string]any); len(v) == 0 && !silent(op) {
					found(fmt.Sprintf("%s/samples/%d", op.Place, i), "no output in it")
				}
			}
		}
		return nil
	},
}

// silent is true of an operation whose output never has anything.
func silent(op rule.Operation) bool {
	schema, _ := rule.Decode(op.Output).(map[string]any)
	return len(rule.Properties(schema)) == 0 && !open(schema)
}

var realistic = rule.Rule{
	Rule: report.Rule{
		ID: "O011", Title: "Samples hold values as they come, no stand-ins", Severity: report.Warning,
		Rationale: `A sample that says "string" where a name belongs shows nobody what to expect.`,
		Fix:       "write what a real call gives, with made-up people and companies",
		Origin:    "Zapier sample checks",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		eachSample(s, func(_ rule.Operation, place string, _ json.RawMessage, value any) { standIns(place, value, found) })
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Input) {
				standIns(op.Place+"/input"+at+"/examples", schema["examples"], found)
			}
			for at, schema := range rule.Schemas(op.Output) {
				standIns(op.Place+"/output"+at+"/examples", schema["examples"], found)
			}
		}
		return nil
	},
}

// standIns looks for texts that stand for another. A type or a format may well be called "text".
func standIns(place string, value any, found rule.Found) {
	eachString("", value, func(at, text string) {
		if placeholder.MatchString(strings.TrimSpace(text)) && !kindOf.MatchString(starless.ReplaceAllString(place+at, "")) {
			found(place+at, "%q", text)
		}
	})
}

var (
	kindOf   = regexp.MustCompile(`(type|kind|format)$`)
	starless = regexp.MustCompile(`(/examples)?(/[0-9]+)?$`)
)

var placeholder = regexp.MustCompile(`(?i)^(string|text|value|number|integer|(foo|bar|baz|qux|test|tests|testing|dummy|sample|example)([ ,_-]+(foo|bar|baz|qux|test|tests|testing|dummy|sample|example|text|value|data|string))*|foobar|test ?\d+|dummy|sample|example|placeholder|asdf.*|qwerty|xxx+|aaa+|abc|todo|tbd|n/?a|null|undefined|none|some ?(string|text|value|name)|lorem ipsum.*|your[ _-][a-z_-]{1,20}( (here|id|name|key|token))?|<[a-z][a-z0-9 _-]*>|\{\{.*\}\}|\$\{.*\}|\.\.\.|-+|\?+)$`)

var dated = rule.Rule{
	Rule: report.Rule{
		ID: "O012", Title: "Times in samples, examples and cases are ISO 8601 where they are said to be", Severity: report.Warning,
		Rationale: "Recipes compare and format times. One that comes in a vendor's own form breaks them, or is read as another day.",
		Fix:       "write 2026-03-20T17:00:00Z, or 2026-03-20 for a day; turn the vendor's form into it in the guest",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		eachSample(s, func(_ rule.Operation, place string, schema json.RawMessage, value any) {
			undated(schema, value, func(at, text string) { found(place+at, "%q is not ISO 8601", text) })
		})
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Output) {
				examples, _ := schema["examples"].([]any)
				for _, e := range examples {
					if text, ok := e.(string); ok && isTime(schema) && !iso(text) {
						found(op.Place+"/output"+at+"/examples", "%q is not ISO 8601", text)
					}
				}
			}
			for _, k := range successes(s, op) {
				for _, v := range outputs(op, k.Want.Output) {
					undated(op.Output, v, func(at, text string) { found(rule.CaseFile(k.Name), "output %s %q is not ISO 8601", at, text) })
				}
			}
		}
		return nil
	},
}

// undated looks for values that are not the times that their schema says they are.
func undated(schema json.RawMessage, value any, found func(at, text string)) {
	times := map[string]bool{}
	for at, s := range rule.Schemas(schema) {
		if p, ok := valuePointer(at); ok && isTime(s) {
			times[p] = true
		}
	}
	eachString("", value, func(at, text string) {
		if times[starred(at)] && !iso(text) {
			found(at, text)
		}
	})
}

// starred writes "*" for the places in lists of a pointer.
func starred(at string) string {
	parts := strings.Split(at, "/")
	for i, part := range parts {
		if _, err := strconv.Atoi(part); err == nil {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

func isTime(schema map[string]any) bool {
	text, _ := schema["description"].(string)
	return schema["format"] == "date-time" || schema["format"] == "date" || strings.Contains(text, "ISO 8601")
}

func iso(text string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

var faithful = rule.Rule{
	Rule: report.Rule{
		ID: "O013", Title: "A sample's output has only what outputs of cases have", Severity: report.Warning,
		Rationale: "A recipe that was written against a sample stops where the real output lacks what the sample shows.",
		Fix:       "take the property out of the sample, or add a case whose output has it",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			have := seen(s, op)
			for i, sample := range op.Samples {
				shown := map[string]bool{}
				pointers("", rule.Decode(sample.Output), shown)
				for _, p := range slices.Sorted(maps.Keys(shown)) {
					if len(have) > 0 && !have[p] && !strings.HasSuffix(p, "/*") && !free(op.Output, p) && !elsewhere(s, op, p) {
						found(fmt.Sprintf("%s/samples/%d/output", op.Place, i), "%s is in no case's output", p)
					}
				}
			}
		}
		return nil
	},
}

// elsewhere reports whether an operation whose output has an object of the same shape has the property at p in a case: what
// one action reads of a ticket, another lists of tickets.
func elsewhere(s *rule.Subject, op rule.Operation, p string) bool {
	parent, name, _ := cutLast(p)
	want := shapes(op.Output)[parent]
	if !strings.Contains(want, "\n") { // a single property makes no shape
		return false
	}
	for _, other := range s.Operations() {
		have := seen(s, other)
		for at, shape := range shapes(other.Output) {
			if shape == want && have[at+"/"+name] {
				return true
			}
		}
	}
	return false
}

// shapes are the names of the properties of each object of a schema, by its place in a value.
func shapes(schema json.RawMessage) map[string]string {
	all := map[string]string{}
	for at, s := range rule.Schemas(schema) {
		if p, ok := valuePointer(at); ok {
			all[p] = strings.Join(slices.Sorted(maps.Keys(rule.Properties(s))), "\n")
		}
	}
	return all
}

// free reports whether the schema does not name the value at p: it is one of the user's own names.
func free(schema json.RawMessage, p string) bool {
	for at := range rule.Schemas(schema) {
		if q, ok := valuePointer(at); ok && q == p {
			return false
		}
	}
	return true
}

// eachSample goes through the inputs and outputs of all samples.
func eachSample(s *rule.Subject, f func(op rule.Operation, place string, schema json.RawMessage, value any)) {
	for _, op := range s.Operations() {
		for i, sample := range op.Samples {
			place := fmt.Sprintf("%s/samples/%d", op.Place, i)
			f(op, place+"/input", op.Input, rule.Decode(sample.Input))
			f(op, place+"/output", op.Output, rule.Decode(sample.Output))
		}
	}
}

// eachString goes through all texts within a value.
func eachString(at string, v any, f func(at, text string)) {
	switch v := v.(type) {
	case string:
		f(at, v)
	case []any:
		for i, e := range v {
			eachString(fmt.Sprintf("%s/%d", at, i), e, f)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			eachString(rule.Pointer(at, name), v[name], f)
		}
	}
}
