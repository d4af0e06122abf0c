package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero/experimental/wazerotest"

	"patchbay/abi"
)

const (
	eperm  = -int64(abi.EPERM)
	e2big  = -int64(abi.E2BIG)
	efault = -int64(abi.EFAULT)
	einval = -int64(abi.EINVAL)
	enospc = -int64(abi.ENOSPC)
	enosys = -int64(abi.ENOSYS)
)

// answer is an http function that answers every request with a status and no body.
func answer(status int) func(context.Context, abi.Request) abi.Response {
	return func(context.Context, abi.Request) abi.Response { return abi.Response{Status: status} }
}

func TestPointers(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	got := output[map[string]int64](t, p, envelope("pointers", nil), answer(200))
	for _, name := range []string{"sys take past the reply", "sys take offset -1"} {
		if got[name] != einval {
			t.Errorf("%s: %d, want EINVAL", name, got[name])
		}
		delete(got, name)
	}
	if len(got) != 12 {
		t.Errorf("%d answers, want 12", len(got))
	}
	for name, errno := range got {
		if errno != efault {
			t.Errorf("%s: %d, want EFAULT", name, errno)
		}
	}
}

func TestUnknownOperation(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	got := output[[]int64](t, p, envelope("unknown", nil), answer(200))
	if want := []int64{enosys, enosys, enosys}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Whether the op exists is nobody's business without the grant.
	got = output[[]int64](t, p, envelope("unknown", nil), nil)
	if want := []int64{enosys, eperm, enosys}; !slices.Equal(got, want) {
		t.Errorf("without http: got %v, want %v", got, want)
	}
}

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	called := func(context.Context, abi.Request) abi.Response {
		t.Error("a malformed request was made")
		return abi.Response{Status: 200}
	}
	got := output[[]int64](t, p, envelope("malformed", nil), called)
	if want := []int64{einval, einval, e2big}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReplyIsReplacedByFailure(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	got := output[[]int64](t, p, envelope("replaced", nil), nil)
	if want := []int64{1, enosys, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: the failed call's reply is empty", got, want)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	sent := abi.Request{Method: "POST", URL: "https://a.example/x", Headers: map[string][]string{"Accept": {"text/plain"}}}
	var got abi.Request
	large := strings.Repeat("a line\n", 3000)
	type reply struct {
		Status int
		Body   string
		Fault  *abi.Fault
	}
	r := output[reply](t, p, envelope("http", sent), func(_ context.Context, req abi.Request) abi.Response {
		got = req
		return abi.Response{Status: 201, Body: []byte(large)}
	})
	if diff := cmp.Diff(reply{Status: 201, Body: large}, r); diff != "" {
		t.Error(diff)
	}
	sent.Body = []byte("request body")
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}

	r = output[reply](t, p, envelope("http", sent), func(context.Context, abi.Request) abi.Response {
		return abi.Response{Fault: &abi.Fault{Code: abi.Forbidden, Message: "no grant"}}
	})
	if r.Fault == nil || r.Fault.Code != abi.Forbidden {
		t.Errorf("got %+v, want the host's fault", r)
	}

	r = output[reply](t, p, envelope("http", sent), func(context.Context, abi.Request) abi.Response {
		return abi.Response{Fault: &abi.Fault{Code: abi.Forbidden, Message: "no grant", Details: []byte("{")}}
	})
	if r.Fault == nil || r.Fault.Code != abi.Internal {
		t.Errorf("got %+v, want an internal fault for a response that cannot be encoded", r)
	}
}

func TestHTTP_NotGranted(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	env := envelope("http", abi.Request{Method: "GET", URL: "https://a.example"})
	if got := output[int64](t, p, env, nil); got != eperm {
		t.Errorf("got %d, want EPERM", got)
	}
}

// TestHTTP_HostPanics has a defect of ours in a call: it is not blamed on the guest, and the caller learns
// nothing about the host.
func TestHTTP_HostPanics(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	var none map[string]int
	for _, defect := range []func(){func() { none["x"] = 1 }, func() { panic("nil map") }, func() { panic(errors.New("nil map")) }} {
		env := envelope("http", abi.Request{Method: "GET", URL: "https://a.example"})
		_, err := p.Call(t.Context(), env, func(context.Context, abi.Request) abi.Response {
			defect()
			return abi.Response{}
		}, nil)
		if f := wantFault(t, err, abi.Internal, "the host has a defect"); strings.Contains(f.Error(), "nil map") {
			t.Errorf("the fault tells the caller about the host: %v", f)
		}
	}
}

// TestHTTP_UsesUpTheTime has a guest that would go on when its request has taken all the time there was.
func TestHTTP_UsesUpTheTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	memory := wazerotest.NewFixedMemory(1 << 16)
	frame := "{\"method\":\"GET\",\"url\":\"https://a.example/\"}\n"
	memory.WriteString(0, frame)
	c := newCall(ctx, abi.Limits{}.WithDefaults(), clock{}, nil)
	c.begun = true
	c.http = func(context.Context, abi.Request) abi.Response { cancel(); return abi.Response{Status: 200} }
	i := slices.IndexFunc(capabilities(), func(m capability) bool { return m.name == abi.ModuleHTTP })
	defer func() {
		if r := recover(); r != errStopped || c.httpCalls != 1 {
			t.Errorf("stopped with %v after %d requests, want %v after 1", r, c.httpCalls, errStopped)
		}
	}()
	capabilities()[i].call(c, wazerotest.NewModule(memory), []uint64{1, 0, uint64(len(frame))})
	t.Error("the guest got an answer")
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{HTTPCalls: 5, RequestBody: 1000})
	want := map[int64]int{0: 5, enospc: 55}
	if diff := cmp.Diff(want, output[map[int64]int](t, p, envelope("httpflood", nil), answer(200))); diff != "" {
		t.Error(diff)
	}
	want = map[int64]int{0: 1000, enospc: 1000}
	if diff := cmp.Diff(want, output[map[int64]int](t, p, envelope("callflood", nil), nil)); diff != "" {
		t.Error(diff)
	}
	for size, errno := range map[int]int64{1000: 0, 1001: e2big, 200_000: e2big} {
		if got := output[int64](t, p, envelope("body", size), answer(200)); got != errno {
			t.Errorf("request body of %d bytes: got %d, want %d", size, got, errno)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	var logs recorder
	sent := map[string]any{"level": "info", "message": "a\x1b[2J\nb\u202ec", "attrs": map[string]any{
		"k\x07": "v\u0085", "n": 1, "deep": []any{"\x00x", map[string]any{"y": "\u2066z"}}, "ok": true,
	}}
	if _, err := p.Call(t.Context(), envelope("log", sent), nil, logs.log); err != nil {
		t.Fatal(err)
	}
	want := []abi.LogRecord{{Level: abi.LevelInfo, Message: "a[2J\nbc", Attrs: map[string]any{
		"k": "v", "n": "1", "deep": []any{"x", map[string]any{"y": "z"}}, "ok": true,
	}}}
	// A number is the same as a json.Number or a float64 here.
	if len(logs.records) == 1 {
		logs.records[0].Attrs["n"] = fmt.Sprint(logs.records[0].Attrs["n"])
	}
	if diff := cmp.Diff(want, logs.records); diff != "" {
		t.Error(diff)
	}
}

func TestLog_Flood(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Log: 10_000})
	for operation, lines := range map[string][2]int{
		"logflood":   {10, 490},    // lines of 1000 bytes, of 500
		"printflood": {101, 9_899}, // lines of 99 bytes, of 10,000
	} {
		var logs recorder
		if _, err := p.Call(t.Context(), envelope(operation, nil), nil, logs.log); err != nil {
			t.Fatal(err)
		}
		if len(logs.records) != lines[0]+1 {
			t.Fatalf("%s: %d records, want %d and one on the rest", operation, len(logs.records), lines[0])
		}
		last := logs.records[lines[0]]
		if last.Level != abi.LevelWarn || last.Attrs["dropped"] != lines[1] {
			t.Errorf("%s: last record %+v, want %d dropped", operation, last, lines[1])
		}
	}
}

func TestLog_RecordOverQuota(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{Log: 10})
	if got := output[int64](t, p, envelope("log", map[string]any{"level": "info", "message": "m"}), nil); got != e2big {
		t.Errorf("got %d, want E2BIG", got)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	var logs recorder
	env := envelope("print", "a \x1b[31mred\x1b[0m line\r\n\n\x01\nwithout an end")
	if _, err := p.Call(t.Context(), env, nil, logs.log); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range logs.records {
		if r.Level != abi.LevelWarn {
			t.Errorf("%q at level %s, want warn", r.Message, r.Level)
		}
		got = append(got, r.Message)
	}
	want := []string{"to standard output", "a [31mred[0m line", "to standard error", "without an end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
