// Package virtual is a clock on which waiting takes no time: it stands still, but for those who sleep by it, and they
// move it on at once. What waits for hours in reality runs in an instant, and the same way each time. Not for use outside
// this module.
package virtual

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Clock is a virtual clock. It may be used from several goroutines.
type Clock struct {
	mu     sync.Mutex // guards what follows
	now    time.Time
	timers []*timer // those that run
}

// New returns a clock that shows start.
func New(start time.Time) *Clock { return &Clock{now: start} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on by d. The timers that end meanwhile call their functions one after the other, each at its
// own instant.
func (c *Clock) Advance(d time.Duration) {
	c.Sleep(context.Background(), d) // which never ends
}

// Sleep is [Clock.Advance], but stops at the instant at which ctx is done, whose error it then returns.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for ctx.Err() == nil {
		f := c.step(until)
		if f == nil {
			return nil
		}
		f()
	}
	return ctx.Err()
}

// step moves the clock to the next timer's end and returns its function, or to until, and returns nil.
func (c *Clock) step(until time.Time) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := -1
	for i, t := range c.timers {
		if !t.ends.After(until) && (next < 0 || t.ends.Before(c.timers[next].ends)) {
			next = i
		}
	}
	if next < 0 {
		c.forward(until)
		return nil
	}
	t := c.timers[next]
	c.timers = slices.Delete(c.timers, next, next+1)
	c.forward(t.ends)
	return t.f
}

// forward never goes back: somebody else may have slept for longer.
func (c *Clock) forward(to time.Time) {
	if to.After(c.now) {
		c.now = to
	}
}

// AfterFunc has f called when d has passed, by whoever moves the clock. The timer is what [time.AfterFunc] returns.
func (c *Clock) AfterFunc(d time.Duration, f func()) interface {
	Stop() bool
	Reset(d time.Duration) bool
} {
	t := &timer{clock: c, f: f}
	t.Reset(d)
	return t
}

type timer struct {
	clock *Clock
	f     func()
	ends  time.Time // guarded by clock.mu
}

// Stop reports whether the timer was running.
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.stop()
}

func (t *timer) stop() bool {
	i := slices.Index(t.clock.timers, t)
	if i < 0 {
		return false
	}
	t.clock.timers = slices.Delete(t.clock.timers, i, i+1)
	return true
}

// Reset starts the timer anew, and reports whether it was running.
func (t *timer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	ran := t.stop()
	t.ends = t.clock.now.Add(d)
	t.clock.timers = append(t.clock.timers, t)
	return ran
}
