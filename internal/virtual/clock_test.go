package virtual

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(t *testing.T, c *Clock, want time.Duration) {
	t.Helper()
	if got := c.Now().Sub(start); got != want {
		t.Errorf("the clock shows %v after its start, want %v", got, want)
	}
}

func TestClock_Sleep(t *testing.T) {
	t.Parallel()
	c := New(start)
	at(t, c, 0)
	if err := c.Sleep(t.Context(), time.Hour); err != nil {
		t.Error(err)
	}
	at(t, c, time.Hour)
	c.Advance(-time.Minute)
	at(t, c, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	at(t, c, time.Hour)
}

// TestClock_SleepEnds has a context end while somebody sleeps: at that instant, and not later.
func TestClock_SleepEnds(t *testing.T) {
	t.Parallel()
	c := New(start)
	ctx, cancel := context.WithCancel(t.Context())
	c.AfterFunc(5*time.Second, cancel)
	if err := c.Sleep(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	at(t, c, 5*time.Second)
}

func TestClock_AfterFunc(t *testing.T) {
	t.Parallel()
	c := New(start)
	var fired []time.Duration
	note := func() { fired = append(fired, c.Now().Sub(start)) }
	c.AfterFunc(3*time.Second, note)
	c.AfterFunc(time.Second, func() {
		note()
		c.AfterFunc(time.Second, note)
	})
	stopped, moved := c.AfterFunc(2*time.Second, note), c.AfterFunc(2*time.Second, note)
	if !stopped.Stop() || stopped.Stop() {
		t.Error("a timer runs until it is stopped")
	}
	if !moved.Reset(4 * time.Second) {
		t.Error("a timer that ran says that it did not")
	}
	c.Advance(4 * time.Second)
	if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}; !slices.Equal(fired, want) {
		t.Errorf("timers ended at %v, want %v", fired, want)
	}
	if moved.Reset(time.Second) {
		t.Error("a timer that has ended says that it ran")
	}
	c.Advance(time.Second)
	if len(fired) != 5 {
		t.Errorf("%d timers ended, want the one that was started again too", len(fired))
	}
}

func TestClock_Together(t *testing.T) {
	t.Parallel()
	c := New(start)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				c.AfterFunc(time.Second, func() {}).Stop()
				c.Sleep(t.Context(), time.Millisecond)
			}
		})
	}
	all.Wait()
	if passed := c.Now().Sub(start); passed < 100*time.Millisecond || passed > 800*time.Millisecond {
		t.Errorf("%v have passed, want what one has slept to what all have", passed)
	}
}
