package host

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
)

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, b := newBudget(t.Context(), clock.Real{}, 30*time.Second)
		defer b.stop()
		time.Sleep(10 * time.Second)
		resume := b.pause()
		inner := b.pause() // a wait within a wait
		time.Sleep(time.Hour)
		inner()
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Fatal("the time ran while the call waited")
		}
		if waited := b.waits(); waited != 2*time.Hour {
			t.Errorf("waited %v so far, want two hours", waited)
		}
		resume()
		resume()
		<-ctx.Done()
		if waited := b.waits(); waited != 2*time.Hour {
			t.Errorf("waited %v, want two hours, however many waits there were within", waited)
		}
		if took := time.Since(start); took != 2*time.Hour+30*time.Second {
			t.Errorf("ended after %v, want 30s and the two hours", took)
		}
		if f := abi.AsFault(b.explain(ctx, abi.Faultf(abi.Canceled, "cancelled"))); f.Code != abi.Timeout {
			t.Errorf("fault %v, want timeout", f)
		}
	})
}

func TestBudget_Caller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller, cancel := context.WithCancel(t.Context())
		ctx, b := newBudget(caller, clock.Real{}, 30*time.Second)
		resume := b.pause()
		cancel()
		<-ctx.Done()
		resume()
		if f := abi.AsFault(b.explain(ctx, abi.Faultf(abi.Canceled, "cancelled"))); f.Code != abi.Canceled {
			t.Errorf("fault %v, want canceled: it was the caller", f)
		}
		b.stop()
		time.Sleep(time.Hour) // a timer that was left would panic or leak
		synctest.Wait()
	})
}
