package resilience

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var (
	rounded = regexp.MustCompile(`9007199254740992|9\.00719925474099\d*[eE]` + // LargeID as a float64; LargeText as one, or cut to 32 bits
		`|8006604345696675840|8006604345696676000|8\.00660434569667\d*[eE]|\b1247373553\b`)
	noValues = []string{"null", "undefined", "None", "nil", "<nil>", "NaN", "[object Object]"}
)

// tolerance is about answers that vendors may give without telling anybody.
var tolerance = []rule.Rule{
	behaviour(report.Rule{
		ID: "R042", Title: "Properties that a vendor adds change nothing", Severity: report.Error,
		Rationale: "Every vendor counts a new property as no change of its API, and adds one next week.",
		Fix:       "ignore what you do not know, and let output schemas take what is passed through",
		Origin:    "Robustness principle; GitHub and Stripe API versioning policies",
	}, ofKind(lab.Extra), func(t *trial) string {
		if t.Recorded.Fault != nil {
			return recovered(t)
		}
		if t.Fault == nil && reflect.DeepEqual(stripped(value(t.Output)), value(t.Recorded.Output)) {
			return ""
		}
		return t.end()
	}),
	{Rule: report.Rule{
		ID: "R043", Title: "A property that may be missing may be null", Severity: report.Warning,
		Rationale: "Vendors write null for what they leave out elsewhere, and change their minds.",
		Fix:       "treat null as a missing property",
		Origin:    "Airbyte schema: nullable fields",
	}, Check: nullable},
	behaviour(report.Rule{
		ID: "R044", Title: "null does not become a text", Severity: report.Error,
		Rationale: "Whatever comes next takes the text null for a name, an id or an address.",
		Fix:       "leave a property out of the output that is null in the answer",
		Origin:    "Make and Zapier user reports",
	}, ofKind(lab.Null, lab.Missing), func(t *trial) string {
		if t.Fault == nil && spells(value(t.Output)) && !spells(value(t.Recorded.Output)) {
			return t.end()
		}
		return ""
	}),
	behaviour(report.Rule{
		ID: "R045", Title: "Large ids keep all their digits", Severity: report.Error,
		Rationale: "A number above 2^53 is another one once it has been a float: another record's id.",
		Fix:       "read ids as integers of 64 bits, or as text (Go: int64 or json.Number, never float64 or any)",
		Origin:    "RFC 8259 section 6, Twitter id_str",
	}, ofKind(lab.Large), func(t *trial) string {
		if t.Fault == nil && rounded.Match(t.Output) {
			return t.end()
		}
		for _, r := range t.Requests {
			if rounded.MatchString(r.URL.String()) || rounded.Match(r.Body) {
				return fmt.Sprintf("the guest goes on with %s %s %s", r.Method, r.URL, clip(string(r.Body)))
			}
		}
		return ""
	}),
}

// stripped is v without what a mishap has added.
func stripped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, lab.Marker)
		for _, e := range v {
			stripped(e)
		}
	case []any:
		for _, e := range v {
			stripped(e)
		}
	}
	return v
}

// spells reports whether a text in v is a language's word for nothing.
func spells(v any) bool {
	switch v := v.(type) {
	case string:
		return slices.Contains(noValues, v)
	case map[string]any:
		for _, e := range v {
			if spells(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, spells)
	}
	return false
}

// madeUp is about values that the vendor has not sent. That it is asked for in the output makes nobody have it.
var madeUp = []rule.Rule{
	behaviour(report.Rule{
		ID: "R046", Title: "An id that the vendor leaves out is not made up", Severity: report.Note,
		Rationale: "An empty id is the same for all records: what is kept by it is kept once.",
		Fix:       "return an internal fault when an answer has no id, or give the output's id minLength: 1",
		Origin:    "Zapier: every item has an id",
	}, ofKind(lab.Missing, lab.Null), func(t *trial) string {
		if t.Fault != nil || t.Recorded.Fault != nil {
			return ""
		}
		if name := emptied(value(t.Output), value(t.Recorded.Output), ""); name != "" {
			return fmt.Sprintf("the output's %s is empty", name)
		}
		return ""
	}),
	behaviour(report.Rule{
		ID: "R047", Title: "A list that the vendor leaves out is not an empty one", Severity: report.Note,
		Rationale: "When a vendor renames the list, nothing is found from then on, and nobody notices.",
		Fix:       "return an internal fault when the property is missing that holds the list",
		Origin:    "Airbyte: zero records from a stream that had some",
	}, ofKind(lab.Missing), func(t *trial) string {
		if t.Fault != nil || items(t.Output) != 0 || items(t.Recorded.Output) < 1 {
			return ""
		}
		return "the call succeeds with no items at all"
	}),
}

// emptied is the path of an id that was something and is nothing.
func emptied(now, before any, path string) string {
	switch was := before.(type) {
	case map[string]any:
		is, _ := now.(map[string]any)
		for _, name := range sorted(was) {
			v, there := is[name]
			if there && isID(name) && nothing(v) && !nothing(was[name]) {
				return path + "/" + name
			}
			if found := emptied(v, was[name], path+"/"+name); found != "" {
				return found
			}
		}
	case []any:
		is, _ := now.([]any)
		for i := range min(len(was), len(is)) {
			if found := emptied(is[i], was[i], fmt.Sprint(path, "/", i)); found != "" {
				return found
			}
		}
	}
	return ""
}

func isID(name string) bool {
	return name == "id" || name == "value" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id")
}

// nothing is what languages put in the place of a text or number that is not there. null is the vendor's own.
func nothing(v any) bool { return v == "" || v == json.Number("0") }

func sorted(m map[string]any) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// items is how many items a page has, -1 if it is none.
func items(output json.RawMessage) int {
	var p struct {
		Items []json.RawMessage `json:"items"`
	}
	if json.Unmarshal(output, &p) != nil || p.Items == nil {
		return -1
	}
	return len(p.Items)
}
