package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

func TestCall_Echo(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Wall: 20 * time.Second})
	sent := abi.Envelope{
		ABI: abi.Version, Call: "c7", Kind: abi.KindTrigger, Operation: "echo", Attempt: 2,
		Input:      json.RawMessage(`{"n":12345678901234567890}`),
		Connection: &abi.Connection{Name: "acme", Auth: "token", URLs: map[string]string{"api": "https://a.example"}},
		Cursor:     json.RawMessage(`"at 7"`),
	}
	got := output[abi.Envelope](t, p, sent, nil)
	if got.Deadline < 15 || got.Deadline > 20 {
		t.Errorf("deadline %v s, want what is left of 20", got.Deadline)
	}
	got.Deadline = 0
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
}

func TestCall_CallersDeadline(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Wall: 20 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	result, err := p.Call(ctx, envelope("echo", nil), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got abi.Envelope
	if err := json.Unmarshal(result.Output, &got); err != nil || got.Deadline > 10 {
		t.Errorf("deadline %v s (%v), want at most the caller's 10", got.Deadline, err)
	}
}

func TestCall_EnvelopeAgain(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	if !output[bool](t, p, envelope("again", strings.Repeat("x", 10_000)), nil) {
		t.Error("the envelope cannot be asked for again")
	}
}

func TestCall_GuestsOwnFault(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	result, err := p.Call(t.Context(), envelope("fault", nil), nil, nil)
	if err != nil || result.Status != abi.StatusFault || result.Fault.Code != abi.Conflict {
		t.Errorf("got %+v, %v; want the guest's fault as a result", result, err)
	}
}

func TestCall_MalformedEnvelope(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	env := envelope("echo", nil)
	env.Call = ""
	_, err := p.Call(t.Context(), env, nil, nil)
	wantFault(t, err, abi.Internal, "call is empty")
	env = envelope("echo", nil)
	env.Input = json.RawMessage("{")
	_, err = p.Call(t.Context(), env, nil, nil)
	wantFault(t, err, abi.Internal, "the host made a malformed call")
}

// TestCall_Faults has every way in which a guest in Go can fail, and what the caller is told.
func TestCall_Faults(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Memory: 32 << 20, Output: 1000})
	tests := []struct {
		operation string
		input     any
		code      abi.Code
		want      []string
		stderr    string // part of the details
	}{
		{"hog", nil, abi.LimitExceeded, []string{"ran out of memory, its limit is 33554432 bytes", "out of memory"}, "out of memory"},
		{"big", 1000, abi.LimitExceeded, []string{"a result of 1029 bytes, its limit is 1000"}, ""},
		{"silent", nil, abi.Internal, []string{"the guest gave no result"}, ""},
		{"mutter", nil, abi.Internal, []string{"the guest gave no result"}, "a line without an end"},
		{"seven", nil, abi.Internal, []string{"patchbay_invoke returned 7, expected 0"}, ""},
		{"raw", []byte("{\"status\":\"done\",\"output\":\"\xff\"}"), abi.Internal, []string{"malformed result", "invalid UTF-8"}, ""},
		{"raw", []byte(`{"status":"done","output":1} 2`), abi.Internal, []string{"malformed result"}, ""},
		{"raw", []byte(`{"status":"fine"}`), abi.Internal, []string{`unknown status "fine"`}, ""},
		{"raw", []byte(``), abi.Internal, []string{"malformed result"}, ""},
		{"exit", nil, abi.Internal, []string{"ended itself with exit code 3"}, ""},
		{"panic", nil, abi.Internal, []string{"in runtime.abort: panic: boom [31m"}, "main.invoke"},
		{"deadlock", nil, abi.Internal, []string{"all goroutines are asleep"}, "deadlock"},
	}
	for _, tt := range tests {
		t.Run(tt.operation, func(t *testing.T) {
			t.Parallel()
			_, err := p.Call(t.Context(), envelope(tt.operation, tt.input), nil, nil)
			f := wantFault(t, err, tt.code, tt.want...)
			if tt.stderr == "" {
				return
			}
			var details map[string]string
			if err := json.Unmarshal(f.Details, &details); err != nil || !strings.Contains(details["stderr"], tt.stderr) {
				t.Errorf("details %s (%v), want %q in them", f.Details, err, tt.stderr)
			}
			if len(details["stderr"]) > maxPrint || strings.ContainsAny(details["stderr"]+f.Message, "\x1b\u202e\u009b") {
				t.Errorf("details of %d bytes, or with control characters: %q", len(details["stderr"]), details["stderr"])
			}
		})
	}
}

func TestCall_DeepResult(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	_, err := p.Call(t.Context(), envelope("deep", nil), nil, nil)
	wantFault(t, err, abi.Internal, "malformed result")
}

func TestCall_SecondResult(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	var logs recorder
	result, err := p.Call(t.Context(), envelope("twice", nil), nil, logs.log)
	if err != nil || string(result.Output) != `"first"` {
		t.Errorf("got %s, %v; want the first result", result.Output, err)
	}
	want := []abi.LogRecord{{Level: abi.LevelWarn, Message: "0 -22"}} // as the guest printed it
	if diff := cmp.Diff(want, logs.records); diff != "" {
		t.Error(diff)
	}
}

func TestCall_SmallerResultAfterRefusal(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Output: 1000})
	env := envelope("big", 1000)
	env.Attempt = 2
	if got := output[int](t, p, env, nil); got != -int(abi.E2BIG) {
		t.Errorf("the large result got %d, want %d", got, -int(abi.E2BIG))
	}
}

// TestCall_Deadline has guests that outstay their time in each way there is.
func TestCall_Deadline(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Wall: 300 * time.Millisecond, Fuel: 1 << 60})
	wait := func(ctx context.Context, _ abi.Request) abi.Response {
		<-ctx.Done()
		return abi.Response{Status: 200}
	}
	tests := []struct {
		name  string
		env   abi.Envelope
		limit time.Duration // of the caller; 0 is none
		want  string
	}{
		{"loop", envelope("spin", nil), 0, "wall limit of 300ms"},
		{"sleep", envelope("sleep", 3600), 0, "wall limit of 300ms"},
		{"http", envelope("http", abi.Request{Method: "GET", URL: "https://a.example"}), 0, "wall limit of 300ms"},
		{"caller's, loop", envelope("spin", nil), 100 * time.Millisecond, "caller's deadline"},
		{"caller's, sleep", envelope("sleep", 3600), 100 * time.Millisecond, "caller's deadline"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if tt.limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.limit)
				defer cancel()
			}
			start := time.Now()
			_, err := p.Call(ctx, tt.env, wait, nil)
			wantFault(t, err, abi.Timeout, tt.want)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("stopped after %v", took)
			}
		})
	}
}

func TestCall_Sleeps(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	if got := output[float64](t, p, envelope("sleep", 0.05), nil); got < 0.05 || got > 10 {
		t.Errorf("slept %v s, want 0.05", got)
	}
}

func TestCall_Cancel(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	for _, operation := range []string{"http", "spin", "sleep"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			wait := func(ctx context.Context, _ abi.Request) abi.Response {
				cancel()
				<-ctx.Done()
				return abi.Response{Status: 200}
			}
			var input any = 3600
			if operation == "http" {
				input = abi.Request{Method: "GET", URL: "https://a.example"}
			} else {
				time.AfterFunc(50*time.Millisecond, cancel)
			}
			_, err := p.Call(ctx, envelope(operation, input), wait, nil)
			wantFault(t, err, abi.Canceled, "cancelled by its caller")
		})
	}
}

func TestCall_CancelledBefore(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("gone"))
	for range 20 { // a free slot and a done context are both ready
		_, err := p.Call(ctx, envelope("echo", nil), nil, nil)
		wantFault(t, err, abi.Canceled)
	}
}

// TestCall_Handmade has what only a guest written by hand can do.
func TestCall_Handmade(t *testing.T) {
	t.Parallel()
	give, done := giveResult(`{"status":"done","output":1}`)
	tests := []struct {
		name   string
		module handmade
		limits abi.Limits
		code   abi.Code // empty: it succeeds
		want   string
	}{
		{"result", handmade{invoke: give, data: done}, abi.Limits{}, "", ""},
		{"unreachable", handmade{invoke: []byte{opUnreachable}, named: true}, abi.Limits{}, abi.Internal, "the guest trapped: unreachable in invoke"},
		{"no name", handmade{invoke: []byte{opUnreachable}}, abi.Limits{}, abi.Internal, "the guest trapped: unreachable in function 3"},
		{"out of bounds", handmade{invoke: []byte{opI32Const, 0x7f, opI32Load, 2, 0}}, abi.Limits{}, abi.Internal, "out of bounds memory access in function 3"},
		{"division", handmade{invoke: []byte{opI32Const, 1, opI32Const, 0, opI32DivS}}, abi.Limits{}, abi.Internal, "integer divide by zero in function 3"},
		{"recursion", handmade{invoke: []byte{opLocalGet, 0, opCall, 3}}, abi.Limits{}, abi.Internal, "the guest trapped: stack overflow"},
		{"exit 0", handmade{invoke: []byte{opI32Const, 0, opCall, 1, opI32Const, 0}}, abi.Limits{}, abi.Internal, "ended itself with exit code 0"},
		// The exit codes with which wazero marks the end of a context.
		{"exit like a deadline", handmade{invoke: []byte{opI32Const, 0xff, 0xff, 0xff, 0xff, 0x7e, opCall, 1, opI32Const, 0}}, abi.Limits{}, abi.Internal, "ended itself with exit code 4026531839"},
		{"exit like a cancel", handmade{invoke: []byte{opI32Const, 0x7f, opCall, 1, opI32Const, 0}}, abi.Limits{}, abi.Internal, "ended itself with exit code 4294967295"},
		{"grow and trap", handmade{invoke: []byte{opLoop, blockVoid, opI32Const, 1, opMemoryGrow, 0, opI32Const, 0x7f, opI32Ne, opBrIf, 0, opEnd, opUnreachable}}, abi.Limits{Memory: 1 << 20}, abi.LimitExceeded, "ran out of memory, its limit is 1048576 bytes"},
		{"grow to the limit", handmade{invoke: append(growOrTrap(15, 1), give...), data: done}, abi.Limits{Memory: 1 << 20}, "", ""},
		{"grow beyond the limit", handmade{invoke: append(growOrTrap(16, 0x7f), give...), data: done}, abi.Limits{Memory: 1 << 20}, "", ""},
		{"result overwritten afterwards", handmade{invoke: append(give[:len(give)-2:len(give)-2], opI32Const, 0, opI32Const, 0, opI32Store, 2, 0, opI32Const, 0), data: done}, abi.Limits{}, "", ""},
		{"full from the start", handmade{invoke: []byte{opUnreachable}, pages: 16}, abi.Limits{Memory: 1 << 20}, abi.Internal, "unreachable"},
		{"result in initialize", handmade{ // EINVAL, or it traps
			initialize: []byte{opI32Const, byte(abi.OpResult), opI32Const, 0, opI32Const, 28, opCall, 0, opI64Const, 0x6a, opI64Ne, opIf, blockVoid, opUnreachable, opEnd},
			invoke:     give, data: done}, abi.Limits{}, "", ""},
		{"types in another order", handmade{invoke: give, data: done, types: []byte{0x60, 0, 1, 0x7e, 0x60, 2, 0x7c, 0x7d, 0}, extra: 2}, abi.Limits{}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := loadModule(t, tt.module.encode(), tt.limits)
			for range 2 { // an instance that failed is never used again
				result, err := p.Call(t.Context(), envelope("any", nil), nil, nil)
				if tt.code != "" {
					wantFault(t, err, tt.code, tt.want)
				} else if err != nil || string(result.Output) != "1" {
					t.Errorf("got %s, %v; want 1", result.Output, err)
				}
			}
		})
	}
}

// TestLoad_Start has guests that do not get past their _initialize.
func TestLoad_Start(t *testing.T) {
	t.Parallel()
	give, done := giveResult(`{"status":"done","output":1}`)
	tests := []struct {
		name       string
		initialize []byte
		limits     abi.Limits
		code       abi.Code
		want       string
	}{
		{"trap", []byte{opUnreachable}, abi.Limits{}, abi.Internal, "the guest did not start: the guest trapped: unreachable in function 2"},
		{"exit", []byte{opI32Const, 3, opCall, 1}, abi.Limits{}, abi.Internal, "exit code 3"},
		{"loop", []byte{opLoop, blockVoid, opBr, 0, opEnd}, abi.Limits{Wall: 100 * time.Millisecond, Fuel: 1 << 60}, abi.Timeout, "wall limit of 100ms"},
		{"fuel", []byte{opLoop, blockVoid, opBr, 0, opEnd}, abi.Limits{Fuel: 1000}, abi.LimitExceeded, "its limit is 1000 units"},
	}
	for _, tt := range tests {
		e := newEngine(t, Config{Cache: cache})
		_, err := e.Load(t.Context(), guest.Module{Code: handmade{initialize: tt.initialize, invoke: give, data: done}.encode(), Limits: tt.limits})
		wantFault(t, err, tt.code, tt.want)
		if e.pool.alive != 0 {
			t.Errorf("%s: %d instances are left", tt.name, e.pool.alive)
		}
	}
}

// growOrTrap grows memory by some pages and traps unless memory.grow answers as expected (0x7f is -1).
func growOrTrap(pages, answer byte) []byte {
	return []byte{opI32Const, pages, opMemoryGrow, 0, opI32Const, answer, opI32Ne, opIf, blockVoid, opUnreachable, opEnd}
}

// TestInstancesHaveNoName has two instances at once of a module that names itself.
func TestInstancesHaveNoName(t *testing.T) {
	t.Parallel()
	p := loadModule(t, handmade{invoke: []byte{opUnreachable}, named: true}.encode(), abi.Limits{})
	for range 2 {
		i, err := p.Program.(*Program).newInstance(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer i.close(t.Context())
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	d, err := guest.Describe(t.Context(), shared)
	if err != nil {
		t.Fatal(err)
	}
	want := abi.Description{Operations: []abi.Operation{{Kind: abi.KindAction, Name: "echo"}}, SDK: "none"}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}

func TestDescribe_Faults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		result string
		code   abi.Code
		want   string
	}{
		{`{"status":"page","items":[]}`, abi.Internal, "describe answered page, expected done"},
		{`{"status":"done","output":1}`, abi.Internal, "something else than a description"},
		{`{"status":"fault","fault":{"code":"conflict","message":"no"}}`, abi.Conflict, "no"},
	}
	for _, tt := range tests {
		code, data := giveResult(tt.result)
		_, err := guest.Describe(t.Context(), loadModule(t, handmade{invoke: code, data: data}.encode(), abi.Limits{}).Program)
		wantFault(t, err, tt.code, tt.want)
	}
	_, err := guest.Describe(t.Context(), loadModule(t, handmade{invoke: []byte{opUnreachable}}.encode(), abi.Limits{}).Program)
	wantFault(t, err, abi.Internal, "trapped")
}
