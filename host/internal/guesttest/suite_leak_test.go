package guesttest

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"patchbay/host/internal/guest"
)

// TestLeakChecksCanFail is not parallel: what other tests begin and allocate meanwhile would count.
func TestLeakChecksCanFail(t *testing.T) {
	run := func(t *testing.T, name string, a answerer) []string {
		i := slices.IndexFunc(checks(), func(c check) bool { return c.name == name })
		return failures(t, func(tb testing.TB) { checks()[i].run(tb, &session{program: &fake{answer: a}}) })
	}
	for _, name := range []string{"leak/goroutines", "leak/memory"} {
		if got := run(t, name, always(1)); len(got) > 0 {
			t.Errorf("%s: an engine that keeps nothing fails: %q", name, got)
		}
	}
	var kept [][]byte
	if got := run(t, "leak/memory", func(context.Context, guest.Call) (any, error) {
		kept = append(kept, make([]byte, 1<<20))
		return len(kept), nil
	}); len(got) == 0 {
		t.Error("an engine that keeps memory passes")
	}
	runtime.KeepAlive(kept)
	synctest.Test(t, func(t *testing.T) { // whose half a minute is over at once
		held := make(chan struct{})
		defer close(held)
		if got := run(t, "leak/goroutines", func(context.Context, guest.Call) (any, error) {
			go func() { <-held }()
			return 1, nil
		}); len(got) == 0 {
			t.Error("an engine that keeps goroutines passes")
		}
	})
}
