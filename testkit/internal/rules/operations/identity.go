package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var identified = rule.Rule{
	Rule: report.Rule{
		ID: "O050", Title: "An idempotency key has every input that says where the effect is", Severity: report.Warning,
		Rationale: "Two calls with one key are taken for one. If they write to two records, one of them is never written.",
		Fix:       "add the input to idempotency.key",
		Origin:    "IETF idempotency key draft, section 2.2",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Idempotency == nil || len(op.Idempotency.Key) == 0 {
				continue
			}
			told := map[string]bool{}
			for _, k := range s.CasesOf(op) {
				for _, name := range addressed(k, op.Idempotency.Key) {
					if !told[name] {
						told[name] = true
						found(op.Place+"/idempotency/key", "in case %s %s is in the address that is written to, and the key is %s", k.Name, name, strings.Join(op.Idempotency.Key, ", "))
					}
				}
			}
		}
		return nil
	},
}

// addressed returns the inputs of a case, beside those of a key, whose values are segments of an address that it writes to.
func addressed(k *cases.Case, key []string) (all []string) {
	input := map[string]json.RawMessage{}
	if k.Want.Fault != nil || json.Unmarshal(k.Call.Input, &input) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(input)) {
		v := value(input[name])
		other := v != "" && !slices.Contains(key, name) && !slices.ContainsFunc(key, func(n string) bool { return value(input[n]) == v })
		if other && slices.ContainsFunc(k.Exchanges, func(x cases.Exchange) bool {
			return x.Method != http.MethodGet && x.Method != http.MethodHead && within(x.URL.Path, v)
		}) {
			all = append(all, name)
		}
	}
	return all
}

// value is a text or number of an input, as it stands in an address.
func value(raw json.RawMessage) string {
	switch v := rule.Decode(raw).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// within reports whether a value is a segment of a path, or the end of one: eid:CRM-9.
func within(path, v string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool { return segment == v || strings.HasSuffix(segment, ":"+v) })
}

var offered = rule.Rule{
	Rule: report.Rule{
		ID: "O051", Title: "The same input has its pick list everywhere", Severity: report.Note,
		Rationale: "What can be chosen in one action has to be known by heart in another.",
		Fix:       "name the options function with x-options there too",
		Origin:    "Zapier D004, Pipedream avoid asking for ids",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		lists := map[string]string{}
		eachInput(s, func(_, name string, p map[string]any) {
			if list, ok := p["x-options"].(string); ok {
				lists[likeness(name, p)] = list
			}
		})
		eachInput(s, func(at, name string, p map[string]any) {
			if list := lists[likeness(name, p)]; list != "" && p["x-options"] == nil && p["enum"] == nil && p["const"] == nil {
				found(at, "%s is chosen from %s elsewhere", name, list)
			}
		})
		return nil
	},
}

// likeness is what two properties have in common that stand for the same: name, type and pattern.
func likeness(name string, p map[string]any) string {
	return fmt.Sprint(name, " ", p["type"], " ", p["pattern"])
}

// eachInput tells of every property of the inputs of actions and triggers.
func eachInput(s *rule.Subject, see func(at, name string, p map[string]any)) {
	for _, op := range s.Operations() {
		if op.Kind == abi.KindAction || op.Kind == abi.KindTrigger {
			rule.EachProperty(op.Input, op.Place+"/input", see)
		}
	}
}
