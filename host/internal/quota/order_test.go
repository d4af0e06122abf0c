package quota

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// serveAll lets claims wait for one slot, in this order, and returns the connections and priorities as they were served.
func serveAll(t *testing.T, cfg Config, claims []Claim) (order []string) {
	t.Helper()
	q := New(cfg)
	defer q.Close()
	single := Bucket{Key: "k", Concurrency: 1}
	holding := acquire(t, q, Claim{}, single)
	var all sync.WaitGroup
	for _, c := range claims {
		all.Go(func() {
			ticket, err := q.Acquire(t.Context(), []Bucket{single}, c)
			if err != nil {
				t.Error(err)
				return
			}
			order = append(order, c.Connection+strconv.Itoa(int(c.Priority)))
			time.Sleep(time.Second)
			ticket.Release(200, nil)
		})
		synctest.Wait()
	}
	holding.Release(200, nil)
	all.Wait()
	return order
}

func TestOrder(t *testing.T) {
	bulk := func(c string) Claim { return Claim{c, Bulk} }
	now := func(c string) Claim { return Claim{c, Interactive} }
	for _, tt := range []struct {
		name   string
		claims []Claim
		want   []string
	}{
		{"interactive first", []Claim{bulk("a"), bulk("a"), now("a"), now("a")}, []string{"a0", "a0", "a1", "a1"}},
		{"connections take turns", []Claim{bulk("a"), bulk("a"), bulk("a"), bulk("b"), bulk("c"), bulk("b")},
			[]string{"a1", "b1", "c1", "a1", "b1", "a1"}},
		{"every tenth is bulk", append([]Claim{bulk("a"), bulk("b")}, slices.Repeat([]Claim{now("c")}, 20)...),
			slices.Concat(slices.Repeat([]string{"c0"}, 9), []string{"a1"}, slices.Repeat([]string{"c0"}, 9), []string{"b1"}, []string{"c0", "c0"})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := serveAll(t, Config{}, tt.claims); !slices.Equal(got, tt.want) {
					t.Errorf("served %v, want %v", got, tt.want)
				}
				m := newMemory()
				fail := 0
				m.fail = func() error { // a claim whose slot could not be stored goes back to where it was
					fail++
					return []error{nil, errTestConflict, errTestConflict}[fail%3]
				}
				if got := serveAll(t, Config{Store: m, IsConflict: isTestConflict}, tt.claims); !slices.Equal(got, tt.want) {
					t.Errorf("served %v with conflicts, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestOrder_AcrossLanes: connections with a bucket of their own take turns at the one that they share.
func TestOrder_AcrossLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		shared := Bucket{Key: "shared", Concurrency: 1}
		holding := acquire(t, q, Claim{}, shared)
		var order []string
		var all sync.WaitGroup
		for _, c := range []string{"a", "a", "a", "b", "b", "b"} {
			all.Go(func() {
				ticket, err := q.Acquire(t.Context(), []Bucket{shared, {Key: c, Concurrency: 9}}, Claim{Connection: c})
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, c)
				time.Sleep(time.Second)
				ticket.Release(200, nil)
			})
			synctest.Wait()
		}
		holding.Release(200, nil)
		all.Wait()
		if want := []string{"a", "b", "a", "b", "a", "b"}; !slices.Equal(order, want) {
			t.Errorf("served %v, want %v", order, want)
		}
	})
}

// TestAcquire_HoldsNothingWhileItWaits: a claim for a busy and an idle bucket leaves the idle one to others.
func TestAcquire_HoldsNothingWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, cfg := range []Config{{}, {Store: newMemory(), IsConflict: isTestConflict}} {
			q := New(cfg)
			busy, idle := Bucket{Key: "busy", Concurrency: 1}, Bucket{Key: "idle", Concurrency: 1}
			holding := acquire(t, q, Claim{}, busy)
			var all sync.WaitGroup
			all.Go(func() { acquire(t, q, Claim{}, busy, idle).Release(200, nil) })
			synctest.Wait()
			start := time.Now()
			acquire(t, q, Claim{}, idle).Release(200, nil)
			if d := time.Since(start); d != 0 {
				t.Errorf("waited %v for an idle bucket", d)
			}
			holding.Release(200, nil)
			all.Wait()
			q.Close()
		}
	})
}

// TestAcquire_BothOrders: claims that name the same buckets in another order, or twice, do not block each other.
func TestAcquire_BothOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		a, b := Bucket{Key: "a", Concurrency: 1}, Bucket{Key: "b", Concurrency: 1}
		var all sync.WaitGroup
		for _, buckets := range [][]Bucket{{a, b}, {b, a}, {a, a, b}, {b, a, b}} {
			for range 10 {
				all.Go(func() {
					ticket := acquire(t, q, Claim{}, buckets...)
					time.Sleep(time.Second)
					ticket.Release(200, nil)
				})
			}
		}
		start := time.Now()
		all.Wait()
		if d := time.Since(start); d != 40*time.Second {
			t.Errorf("40 requests of 1s, one at a time, took %v", d)
		}
	})
}

// bulkCrowd lets n bulk claims wait, each of which takes so long when it is served, until ctx ends.
func bulkCrowd(ctx context.Context, q *Quotas, n int, b Bucket, each time.Duration) *sync.WaitGroup {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ticket, err := q.Acquire(ctx, []Bucket{b}, Claim{strconv.Itoa(i % 100), Bulk})
			if err != nil {
				return
			}
			time.Sleep(each)
			ticket.Release(200, nil)
		})
	}
	return &all
}

func TestInteractive_PassesBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newMemory()
		for _, tt := range []struct {
			name   string
			cfg    [2]Config // of the crowd and of the one who comes late
			bucket Bucket
			each   time.Duration // bulk request
			slot   time.Duration
		}{
			{"a request a second", [2]Config{}, Bucket{Key: "k", Requests: 1, Per: time.Second}, 200 * time.Millisecond, 1300 * time.Millisecond},
			{"five at once", [2]Config{}, Bucket{Key: "k", Concurrency: 5}, 200 * time.Millisecond, 200 * time.Millisecond},
			{"in another process", [2]Config{{Store: shared, IsConflict: isTestConflict}, {Store: shared, IsConflict: isTestConflict}},
				Bucket{Key: "k", Concurrency: 1}, 200 * time.Millisecond, 200*time.Millisecond + pollAfter},
			{"in another process, for long", [2]Config{{Store: shared, IsConflict: isTestConflict}, {Store: shared, IsConflict: isTestConflict}},
				Bucket{Key: "k", Concurrency: 1}, 16 * time.Second, 16*time.Second + pollAfter},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			q := New(tt.cfg[0])
			late := q
			if tt.cfg[1].Store != nil {
				late = New(tt.cfg[1])
			}
			crowd := bulkCrowd(ctx, q, 10_000, tt.bucket, tt.each)
			for range 5 {
				time.Sleep(10 * time.Second)
				start := time.Now()
				ticket := acquire(t, late, Claim{Connection: "person"}, tt.bucket)
				if d := time.Since(start); d > tt.slot {
					t.Errorf("%s: an interactive claim waited %v, more than %v", tt.name, d, tt.slot)
				}
				ticket.Release(200, nil)
			}
			cancel()
			crowd.Wait()
			q.Close()
			late.Close()
		}
	})
}

// TestBulk_IsNotStarved by interactive claims that always wait, wherever they do.
func TestBulk_IsNotStarved(t *testing.T) {
	for _, tt := range []struct {
		name     string
		busy     []int // processes whose interactive claims there always are
		of       int   // the process of the bulk claim
		patience int   // slots
	}{
		{"beside it", []int{0, 0, 0}, 0, 10},
		{"in another process", []int{1, 1, 1}, 0, 12},
		{"beside it and in another process", []int{0, 0, 0, 1, 1, 1}, 0, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, one, other := pair(t)
				quotas := []*Quotas{one, other}
				single := Bucket{Key: "k", Concurrency: 1}
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for _, i := range tt.busy {
					all.Go(func() {
						for ctx.Err() == nil {
							if ticket, err := quotas[i].Acquire(ctx, []Bucket{single}, Claim{}); err == nil {
								time.Sleep(time.Second)
								ticket.Release(200, nil)
							}
						}
					})
				}
				time.Sleep(10 * time.Second)
				start := time.Now()
				patient, stop := context.WithTimeout(ctx, time.Minute)
				defer stop()
				ticket, err := quotas[tt.of].Acquire(patient, []Bucket{single}, Claim{Priority: Bulk})
				if d := time.Since(start); err != nil || d > time.Duration(tt.patience)*(time.Second+pollAfter) {
					t.Errorf("a bulk claim waited %v (%v), more than %d slots", d, err, tt.patience)
				}
				if err == nil {
					ticket.Release(200, nil)
				}
				cancel()
				all.Wait()
			})
		})
	}
}

// TestBulk_DoesNotStandBackForTheDead: an interactive claim of a process that has died is not waited for.
func TestBulk_DoesNotStandBackForTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, q, _ := pair(t)
		dying := newLink(m, 1)
		dead := New(Config{Store: dying, IsConflict: isTestConflict})
		single := Bucket{Key: "k", Concurrency: 1}
		ticket := acquire(t, q, Claim{}, single)
		go func() { _, _ = dead.Acquire(t.Context(), []Bucket{single}, Claim{}) }()
		time.Sleep(time.Second)
		dying.crash()
		ticket.Release(200, nil)
		start := time.Now()
		acquire(t, q, Claim{Priority: Bulk}, single).Release(200, nil)
		if d := time.Since(start); d < time.Second || d > freshFor+pollAfter {
			t.Errorf("a bulk claim waited %v behind a dead process, want up to %v", d, freshFor)
		}
		dead.Close()
	})
}
