package clock

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/internal/virtual"
)

var _ Clock = (*virtual.Clock)(nil)

func TestReal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c Clock = Real{}
		start := c.Now()
		var fired atomic.Bool
		c.AfterFunc(time.Minute, func() { fired.Store(true) })
		if err := c.Sleep(t.Context(), time.Hour); err != nil || !fired.Load() {
			t.Errorf("got %v, the timer has ended: %t", err, fired.Load())
		}
		if passed := c.Now().Sub(start); passed != time.Hour {
			t.Errorf("slept for %v, want an hour", passed)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}
