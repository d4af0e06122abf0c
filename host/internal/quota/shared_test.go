package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

// pair is two processes on one store.
func pair(t *testing.T) (m *memory, one, other *Quotas) {
	m = newMemory()
	cfg := Config{Store: m, IsConflict: isTestConflict}
	one, other = New(cfg), New(cfg)
	t.Cleanup(one.Close)
	t.Cleanup(other.Close)
	return m, one, other
}

// run sends n requests of 200ms, from several processes in turn, and returns how long that took.
func run(t *testing.T, n int, b Bucket, quotas ...*Quotas) time.Duration {
	start := time.Now()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ticket := acquire(t, quotas[i%len(quotas)], Claim{Connection: fmt.Sprint(i % 7)}, b)
			time.Sleep(200 * time.Millisecond)
			ticket.Release(200, nil)
		})
	}
	all.Wait()
	return time.Since(start)
}

// TestWorkConserving: no slot is idle for long while a claim waits.
func TestWorkConserving(t *testing.T) {
	for _, tt := range []struct {
		name    string
		n       int
		bucket  Bucket
		optimum time.Duration // of a vendor that counts when the request is sent
	}{
		{"100 a minute", 1000, Bucket{Key: "k", Requests: 100, Per: time.Minute}, 540200 * time.Millisecond},
		{"10 a second", 1000, Bucket{Key: "k", Requests: 50, Per: 5 * time.Second}, 95200 * time.Millisecond},
		{"leaky", 1000, Bucket{Key: "k", Requests: 100, Per: time.Minute, Burst: 40}, 576200 * time.Millisecond},
		{"4 at once", 1000, Bucket{Key: "k", Concurrency: 4}, 50 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := New(Config{})
				defer q.Close()
				_, one, other := pair(t)
				_, stored, _ := pair(t)
				for name, quotas := range map[string][]*Quotas{"alone": {q}, "with a store": {stored}, "two processes": {one, other}} {
					got := run(t, tt.n, tt.bucket, quotas...)
					t.Logf("%s: %v, %.2f %% over the optimum", name, got, 100*(got.Seconds()/tt.optimum.Seconds()-1))
					if got > tt.optimum+tt.optimum/20 {
						t.Errorf("%s: took %v, more than 5 %% over %v", name, got, tt.optimum)
					}
				}
			})
		})
	}
}

// TestShare: two connections with one key have one limit together, in one process and in two.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		_, one, other := pair(t)
		for _, quotas := range [][2]*Quotas{{q, q}, {one, other}} {
			start := time.Now()
			acquire(t, quotas[0], Claim{Connection: "a"}, minute).Release(200, nil)
			acquire(t, quotas[1], Claim{Connection: "b"}, minute).Release(200, nil)
			acquire(t, quotas[1], Claim{Connection: "b"}, minute).Release(200, nil)
			if d := time.Since(start); d < time.Minute {
				t.Errorf("three requests at two a minute took %v", d)
			}
		}
	})
}

// TestRelease_ReachesTheStoreSoon: without anything else happening, and at Close.
func TestRelease_ReachesTheStoreSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, one, other := pair(t)
		single := Bucket{Key: "k", Concurrency: 1}
		inUse := func() int {
			r, own, err := decode("k", m.value("bucket/k"), "")
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range r.others {
				own.Used += h.Used
			}
			return own.Used
		}
		ticket := acquire(t, one, Claim{}, single)
		if inUse() != 1 {
			t.Error("a slot is in use that is not in the store")
		}
		ticket.Release(200, nil)
		time.Sleep(flushAfter + time.Millisecond)
		if n := inUse(); n != 0 {
			t.Errorf("%d in use %v after the release", n, flushAfter)
		}
		ticket = acquire(t, one, Claim{}, single)
		released := time.Now().Add(time.Second)
		time.AfterFunc(time.Second, func() { ticket.Release(200, nil) })
		acquire(t, other, Claim{}, single).Release(200, nil)
		if d := time.Since(released); d > pollAfter {
			t.Errorf("another process waited %v for a slot that was released", d)
		}
		other.Close()
		if n := inUse(); n != 0 {
			t.Errorf("%d in use after Close", n)
		}
	})
}

// TestBatching: many callers cost few writes.
func TestBatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		q := New(Config{Store: newLink(m, 1), IsConflict: isTestConflict})
		defer q.Close()
		run(t, 1000, Bucket{Key: "k", Concurrency: 1000}, q)
		q.Close()
		if m.writes > 20 {
			t.Errorf("1000 requests at the same time cost %d writes", m.writes)
		}
	})
}

// TestLease_EndsWithItsProcess: the slots of a dead process come free, not earlier than they may.
func TestLease_EndsWithItsProcess(t *testing.T) {
	for _, tt := range []struct {
		bucket    Bucket
		from, til time.Duration
	}{
		{Bucket{Key: "k", Concurrency: 1}, lease, lease + time.Second},
		{Bucket{Key: "k", Requests: 1, Per: time.Minute}, lease + time.Minute, lease + time.Minute + time.Second},
		{Bucket{Key: "k", Requests: 1, Per: time.Minute, Burst: 1}, lease + time.Minute, lease + time.Minute + time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			m, _, other := pair(t)
			dying := newLink(m, 1)
			q := New(Config{Store: dying, IsConflict: isTestConflict})
			defer q.Close()
			acquire(t, q, Claim{}, tt.bucket)
			dying.crash()
			start := time.Now()
			acquire(t, other, Claim{}, tt.bucket).Release(200, nil)
			if d := time.Since(start); d < tt.from-time.Second || d > tt.til {
				t.Errorf("%+v: the slot of a dead process came free after %v, want %v", tt.bucket, d, tt.from)
			}
		})
	}
}

// TestLease_IsRenewed: a request may take longer than a lease.
func TestLease_IsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one, other := pair(t)
		single := Bucket{Key: "k", Concurrency: 1}
		ticket := acquire(t, one, Claim{}, single)
		ctx, cancel := context.WithTimeout(t.Context(), 10*lease)
		defer cancel()
		if _, err := other.Acquire(ctx, []Bucket{single}, Claim{}); abi.AsFault(err).Code != abi.RateLimited {
			t.Errorf("got %v while the only slot was in use, want rate_limited", err)
		}
		ticket.Release(200, nil)
	})
}

// TestPause_IsForAll: and stops claims that wait already.
func TestPause_IsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one, other := pair(t)
		b := Bucket{Key: "k", Concurrency: 8}
		acquire(t, one, Claim{}, b).Release(200, nil)
		one.Pause([]string{"k"}, time.Minute)
		one.Pause([]string{"k"}, time.Second) // does not shorten it
		time.Sleep(100 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := other.Acquire(ctx, []Bucket{b}, Claim{})
		if f := abi.AsFault(err); f.Code != abi.RateLimited || f.RetryAfter < 59 || f.RetryAfter > 60 {
			t.Errorf("got %v, retry_after %v, want rate_limited with 59.9", err, f.RetryAfter)
		}
		start := time.Now()
		acquire(t, other, Claim{}, b).Release(200, nil)
		if d := time.Since(start); d < 59*time.Second || d > time.Minute {
			t.Errorf("waited %v for the end of the pause", d)
		}
	})
}

// TestPause_EndsWaiting: a claim that waits, and cannot have its slot any more, is told so at once.
func TestPause_EndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		single := Bucket{Key: "k", Concurrency: 1}
		ticket := acquire(t, q, Claim{}, single)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		time.AfterFunc(time.Second, func() { q.Pause([]string{"k"}, time.Minute) })
		_, err := q.Acquire(ctx, []Bucket{single}, Claim{})
		if f := abi.AsFault(err); f.Code != abi.RateLimited || f.RetryAfter != 60 || time.Since(start) != time.Second {
			t.Errorf("got %v, retry_after %v, after %v, want rate_limited with 60 after 1s", err, f.RetryAfter, time.Since(start))
		}
		ticket.Release(200, nil)
	})
}

// TestPause_SlowStart: half the concurrency after a pause, one more with each success, and never above the limit.
func TestPause_SlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		b := Bucket{Key: "k", Concurrency: 6}
		var tickets []*Ticket
		for range 6 {
			tickets = append(tickets, acquire(t, q, Claim{}, b))
		}
		for i, ticket := range tickets { // five of them met the limit: it is halved once
			q.Pause([]string{"k"}, time.Second)
			ticket.Release([]int{429, 200}[i/5], nil)
		}
		time.Sleep(time.Second)
		for want := 3; ; want++ {
			s := states(t, q)[0]
			if s.Free != min(want, 6) {
				t.Fatalf("after %d successes %d slots are free, want %d", want-3, s.Free, min(want, 6))
			}
			if want == 8 {
				if s.Ceiling != 0 {
					t.Errorf("the concurrency is still held down to %d", s.Ceiling)
				}
				break
			}
			acquire(t, q, Claim{}, b).Release(503, nil) // no success
			acquire(t, q, Claim{}, b).Release(429, nil)
			acquire(t, q, Claim{}, b).Release(200, nil)
		}
	})
}

func states(t *testing.T, q *Quotas) []State {
	t.Helper()
	list, err := q.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestStoreFails: nothing is let through, callers hear why, and a store that comes back works again.
func TestStoreFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"full", errFull, "quota minute (k) cannot be kept: the store is full"},
		{"conflicts", errTestConflict, "quota minute (k) cannot be kept: others changed it 32 times in a row"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, q, _ := pair(t)
				m.setFail(func() error { return tt.err })
				_, err := q.Acquire(t.Context(), []Bucket{minute}, Claim{})
				if f := abi.AsFault(err); f.Code != abi.Unavailable || f.Message != tt.want {
					t.Errorf("got %v, want unavailable: %s", err, tt.want)
				}
				m.setFail(nil)
				start := time.Now()
				acquire(t, q, Claim{}, minute).Release(200, nil)
				second := acquire(t, q, Claim{}, minute)
				if d := time.Since(start); d > time.Second {
					t.Errorf("the store is back, and two slots took %v", d)
				}
				m.setFail(func() error { return tt.err })
				second.Release(200, nil)
				time.Sleep(10 * time.Second)
				m.setFail(nil)
				time.Sleep(10 * time.Second)
				if s := states(t, q)[0]; s.InUse != 0 || s.Used != 2 {
					t.Errorf("after the store came back: %+v, want none in use and 2 used", s)
				}
			})
		})
	}
}

func TestStore_AnotherVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, q, _ := pair(t)
		if err := m.Create(t.Context(), "bucket/k", []byte(`{"version":2}`)); err != nil {
			t.Fatal(err)
		}
		_, err := q.Acquire(t.Context(), []Bucket{minute}, Claim{})
		want := "quota k: the record has version 2, and this program reads version 1: use the newer program for all"
		if f := abi.AsFault(err); f.Code != abi.Internal || f.Message != want {
			t.Errorf("got %v, want internal: %s", err, want)
		}
		if _, err := q.List(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("List: got %v, want %s", err, want)
		}
	})
}

// TestRecord_IsSmall: a window of many requests that come one after the other.
func TestRecord_IsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, q, _ := pair(t)
		b := Bucket{Key: "k", Requests: 1000, Per: time.Hour}
		for range 1000 {
			acquire(t, q, Claim{}, b).Release(200, nil)
			time.Sleep(3 * time.Second)
		}
		if value := m.value("bucket/k"); len(value) > 4096 || !json.Valid(value) {
			t.Errorf("the record has %d bytes", len(value))
		}
		if s := states(t, q)[0]; s.Used != 1000 {
			t.Errorf("used %d, want 1000", s.Used)
		}
	})
}

// TestList_ShowsOtherProcesses: who waits there, too.
func TestList_ShowsOtherProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one, other := pair(t)
		b := Bucket{Key: "k", ID: "minute", Requests: 5, Per: time.Minute, Concurrency: 1}
		ticket := acquire(t, one, Claim{}, b)
		ctx, cancel := context.WithCancel(t.Context())
		crowd := bulkCrowd(ctx, one, 30, b, time.Second)
		time.Sleep(2 * time.Second)
		got := states(t, other)
		if len(got) != 1 {
			t.Fatalf("got %d buckets, want 1", len(got))
		}
		want := State{Key: "k", ID: "minute", Requests: 5, Per: time.Minute, Concurrency: 1, Used: 1, InUse: 1, Waiting: 30}
		if got[0] != want {
			t.Errorf("got  %+v\nwant %+v", got[0], want)
		}
		other.Pause([]string{"k"}, time.Minute)
		time.Sleep(time.Second)
		until := time.Now().Add(59 * time.Second)
		if s := states(t, one)[0]; !s.PausedUntil.Equal(until) || !s.NextSlot.Equal(until) {
			t.Errorf("paused until %v, next slot %v, want %v", s.PausedUntil, s.NextSlot, until)
		}
		cancel()
		crowd.Wait()
		time.Sleep(countsAfter + time.Second)
		if s := states(t, other)[0]; s.Waiting != 0 {
			t.Errorf("%d claims wait, want none after they have given up", s.Waiting)
		}
		ticket.Release(200, nil)
	})
}

// TestClose ends claims that wait; that no goroutine is left is what synctest checks in every test.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one, _ := pair(t)
		for _, q := range []*Quotas{New(Config{}), one} {
			single := Bucket{Key: "k", Concurrency: 1}
			ticket := acquire(t, q, Claim{}, single)
			go func() {
				time.Sleep(time.Second)
				q.Close()
				q.Close()
			}()
			_, err := q.Acquire(t.Context(), []Bucket{single}, Claim{})
			if abi.AsFault(err).Code != abi.Unavailable {
				t.Errorf("a claim that waits got %v at Close", err)
			}
			if _, err := q.Acquire(t.Context(), []Bucket{single}, Claim{}); abi.AsFault(err).Code != abi.Unavailable {
				t.Errorf("a claim got %v after Close", err)
			}
			ticket.Release(200, nil)
			ticket.Release(200, nil)
		}
	})
}

// hung is a store that does not answer.
type hung struct{ *memory }

func (hung) GetRevision(ctx context.Context, _ string) ([]byte, uint64, error) {
	<-ctx.Done()
	return nil, 0, ctx.Err()
}

func TestClose_DoesNotWaitForAHungStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{Store: hung{newMemory()}, IsConflict: isTestConflict})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.Acquire(ctx, []Bucket{minute}, Claim{}); abi.AsFault(err).Code != abi.RateLimited {
			t.Errorf("got %v, want rate_limited", err)
		}
		start := time.Now()
		q.Close()
		if d := time.Since(start); d > closeTimeout {
			t.Errorf("Close took %v", d)
		}
	})
}

func TestAcquire_Canceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		single := Bucket{Key: "k", Concurrency: 1}
		ticket := acquire(t, q, Claim{}, single)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := q.Acquire(ctx, []Bucket{single}, Claim{})
		if abi.AsFault(err).Code != abi.Canceled {
			t.Errorf("got %v, want canceled", err)
		}
		if s := states(t, q)[0]; s.Waiting != 0 {
			t.Errorf("%d claims wait, want none", s.Waiting)
		}
		ticket.Release(200, nil)
		acquire(t, q, Claim{}, single).Release(200, nil)
	})
}

func TestAcquire_RefusesNonsense(t *testing.T) {
	q := New(Config{})
	defer q.Close()
	for _, b := range []Bucket{
		{Requests: 1, Per: time.Second}, {Key: "k", Requests: 1}, {Key: "k", Per: time.Second}, {Key: "k", Burst: 1},
		{Key: "k", Requests: -1, Per: time.Second}, {Key: "k", Requests: 1, Per: -time.Second}, {Key: "k", Concurrency: -1},
	} {
		_, err := q.Acquire(t.Context(), []Bucket{b}, Claim{})
		var f *abi.Fault
		if !errors.As(err, &f) || f.Code != abi.Internal {
			t.Errorf("%+v: got %v, want internal", b, err)
		}
	}
	if _, err := q.Acquire(t.Context(), []Bucket{minute}, Claim{Priority: 2}); err == nil {
		t.Error("a priority that there is not was taken")
	}
	ticket, err := q.Acquire(t.Context(), nil, Claim{})
	if err != nil {
		t.Fatal(err)
	}
	ticket.Release(200, nil)
}

// TestRelease_CountsOnce: a second one gives back no slot of anybody else's.
func TestRelease_CountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		b := Bucket{Key: "k", Concurrency: 2}
		first, second := acquire(t, q, Claim{}, b), acquire(t, q, Claim{}, b)
		first.Release(200, nil)
		first.Release(200, nil)
		if s := states(t, q)[0]; s.InUse != 1 || s.Free != 1 {
			t.Errorf("%d in use and %d free, want 1 and 1", s.InUse, s.Free)
		}
		second.Release(200, nil)
	})
}

// TestPause_HasAnEnd: neither a pause nor a reset is longer than a day.
func TestPause_HasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		acquire(t, q, Claim{}, adaptive).Release(200, answer("0", "999999", ""))
		q.Pause([]string{"k"}, 1000*time.Hour)
		start := time.Now()
		acquire(t, q, Claim{}, adaptive).Release(200, nil)
		if d := time.Since(start); d != 24*time.Hour {
			t.Errorf("waited %v, want a day", d)
		}
	})
}

// TestClose_WhileStoring: a claim whose slot cannot be stored any more at Close has an answer.
func TestClose_WhileStoring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		q := New(Config{Store: newLink(m, 1), IsConflict: isTestConflict})
		m.setFail(func() error {
			go q.Close()
			time.Sleep(time.Millisecond)
			return errTestConflict
		})
		if _, err := q.Acquire(t.Context(), []Bucket{minute}, Claim{}); abi.AsFault(err).Code != abi.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
		q.Close()
	})
}
