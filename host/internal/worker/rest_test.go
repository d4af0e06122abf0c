//go:build linux

package worker

import (
	"testing"
	"time"

	"patchbay/host/internal/guesttest"
)

// TestRest: a process that nobody uses is ended, which is no death, and the next call has another one.
func TestRest(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) { e.cfg.IdleAfter = 100 * time.Millisecond })
	first := p.status().PID
	rested := func() {
		t.Helper()
		deadline := time.After(10 * time.Second)
		for p.status().PID != 0 {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-deadline:
				t.Fatalf("%+v ten seconds after the last call", p.status())
			}
		}
	}
	rested()
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
	if s := p.status(); s.PID == 0 || s.PID == first || s.Deaths != 0 {
		t.Errorf("%+v, want another process and no death", s)
	}
	guesttest.Output[any](t, p, guesttest.Action("sleep", 300)) // longer than a process may be idle: it is not
	if s := p.status(); s.Deaths != 0 {
		t.Errorf("%+v", s)
	}
	rested()
}
