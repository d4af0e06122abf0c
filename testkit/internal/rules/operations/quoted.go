package operations

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var quoted = rule.Rule{
	Rule: report.Rule{
		ID: "O130", Title: "A quotation mark in a text does not end the text in a query", Severity: report.Error,
		Rationale: "Where an input is joined into SQL, a filter, a search or XML, an apostrophe makes a syntax error of O'Brien, and another query of what somebody means to do harm with.",
		Fix:       "escape the text as the vendor's language does ('' in SQL and OData), pass it as a parameter, or take only what needs no escape (pattern)",
		Origin:    "OWASP injection",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		judgeInputs(s, found, func(op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
			return unquoted(func(text string) (t lab.Trace, ok bool) {
				call, ok := with(op, k, name, worded(schema, text))
				if !ok {
					return t, false
				}
				return s.Lab.Try(ctx, lab.Try{Case: k, Call: call}), true
			})
		})
		return nil
	},
}

// worded is a value of the schema that holds a text.
func worded(schema map[string]any, text string) any {
	if rule.Has(schema, "array") {
		return []any{text}
	}
	return text
}

// enclosures are what a text stands between, and a text with the mark that must not be in there as it is.
var enclosures = []struct {
	around *regexp.Regexp
	text   string
	parsed bool // whether texts within JSON are looked at too
}{
	{regexp.MustCompile(`'[^']*` + harmless + `[^']*'`), "O'Brien", true},
	{regexp.MustCompile(`"[^"]*` + harmless + `[^"]*"`), `12" disc`, true},
	{regexp.MustCompile(`>[^<>]*` + harmless + `[^<>]*</`), "a<b", false},
}

// unquoted says which text ends what it is written into.
func unquoted(try func(text string) (lab.Trace, bool)) string {
	calm, ok := try(harmless)
	if !ok {
		return ""
	}
	for _, e := range enclosures {
		var places []string
		for i, r := range calm.Requests {
			for place, text := range written(r, e.parsed) {
				if e.around.MatchString(text) {
					places = append(places, fmt.Sprint(i, " ", place))
				}
			}
		}
		if len(places) == 0 {
			continue
		}
		t, _ := try(e.text)
		for i, r := range t.Requests {
			for place, text := range written(r, e.parsed) {
				if slices.Contains(places, fmt.Sprint(i, " ", place)) && strings.Contains(text, e.text) {
					return fmt.Sprintf("with %q, %s sends %q", e.text, line(r), clip([]byte(text)))
				}
			}
		}
	}
	return ""
}

// written are the texts of a request by their places: the parameters, and the texts in a JSON body, or else the body.
func written(r lab.Request, parsed bool) map[string]string {
	if rule.Decode(r.Body) == nil {
		return map[string]string{"body": string(r.Body)}
	}
	if !parsed {
		return nil
	}
	return sent(r)
}
