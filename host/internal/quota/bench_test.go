package quota_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"patchbay/host/internal/quota"
	"patchbay/state"
)

// BenchmarkAcquire takes and releases a slot, with no limit reached: as callers do one after the other, and as 64 do at
// the same time.
func BenchmarkAcquire(b *testing.B) {
	buckets := []quota.Bucket{{Key: "bench", Requests: 1_000_000_000, Per: time.Minute, Concurrency: 1000}}
	for _, store := range []bool{false, true} {
		name := map[bool]string{false: "memory", true: "state"}[store]
		b.Run(name, func(b *testing.B) {
			q := open(b, store)
			took := make([]time.Duration, 0, b.N)
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				use(b, q, buckets)
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
		})
		b.Run(name+"-64", func(b *testing.B) {
			q := open(b, store)
			b.SetParallelism(64)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					use(b, q, buckets)
				}
			})
		})
	}
}

func open(b *testing.B, store bool) *quota.Quotas {
	var cfg quota.Config
	if store {
		s, err := state.Open(b.Context(), state.Config{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
		bucket, err := s.Bucket(b.Context(), "quotas")
		if err != nil {
			b.Fatal(err)
		}
		cfg = quota.Config{Store: bucket, IsConflict: func(err error) bool { return errors.Is(err, state.ErrConflict) }}
	}
	q := quota.New(cfg)
	b.Cleanup(q.Close)
	return q
}

func use(b *testing.B, q *quota.Quotas, buckets []quota.Bucket) {
	ticket, err := q.Acquire(b.Context(), buckets, quota.Claim{Connection: "acme"})
	if err != nil {
		b.Fatal(err)
	}
	ticket.Release(200, nil)
}
