// Package clock is time as the host's own waits see it: the real one, or a clock that a caller moves. Not for use
// outside package host.
package clock

import (
	"context"
	"time"
)

// Clock is what the host waits by.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx is done, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
	// AfterFunc is [time.AfterFunc].
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a running [time.Timer] with a function.
type Timer = interface {
	Stop() bool
	Reset(d time.Duration) bool
}

// Real is the real time.
type Real struct{}

// Now is [time.Now].
func (Real) Now() time.Time { return time.Now() }

// Sleep waits on a timer.
func (Real) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AfterFunc is [time.AfterFunc].
func (Real) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
