package sandbox

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/linear"
)

// TestStart_Strategies has every way to reset memories take away what a call has left.
func TestStart_Strategies(t *testing.T) {
	t.Parallel()
	for _, s := range []linear.Strategy{linear.Scan, linear.Pagemap, linear.Populate, linear.Drop, linear.Copy} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Config{Cache: cache})
			e.probe = func() (linear.Strategy, error) { return s, errors.New("forced") }
			p, err := e.Load(t.Context(), guest.Module{Code: guestBytes})
			if err != nil {
				t.Fatal(err)
			}
			inner := p.(*Program)
			if !inner.resets() {
				t.Fatal("instances are not reset")
			}
			for _, operation := range []string{"count", "hog", "count", "big", "count"} {
				env := envelope(operation, 1000)
				if operation != "count" {
					program{Program: p}.Call(t.Context(), env, nil, nil)
				} else if got := output[int](t, program{Program: p}, env, nil); got != 1 {
					t.Errorf("call %d of its instance, want the first", got)
				}
				if operation == "count" && len(inner.idle) != 1 {
					t.Errorf("after %s: %d idle instances, want the one that it ran on", operation, len(inner.idle))
				}
				for _, i := range inner.idle {
					if err := i.verify(inner.snapshot); err != nil {
						t.Errorf("after %s: %v", operation, err)
					}
				}
			}
		})
	}
}

// TestStart_Obstacles has a guest whose instances cannot be reset.
func TestStart_Obstacles(t *testing.T) {
	t.Parallel()
	p := loadModule(t, unresettable(), abi.Limits{})
	if p.Program.(*Program).resets() {
		t.Fatal("an instance whose table can change is reset")
	}
	for range 3 {
		if got := output[int](t, p, envelope("any", nil), nil); got != 1 {
			t.Errorf("got %d", got)
		}
	}
	inner := p.Program.(*Program)
	if len(inner.idle) != 0 || inner.pool.alive != 0 {
		t.Errorf("%d idle and %d alive, want none", len(inner.idle), inner.pool.alive)
	}
}

// unresettable is a guest that drops an element segment, which nothing can bring back.
func unresettable() []byte {
	give, data := giveResult(`{"status":"done","output":1}`)
	h := handmade{invoke: append([]byte{0xfc, 13, 0}, give...), data: data, elements: []byte{1, 1, 0, 0}}
	return h.encode()
}

// TestStart_SelfTest has an instance that does not come back as the snapshot is: it was made from another.
func TestStart_SelfTest(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := newEngine(t, Config{Cache: cache, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	loaded, err := e.Load(t.Context(), guest.Module{Code: guestBytes})
	if err != nil {
		t.Fatal(err)
	}
	p := loaded.(*Program)
	larger, err := linear.NewImage(append(bytes.Clone(p.snapshot.image.Bytes()), make([]byte, 1<<16)...))
	if err != nil {
		t.Fatal(err)
	}
	old := take(t, p, 1)[0]
	if err := p.snapshot.image.Close(); err != nil {
		t.Fatal(err)
	}
	p.snapshot.image = larger
	p.pool.put(p, old)
	if err := p.tryReset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.resets() || p.pool.alive != 0 || !strings.Contains(log.String(), "instances cannot be reset") {
		t.Errorf("resets %t, %d instances alive, log %s", p.resets(), p.pool.alive, &log)
	}
	for range 2 {
		if got := output[int](t, program{Program: p}, envelope("count", nil), nil); got != 1 {
			t.Errorf("got %d", got)
		}
	}
}

// TestWarmUp looks at what a guest remembers of the calls that were to warm it up.
func TestWarmUp(t *testing.T) {
	t.Parallel()
	warm := func(operations ...string) program {
		t.Helper()
		var calls []abi.Envelope
		for _, operation := range operations {
			calls = append(calls, envelope(operation, nil))
		}
		p, err := newEngine(t, Config{Cache: cache}).Load(t.Context(), guest.Module{Code: guestBytes, WarmUp: calls})
		if err != nil {
			t.Fatal(err)
		}
		return program{Program: p}
	}
	var got []int
	for _, p := range []program{warm(), warm("count", "count"), warm("count", "panic"), warm("exit")} {
		got = append(got, output[int](t, p, envelope("count", nil), nil))
	}
	if diff := cmp.Diff([]int{1, 3, 1, 1}, got); diff != "" { // one that failed leaves the state as it was without any
		t.Error(diff)
	}
}

func TestStart_MemoryBeyondACallsLimit(t *testing.T) {
	t.Parallel()
	give, data := giveResult(`{"status":"done","output":1}`)
	p := loadModule(t, handmade{invoke: give, data: data, pages: 2}.encode(), abi.Limits{})
	p.limits.Memory = 1 << 16
	_, err := p.Call(t.Context(), envelope("any", nil), nil, nil)
	f := wantFault(t, err, abi.LimitExceeded, "starts with 131072 bytes of memory, its limit is 65536")
	if strings.Contains(f.Message, "\n") {
		t.Errorf("message %q", f.Message)
	}
	p.limits.Memory = 2 << 16
	if got := output[int](t, p, envelope("any", nil), nil); got != 1 {
		t.Errorf("got %d", got)
	}
}
