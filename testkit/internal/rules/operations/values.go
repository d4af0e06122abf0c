package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// with is a case's call with one property of its input set, or taken away where v is nil; false if the schema does not
// allow it.
func with(op rule.Operation, k *cases.Case, name string, v any) (cases.Call, bool) {
	call, input := k.Call, maps.Clone(inputOf(k.Call))
	input[name] = v
	if v == nil {
		delete(input, name)
	}
	text, err := json.Marshal(input)
	if err != nil {
		return call, false
	}
	call.Input = text
	compiled, err := manifest.CompileSchema(op.Input)
	return call, err == nil && compiled.Validate(text) == nil
}

func propertiesOf(op rule.Operation) map[string]map[string]any {
	schema, _ := rule.Decode(op.Input).(map[string]any)
	return rule.Properties(schema)
}

var confined = rule.Rule{
	Rule: report.Rule{
		ID: "O118", Title: "A text in the input changes no request but in its own place", Severity: report.Error,
		Rationale: "A slash, an ampersand or a line feed in somebody's text must not become another path, another parameter or another header.",
		Fix:       "make paths with sdk.Path, queries with Query and bodies with sdk.JSON; join no texts",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		judgeInputs(s, found, func(op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
			return escapes(ctx, s, op, k, name, schema)
		})
		return nil
	},
}

// harmless stands in a request as it is, wherever it is put.
const harmless = "harmless"

// hostile texts mean something in a path, a query, a header or JSON.
var hostile = []string{
	"x/y", "../x", "..", "x/../../y", "x?y=z", "x&y=z", "x#y", "x%2Fy", "x%00y", "x y", "x\r\nX-Injected: y", `x","y":"z`, "x;y=z", "x+y",
}

// escapes says how a hostile text at one property changes more of a request than its own place.
func escapes(ctx context.Context, s *rule.Subject, op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
	wrap := wrapping(schema, inputOf(k.Call)[name])
	call, ok := with(op, k, name, wrap(harmless))
	if !ok {
		return ""
	}
	calm := s.Lab.Try(ctx, lab.Try{Case: k, Call: call})
	for _, text := range hostile {
		call, ok := with(op, k, name, wrap(text))
		if !ok {
			continue
		}
		t := s.Lab.Try(ctx, lab.Try{Case: k, Call: call})
		for i := range min(len(calm.Requests), len(t.Requests)) {
			if seen := escaped(calm.Requests[i], t.Requests[i], text, op.IdempotencyHeader()); seen != "" {
				return fmt.Sprintf("with %q, %s is sent where %q sends %s: %s", text, line(t.Requests[i]), harmless, line(calm.Requests[i]), seen)
			}
		}
		if f := t.Fault; calm.Fault == nil && f != nil && (f.Code == abi.Forbidden || f.Code == abi.Internal) && len(t.Requests) < len(calm.Requests) &&
			!inPlace(f, text) {
			return fmt.Sprintf("with %q the request is refused: %s", text, clip([]byte(f.Error())))
		}
	}
	return ""
}

// inPlace reports whether a refusal is of a request that has the text in its own place, escaped: no grant is for a path with
// a slash inside a segment.
func inPlace(f *abi.Fault, text string) bool {
	inside := url.PathEscape(text)
	return inside != text && f.Code == abi.Forbidden && strings.Contains(f.Message, "/"+inside)
}

// wrapping puts a text where the case has one: in a list, or before the @ of an address.
func wrapping(schema map[string]any, now any) func(text string) any {
	if list, ok := now.([]any); ok || rule.Has(schema, "array") {
		i := slices.IndexFunc(list, func(e any) bool { _, ok := e.(string); return ok })
		if i < 0 {
			return func(text string) any { return []any{text} }
		}
		inner := wrapping(nil, list[i])
		return func(text string) any { return []any{inner(text)} }
	}
	if _, domain, ok := strings.Cut(scalar(now), "@"); ok {
		return func(text string) any { return text + "@" + domain }
	}
	return func(text string) any { return text }
}

// escaped compares a request with text in it to the one with a harmless text in its place.
func escaped(calm, r lab.Request, text, varies string) string {
	if calm.Method != r.Method || calm.URL.Host != r.URL.Host {
		return "another method or host"
	}
	before, after := strings.Split(calm.URL.EscapedPath(), "/"), strings.Split(r.URL.EscapedPath(), "/")
	if len(before) != len(after) {
		return "another path"
	}
	for i := range before {
		x, _ := url.PathUnescape(before[i])
		y, _ := url.PathUnescape(after[i])
		if y != strings.ReplaceAll(x, harmless, text) {
			return "another path"
		}
	}
	if !replacedIn(calm.URL.Query(), r.URL.Query(), text, "") {
		return "other parameters"
	}
	if !replacedIn(calm.Header, r.Header, text, varies) {
		return "other headers"
	}
	return otherKeys(calm.Body, r.Body)
}

// replacedIn reports whether after is before with text for the harmless one, maybe encoded.
func replacedIn(before, after map[string][]string, text, varies string) bool {
	for name := range after {
		if _, ok := before[name]; !ok {
			return false
		}
	}
	for name, values := range before {
		if name == "Content-Length" || strings.EqualFold(name, varies) || eachCall.MatchString(name) {
			continue
		}
		for i, v := range values {
			if strings.Contains(v, harmless) || boundary.MatchString(v) {
				continue
			}
			if i >= len(after[name]) || after[name][i] != v {
				return false
			}
		}
		if len(values) != len(after[name]) {
			return false
		}
	}
	return true
}

// boundary is the Content-Type of a body whose parts are kept apart by a text that may be made from them.
var boundary = regexp.MustCompile(`(?i)^multipart/[a-z.-]+; *boundary=[^;\s]+$`)

// otherKeys reports that a JSON body has other keys, as it has where it was joined from texts.
func otherKeys(before, after []byte) string {
	x, y := map[string]bool{}, map[string]bool{}
	if rule.Decode(before) == nil {
		return ""
	}
	pointers("", rule.Decode(before), x)
	pointers("", rule.Decode(after), y)
	if len(x) != len(y) {
		return "other keys in the body: " + clip(after)
	}
	return ""
}

var applied = rule.Rule{
	Rule: report.Rule{
		ID: "O119", Title: "An input's default is what is sent when it is left out", Severity: report.Error,
		Rationale: "People leave out what the form fills in for them, and rely on it.",
		Fix:       "write the default that the guest uses, or use the one that is written",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			k := fullest(s, op)
			properties := propertiesOf(op)
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				v, ok := properties[name]["default"]
				if !ok || k == nil {
					continue
				}
				left, ok := with(op, k, name, nil)
				given, valid := with(op, k, name, v)
				if !ok || !valid {
					continue
				}
				a, b := s.Lab.Try(ctx, lab.Try{Case: k, Call: left}), s.Lab.Try(ctx, lab.Try{Case: k, Call: given})
				if seen := contradicts(a, b); seen != "" {
					text, _ := json.Marshal(v) // it was read from JSON
					found(rule.Pointer(op.Place+"/input/properties", name)+"/default", "left out and with %s: %s", text, seen)
				}
			}
		}
		return nil
	},
}

// contradicts finds a value that two conversations both send, and send differently. What only one sends may be the
// vendor's own default.
func contradicts(a, b lab.Trace) string {
	for i := range min(len(a.Requests), len(b.Requests)) {
		x, y := sent(a.Requests[i]), sent(b.Requests[i])
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if other, ok := y[name]; ok && other != x[name] {
				return fmt.Sprintf("%s is %s, then %s", name, x[name], other)
			}
		}
	}
	return ""
}

// sent are the single values of a request: its path, its parameters and the scalars of its body.
func sent(r lab.Request) map[string]string {
	all := map[string]string{"the path": r.URL.Path}
	for name, values := range r.URL.Query() {
		all["parameter "+name] = strings.Join(values, ",")
	}
	leaves("", rule.Decode(r.Body), all)
	return all
}

func leaves(at string, v any, all map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			leaves(rule.Pointer(at, name), e, all)
		}
	case []any:
		for i, e := range v {
			leaves(fmt.Sprintf("%s/%d", at, i), e, all)
		}
	default:
		all["body "+at] = fmt.Sprint(v)
	}
}

var exact = rule.Rule{
	Rule: report.Rule{
		ID: "O120", Title: "A great whole number is sent with all its digits", Severity: report.Error,
		Rationale: "Ids and amounts have more digits than a floating-point number keeps. One that is rounded is somebody else's.",
		Fix:       "decode numbers as int64 or json.Number, or pass JSON on as it came",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		judgeInputs(s, found, func(op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
			call, ok := with(op, k, name, great(schema, inputOf(k.Call)[name]))
			if !ok {
				return ""
			}
			if seen := rounded(s.Lab.Try(ctx, lab.Try{Case: k, Call: call})); seen != "" {
				return fmt.Sprintf("%s: %s", greatNumber, seen)
			}
			return ""
		})
		return nil
	},
}

// greatNumber is the first whole number that a floating-point number cannot hold, 2^53+1.
const greatNumber = json.Number("9007199254740993")

// great is a value of the schema with the number in it.
func great(schema map[string]any, now any) any {
	switch {
	case rule.Has(schema, "integer") || rule.Has(schema, "number"):
		return greatNumber
	case rule.Has(schema, "array"):
		return []any{greatNumber}
	case rule.Has(schema, "object"):
		made := map[string]any{}
		free, _ := now.(map[string]any)
		for name, v := range free {
			made[name] = v
			if _, ok := v.(json.Number); ok {
				made[name] = greatNumber
			}
		}
		if len(rule.Properties(schema)) == 0 {
			made["amount"] = greatNumber
		}
		return made
	}
	return nil
}

// rounded looks for the number as a floating-point number keeps it.
func rounded(t lab.Trace) string {
	for _, r := range t.Requests {
		text := plain(r.URL) + "\n" + string(r.Body)
		for _, wrong := range []string{"9007199254740992", "9.007199254740992e+15", "9.007199254740992e15", "9.007199254740993e+15", "9.007199254740993e15"} {
			if strings.Contains(text, wrong) {
				return line(r) + " sends " + wrong
			}
		}
	}
	return ""
}
