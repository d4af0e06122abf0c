package worker

import (
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	b := breaker{policy: defaultPolicy}
	now := time.Unix(1000, 0)
	step := func(what string, after, wait time.Duration, open bool) {
		t.Helper()
		now = now.Add(after)
		if w, o := b.next(now); w != wait || o != open {
			t.Errorf("%s: wait %v, open %v; want %v, %v", what, w, o, wait, open)
		}
	}
	step("new", 0, 0, false)
	b.died(now)
	step("the first restart is at once", 0, 0, false)
	b.died(now)
	step("the second is not", 0, 100*time.Millisecond, false)
	step("time has passed", 40*time.Millisecond, 60*time.Millisecond, false)
	step("more than enough", time.Second, 0, false)
	b.died(now)
	step("doubled", 0, 200*time.Millisecond, false)
	b.served()
	b.died(now)
	step("a call that is served in between does not help", 0, 400*time.Millisecond, false)
	b.died(now)
	step("five deaths", 0, 30*time.Second, true)
	step("still open", 29*time.Second, time.Second, true)
	step("one is tried", time.Second, 0, false)
	b.died(now)
	step("in vain", 0, 30*time.Second, true)
	step("another", time.Hour, 0, false)
	b.served()
	b.died(now)
	step("forgiven", 0, 0, false)
}

// TestBreaker_Slow: deaths too far apart for the breaker still have their back-off.
func TestBreaker_Slow(t *testing.T) {
	t.Parallel()
	b := breaker{policy: defaultPolicy}
	now := time.Unix(1000, 0)
	var got time.Duration
	for range 20 {
		now = now.Add(16 * time.Second)
		b.died(now)
		wait, open := b.next(now)
		if open || wait < got {
			t.Fatalf("wait %v after %v, open %v", wait, got, open)
		}
		got = wait
	}
	if got != 10*time.Second {
		t.Errorf("wait %v, want the most", got)
	}
	now = now.Add(time.Minute)
	b.died(now)
	if wait, _ := b.next(now); wait != 0 {
		t.Errorf("wait %v after a minute without a death", wait)
	}
}
