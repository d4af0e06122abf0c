package guesttest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// session is an engine under test, and the suite's guest loaded into it.
type session struct {
	open    func(testing.TB) guest.Engine
	engine  guest.Engine
	program guest.Program
}

func newSession(tb testing.TB, open func(testing.TB) guest.Engine) *session {
	tb.Helper()
	s := &session{open: open, engine: open(tb)}
	s.program = s.load(tb, guest.Module{Code: Guest(tb)})
	return s
}

// load loads another program into the session's engine, for as long as the test runs.
func (s *session) load(tb testing.TB, m guest.Module) guest.Program {
	tb.Helper()
	return load(tb, s.engine, m)
}

func load(tb testing.TB, e guest.Engine, m guest.Module) guest.Program {
	tb.Helper()
	p, err := e.Load(context.Background(), m)
	if err != nil {
		tb.Fatalf("load: %v", err)
	}
	tb.Cleanup(func() { p.Close(context.Background()) })
	return p
}

// Action is a call of an operation, with an input that is any JSON value.
func Action(operation string, input any) guest.Call {
	raw, err := json.Marshal(input)
	if err != nil {
		panic(err)
	}
	return guest.Call{Envelope: abi.Envelope{ABI: abi.Version, Call: "c1", Kind: abi.KindAction, Operation: operation, Attempt: 1, Input: raw}}
}

// Output makes a call that must end well, and decodes its output.
func Output[T any](tb testing.TB, p guest.Program, c guest.Call) (out T) {
	tb.Helper()
	out, _ = used[T](tb, p, c)
	return out
}

// used is Output, with what the call has used.
func used[T any](tb testing.TB, p guest.Program, c guest.Call) (out T, _ guest.Usage) {
	tb.Helper()
	outcome, err := p.Call(tb.Context(), c)
	if err != nil {
		tb.Fatalf("%s: %v", c.Envelope.Operation, err)
	}
	if outcome.Result.Status != abi.StatusDone {
		tb.Fatalf("%s: status %s, fault %v", c.Envelope.Operation, outcome.Result.Status, outcome.Result.Fault)
	}
	if err := json.Unmarshal(outcome.Result.Output, &out); err != nil {
		tb.Fatalf("%s: output %s: %v", c.Envelope.Operation, outcome.Result.Output, err)
	}
	return out, outcome.Usage
}

// faults makes a call that must end with a fault of this code, with all of these texts in its message, and
// sees that the next call works.
func faults(tb testing.TB, p guest.Program, c guest.Call, code abi.Code, texts ...string) *abi.Fault {
	tb.Helper()
	_, err := p.Call(tb.Context(), c)
	f := WantFault(tb, err, code, texts...)
	wellBehaved(tb, p)
	return f
}

// WantFault fails the test unless err is a fault of this code with all of these texts in its message, and returns it.
func WantFault(tb testing.TB, err error, code abi.Code, texts ...string) *abi.Fault {
	tb.Helper()
	var f *abi.Fault
	if !errors.As(err, &f) {
		tb.Fatalf("got error %v, want a fault of code %s", err, code)
	}
	if f.Code != code {
		tb.Errorf("got fault %v, want code %s", f, code)
	}
	for _, text := range texts {
		if !strings.Contains(f.Message, text) {
			tb.Errorf("got message %q, want %q in it", f.Message, text)
		}
	}
	return f
}

// wellBehaved sees that a program of the suite's guest answers.
func wellBehaved(tb testing.TB, p guest.Program) {
	tb.Helper()
	if got := Output[int](tb, p, Action("count", nil)); got != 1 {
		tb.Errorf("the next call is the %dth of its instance, want the first", got)
	}
}

// equal compares what was got with what was wanted.
func equal[T any](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// answer is an HTTP function that answers every request with a status and no body.
func answer(status int) func(context.Context, abi.Request) abi.Response {
	return func(context.Context, abi.Request) abi.Response { return abi.Response{Status: status} }
}

// anyRequest is a call that makes a request, served by http.
func anyRequest(http func(context.Context, abi.Request) abi.Response) guest.Call {
	c := Action("http", abi.Request{Method: "GET", URL: "https://a.example"})
	c.HTTP = http
	return c
}

// recorder collects log records.
type recorder struct {
	mu      sync.Mutex
	records []abi.LogRecord
}

func (r *recorder) log(record abi.LogRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, record)
}

// eventually polls a condition for half a minute.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-timeout:
			tb.Fatalf("%s: not within half a minute", what)
		}
	}
}

func decode[T any](tb testing.TB, data []byte) (v T) {
	tb.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		tb.Fatalf("%s: %v", data, err)
	}
	return v
}
