package sandbox

import (
	"context"
	"slices"
	"testing"
	"time"

	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// BenchmarkCall is one call with all that belongs to it: an instance in its first state, an envelope and a result
// in JSON, the reset.
func BenchmarkCall(b *testing.B) {
	p := loadCode(b, guesttest.Guest(b))
	c := guesttest.Action("echo", "input")
	b.ReportAllocs()
	var times []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := p.Call(context.Background(), c); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2]), "p50-ns/op")
}

// BenchmarkLoad compares what a module costs the first time and from the cache.
func BenchmarkLoad(b *testing.B) {
	load := func(b *testing.B, c Cache) {
		p, err := newEngine(b, Config{Cache: c}).Load(context.Background(), guest.Module{Code: guesttest.Guest(b)})
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			load(b, nil)
		}
	})
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			load(b, cache)
		}
	})
}
