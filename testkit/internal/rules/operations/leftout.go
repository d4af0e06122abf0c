package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var leftOut = rule.Rule{
	Rule: report.Rule{
		ID: "O129", Title: "An input that is left out is not sent as 0, false or an empty text", Severity: report.Note,
		Rationale: "Vendors take what is sent for what is meant: an owner with the id 0, a no, a name that is taken away.",
		Fix:       "leave out of the request what is left out of the input, or write a default into the schema",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.ReadOnly {
				continue
			}
			for _, l := range leavingOut(ctx, s, op) {
				if seen := l.sentAsZero(); seen != "" {
					found(rule.Pointer(op.Place+"/input/properties", l.name), "when it is left out, %s", seen)
				}
			}
		}
		return nil
	},
}

// omission is a call of a case's without one property of its input.
type omission struct {
	name   string
	schema map[string]any
	input  json.RawMessage
	trace  lab.Trace
}

type omissionsKey string

// leavingOut makes the calls of the cases in which an operation succeeds without one property, each property once.
func leavingOut(ctx context.Context, s *rule.Subject, op rule.Operation) []omission {
	return rule.Once(s, omissionsKey(op.Title), func() []omission {
		made := map[string]omission{}
		properties := propertiesOf(op)
		for _, k := range successes(s, op) {
			for _, name := range slices.Sorted(maps.Keys(inputOf(k.Call))) {
				call, ok := with(op, k, name, nil)
				if !ok || made[name].trace.Case != nil && made[name].trace.Fault == nil {
					continue
				}
				made[name] = omission{name, properties[name], call.Input, s.Lab.Try(ctx, lab.Try{Case: k, Call: call})}
			}
		}
		var all []omission
		for _, name := range slices.Sorted(maps.Keys(made)) {
			all = append(all, made[name])
		}
		return all
	})
}

// sentAsZero says where a request that writes has the property that was left out all the same.
func (l omission) sentAsZero() string {
	if _, ok := l.schema["default"]; ok {
		return ""
	}
	for _, r := range writesOf(l.trace) {
		body, _ := rule.Decode(r.Body).(map[string]any)
		v, ok := body[l.name]
		if ok && (v == json.Number("0") || v == false || v == "") {
			return fmt.Sprintf("%s sends %s in its body as %s", line(r), l.name, encoded(v))
		}
	}
	return ""
}

func encoded(v any) []byte {
	text, _ := json.Marshal(v) // it was read from JSON
	return text
}
