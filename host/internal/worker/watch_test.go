//go:build linux

package worker

import (
	"os"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// TestWatch: a process that takes more than it may is ended for it, whatever its call is about.
func TestWatch(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) {
		e.oversight.every = 20 * time.Millisecond
		e.cfg.MaxThreads, e.cfg.MaxMemory = 100, 300<<20
	})
	for i, c := range []struct {
		operation, why string
		size           int
	}{
		{"threads", " threads, at most 100 are allowed", 150},
		{"map", " bytes of memory, at most 314572800 are allowed", 350 << 20},
		{"hide", " memory files that it does not have open, at most 8 are allowed", 20},
		{"memory file", " bytes of memory, at most 314572800 are allowed", 350 << 20},
	} {
		guesttest.Output[int](t, p, guesttest.Action("echo", 1))
		_, err := p.Call(t.Context(), guesttest.Action(c.operation, c.size))
		guesttest.WantFault(t, err, abi.Unavailable, "the connector's process was stopped because it used ", c.why)
		waitDeath(t, p.Program, i+1)
	}
}

// TestWatch_Idle: a process that is busy without a call is ended.
func TestWatch_Idle(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) {
		e.oversight = oversight{every: 20 * time.Millisecond, idleCPU: 500 * time.Millisecond, idleSpan: 5 * time.Second}
	})
	guesttest.Output[any](t, p, guesttest.Action("burn", nil))
	guesttest.Output[any](t, p, guesttest.Action("sleep", 1500)) // beside a call it may
	waitDeath(t, p.Program, 1)
	if s := p.status(); s.LastDeath != "was stopped because it used more than 500ms of processor time without a call" {
		t.Errorf("%+v", s)
	}
}

// TestWatch_Start: code of the guest runs in the start too.
func TestWatch_Start(t *testing.T) {
	t.Parallel()
	e, _, _ := newEngine(t, "child", func(e *Engine) {
		e.oversight.every, e.cfg.MaxThreads = 20*time.Millisecond, 1
	})
	_, err := e.Load(t.Context(), guest.Module{Code: encode(module{Hang: true})})
	if err == nil || !strings.Contains(err.Error(), "start worker: was stopped because it used ") || !strings.Contains(err.Error(), "threads, at most 1 are allowed") {
		t.Errorf("got %v", err)
	}
}

// TestIdleness: what counts is time within the span, since the last call.
func TestIdleness(t *testing.T) {
	t.Parallel()
	i := idleness{oversight: defaultOversight}
	base := time.Now()
	for n, c := range []struct {
		at, cpu int // seconds
		begun   uint64
		busy    bool
		want    bool
	}{
		{at: 0, cpu: 20}, // used while it was started
		{at: 5, cpu: 24}, {at: 10, cpu: 25}, {at: 10, cpu: 26, want: true},
		{at: 11, cpu: 30}, // the next span
		{at: 12, cpu: 40, busy: true}, {at: 13, cpu: 45}, {at: 14, cpu: 46, want: true},
		{at: 15, cpu: 60, begun: 1}, // a call has come and gone
		{at: 16, cpu: 62, begun: 1}, {at: 17, cpu: 66, begun: 1, want: true},
	} {
		got := i.burns(base.Add(time.Duration(c.at)*time.Second), time.Duration(c.cpu)*time.Second, c.begun, c.busy)
		if got != c.want {
			t.Errorf("%d: %v after %+v", n, got, c)
		}
	}
}

func TestConsumption(t *testing.T) {
	t.Parallel()
	c, err := consumptionOf(os.Getpid())
	if err != nil || c.threads < 2 || c.memory < 1<<20 || c.memory > 4<<30 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := consumptionOf(1 << 30); err == nil {
		t.Errorf("%+v of no process", c)
	}
}
