package quota

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"patchbay/abi"
)

// scenario is what some processes do with two buckets of a vendor.
type scenario struct {
	Processes int // 0: one, without a store
	Buckets   [2]Bucket
	Requests  []request
	Pauses    []pause
	Crashes   []crash
	Faults    int // of 100 writes so many fail
	Seed      uint64
}

type request struct {
	Process    int
	At         time.Duration
	Buckets    []int
	Connection string
	Priority   Priority
	Counted    float64 // when the vendor counts it, as a part of Latency
	Latency    time.Duration
	Patience   time.Duration // 0: without end
}

type pause struct {
	Process, Bucket int
	At, For         time.Duration
}

type crash struct {
	Process int
	At      time.Duration
}

func drawBucket(t *rapid.T, key string) Bucket {
	b := Bucket{Key: key, Concurrency: rapid.IntRange(0, 3).Draw(t, "concurrency")}
	if rapid.IntRange(0, 3).Draw(t, "windowed") > 0 {
		b.Requests = rapid.IntRange(1, 5).Draw(t, "requests")
		b.Per = time.Duration(rapid.IntRange(1, 60_000).Draw(t, "per")) * time.Millisecond
		b.Burst = max(0, rapid.IntRange(-4, 4).Draw(t, "burst"))
	}
	return b
}

func drawScenario(t *rapid.T) scenario {
	s := scenario{
		Processes: rapid.IntRange(0, 3).Draw(t, "processes"),
		Buckets:   [2]Bucket{drawBucket(t, "a"), drawBucket(t, "b")},
		Seed:      rapid.Uint64().Draw(t, "seed"),
	}
	processes := max(1, s.Processes)
	draw := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Millisecond
	}
	for range rapid.IntRange(1, 40).Draw(t, "requests") {
		r := request{
			Process:    rapid.IntRange(0, processes-1).Draw(t, "process"),
			At:         draw("at", 30_000),
			Buckets:    rapid.SampledFrom([][]int{{0}, {1}, {0, 1}, {1, 0}}).Draw(t, "buckets"),
			Connection: rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "connection"),
			Priority:   Priority(rapid.IntRange(0, 1).Draw(t, "priority")),
			Counted:    rapid.Float64Range(0, 1).Draw(t, "counted"),
			Latency:    draw("latency", 20_000),
		}
		if rapid.Bool().Draw(t, "impatient") {
			r.Patience = draw("patience", 60_000)
		}
		s.Requests = append(s.Requests, r)
	}
	for range rapid.IntRange(0, 2).Draw(t, "pauses") {
		s.Pauses = append(s.Pauses, pause{rapid.IntRange(0, processes-1).Draw(t, "process"), rapid.IntRange(0, 1).Draw(t, "bucket"),
			draw("at", 30_000), draw("for", 30_000)})
	}
	if s.Processes > 0 {
		s.Faults = rapid.SampledFrom([]int{0, 0, 5, 40}).Draw(t, "faults")
		for range rapid.IntRange(0, processes-1).Draw(t, "crashes") {
			s.Crashes = append(s.Crashes, crash{rapid.IntRange(0, processes-1).Draw(t, "process"), draw("at", 40_000)})
		}
	}
	return s
}

// vendor notes what reaches it.
type vendor struct {
	mu       sync.Mutex
	counted  [2][]time.Time
	inUse    [2]int
	problems []string
	sent     [2][]time.Time
}

func (v *vendor) problem(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

func (v *vendor) serve(r request, buckets [2]Bucket) {
	v.mu.Lock()
	for _, b := range r.Buckets {
		v.sent[b] = append(v.sent[b], time.Now())
		v.inUse[b]++
		if c := buckets[b].Concurrency; c > 0 && v.inUse[b] > c {
			v.problem("bucket %d: %d at once, more than %d", b, v.inUse[b], c)
		}
	}
	v.mu.Unlock()
	before := time.Duration(r.Counted * float64(r.Latency))
	time.Sleep(before)
	v.mu.Lock()
	for _, b := range r.Buckets {
		v.counted[b] = append(v.counted[b], time.Now())
	}
	v.mu.Unlock()
	time.Sleep(r.Latency - before)
	v.mu.Lock()
	for _, b := range r.Buckets {
		v.inUse[b]--
	}
	v.mu.Unlock()
}

// judge looks at the requests by the vendor's clock.
func (v *vendor) judge(buckets [2]Bucket) {
	for i, b := range buckets {
		slices.SortFunc(v.counted[i], time.Time.Compare)
		switch {
		case b.Burst > 0:
			level, last := 0.0, time.Time{}
			for _, at := range v.counted[i] {
				leaked := at.Sub(last).Seconds() * float64(b.Requests) / b.Per.Seconds()
				level, last = math.Max(0, level-leaked)+1, at
				if level > float64(b.Burst)+1e-6 {
					v.problem("bucket %d: filled to %v of %d", i, level, b.Burst)
				}
			}
		case b.Requests > 0:
			for n := b.Requests; n < len(v.counted[i]); n++ {
				if d := v.counted[i][n].Sub(v.counted[i][n-b.Requests]); d < b.Per {
					v.problem("bucket %d: %d requests in %v, less than %v", i, b.Requests+1, d, b.Per)
				}
			}
		}
	}
}

// play runs a scenario and returns what was wrong.
func (s scenario) play(t *testing.T) []string {
	v := &vendor{}
	shared := newMemory()
	rng := rand.New(rand.NewPCG(s.Seed, 2))
	shared.fail = func() error {
		if rng.IntN(100) >= s.Faults {
			return nil
		}
		return []error{errFull, errLost, errTestConflict}[rng.IntN(3)]
	}
	quotas, links := make([]*Quotas, max(1, s.Processes)), make([]*link, max(1, s.Processes))
	died := make([]context.Context, len(quotas))
	kill := make([]context.CancelFunc, len(quotas))
	for i := range quotas {
		links[i] = newLink(shared, s.Seed+uint64(i))
		cfg := Config{}
		if s.Processes > 0 {
			cfg = Config{Store: links[i], IsConflict: isTestConflict}
		}
		quotas[i] = New(cfg)
		died[i], kill[i] = context.WithCancel(t.Context())
	}
	start := time.Now()
	var all sync.WaitGroup
	for _, r := range s.Requests {
		all.Go(func() {
			time.Sleep(r.At)
			ctx := t.Context()
			if r.Patience > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, r.Patience)
				defer cancel()
			}
			var buckets []Bucket
			for _, b := range r.Buckets {
				buckets = append(buckets, s.Buckets[b])
			}
			ticket, err := quotas[r.Process].Acquire(ctx, buckets, Claim{r.Connection, r.Priority})
			if died[r.Process].Err() != nil {
				return // a dead process sends nothing
			}
			if err != nil {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.refused(r, s, abi.AsFault(err), time.Since(start)-r.At)
				return
			}
			v.serve(r, s.Buckets)
			if died[r.Process].Err() == nil {
				ticket.Release(200, nil)
			}
		})
	}
	for _, p := range s.Pauses {
		all.Go(func() {
			time.Sleep(p.At)
			quotas[p.Process].Pause([]string{s.Buckets[p.Bucket].Key}, p.For)
		})
	}
	for _, c := range s.Crashes {
		all.Go(func() {
			time.Sleep(c.At)
			links[c.Process].crash()
			kill[c.Process]()
		})
	}
	all.Wait()
	for i, q := range quotas {
		q.Close()
		kill[i]()
	}
	v.judge(s.Buckets)
	if s.Faults == 0 && len(s.Crashes) == 0 {
		v.paused(s, start)
	}
	return v.problems
}

// refused judges a fault: only who has a deadline, or a store that fails, may get one.
func (v *vendor) refused(r request, s scenario, f *abi.Fault, after time.Duration) {
	switch {
	case f.Code == abi.RateLimited && r.Patience > 0 && after <= r.Patience && f.RetryAfter > 0:
	case f.Code == abi.Unavailable && s.Faults > 0:
	default:
		v.problem("after %v of %v: %v", after, r.Patience, f)
	}
}

// paused checks that nothing was sent in a pause, once it had reached the store.
func (v *vendor) paused(s scenario, start time.Time) {
	for _, p := range s.Pauses {
		from, to := start.Add(p.At+time.Second), start.Add(p.At+p.For)
		for _, at := range v.sent[p.Bucket] {
			if at.After(from) && at.Before(to) {
				v.problem("bucket %d: a request %v into a pause of %v", p.Bucket, at.Sub(start.Add(p.At)), p.For)
			}
		}
	}
}

// TestLimitsHold: whatever comes when, however long it takes, whoever dies, and however the store fails, the vendor
// never sees more than it allows, and every claim has an end.
func TestLimitsHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScenario(rt)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = s.play(t) })
		if len(problems) > 0 {
			rt.Fatalf("%v", problems)
		}
	})
}
