package host

import (
	"context"
	"errors"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
)

// errTimeUp is the cause of a context that ended because its call's own time was up.
var errTimeUp = errors.New("the call's own time is up")

// budget is the time that a call may take by itself. What it waits for a vendor's limits does not count: that is the
// host's doing, and bounded by the caller's patience.
type budget struct {
	cancel context.CancelCauseFunc
	clock  clock.Clock

	mu      sync.Mutex // guards what follows
	timer   clock.Timer
	ends    time.Time     // while the time runs
	left    time.Duration // while it stands still
	since   time.Time     // when it came to stand still
	pauses  int
	waited  time.Duration // but for the pause that lasts
	stopped bool
}

// newBudget returns a context that ends when d has passed, pauses left out. Call stop.
func newBudget(ctx context.Context, c clock.Clock, d time.Duration) (context.Context, *budget) {
	ctx, cancel := context.WithCancelCause(ctx)
	b := &budget{cancel: cancel, clock: c, ends: c.Now().Add(d)}
	b.timer = c.AfterFunc(d, func() { cancel(errTimeUp) })
	return ctx, b
}

// pause stops the time until the function that it returns is called.
func (b *budget) pause() (resume func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pauses++; b.pauses == 1 {
		b.since = b.clock.Now()
		if b.timer.Stop() {
			b.left = b.ends.Sub(b.since)
		}
	}
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.pauses--; b.pauses > 0 {
			return
		}
		b.waited += b.clock.Now().Sub(b.since)
		if !b.stopped {
			b.ends = b.clock.Now().Add(b.left)
			b.timer.Reset(b.left)
		}
	})
}

// waits is how long the call has waited.
func (b *budget) waits() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pauses > 0 {
		return b.waited + b.clock.Now().Sub(b.since)
	}
	return b.waited
}

// stop releases what the budget holds.
func (b *budget) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	b.timer.Stop()
	b.cancel(nil)
}

// explain makes a timeout of the fault of a call that was called off because its time was up.
func (b *budget) explain(ctx context.Context, err error) error {
	if err == nil || context.Cause(ctx) != errTimeUp {
		return err
	}
	f := abi.AsFault(err)
	if f.Code != abi.Canceled {
		return err
	}
	told := *f
	told.Code, told.Message = abi.Timeout, "the call's time was up"
	return &told
}
