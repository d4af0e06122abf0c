//go:build linux

package worker

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// BenchmarkCall compares calls of the same program in this process and in one of its own.
func BenchmarkCall(b *testing.B) {
	ring := newRing(b)
	for _, size := range []struct {
		name  string
		bytes int
	}{{"small", 16}, {"64KiB", 64 << 10}, {"1MiB", 1 << 20}} {
		c := guesttest.Action("echo", strings.Repeat("x", size.bytes))
		b.Run(size.name+"/direct", func(b *testing.B) { timed(b, &fake{}, c) })
		b.Run(size.name+"/ring", func(b *testing.B) { timed(b, ring, c) })
	}
	c := guesttest.Action("http", 1)
	c.HTTP = func(context.Context, abi.Request) abi.Response { return abi.Response{Status: 200} }
	b.Run("http/ring", func(b *testing.B) { timed(b, ring, c) })
}

func timed(b *testing.B, p guest.Program, c guest.Call) {
	ctx, cancel := context.WithCancel(context.Background()) // as callers have
	defer cancel()
	b.ReportAllocs()
	var times []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := p.Call(ctx, c); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "p50-ns/op")
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns/op")
}

// BenchmarkStart is what a process costs, until it is ready and ended again.
func BenchmarkStart(b *testing.B) {
	e, _, _ := newEngine(b, "child", nil)
	for b.Loop() {
		p, err := e.Load(context.Background(), guest.Module{Code: json.RawMessage("{}")})
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
