package limits

import (
	"encoding/json"
	"regexp"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// inputs are the rules about how large an input may be. The host refuses larger ones before a guest sees them.
var inputs = []rule.Rule{
	unbounded("L012", "A text of an input has a greatest length", "string", []string{"maxLength", "pattern", "format", "enum", "const"},
		"A recipe that puts a whole document into a title fails at the vendor, late and with words of the vendor's.",
		"add maxLength with what the vendor takes, or pattern, format or enum"),
	unbounded("L013", "A list of an input has a greatest length", "array", []string{"maxItems", "enum", "const"},
		"A list is most often a request for each of its items, or one that grows with it.",
		"add maxItems with what the vendor takes, or what fits into the call's requests"),
	counts,
}

func unbounded(id, title, kind string, bounds []string, why, fix string) rule.Rule {
	return rule.Look(report.Rule{ID: id, Title: title, Severity: report.Note, Rationale: why, Fix: fix}, func(s *rule.Subject, found rule.Found) {
		for _, op := range s.Operations() {
			for at, schema := range rule.Schemas(op.Input) {
				if rule.Has(schema, kind) && !has(schema, bounds...) && !strings.HasSuffix(at, "/propertyNames") && !strings.Contains(at, "/$defs/") {
					found(op.Place+"/input"+at, "%s: %s takes a %s of any length", op.Title, name(at), map[string]string{"string": "text", "array": "list"}[kind])
				}
			}
		}
	})
}

func has(schema map[string]any, keys ...string) bool {
	for _, k := range keys {
		if _, ok := schema[k]; ok {
			return true
		}
	}
	return false
}

// name is what a schema at a pointer is of.
func name(at string) string {
	if i := strings.LastIndex(at, "/properties/"); i >= 0 {
		return strings.ReplaceAll(at[i+len("/properties/"):], "/items", "[]")
	}
	return "the input" + at
}

var counts = rule.Look(report.Rule{
	ID: "L014", Title: "A number of an input that says how many has its bounds", Severity: report.Note,
	Rationale: "A million in a recipe's formula is a slip; without a maximum it is a million requests, days or rows.",
	Fix:       "add minimum and maximum",
	Origin:    "Power Platform x-ms-limits, Zapier schema checks",
}, func(s *rule.Subject, found rule.Found) {
	for _, op := range s.Operations() {
		for at, schema := range rule.Schemas(op.Input) {
			numeric := rule.Has(schema, "integer") || rule.Has(schema, "number")
			if numeric && !has(schema, "maximum", "exclusiveMaximum", "enum", "const") && many.MatchString(strings.ToLower(name(at))) {
				found(op.Place+"/input"+at, "%s: %s has no maximum", op.Title, name(at))
			}
			if least, _ := schema["minimum"].(json.Number); numeric && paged.MatchString(strings.ToLower(name(at))) && has(schema, "minimum") && (least == "0" || strings.HasPrefix(least.String(), "-")) {
				found(op.Place+"/input"+at+"/minimum", "%s: %s may be %s: a page of nothing never ends", op.Title, name(at), least)
			}
		}
	}
})

// paged are names of numbers that say how much is in a page.
var paged = regexp.MustCompile(`(^|_)(limit|per_?page|page_?size|batch_?size)$`)

// many are names of numbers that say how many. An id or an amount of money has no bound that is known.
var many = regexp.MustCompile(`(^|_)(count|counts|limit|size|per_?page|page_?size|max|top|take|first|last|rows|results|records|items|batch|copies|repeat|repeats|times|days|hours|minutes|seconds|weeks|months|retries|attempts|depth|number_of_[a-z_]+|num_[a-z_]+|n)$`)
