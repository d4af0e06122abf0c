package sandbox

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/host/internal/linear"
	"patchbay/wasm/wasmtest"
)

// TestStart_Strategies has every way to reset memories take away what a call has left.
func TestStart_Strategies(t *testing.T) {
	t.Parallel()
	for _, s := range []linear.Strategy{linear.Scan, linear.Pagemap, linear.Populate, linear.Drop, linear.Copy} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Config{Cache: cache})
			e.probe = func() (linear.Strategy, error) { return s, errors.New("forced") }
			p := load(t, e, guest.Module{Code: guesttest.Guest(t)})
			if !p.resets() {
				t.Fatal("instances are not reset")
			}
			for _, operation := range []string{"count", "hog", "count", "big", "count"} {
				if operation != "count" {
					p.Call(t.Context(), guesttest.Action(operation, 1000))
				} else if got := count(t, p); got != 1 {
					t.Errorf("call %d of its instance, want the first", got)
				}
				look(p, func() {
					if operation == "count" && len(p.idle) != 1 {
						t.Errorf("%d idle instances, want the one that the call ran on", len(p.idle))
					}
					for _, i := range p.idle {
						if err := i.verify(p.snapshot); err != nil {
							t.Errorf("after %s: %v", operation, err)
						}
					}
				})
			}
		})
	}
}

// TestStart_Obstacles has a guest whose instances cannot be reset: it drops an element segment, which nothing can
// bring back.
func TestStart_Obstacles(t *testing.T) {
	t.Parallel()
	g := wasmtest.NewGuest()
	g.Elements = []wasmtest.Code{wasmtest.Passive()}
	p := loadCode(t, g.Invoke(nil, wasmtest.ElemDrop(0)))
	if p.resets() {
		t.Fatal("an instance whose elements can change is reset")
	}
	for range 3 {
		answers(t, p)
	}
	if len(p.idle) != 0 || p.pool.alive != 0 {
		t.Errorf("%d idle and %d alive, want none", len(p.idle), p.pool.alive)
	}
}

// TestStart_SelfTest has an instance that does not come back as the snapshot is: it was made from another.
func TestStart_SelfTest(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := newEngine(t, Config{Cache: cache, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	p := load(t, e, guest.Module{Code: guesttest.Guest(t)})
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
		if got := count(t, p); got != 1 {
			t.Errorf("got %d", got)
		}
	}
}

// TestWarmUp_World has a warm-up out of time: in a fixed world no guest starts that would start otherwise elsewhere.
func TestWarmUp_World(t *testing.T) {
	t.Parallel()
	m := guest.Module{Code: guesttest.Guest(t), Limits: abi.Limits{Wall: 200 * time.Millisecond},
		WarmUp: []abi.Envelope{guesttest.Action("spin", nil).Envelope}}
	e := newEngine(t, Config{Cache: cache})
	load(t, e, m)
	m.World = &guest.World{}
	if _, err := e.Load(t.Context(), m); err == nil || !strings.Contains(err.Error(), "warm-up") {
		t.Errorf("got %v, want an error that names the warm-up", err)
	}
}

// TestWarmUp looks at what a guest remembers of the calls that were to warm it up.
func TestWarmUp(t *testing.T) {
	t.Parallel()
	warm := func(operations ...string) int {
		t.Helper()
		var calls []abi.Envelope
		for _, operation := range operations {
			calls = append(calls, guesttest.Action(operation, nil).Envelope)
		}
		return count(t, load(t, newEngine(t, Config{Cache: cache}), guest.Module{Code: guesttest.Guest(t), WarmUp: calls}))
	}
	got := []int{warm(), warm("count", "count"), warm("count", "panic"), warm("exit")}
	if diff := cmp.Diff([]int{1, 3, 1, 1}, got); diff != "" { // one that failed leaves the state as it was without any
		t.Error(diff)
	}
}

func TestStart_MemoryBeyondACallsLimit(t *testing.T) {
	t.Parallel()
	g := wasmtest.NewGuest()
	g.Memories[0].Min = 2
	p := loadCode(t, g.Invoke(nil, ""))
	c := anyCall
	c.Limits.Memory = 1 << 16
	f := wantFault(t, p, c, abi.LimitExceeded, "starts with 131072 bytes of memory, more than this operation's limit of 65536")
	if strings.Contains(f.Message, "\n") {
		t.Errorf("message %q", f.Message)
	}
	c.Limits.Memory = 2 << 16
	if !guesttest.Output[bool](t, p, c) {
		t.Error("got false")
	}
}

// TestStart_NoData has a guest that returns what is in its memory.
func TestStart_NoData(t *testing.T) {
	t.Parallel()
	g := wasmtest.NewGuest()
	g.Data = nil
	p := loadCode(t, g.InvokeOnly(nil, wasmtest.I32Const(wasmtest.ResultAt)+wasmtest.I32Load(0)))
	wantFault(t, p, anyCall, abi.Internal, "the guest gave no result") // and not: patchbay_invoke returned something
}
