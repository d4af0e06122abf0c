//go:build linux

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

func TestCall_Echo(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guesttest.Action("echo", nil)
	c.Envelope.Input = json.RawMessage("{ \"n\":\t12345678901234567890, \"<\":\"\u2028\\u0041\"}")
	o, err := p.Call(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if o.Usage.Wall <= 0 || o.Usage.Wall > 10*time.Second {
		t.Errorf("wall %v", o.Usage.Wall)
	}
	o.Usage.Wall = 0
	want := guest.Outcome{Result: abi.Done(c.Envelope.Input), Usage: guest.Usage{Fuel: 12, PeakMemory: 64 << 10}}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff) // every byte of the output as the program gave it
	}
}

// TestCall_Arrives: the program in the child is called with everything that this one was.
func TestCall_Arrives(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guest.Call{
		Envelope: abi.Envelope{
			ABI: abi.Version, Call: "c7", Kind: abi.KindTrigger, Operation: "call", Attempt: 2,
			Input:      json.RawMessage(`{"n":12345678901234567890}`),
			Connection: &abi.Connection{Name: "acme", Auth: "token", Fields: map[string]any{"n": 7.5}, URLs: map[string]string{"api": "https://a.example"}},
			Cursor:     json.RawMessage(`"at 7"`), State: json.RawMessage(`[1]`),
		},
		Limits: abi.Limits{Wall: 20 * time.Second, Fuel: 7},
		World:  &guest.World{Now: time.Unix(1e9, 5).UTC(), Seed: 1 << 63},
		HTTP:   func(context.Context, abi.Request) abi.Response { return abi.Response{} },
	}
	got := guesttest.Output[seen](t, p, c)
	if got.Left <= 15*time.Second || got.Left > 20*time.Second {
		t.Errorf("%v left, want what is left of 20 s", got.Left)
	}
	want := seen{Envelope: c.Envelope, Limits: c.Limits, World: c.World, HTTP: true, Left: got.Left}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	c.HTTP, c.Log = nil, func(abi.LogRecord) {}
	if got := guesttest.Output[seen](t, p, c); got.HTTP || !got.Log {
		t.Errorf("http %v, log %v; want only what is granted", got.HTTP, got.Log)
	}
}

func TestCall_HTTP(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guesttest.Action("http", 3)
	served := 0
	body := bytes.Repeat([]byte("x"), 3<<20)
	c.HTTP = func(ctx context.Context, r abi.Request) abi.Response {
		want := abi.Request{Method: "POST", URL: "https://a.example/?a=1&b=2", Body: []byte("raw\n\x00bytes")}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Error(diff)
		}
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the handler's context has no deadline")
		}
		served++
		return abi.Response{Status: 200 + served, Body: body}
	}
	o, err := p.Call(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if string(o.Result.Output) != "[3145929,3145930,3145931]" || o.Usage.HTTPCalls != 3 || served != 3 {
		t.Errorf("got %s and %+v, %d served", o.Result.Output, o.Usage, served)
	}
}

// TestCall_HTTPFaults are answers that the guest gets and that end nothing.
func TestCall_HTTPFaults(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	broken := abi.Response{Fault: &abi.Fault{Code: abi.Forbidden, Message: "no", Details: json.RawMessage("{")}}
	c := guesttest.Action("http", 1)
	c.HTTP = func(context.Context, abi.Request) abi.Response { return broken }
	if f := guesttest.Output[abi.Fault](t, p, c); f.Code != abi.Internal || !strings.Contains(f.Message, "cannot pass on its response") {
		t.Errorf("got %v", &f)
	}
	c = guesttest.Action("big", 9<<20) // sixty times as long as a head may be, and written as \u0026
	c.HTTP = func(context.Context, abi.Request) abi.Response { t.Error("served"); return abi.Response{} }
	if r := guesttest.Output[abi.Response](t, p, c); r.Fault == nil || r.Fault.Code != abi.LimitExceeded {
		t.Errorf("got %+v, want limit_exceeded", r)
	}
}

func TestCall_Log(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guesttest.Action("log", 2)
	var got []abi.LogRecord
	c.Log = func(r abi.LogRecord) { got = append(got, r) }
	if _, err := p.Call(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := []abi.LogRecord{
		{Level: abi.LevelInfo, Message: "line 0", Attrs: map[string]any{"i": json.Number("0"), "<": []any{"&"}}},
		{Level: abi.LevelInfo, Message: "line 1", Attrs: map[string]any{"i": json.Number("1"), "<": []any{"&"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCall_Verdict(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	o, err := p.Call(t.Context(), guesttest.Action("verdict", nil))
	f := guesttest.WantFault(t, err, abi.LimitExceeded, "too much [31mfuel")
	if string(f.Details) != `{"stderr":"last words"}` || o.Usage.Fuel != 12 || o.Usage.Wall == 0 {
		t.Errorf("details %s, usage %+v", f.Details, o.Usage)
	}
}

func TestCall_Malformed(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guesttest.Action("echo", nil)
	c.Envelope.Call = ""
	_, err := p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Internal, "the host made a malformed call", "call is empty")
	c = guesttest.Action("echo", nil)
	c.Envelope.Connection = &abi.Connection{Fields: map[string]any{"f": func() {}}}
	_, err = p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Internal, "the host made a malformed call", "unsupported type")
	guesttest.Output[any](t, p, guesttest.Action("echo", 1))
}

// TestCall_HandlerPanics: a defect of a handler is its call's alone.
func TestCall_HandlerPanics(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guesttest.Action("insist", 3)
	served, start := 0, time.Now()
	c.HTTP = func(context.Context, abi.Request) abi.Response { served++; panic("handler") }
	o, err := p.Call(t.Context(), c)
	took(t, start, 0)
	guesttest.WantFault(t, err, abi.Internal, "the host has a defect, its log says more")
	if served != 1 || o.Result.Status != "" {
		t.Errorf("served %d times, result %+v; want one and none", served, o.Result)
	}
	if text := p.logs.text(); !strings.Contains(text, "handler of a call panicked") || !strings.Contains(text, "call_test.go") {
		t.Errorf("log: %s", text)
	}
	c = guesttest.Action("log", 3)
	c.Log = func(abi.LogRecord) { served++; panic("log") }
	_, err = p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Internal, "the host has a defect")
	if served != 2 {
		t.Errorf("served %d times", served)
	}
	if n := p.status().Deaths; n > 0 {
		t.Errorf("%d deaths", n)
	}
}

func TestCall_Limits(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	for range 2 {
		guesttest.Output[int](t, p, guesttest.Action("echo", 1))
		c := guesttest.Action("echo", strings.Repeat("x", 20<<20)) // beyond what the default lets come
		c.Limits = abi.Limits{Output: 21 << 20}
		if got := guesttest.Output[string](t, p, c); len(got) != 20<<20 {
			t.Errorf("%d bytes", len(got))
		}
	}
	_, err := p.Call(t.Context(), guesttest.Action("echo", strings.Repeat("x", 9<<20)))
	guesttest.WantFault(t, err, abi.LimitExceeded, "a result of", "its limit is")
	if s := p.status(); s.Deaths > 0 {
		t.Errorf("%+v", s)
	}
}

// TestCall_Streams: calls one after another use the same stream.
func TestCall_Streams(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	used := map[*stream]bool{}
	for range 3 {
		guesttest.Output[int](t, p, guesttest.Action("echo", 1))
		for _, s := range p.worker.idle {
			used[s] = true
		}
	}
	if len(used) != 1 {
		t.Errorf("%d streams, want 1", len(used))
	}
}

func TestCall_Concurrency(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) { e.cfg.Concurrency = 2 })
	inHandler, release := make(chan int, 3), make(chan int)
	ended := make(chan error, 3)
	for range 3 {
		go func() {
			c := guesttest.Action("http", 1)
			c.HTTP = func(context.Context, abi.Request) abi.Response {
				inHandler <- 1
				<-release
				return abi.Response{Status: 200}
			}
			_, err := p.Call(context.Background(), c)
			ended <- err
		}()
	}
	<-inHandler
	<-inHandler
	if s := p.status(); s.Calls != 2 {
		t.Errorf("%d calls run, want 2", s.Calls)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := p.Call(ctx, guesttest.Action("echo", 1))
	guesttest.WantFault(t, err, abi.Timeout, "before its caller's deadline")
	close(release)
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
