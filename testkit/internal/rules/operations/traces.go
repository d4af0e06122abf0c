package operations

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
)

type tracesKey struct{}

// traces are the calls of an operation's cases, at a vendor that takes requests which differ a little from those
// recorded: what else is wrong with a guest does not hide what a rule looks for.
func traces(ctx context.Context, s *rule.Subject, op rule.Operation) []lab.Trace {
	all := rule.Once(s, tracesKey{}, func() []lab.Trace {
		var all []lab.Trace
		for _, k := range s.Cases {
			if t := s.Lab.Try(ctx, lab.Try{Case: k, Call: k.Call}); t.Problem == "" {
				all = append(all, t)
			}
		}
		return all
	})
	return slices.DeleteFunc(slices.Clone(all), func(t lab.Trace) bool {
		return t.Case.Call.Kind != op.Kind || t.Case.Call.Operation != op.Name
	})
}

// fullest is the case in which an operation succeeds with the most inputs: what is tried begins with it.
func fullest(s *rule.Subject, op rule.Operation) *cases.Case {
	var best *cases.Case
	most := -1
	for _, k := range successes(s, op) {
		if n := len(inputOf(k.Call)); n > most {
			best, most = k, n
		}
	}
	return best
}

// settings are cases in which an operation succeeds with a property set, one for each choice of what else is set: that may
// keep it from being used. Where no case sets it, it is the fullest.
func settings(s *rule.Subject, op rule.Operation, name string) (all []*cases.Case) {
	seen := map[string]bool{}
	for _, k := range successes(s, op) {
		input := inputOf(k.Call)
		names := strings.Join(slices.Sorted(maps.Keys(input)), " ")
		if _, ok := input[name]; ok && !seen[names] {
			seen[names], all = true, append(all, k)
		}
	}
	if k := fullest(s, op); k != nil && len(all) == 0 {
		all = append(all, k)
	}
	return all
}

// judgeInputs tells what is wrong with the inputs of operations, by the first of a property's settings that shows it.
func judgeInputs(s *rule.Subject, found rule.Found, judge func(op rule.Operation, k *cases.Case, name string, schema map[string]any) string) {
	for _, op := range s.Operations() {
		properties := propertiesOf(op)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			for _, k := range settings(s, op, name) {
				if seen := judge(op, k, name, properties[name]); seen != "" {
					found(rule.Pointer(op.Place+"/input/properties", name), "%s", seen)
					break
				}
			}
		}
	}
}

func inputOf(c cases.Call) map[string]any {
	v, _ := rule.Decode(c.Input).(map[string]any)
	if v == nil {
		v = map[string]any{}
	}
	return v
}

// safe methods change nothing (RFC 9110).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// line is a request as findings show it: without what is long.
func line(r lab.Request) string {
	u := r.URL.String()
	if len(u) > 160 {
		u = u[:160] + "..."
	}
	return r.Method + " " + u
}

// differ says how two conversations differ, or nothing. The header varies is the host's, and another in each call.
func differ(a, b lab.Trace, varies string) string {
	for i := range min(len(a.Requests), len(b.Requests)) {
		x, y := a.Requests[i], b.Requests[i]
		switch {
		case x.Method != y.Method || x.URL.String() != y.URL.String():
			return fmt.Sprintf("request %d is %s, then %s", i+1, line(x), line(y))
		case string(x.Body) != string(y.Body):
			return fmt.Sprintf("the body of request %d (%s) is %s, then %s", i+1, line(x), clip(x.Body), clip(y.Body))
		}
		for _, name := range slices.Sorted(maps.Keys(x.Header)) {
			if !eachCall.MatchString(name) && !strings.EqualFold(name, varies) && !slices.Equal(x.Header[name], y.Header[name]) {
				return fmt.Sprintf("the header %s of request %d (%s) is another", name, i+1, line(x))
			}
		}
	}
	switch {
	case len(a.Requests) != len(b.Requests):
		return fmt.Sprintf("%d requests, then %d", len(a.Requests), len(b.Requests))
	case ending(a) != ending(b):
		return fmt.Sprintf("it ends with %s, then %s", clip([]byte(ending(a))), clip([]byte(ending(b))))
	}
	return ""
}

// eachCall are the headers that are the host's, or name a call and so differ between two.
var eachCall = regexp.MustCompile(`(?i)authorization|idempoten|request-?id|correlation|trace`)

// ending is how a call ended, as text. The key that the host offers for repeating a write is the host's, and another in each
// call.
func ending(t lab.Trace) string {
	if t.Fault != nil {
		text, _, _ := strings.Cut(t.Fault.Error(), "; to repeat it without doing it twice, give the key ")
		return "fault " + text
	}
	return string(t.Output)
}

func clip(text []byte) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "..."
	}
	return string(text)
}
