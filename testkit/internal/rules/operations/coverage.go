package operations

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var coveredOthers = rule.Rule{
	Rule: report.Rule{
		ID: "O003", Title: "Every trigger, options and schema function and test has a case in which it succeeds", Severity: report.Error,
		Rationale: "What an editor asks and what starts a recipe fails as actions do, and is tested by cases as they are.",
		Fix:       `add testdata/cases/NAME.txtar with "kind" in its call.json; docs/cases.md shows one`,
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindAction && len(successes(s, op)) == 0 {
				found(op.Place, "%s has none", op.Title)
			}
		}
		return nil
	},
}

var faulted = rule.Rule{
	Rule: report.Rule{
		ID: "O004", Title: "Every action has a case in which it ends with a fault", Severity: report.Note,
		Rationale: "How a vendor words its errors is known only from its answers; a recorded one shows that users are told what to do.",
		Fix:       "add testdata/cases/ACTION-REASON.txtar with an answer that refuses and fault.json",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if n := len(s.CasesOf(op)); op.Kind == abi.KindAction && n > 0 && n == len(successes(s, op)) && hasExchange(s.CasesOf(op)) {
				found(op.Place, "none of the cases of %s does", op.Name)
			}
		}
		return nil
	},
}

// hasExchange reports whether a case has an exchange: who asks nobody is refused nothing.
func hasExchange(all []*cases.Case) bool {
	return slices.ContainsFunc(all, func(k *cases.Case) bool { return len(k.Exchanges) > 0 })
}

var shown = rule.Rule{
	Rule: report.Rule{
		ID: "O014", Title: "Every property of an output is in the output of some case", Severity: report.Note,
		Rationale: "A property that no case has is a promise that nothing proves.",
		Fix:       "record a case whose answer has it, or take it out of the schema",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if missing := unseen(op, seen(s, op)); len(op.Output) > 0 && len(successes(s, op)) > 0 && len(missing) > 0 {
				found(op.Place+"/output", "in no case: %s", strings.Join(missing, ", "))
			}
		}
		return nil
	},
}

var filed = rule.Rule{
	Rule: report.Rule{
		ID: "O015", Title: "A case's file is named after its operation", Severity: report.Note,
		Rationale: "Whoever looks for an operation's cases looks for its name.",
		Fix:       "rename it to OPERATION.txtar or OPERATION-WHAT.txtar",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, k := range s.Cases {
			if name := strings.TrimSuffix(k.Name, ".txtar"); name != k.Call.Operation && !strings.HasPrefix(name, k.Call.Operation+"-") {
				found(rule.CaseFile(k.Name), "is of %s %s", k.Call.Kind, k.Call.Operation)
			}
		}
		return nil
	},
}

// unseen are the pointers of an output schema's properties that are not in have, "*" for any item of a list.
func unseen(op rule.Operation, have map[string]bool) []string {
	var missing []string
	for at := range rule.Schemas(op.Output) {
		p, ok := valuePointer(at)
		parent, _, _ := cutLast(p)
		if ok && p != "" && !strings.HasSuffix(p, "/*") && !have[p] && (parent == "" || have[parent] || strings.HasSuffix(parent, "/*")) {
			missing = append(missing, p)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// valuePointer turns a schema's pointer into that of the values it is for: "/properties/items/items" is "/items/*".
func valuePointer(at string) (string, bool) {
	parts := strings.Split(strings.TrimPrefix(at, "/"), "/")
	var b strings.Builder
	for i := 0; at != "" && i < len(parts); i++ {
		switch parts[i] {
		case "properties":
			i++
			b.WriteString("/" + parts[i])
		case "items":
			b.WriteString("/*")
		default:
			return "", false
		}
	}
	return b.String(), true
}

func cutLast(p string) (parent, name string, ok bool) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return "", p, false
	}
	return p[:i], p[i+1:], true
}

// seen are the pointers of all values in the outputs, or events, of an operation's cases.
func seen(s *rule.Subject, op rule.Operation) map[string]bool {
	have := map[string]bool{}
	for _, k := range successes(s, op) {
		for _, v := range outputs(op, k.Want.Output) {
			pointers("", v, have)
		}
	}
	return have
}

// outputs are what an output schema describes: the output as a whole, or each event of a trigger.
func outputs(op rule.Operation, output json.RawMessage) []any {
	v := rule.Decode(output)
	if op.Kind != abi.KindTrigger {
		return []any{v}
	}
	page, _ := v.(map[string]any)
	items, _ := page["items"].([]any)
	return items
}

func pointers(at string, v any, have map[string]bool) {
	have[at] = true
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			pointers(rule.Pointer(at, name), e, have)
		}
	case []any:
		for _, e := range v {
			pointers(at+"/*", e, have)
		}
	}
}

// successes are an operation's cases that end well.
func successes(s *rule.Subject, op rule.Operation) []*cases.Case {
	return slices.DeleteFunc(s.CasesOf(op), func(k *cases.Case) bool { return k.Want.Fault != nil })
}
