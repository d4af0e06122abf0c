package limits

import (
	"context"
	"encoding/json"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
)

// measure is one of the limits of a call: what it is of, what a call has used, and what it may.
type measure struct {
	name  string // its key in the manifest
	what  string // for a person, after a number
	used  func(t *lab.Trace) int64
	limit func(l abi.Limits) int64
	asked func(l manifest.Limits) int64 // 0 for nothing
	say   func(n int64) string
}

var (
	fuel = measure{"fuel", "fuel", func(t *lab.Trace) int64 { return t.Usage.Fuel },
		func(l abi.Limits) int64 { return l.Fuel }, func(l manifest.Limits) int64 { return l.Fuel }, thousands}
	memory = measure{"memory", "memory", func(t *lab.Trace) int64 { return t.Usage.PeakMemory },
		func(l abi.Limits) int64 { return l.Memory }, func(l manifest.Limits) int64 { return int64(l.Memory) }, size}
	calls = measure{"http_calls", "HTTP requests", func(t *lab.Trace) int64 { return int64(t.Usage.HTTPCalls) },
		func(l abi.Limits) int64 { return int64(l.HTTPCalls) }, func(l manifest.Limits) int64 { return int64(l.HTTPCalls) }, plain}
	output = measure{"output", "output", func(t *lab.Trace) int64 { return int64(len(t.Output)) },
		func(l abi.Limits) int64 { return l.Output }, func(l manifest.Limits) int64 { return int64(l.Output) }, size}
	logged = measure{"log", "log lines", said,
		func(l abi.Limits) int64 { return l.Log }, func(l manifest.Limits) int64 { return int64(l.Log) }, size}
	request = measure{"request_body", "a request's body", largest(func(r *lab.Request) int64 { return int64(len(r.Body)) }),
		func(l abi.Limits) int64 { return l.RequestBody }, func(l manifest.Limits) int64 { return int64(l.RequestBody) }, size}
	response = measure{"response_body", "a response's body", answered,
		func(l abi.Limits) int64 { return l.ResponseBody }, func(l manifest.Limits) int64 { return int64(l.ResponseBody) }, size}
	hostCalls = measure{"host_calls", "calls of the host", func(t *lab.Trace) int64 { return int64(t.Usage.HostCalls) },
		func(l abi.Limits) int64 { return int64(l.HostCalls) }, func(l manifest.Limits) int64 { return int64(l.HostCalls) }, plain}
	all = []measure{fuel, memory, calls, hostCalls, output, logged, request, response}
)

// said is the size of what the guest has logged.
func said(t *lab.Trace) int64 { return int64(len(t.Said)) }

func largest(of func(*lab.Request) int64) func(*lab.Trace) int64 {
	return func(t *lab.Trace) (most int64) {
		for i := range t.Requests {
			most = max(most, of(&t.Requests[i]))
		}
		return most
	}
}

func answered(t *lab.Trace) (most int64) {
	for _, x := range t.Case.Exchanges {
		most = max(most, int64(len(x.AnswerBody)))
	}
	return most
}

// use is what the cases of an operation use of a limit at most.
type use struct {
	op   rule.Operation
	file string // the case that uses the most
	most int64
}

// uses are those of all operations that have a case.
func uses(ctx context.Context, s *rule.Subject, m measure) []use {
	var list []use
	for _, op := range s.Operations() {
		u := use{op: op, most: -1}
		for _, t := range tracesOf(ctx, s, op) {
			if n := m.used(&t); n > u.most {
				u.file, u.most = rule.CaseFile(t.Case.Name), n
			}
		}
		if u.most >= 0 {
			list = append(list, u)
		}
	}
	return list
}

// tracesOf are the replays of an operation's cases.
func tracesOf(ctx context.Context, s *rule.Subject, op rule.Operation) []lab.Trace {
	var list []lab.Trace
	for _, t := range s.Lab.Replays(ctx) {
		if t.Case.Call.Kind == op.Kind && t.Case.Call.Operation == op.Name {
			list = append(list, t)
		}
	}
	return list
}

// items are what a call lists: those of a page, or of the longest list in its output; 0 for no list.
func items(t *lab.Trace) int {
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if json.Unmarshal(t.Output, &list) == nil && len(list.Items) > 0 {
		return len(list.Items)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(t.Output, &fields) != nil {
		return 0
	}
	most := 0
	for _, v := range fields {
		var list []json.RawMessage
		if json.Unmarshal(v, &list) == nil {
			most = max(most, len(list))
		}
	}
	return most
}
