package guesttest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

var resultChecks = slices.Concat([]check{
	{"result/echo", echoes},
	{"result/numbers as written", asWritten},
	{"result/envelope again", func(tb testing.TB, s *session) {
		if !Output[bool](tb, s.program, Action("again", strings.Repeat("x", 10_000))) {
			tb.Error("the envelope cannot be asked for again")
		}
	}},
	{"result/guest's own fault", func(tb testing.TB, s *session) {
		outcome, err := s.program.Call(tb.Context(), Action("fault", nil))
		if r := outcome.Result; err != nil || r.Status != abi.StatusFault || r.Fault.Code != abi.Conflict {
			tb.Errorf("got %+v, %v; want the guest's fault as a result", r, err)
		}
	}},
	{"result/describe", func(tb testing.TB, s *session) {
		d, err := guest.Describe(tb.Context(), s.program)
		if err != nil {
			tb.Fatal(err)
		}
		equal(tb, "description", d, abi.Description{Operations: []abi.Operation{{Kind: abi.KindAction, Name: "echo"}}, SDK: "none"})
	}},
	{"result/second is refused", func(tb testing.TB, s *session) {
		var logs recorder
		c := Action("twice", nil)
		c.Log = logs.log
		if got := Output[string](tb, s.program, c); got != "first" {
			tb.Errorf("got %q, want the first result", got)
		}
		equal(tb, "the host's answers", logs.records, []abi.LogRecord{{Level: abi.LevelWarn, Message: "0 -22"}})
	}},
	{"result/overwritten afterwards", func(tb testing.TB, s *session) {
		g := wasmtest.NewGuest()
		p := s.load(tb, guest.Module{Code: g.InvokeOnly(nil, g.Answer()+i32s(wasmtest.ResultAt, 0, 20)+wasmtest.MemoryFill+wasmtest.I32Const(0))})
		if !Output[bool](tb, p, Action("any", nil)) {
			tb.Error("the result is not what it was when it was handed over")
		}
	}},
	{"result/malformed envelope", func(tb testing.TB, s *session) {
		c := Action("echo", nil)
		c.Envelope.Call = ""
		faults(tb, s.program, c, abi.Internal, "the host made a malformed call", "call is empty")
		c = Action("echo", nil)
		c.Envelope.Input = json.RawMessage("{")
		faults(tb, s.program, c, abi.Internal, "the host made a malformed call")
	}},
}, misbehaviour())

func echoes(tb testing.TB, s *session) {
	c := guest.Call{Limits: abi.Limits{Wall: 20 * time.Second}, Envelope: abi.Envelope{
		ABI: abi.Version, Call: "c7", Kind: abi.KindTrigger, Operation: "echo", Attempt: 2,
		Input:      json.RawMessage(`{"n":12345678901234567890}`),
		Connection: &abi.Connection{Name: "acme", Auth: "token", URLs: map[string]string{"api": "https://a.example"}},
		Cursor:     json.RawMessage(`"at 7"`),
	}}
	got := Output[abi.Envelope](tb, s.program, c)
	if got.Deadline < 15 || got.Deadline > 20 {
		tb.Errorf("deadline %v s, want what is left of 20", got.Deadline)
	}
	got.Deadline = 0
	equal(tb, "envelope", got, c.Envelope)
}

func asWritten(tb testing.TB, s *session) {
	outcome, err := s.program.Call(tb.Context(), Action("page", nil))
	if err != nil {
		tb.Fatal(err)
	}
	want := abi.Result{Status: abi.StatusPage, Cursor: json.RawMessage("12345678901234567890"),
		Items: []json.RawMessage{json.RawMessage("1.10"), json.RawMessage(`{"b":2,"a":"é"}`)}}
	equal(tb, "result", outcome.Result, want)
}

// misbehaviour has the ways in which a guest in Go can go wrong, and what its caller is told.
func misbehaviour() (all []check) {
	for _, tt := range []struct {
		name, operation string
		input           any
		texts           []string
		stderr          string // part of the details
	}{
		{"no result", "silent", nil, []string{"no result"}, ""},
		{"no result, but a last word", "mutter", nil, []string{"no result"}, "a line without an end"},
		{"non-zero return", "seven", nil, []string{"returned 7"}, ""},
		{"invalid UTF-8", "raw", []byte("{\"status\":\"done\",\"output\":\"\xff\"}"), []string{"malformed result", "UTF-8"}, ""},
		{"two values", "raw", []byte(`{"status":"done","output":1} 2`), []string{"malformed result"}, ""},
		{"duplicate keys", "raw", []byte(`{"status":"done","output":1,"output":2}`), []string{"malformed result"}, ""},
		{"unknown status", "raw", []byte(`{"status":"fine"}`), []string{`"fine"`}, ""},
		{"empty result", "raw", []byte(``), []string{"malformed result"}, ""},
		{"deep result", "deep", nil, []string{"malformed result"}, ""},
		{"exit", "exit", nil, []string{"exit code 3"}, ""},
		{"panic", "panic", nil, []string{"boom [31m"}, "main."},
		{"trap", "trap", nil, []string{"trap"}, ""},
		{"deadlock", "deadlock", nil, []string{"asleep"}, "deadlock"},
	} {
		all = append(all, check{"fault/" + tt.name, func(tb testing.TB, s *session) {
			f := faults(tb, s.program, Action(tt.operation, tt.input), abi.Internal, tt.texts...)
			checkDetails(tb, f, tt.stderr)
		}})
	}
	return append(all, handmade()...)
}

// checkDetails looks for text in what the guest has printed, which is bounded and plays no tricks on who reads it.
func checkDetails(tb testing.TB, f *abi.Fault, text string) {
	tb.Helper()
	if text == "" {
		return
	}
	var details map[string]string
	if err := json.Unmarshal(f.Details, &details); err != nil || !strings.Contains(details["stderr"], text) {
		tb.Errorf("details %s (%v), want %q in them", f.Details, err, text)
	}
	if n := len(details["stderr"]); n > 4<<10 {
		tb.Errorf("%d bytes of standard error, at most 4096 are kept", n)
	}
	if strings.ContainsAny(details["stderr"]+f.Message, "\x1b\u202e\u009b") {
		tb.Errorf("control characters in %q", details["stderr"])
	}
}

// handmade has what no compiler would write. An instance that has failed is never used again: each is called twice.
func handmade() (all []check) {
	exit := wasmtest.Call(2)
	for _, tt := range []struct {
		name string
		body wasmtest.Code // leaves an i32
		text string
	}{
		{"unreachable", wasmtest.Unreachable, "unreachable"},
		{"out of bounds", i32s(1<<32-1) + wasmtest.I32Load(0), "trap"},
		{"division by zero", i32s(1, 0) + wasmtest.I32DivU, "trap"},
		{"recursion", wasmtest.LocalGet(0) + wasmtest.Call(3), "trap"},
		{"exit 0", i32s(0) + exit + i32s(0), "exit code 0"},
		// The codes with which wazero marks the end of a context.
		{"exit like a deadline", i32s(0xefffffff) + exit + i32s(0), "exit code 4026531839"},
		{"exit like a cancel", i32s(0xffffffff) + exit + i32s(0), "exit code 4294967295"},
	} {
		all = append(all, check{"fault/by hand, " + tt.name, func(tb testing.TB, s *session) {
			code := wasmtest.NewGuest(host(abi.ModuleWASI, "proc_exit")).InvokeOnly(nil, tt.body)
			p := s.load(tb, guest.Module{Code: code})
			for range 2 {
				_, err := p.Call(tb.Context(), Action("any", nil))
				if f := WantFault(tb, err, abi.Internal); !strings.Contains(f.Message, tt.text) && tt.name != "recursion" {
					tb.Errorf("got message %q, want %q in it", f.Message, tt.text)
				}
			}
			wellBehaved(tb, s.program)
		}})
	}
	return all
}
