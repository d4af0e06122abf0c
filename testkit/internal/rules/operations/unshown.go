package operations

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"patchbay/abi"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var disclosed = rule.Rule{
	Rule: report.Rule{
		ID: "O134", Title: "A call makes no request that its cases do not show", Severity: report.Error,
		Rationale: "What a call asks or sends beside its purpose costs the vendor's limit, and may be a copy of somebody's data that nobody looks for.",
		Fix:       "make only the requests that the operation needs, and record a case that shows them",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			known := map[string]bool{}
			for _, k := range s.CasesOf(op) {
				for _, x := range k.Exchanges {
					known[target(lab.Request{Method: x.Method, URL: x.URL})] = true
				}
			}
			told := map[string]bool{}
			for _, t := range traces(ctx, s, op) {
				for _, r := range t.Requests {
					if to := target(r); !known[to] && !told[to] {
						told[to] = true
						found(op.Title, "case %s: %s is in no case of the operation", t.Case.Name, line(r))
					}
				}
			}
		}
		return nil
	},
}

var emptying = rule.Rule{
	Rule: report.Rule{
		ID: "O135", Title: "A value that is null, empty or false is sent as it is", Severity: report.Warning,
		Rationale: "Who clears a field says so with null or an empty text. Where it is left out on the way the old value stays, and the call succeeds.",
		Fix:       "pass the properties of a free object on as they came: drop none by its value",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			k := fullest(s, op)
			if k == nil || op.Kind != abi.KindAction {
				continue
			}
			properties := propertiesOf(op)
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				if !rule.Has(properties[name], "object") || len(rule.Properties(properties[name])) > 0 {
					continue
				}
				sends := func(v any) (lab.Request, bool) {
					value := map[string]any{}
					if now, ok := inputOf(k.Call)[name].(map[string]any); ok {
						value = maps.Clone(now)
					}
					value[probe] = v
					call, ok := with(op, k, name, value)
					if !ok {
						return lab.Request{}, true
					}
					t := s.Lab.Try(ctx, lab.Try{Case: k, Call: call})
					return named(t)
				}
				if _, ok := sends(harmless); !ok {
					continue // the guest does not pass on what it does not know
				}
				for _, v := range []any{nil, "", false, json.Number("0")} {
					if r, ok := sends(v); !ok && r.URL != nil {
						text, _ := json.Marshal(v) // one of the above
						found(rule.Pointer(op.Place+"/input/properties", name), "%s does not have the property whose value is %s", line(r), text)
						break
					}
				}
			}
		}
		return nil
	},
}

// probe is the name of a property that no vendor has.
const probe = "probe_field"

// named reports whether the last write of a call has the probe; the request that it is not in, otherwise.
func named(t lab.Trace) (lab.Request, bool) {
	writes := writesOf(t)
	for _, r := range writes {
		if holds(r, probe) {
			return r, true
		}
	}
	if len(writes) == 0 {
		return lab.Request{}, false
	}
	return writes[len(writes)-1], false
}
