package operations

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// careful are the rules about schemas that were written in a hurry.
var careful = []rule.Rule{
	rule.Look(report.Rule{
		ID: "O032", Title: "An id is of one form in all inputs", Severity: report.Note,
		Rationale: "What one action refuses another sends to the vendor, and a pick list is missed where it is missing.",
		Fix:       "copy pattern, format and x-options from the other input, or give the property another name",
	}, func(s *rule.Subject, found rule.Found) {
		first := map[string][2]string{} // by name: place and form
		for _, op := range s.Operations() {
			properties := propertiesOf(op)
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				is := form(properties[name])
				if was, ok := first[name]; op.Kind != abi.KindAction && op.Kind != abi.KindTrigger || !strings.HasSuffix(name, "_id") {
					continue
				} else if ok && was[1] != is {
					found(rule.Pointer(op.Place+"/input/properties", name), "%s here, and %s in %s", is, was[1], was[0])
				} else {
					first[name] = [2]string{op.Place, is}
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O040", Title: "An id is chosen from the pick list that there is for it", Severity: report.Note,
		Rationale: "People know names, and have to look for ids: the list is there, and the form does not show it.",
		Fix:       "add x-options with the function's name to the property",
		Origin:    "Zapier D004 and D005, Pipedream avoid asking for IDs",
	}, func(s *rule.Subject, found rule.Found) {
		for _, op := range s.Operations() {
			properties := propertiesOf(op)
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				thing, _ := strings.CutSuffix(name, "_id")
				plain := properties[name]["x-options"] == nil && properties[name]["enum"] == nil && properties[name]["x-schema"] == nil
				if f, ok := s.Manifest.Function(abi.KindOptions, thing+"s"); ok && plain && (op.Kind == abi.KindAction || op.Kind == abi.KindTrigger) {
					found(rule.Pointer(op.Place+"/input/properties", name), "it is typed by hand, and %s lists what there is", f.Name)
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O033", Title: "A pattern is held to the whole text", Severity: report.Note,
		Rationale: "In JSON Schema a pattern without ^ and $ matches anywhere: anything may stand around it.",
		Fix:       "write ^ before it and $ behind it",
		Origin:    "JSON Schema 2020-12, 6.3.3",
	}, func(s *rule.Subject, found rule.Found) {
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Input) {
				if p, _ := schema["pattern"].(string); counted.MatchString(p) && !strings.HasPrefix(p, "^") && !strings.HasSuffix(p, "$") {
					found(op.Place+"/input"+at+"/pattern", "%s", p)
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O034", Title: "No two properties of an object have the same description", Severity: report.Note,
		Rationale: "Of two that read the same one was copied and not changed: people and agents fill in the wrong one.",
		Fix:       "say in each what the other is not",
	}, func(s *rule.Subject, found rule.Found) {
		for _, op := range s.Operations() {
			for _, part := range []string{"/input", "/output"} {
				raw := map[string]json.RawMessage{"/input": op.Input, "/output": op.Output}[part]
				for at, schema := range rule.Schemas(raw) {
					for _, twins := range twice(rule.Properties(schema)) {
						found(rule.Pointer(op.Place+part+at+"/properties", twins[1])+"/description", "it is that of %s too", twins[0])
					}
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O035", Title: "A description gives the default and the length that the schema gives", Severity: report.Note,
		Rationale: "People and agents read the description, the host goes by the schema.",
		Fix:       "write the same figure in both, or in the schema alone",
	}, func(s *rule.Subject, found rule.Found) {
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Input) {
				if what := misstated(schema); what != "" {
					found(op.Place+"/input"+at+"/description", "%s", what)
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "O036", Title: "An output promises what always comes", Severity: report.Note,
		Rationale: "The next step of a recipe cannot count on anything in an output in which everything is optional.",
		Fix:       "name in required what the vendor always gives, the id at least",
	}, func(s *rule.Subject, found rule.Found) {
		for _, op := range s.Operations() {
			schema, _ := rule.Decode(op.Output).(map[string]any)
			if required, _ := schema["required"].([]any); len(required) > 0 || op.Kind != abi.KindAction {
				continue
			}
			if name := always(s, op, schema); name != "" {
				found(op.Place+"/output", "nothing is required, and %s is in the output of every case", name)
			}
		}
	}),
}

// form is what a schema says of how a value is written, for a person to compare.
func form(schema map[string]any) string {
	said := []string{fmt.Sprint(schema["type"])}
	for _, key := range []string{"pattern", "format", "x-options"} {
		if schema[key] != nil {
			said = append(said, fmt.Sprintf("%s %v", key, schema[key]))
		}
	}
	return strings.Join(said, ", ")
}

// counted is a pattern that says how long the text is.
var counted = regexp.MustCompile(`[\])\w]\{\d+(,\d+)?\}$`)

// twice are the pairs of properties with one description of four words and more.
func twice(properties map[string]map[string]any) (pairs [][2]string) {
	first := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		text, _ := properties[name]["description"].(string)
		if len(strings.Fields(text)) < 4 {
			continue
		}
		if other, ok := first[text]; ok {
			pairs = append(pairs, [2]string{other, name})
		}
		first[text] = name
	}
	return pairs
}

var (
	saidDefault = regexp.MustCompile(`(?i)\bdefaults? (?:to|is|of|:)? ?(\d+)\b|\b(\d+) (?:by default|unless|if (?:it is )?(?:left out|not given|omitted|empty)|when (?:it is )?(?:left out|not given|omitted|empty))\b`)
	saidLength  = regexp.MustCompile(`(?i)\b(?:at most|up to|maximum of|max\.?|no more than) ([\d,]+) characters\b`)
)

// misstated says how a schema's description differs from the schema.
func misstated(schema map[string]any) string {
	text, _ := schema["description"].(string)
	if m := saidDefault.FindStringSubmatch(text); m != nil && schema["default"] != nil && fmt.Sprint(schema["default"]) != m[1]+m[2] {
		return fmt.Sprintf("it says %s, and the default is %v", m[1]+m[2], schema["default"])
	}
	if m := saidLength.FindStringSubmatch(text); m != nil && schema["maxLength"] != nil && fmt.Sprint(schema["maxLength"]) != strings.ReplaceAll(m[1], ",", "") {
		return fmt.Sprintf("it says %s characters, and maxLength is %v", m[1], schema["maxLength"])
	}
	return ""
}

// always returns a property that is in the output of every case.
func always(s *rule.Subject, op rule.Operation, schema map[string]any) string {
	all := successes(s, op)
	for _, name := range slices.Sorted(maps.Keys(rule.Properties(schema))) {
		lacks := slices.IndexFunc(all, func(k *cases.Case) bool {
			out, _ := rule.Decode(k.Want.Output).(map[string]any)
			return out[name] == nil
		})
		if len(all) > 0 && lacks < 0 {
			return name
		}
	}
	return ""
}
