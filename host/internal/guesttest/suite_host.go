package guesttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

// capabilities are the modules whose functions are call and take, in the order in which [allOf] imports them.
var capabilities = []string{abi.ModuleSys, abi.ModuleHTTP, abi.ModuleLog}

// Functions of a probe with the imports [allOf]. Those of patchbay.sys.v1 are 0 and 1.
const (
	httpCall = 2
	httpTake = 3
	logCall  = 4
	logTake  = 5
)

const (
	opResult = uint32(abi.OpResult)
	opSend   = uint32(abi.OpSend)
	opWrite  = uint32(abi.OpWrite)
)

// allOf imports all capabilities, and functions of WASI from index 6 on.
func allOf(wasi ...string) []wasmtest.Import {
	imports := []wasmtest.Import{host(abi.ModuleHTTP, abi.FuncCall), host(abi.ModuleHTTP, abi.FuncTake),
		host(abi.ModuleLog, abi.FuncCall), host(abi.ModuleLog, abi.FuncTake)}
	for _, name := range wasi {
		imports = append(imports, host(abi.ModuleWASI, name))
	}
	return imports
}

// numbers runs a probe, with HTTP granted or not.
func numbers(tb testing.TB, s *session, http func(context.Context, abi.Request) abi.Response, code []byte) []int64 {
	tb.Helper()
	c := Action("any", nil)
	c.HTTP = http
	return Output[[]int64](tb, s.load(tb, guest.Module{Code: code}), c)
}

var hostChecks = []check{
	{"host/unknown operations", func(tb testing.TB, s *session) {
		var asked []wasmtest.Code
		for _, f := range []uint32{0, httpCall, logCall} {
			for _, op := range []uint32{0, 99, 1<<32 - 1, 1 << 31} {
				asked = append(asked, i32s(op, 0, 0)+wasmtest.Call(f))
			}
		}
		code := newProbe(allOf()...).module(asked...)
		equal(tb, "answers", numbers(tb, s, answer(200), code), slices.Repeat([]int64{enosys}, 12))
		// Whether an operation exists is nobody's business without the grant.
		want := slices.Concat(slices.Repeat([]int64{enosys}, 4), slices.Repeat([]int64{eperm}, 4), slices.Repeat([]int64{enosys}, 4))
		equal(tb, "answers without HTTP", numbers(tb, s, nil, code), want)
	}},
	{"host/malformed requests", func(tb testing.TB, s *session) {
		called := func(context.Context, abi.Request) abi.Response {
			tb.Error("a malformed request was made")
			return abi.Response{Status: 200}
		}
		p := newProbe(allOf()...)
		send := func(f, op uint32, text wasmtest.Code) wasmtest.Code {
			return p.store(text) + i32s(op, 512, uint32(len(text))) + wasmtest.Call(f)
		}
		got := numbers(tb, s, called, p.module(
			send(httpCall, 1, "no head"), send(httpCall, 1, ""), send(httpCall, 1, "{}\n"), send(httpCall, 1, "{\"method\":\"GET\",\"url\":\"\xff\"}\n"),
			send(logCall, 1, `{"level":"loud","message":""}`), send(logCall, 1, "{\"level\":\"info\",\"message\":\"\xff\"}"), send(logCall, 1, ""),
			send(0, 1, "x")))
		equal(tb, "answers", got, append(slices.Repeat([]int64{einval}, 7), e2big))
	}},
	{"host/a failure replaces the reply", func(tb testing.TB, s *session) {
		p := newProbe(allOf()...)
		take := i64(i32s(512, 16, 0) + wasmtest.Call(p.Take))
		envelope := i32s(1, 0, 0) + wasmtest.Call(p.Guest.Call) + wasmtest.I64Eqz + wasmtest.I64Extend
		failed := i32s(99, 0, 0) + wasmtest.Call(p.Guest.Call)
		equal(tb, "answers", numbers(tb, s, nil, p.module(take, failed, take, envelope, take)), []int64{16, enosys, 0, 0, 16})
	}},
	{"host/modules hold replies of their own", func(tb testing.TB, s *session) {
		p := newProbe(allOf()...)
		frame := wasmtest.Code("{\"method\":\"GET\",\"url\":\"https://a.example/\"}\n")
		sent := p.store(frame) + i32s(1, 512, uint32(len(frame))) + wasmtest.Call(httpCall) + wasmtest.I64Eqz + wasmtest.I64Extend
		got := numbers(tb, s, answer(200), p.module(
			sent, i64(i32s(512, 8, 0)+wasmtest.Call(p.Take)), i64(i32s(512, 8, 0)+wasmtest.Call(httpTake)), i64(i32s(512, 8, 0)+wasmtest.Call(logTake))))
		equal(tb, "bytes taken", got, []int64{0, 8, 8, 0})
	}},
	{"host/a guest in _initialize has no call", func(tb testing.TB, s *session) {
		g := wasmtest.NewGuest()
		g.Initialize(nil, i32s(opResult, wasmtest.ResultAt, uint32(len(wasmtest.Result)))+wasmtest.Call(g.Call)+wasmtest.I64Const(einval)+
			wasmtest.I64Ne+wasmtest.If(wasmtest.Unreachable))
		if !Output[bool](tb, s.load(tb, guest.Module{Code: g.Invoke(nil, "")}), Action("any", nil)) {
			tb.Error("got another result")
		}
	}},
	{"host/nothing of the machine", func(tb testing.TB, s *session) {
		got := Output[map[string]any](tb, s.program, Action("world", nil))
		equal(tb, "what a guest sees", got, map[string]any{"args": 0.0, "environ": 0.0, "seen": []any{}, "stdin": 0.0})
	}},
	{"host/no descriptors", func(tb testing.TB, s *session) {
		p := newProbe(allOf("path_open", "fd_close", "fd_prestat_get", "sock_accept", "fd_read", "proc_raise")...)
		const badf, nosys = wasiBadf, 52
		got := numbers(tb, s, nil, p.module(
			i64(i32s(3, 0, 0, 0, 0)+wasmtest.I64Const(0)+wasmtest.I64Const(0)+i32s(0, 0)+wasmtest.Call(6)),
			i64(i32s(3)+wasmtest.Call(7)), i64(i32s(1<<32-1)+wasmtest.Call(7)), i64(i32s(3, 0)+wasmtest.Call(8)),
			i64(i32s(3, 0, 0)+wasmtest.Call(9)), i64(i32s(1, 0, 0, 0)+wasmtest.Call(10)), i64(i32s(9)+wasmtest.Call(11))))
		equal(tb, "answers", got, []int64{badf, badf, badf, badf, badf, badf, nosys})
	}},
}

// store is code that puts text at address 512.
func (p *probe) store(text wasmtest.Code) wasmtest.Code {
	p.Count = true
	p.Data = append(p.Data, wasmtest.PassiveData(text))
	return i32s(512, 0, uint32(len(text))) + wasmtest.MemoryInit(uint32(len(p.Data)-1))
}

var httpChecks = []check{
	{"HTTP/request and response", sendsHTTP},
	{"HTTP/not granted", func(tb testing.TB, s *session) {
		if got := Output[int64](tb, s.program, anyRequest(nil)); got != eperm {
			tb.Errorf("got %d, want EPERM", got)
		}
	}},
	{"HTTP/uses up the time", func(tb testing.TB, s *session) {
		// It loops in the host until its time is over: no request is made after that.
		ctx, cancel := context.WithCancel(tb.Context())
		defer cancel()
		requests := 0
		c := Action("httpflood", 10)
		c.HTTP = func(context.Context, abi.Request) abi.Response {
			requests++
			cancel()
			return abi.Response{Status: 200}
		}
		_, err := s.program.Call(ctx, c)
		WantFault(tb, err, abi.Canceled)
		equal(tb, "requests", requests, 1)
		wellBehaved(tb, s.program)
	}},
	{"HTTP/has returned when the call has", func(tb testing.TB, s *session) {
		var inside atomic.Int32
		c := with(anyRequest(func(ctx context.Context, r abi.Request) abi.Response {
			if inside.Add(1) != 1 {
				tb.Error("two requests at a time")
			}
			defer inside.Add(-1)
			<-ctx.Done()
			<-time.After(50 * time.Millisecond) // soon, but not at once
			return abi.Response{Status: 200}
		}), abi.Limits{Wall: shortWall})
		_, err := s.program.Call(tb.Context(), c)
		if inside.Load() != 0 {
			tb.Error("the call has ended, the request that it has made goes on")
		}
		WantFault(tb, err, abi.Timeout, "wall")
		wellBehaved(tb, s.program)
	}},
	{"HTTP/the host panics", func(tb testing.TB, s *session) {
		var none map[string]int
		for _, defect := range []func(){func() { none["x"] = 1 }, func() { panic("nil map") }, func() { panic(errors.New("nil map")) }} {
			f := faults(tb, s.program, anyRequest(func(context.Context, abi.Request) abi.Response {
				defect()
				return abi.Response{}
			}), abi.Internal, "the host has a defect")
			if strings.Contains(f.Error()+string(f.Details), "nil map") {
				tb.Errorf("the fault tells the caller about the host: %v", f)
			}
		}
	}},
	{"HTTP/the host answers nonsense", func(tb testing.TB, s *session) {
		broken := abi.Response{Fault: &abi.Fault{Code: abi.Forbidden, Message: "no grant", Details: []byte("{")}}
		got := Output[httpReply](tb, s.program, anyRequest(func(context.Context, abi.Request) abi.Response { return broken }))
		if got.Fault == nil || got.Fault.Code != abi.Internal {
			tb.Errorf("got %+v, want an internal fault for a response that cannot be encoded", got)
		}
	}},
	{"HTTP/the host keeps a copy", keepsACopy},
}

// httpReply is the output of the operation http.
type httpReply struct {
	Status int
	Body   string
	Fault  *abi.Fault
}

func sendsHTTP(tb testing.TB, s *session) {
	sent := abi.Request{Method: "POST", URL: "https://a.example/x", Headers: map[string][]string{"Accept": {"text/plain"}}}
	large := strings.Repeat("a line\n", 3000)
	var got abi.Request
	c := Action("http", sent)
	c.HTTP = func(_ context.Context, r abi.Request) abi.Response {
		got = r
		return abi.Response{Status: 201, Body: []byte(large)}
	}
	equal(tb, "response", Output[httpReply](tb, s.program, c), httpReply{Status: 201, Body: large})
	sent.Body = []byte("request body")
	equal(tb, "request", got, sent)

	forbidden := &abi.Fault{Code: abi.Forbidden, Message: "no grant"}
	c.HTTP = func(context.Context, abi.Request) abi.Response { return abi.Response{Fault: forbidden} }
	equal(tb, "the host's fault", Output[httpReply](tb, s.program, c), httpReply{Fault: forbidden})
}

// keepsACopy has a guest that writes over its request between two requests: what the host was given the first
// time must not change under its hands.
func keepsACopy(tb testing.TB, s *session) {
	frame := wasmtest.Code("{\"method\":\"PUT\",\"url\":\"https://a.example/\"}\nfirst body")
	p := newProbe(allOf()...)
	send := i32s(1, 512, uint32(len(frame))) + wasmtest.Call(httpCall) + wasmtest.Drop
	overwrite := i32s(512+uint32(len(frame))-10, 'x', 10) + wasmtest.MemoryFill
	code := p.module(do(p.store(frame) + send + overwrite + send + i32s(512, 0, 1024) + wasmtest.MemoryFill))
	var got []abi.Request
	numbers(tb, s, func(_ context.Context, r abi.Request) abi.Response {
		got = append(got, r)
		return abi.Response{Status: 200}
	}, code)
	if len(got) != 2 || string(got[0].Body) != "first body" || string(got[1].Body) != "xxxxxxxxxx" || got[0].URL != "https://a.example/" {
		tb.Errorf("got %q", got)
	}
}

var logChecks = []check{
	{"log/record", func(tb testing.TB, s *session) {
		got := logged(tb, s, "log", map[string]any{"level": "info", "message": "a\x1b[2J\nb\u202ec", "attrs": map[string]any{
			"k\x07": "v\u0085", "n": 1.5, "deep": []any{"\x00x", map[string]any{"y": "\u2066z"}}, "ok": true,
		}})
		for _, r := range got { // decoders may differ in the type of numbers
			r.Attrs["n"] = fmt.Sprint(r.Attrs["n"])
		}
		equal(tb, "without what plays tricks", got, []abi.LogRecord{{Level: abi.LevelInfo, Message: "a[2J\nbc", Attrs: map[string]any{
			"k": "v", "n": "1.5", "deep": []any{"x", map[string]any{"y": "z"}}, "ok": true,
		}}})
	}},
	{"log/print", func(tb testing.TB, s *session) {
		var got []string
		for _, r := range logged(tb, s, "print", "a \x1b[31mred\x1b[0m line\r\n\n\x01\nwithout an end") {
			if r.Level != abi.LevelWarn {
				tb.Errorf("%q at level %s, want warn", r.Message, r.Level)
			}
			got = append(got, r.Message)
		}
		equal(tb, "lines", got, []string{"to standard output", "a [31mred[0m line", "to standard error", "without an end"})
	}},
	{"log/nobody listens", func(tb testing.TB, s *session) {
		if got := Output[int64](tb, s.program, Action("log", map[string]any{"level": "info", "message": "m"})); got != 0 {
			tb.Errorf("got %d, want 0", got)
		}
	}},
}

// logged makes a call that must end well and returns its log.
func logged(tb testing.TB, s *session, operation string, input any) []abi.LogRecord {
	tb.Helper()
	var logs recorder
	c := Action(operation, input)
	c.Log = logs.log
	Output[any](tb, s.program, c)
	return logs.records
}
