package operations

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/inputs"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// generatedInputs is how many inputs of an operation are made up.
const generatedInputs = 60

// trial is one operation with inputs that were made up from its schema.
type trial struct {
	op    rule.Operation
	base  lab.Trace // of the case that all inputs begin with
	calls []generated
}

type generated struct {
	input json.RawMessage
	trace lab.Trace
}

type trialsKey struct{}

// trials calls every operation that takes inputs with made-up ones. It is done once.
func trials(ctx context.Context, s *rule.Subject) []trial {
	return rule.Once(s, trialsKey{}, func() []trial {
		seed := fnv.New64a()
		seed.Write([]byte(s.Bundle.Digest()))
		var all []trial
		for _, op := range s.Operations() {
			k := fullest(s, op)
			if k == nil {
				continue
			}
			t := trial{op: op, base: s.Lab.Try(ctx, lab.Try{Case: k, Call: k.Call})}
			for _, input := range inputs.Generate(op.Input, k.Call.Input, seed.Sum64(), generatedInputs) {
				call := k.Call
				call.Input = input
				t.calls = append(t.calls, generated{input, s.Lab.Try(ctx, lab.Try{Case: k, Call: call})})
			}
			all = append(all, t)
		}
		return all
	})
}

var steady = rule.Rule{
	Rule: report.Rule{
		ID: "O116", Title: "Whatever input the schema allows, the call is done or ends with a fault of its own", Severity: report.Error,
		Rationale: "A guest that breaks on an input that its schema allows breaks in somebody's recipe, with a message that helps nobody.",
		Fix:       "make the schema refuse what cannot work, or answer it with invalid_input and the field",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range trials(ctx, s) {
			for _, g := range t.calls {
				if f := g.trace.Fault; f != nil && broken(f.Code) && (t.base.Fault == nil || t.base.Fault.Code != f.Code) {
					found(t.op.Title, "input %s: %s", clip(g.input), clip([]byte(f.Error())))
					break // one is enough to find the place
				}
			}
		}
		return nil
	},
}

// broken is true of codes that say that a guest, not its input or its vendor, is at fault.
func broken(code abi.Code) bool {
	return code == abi.Internal || code == abi.Timeout || code == abi.LimitExceeded
}

var pointed = rule.Rule{
	Rule: report.Rule{
		ID: "O117", Title: "A fault invalid_input says which field of the input it is about", Severity: report.Warning,
		Rationale: "An editor shows the message beside the field. Without one, people look through the whole form.",
		Fix:       `add .At("/FIELD") to the fault`,
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range trials(ctx, s) {
			for _, g := range t.calls {
				if f := g.trace.Fault; f != nil && f.Code == abi.InvalidInput && f.Field == "" && !byHost(f.Message) {
					found(t.op.Title, "input %s: %s", clip(g.input), clip([]byte(f.Error())))
					break
				}
			}
		}
		return nil
	},
}

// byHost is true of what the host and the SDK say of a text that cannot stand in a path or a header: a guest that passes it
// on is not asked.
func byHost(message string) bool {
	return strings.Contains(message, "path ") || strings.HasPrefix(message, "header ")
}

var effective = rule.Rule{
	Rule: report.Rule{
		ID: "O121", Title: "Every input makes a difference", Severity: report.Warning,
		Rationale: "An input that the guest does not use is filled in by people who believe that it does something.",
		Fix:       "send it to the vendor, or take it out of the schema",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range trials(ctx, s) {
			tried, matters := map[string]int{}, map[string]bool{}
			for _, g := range t.calls {
				if name := changed(t.base, g.input); name != "" {
					tried[name]++
					matters[name] = matters[name] || differ(t.base, g.trace, t.op.IdempotencyHeader()) != ""
				}
			}
			for _, name := range slices.Sorted(maps.Keys(tried)) {
				if tried[name] > 1 && !matters[name] {
					found(rule.Pointer(t.op.Place+"/input/properties", name), "%d values of it make the same requests and give the same output as case %s", tried[name], t.base.Case.Name)
				}
			}
		}
		return nil
	},
}

// changed is the one property in which an input differs from the case's, or nothing.
func changed(base lab.Trace, input json.RawMessage) string {
	before := inputOf(base.Case.Call)
	after, _ := rule.Decode(input).(map[string]any)
	var names []string
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	for name, v := range after {
		if !reflect.DeepEqual(v, before[name]) {
			names = append(names, name)
		}
	}
	if len(names) != 1 {
		return ""
	}
	return names[0]
}
