package quota

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bulkRun makes n bulk requests of 200 ms at once, spread over quotas, and returns how long they took.
func bulkRun(t *testing.T, n int, b []Bucket, quotas ...*Quotas) time.Duration {
	t.Helper()
	start := time.Now()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ticket, err := quotas[i%len(quotas)].Acquire(t.Context(), b, Claim{fmt.Sprint(i % 7), Bulk})
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(200 * time.Millisecond)
			ticket.Release(200, nil)
		})
	}
	all.Wait()
	return time.Since(start)
}

// TestBulk_IsPaced: bulk claims leave room for whoever waits, and are through in the time that the rate takes.
func TestBulk_IsPaced(t *testing.T) {
	minute := Bucket{Key: "m", Requests: 100, Per: time.Minute}
	hour := Bucket{Key: "h", Requests: 1000, Per: time.Hour}
	for name, tt := range map[string]struct {
		n       int
		buckets []Bucket
		want    time.Duration
	}{
		"a minute":          {1000, []Bucket{minute}, 10 * time.Minute},
		"within an hour":    {1000, []Bucket{minute, hour}, 10 * time.Minute},
		"an hour by itself": {1000, []Bucket{hour}, 0},
		"few":               {10, []Bucket{minute}, 5400 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := New(Config{})
				defer q.Close()
				_, one, other := pair(t)
				for who, quotas := range map[string][]*Quotas{"alone": {q}, "two processes": {one, other}} {
					got := bulkRun(t, tt.n, tt.buckets, quotas...)
					if got > tt.want+tt.want/20+time.Second || got < tt.want-tt.want/20 {
						t.Errorf("%s: took %v, want about %v", who, got, tt.want)
					}
				}
			})
		})
	}
}

// TestInteractive_FindsPacedBulk: at any moment of a crowd of bulk claims there is a slot within one slot's time.
func TestInteractive_FindsPacedBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one, other := pair(t)
		b := Bucket{Key: "k", Requests: 100, Per: time.Minute}
		ctx, cancel := context.WithCancel(t.Context())
		crowd := bulkCrowd(ctx, one, 10_000, b, 200*time.Millisecond)
		var longest time.Duration
		for range 200 {
			time.Sleep(1700 * time.Millisecond)
			start := time.Now()
			acquire(t, other, Claim{Connection: "person"}, b).Release(200, nil)
			longest = max(longest, time.Since(start))
		}
		if slot := b.Per / time.Duration(b.Requests); longest > slot+pollAfter {
			t.Errorf("an interactive claim waited %v, more than a slot's %v", longest, slot)
		}
		t.Logf("the longest of 200 interactive claims waited %v", longest)
		cancel()
		crowd.Wait()
	})
}
