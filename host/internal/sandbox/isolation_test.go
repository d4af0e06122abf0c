package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

func TestStateIsGone(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	for range 3 {
		if got := output[int](t, p, envelope("count", nil), nil); got != 1 {
			t.Errorf("call %d of its instance, want the first", got)
		}
	}
}

func TestRandomDiffers(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	seen := map[string]bool{}
	for range 3 {
		seen[output[string](t, p, envelope("random", nil), nil)] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d different random texts in 3 instances", len(seen))
	}
}

func TestClockIsReal(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	before := time.Now().UnixMilli()
	if got := output[int64](t, p, envelope("clock", nil), nil); got < before || got > time.Now().UnixMilli() {
		t.Errorf("the guest's clock says %d, ours said %d before", got, before)
	}
}

func TestWorldIsEmpty(t *testing.T) {
	t.Setenv("PATCHBAY_TEST_SECRET", "visible")
	p := load(t, abi.Limits{})
	got := output[map[string]any](t, p, envelope("world", nil), nil)
	want := map[string]any{"args": 0.0, "environ": 0.0, "seen": []any{}, "stdin": 0.0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParallelCalls(t *testing.T) {
	t.Parallel()
	p := load(t, abi.Limits{})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			env := envelope("echo", fmt.Sprint("input ", i))
			env.Call = fmt.Sprint("call ", i)
			got := output[abi.Envelope](t, p, env, nil)
			if string(got.Input) != string(env.Input) || got.Call != env.Call {
				t.Errorf("%s got the output of %s with input %s", env.Call, got.Call, got.Input)
			}
		})
	}
	wg.Wait()
}

// blocker is an http function that holds calls until it is told to let them go.
type blocker struct {
	inside, peak atomic.Int32
	release      chan struct{}
}

func newBlocker() *blocker { return &blocker{release: make(chan struct{})} }

func (b *blocker) http(ctx context.Context, _ abi.Request) abi.Response {
	n := b.inside.Add(1)
	defer b.inside.Add(-1)
	for peak := b.peak.Load(); n > peak && !b.peak.CompareAndSwap(peak, n); peak = b.peak.Load() {
	}
	select {
	case <-b.release:
	case <-ctx.Done():
	}
	return abi.Response{Status: 204}
}

var anyRequest = envelope("http", abi.Request{Method: "GET", URL: "https://a.example"})

var anyCall = guest.Call{Envelope: envelope("any", nil)}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	loaded, err := newEngine(t, Config{Cache: cache, Concurrency: 2}).Load(t.Context(), guest.Module{Code: guestBytes})
	if err != nil {
		t.Fatal(err)
	}
	p := program{Program: loaded}
	b := newBlocker()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := p.Call(t.Context(), anyRequest, b.http, nil); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "two calls run", func() bool { return b.inside.Load() == 2 })

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = p.Call(ctx, anyRequest, b.http, nil)
	wantFault(t, err, abi.Timeout, "caller's deadline")

	close(b.release)
	wg.Wait()
	if got := b.peak.Load(); got != 2 {
		t.Errorf("%d calls ran at a time, want 2", got)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Cache: cache, Concurrency: 1})
	loaded, err := e.Load(t.Context(), guest.Module{Code: guestBytes})
	if err != nil {
		t.Fatal(err)
	}
	p := program{Program: loaded}
	b := newBlocker()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := p.Call(t.Context(), anyRequest, b.http, nil); err != nil {
			t.Errorf("the call that ran before Close: %v", err)
		}
	})
	eventually(t, "a call runs", func() bool { return b.inside.Load() == 1 })
	waiting := make(chan error, 1)
	wg.Go(func() {
		_, err := p.Call(t.Context(), anyRequest, b.http, nil)
		waiting <- err
	})

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close while a call runs: %v, want the context's error", err)
	}
	wantFault(t, <-waiting, abi.Unavailable, "the program is closed")
	_, err = p.Call(t.Context(), anyRequest, b.http, nil)
	wantFault(t, err, abi.Unavailable, "the program is closed")

	closed := make(chan error, 1)
	wg.Go(func() { closed <- p.Close(t.Context()) })
	close(b.release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Errorf("second Close: %v", err)
	}
	wg.Wait()
	if len(e.programs) != 0 {
		t.Error("the engine still knows the program")
	}
}

// TestNoLeaks runs calls that end in each way and counts goroutines. It is not parallel, so that no other
// test starts or ends any meanwhile.
func TestNoLeaks(t *testing.T) {
	p := load(t, abi.Limits{Wall: 200 * time.Millisecond, Memory: 16 << 20})
	ends := []string{"echo", "spin", "sleep", "hog", "panic", "exit", "silent", "http", "deadlock"}
	run := func() {
		var wg sync.WaitGroup
		for _, operation := range ends {
			wg.Go(func() { p.Call(t.Context(), envelope(operation, 3600), newBlocker().http, nil) })
		}
		wg.Wait()
	}
	run()
	before := runtime.NumGoroutine()
	for range 3 {
		run()
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	if inner := shared.(*Program); len(inner.slots) != 0 || inner.running != 0 {
		t.Errorf("%d slots taken and %d calls running after the last", len(inner.slots), inner.running)
	}
}

// TestNoMemoryLeaks runs many calls and looks at what the host keeps of them. Each instance has megabytes.
func TestNoMemoryLeaks(t *testing.T) {
	p := load(t, abi.Limits{})
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // the first one runs finalizers, the second frees what they held
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	run := func() {
		for range 10 {
			output[int](t, p, envelope("count", nil), nil)
		}
	}
	run()
	before := heap()
	for range 5 {
		run()
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("50 calls left %d bytes", after-before)
	}
}
