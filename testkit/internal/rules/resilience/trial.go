package resilience

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// trial is one trial, with what is declared of its operation and what the cases show of it.
type trial struct {
	lab.Trial
	op    manifest.Operation
	retry manifest.Retry
	shown ends
}

// wrong says what is not in order with how a trial ended, and "" if nothing is.
type wrong func(t *trial) string

// scope is the trials that a rule looks at.
type scope struct {
	kinds []lab.Kind
	only  func(t *trial) bool // of those
}

// ofKind are the trials of mishaps that last.
func ofKind(kinds ...lab.Kind) scope {
	return scope{kinds, func(t *trial) bool { return !t.Mishap.Once }}
}

// status are the trials of answers with one of these statuses.
func status(all ...int) scope {
	return ofKind(lab.Throttled, lab.Failing, lab.Refused).and(func(t *trial) bool { return slices.Contains(all, t.Mishap.Status) })
}

func (s scope) and(only func(t *trial) bool) scope {
	return scope{s.kinds, func(t *trial) bool { return s.only(t) && only(t) }}
}

// behaviour is a rule about trials: that none of its scope is wrong.
func behaviour(r report.Rule, within scope, judge wrong) rule.Rule {
	return rule.Rule{Rule: r, Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		all, err := trials(ctx, s, within.kinds...)
		if err != nil {
			return err
		}
		gather := gathered{}
		for i := range all {
			t := &all[i]
			if t.Hits == 0 || !within.only(t) {
				continue
			}
			if problem := judge(t); problem != "" {
				gather.add(t.place(), t.what()+"; "+problem)
			}
		}
		gather.tell(found)
		return nil
	}}
}

// gathered are findings by place: one of each operation is enough to show what is wrong.
type gathered struct {
	places   []string
	evidence map[string][]string
}

func (g *gathered) add(place, evidence string) {
	if g.evidence == nil {
		g.evidence = map[string][]string{}
	}
	if !slices.Contains(g.places, place) {
		g.places = append(g.places, place)
	}
	g.evidence[place] = append(g.evidence[place], evidence)
}

func (g *gathered) tell(found rule.Found) {
	slices.Sort(g.places)
	for _, p := range g.places {
		all := g.evidence[p]
		if len(all) == 1 {
			found(p, "%s", all[0])
			continue
		}
		found(p, "%s; %d more end like this", all[0], len(all)-1)
	}
}

// trials are the trials of some kinds of mishaps.
func trials(ctx context.Context, s *rule.Subject, kinds ...lab.Kind) ([]trial, error) {
	ran, err := s.Lab.Faults(ctx, kinds...)
	if err != nil {
		return nil, err
	}
	shown := endsOf(s.Cases)
	var all []trial
	for _, t := range ran {
		op, _ := s.Manifest.Operation(t.Case.Call.Kind, t.Case.Call.Operation) // there is one: the case went as recorded
		all = append(all, trial{t, op, retryOf(s.Manifest), shown})
	}
	return all, nil
}

// place is the operation.
func (t *trial) place() string { return string(t.op.Kind) + " " + t.op.Name }

// what is the circumstances: "get_order.txtar, http/1 (GET https://…/orders/7): the vendor answers 503".
func (t *trial) what() string {
	u := *t.Exchange.URL
	u.RawQuery = ""
	return fmt.Sprintf("%s, %s (%s %s): the vendor %s", t.Case.Name, t.Exchange.Name, t.Exchange.Method, &u, t.Mishap.Does)
}

// end is how the call ended.
func (t *trial) end() string {
	if t.Fault != nil {
		return "the call ends with " + clip(t.Fault.Error())
	}
	return "the call succeeds with " + clip(string(t.Output))
}

func clip(s string) string {
	const most = 300
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// safe reports whether a request changes nothing, as far as its method says.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// writes reports whether what went wrong was a write.
func (t *trial) writes() bool { return !t.op.ReadOnly && !safe(t.Exchange.Method) }

// repeatable reports whether the host may send the request again whose answer was lost.
func (t *trial) repeatable() bool {
	m := t.Exchange.Method
	return t.op.ReadOnly || safe(m) || m == http.MethodPut || m == http.MethodDelete || t.op.IdempotencyHeader() != ""
}

// doubtful reports whether the call may have done something at the vendor that a repetition might do twice.
func (t *trial) doubtful() bool {
	return !t.op.ReadOnly && t.op.IdempotencyHeader() == "" && slices.ContainsFunc(t.Requests, func(r lab.Request) bool {
		return !safe(r.Method) && r.Method != http.MethodPut && r.Method != http.MethodDelete
	})
}

// same reports whether the output is as if nothing had gone wrong.
func (t *trial) same() bool {
	return t.Recorded.Fault == nil && reflect.DeepEqual(value(t.Output), value(t.Recorded.Output))
}

// less reports whether the output has nothing that the recorded one has not.
func (t *trial) less() bool {
	return t.Recorded.Fault == nil && within(value(t.Output), value(t.Recorded.Output))
}

func within(part, whole any) bool {
	p, isObject := part.(map[string]any)
	w, _ := whole.(map[string]any)
	if !isObject {
		return reflect.DeepEqual(part, whole)
	}
	for name, v := range p {
		if all, ok := w[name]; !ok || !within(v, all) {
			return false
		}
	}
	return true
}

func value(data json.RawMessage) (v any) {
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	_ = dec.Decode(&v) // the host has checked it
	return v
}

func retryOf(m *manifest.Manifest) (r manifest.Retry) {
	if m.Retry != nil {
		r = *m.Retry
	}
	if r.Attempts == 0 {
		r.Attempts = 4
	}
	if len(r.Statuses) == 0 {
		r.Statuses = []int{408, 429, 500, 502, 503, 504}
	}
	return r
}

func codeOf(f *abi.Fault) abi.Code {
	if f == nil {
		return ""
	}
	return f.Code
}
