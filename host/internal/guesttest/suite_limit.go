package guesttest

import (
	"fmt"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

const (
	eperm  = -int64(abi.EPERM)
	e2big  = -int64(abi.E2BIG)
	efault = -int64(abi.EFAULT)
	einval = -int64(abi.EINVAL)
	enospc = -int64(abi.ENOSPC)
	enosys = -int64(abi.ENOSYS)
)

// with returns c with the given limits.
func with(c guest.Call, limits abi.Limits) guest.Call {
	c.Limits = limits
	return c
}

var limitChecks = []check{
	{"limit/fuel", func(tb testing.TB, s *session) {
		faults(tb, s.program, with(Action("spin", nil), abi.Limits{Fuel: 5_000_000}), abi.LimitExceeded, "fuel", "5000000")
	}},
	{"limit/fuel is for one call", func(tb testing.TB, s *session) {
		for range 5 {
			Output[uint64](tb, s.program, with(Action("work", 100_000), abi.Limits{Fuel: 20_000_000}))
		}
	}},
	{"limit/memory", func(tb testing.TB, s *session) {
		f := faults(tb, s.program, with(Action("hog", nil), abi.Limits{Memory: 32 << 20}), abi.LimitExceeded, "ran out of memory, its limit is 33554432 bytes", ": fatal error: ")
		checkDetails(tb, f, "out of memory")
	}},
	{"limit/memory, by hand", growsToTheLimit},
	{"limit/memory that is full from the start", func(tb testing.TB, s *session) {
		// A guest that never asked for more has not failed for want of it.
		g := wasmtest.NewGuest()
		g.Memories[0].Min = 16
		p := s.load(tb, guest.Module{Code: g.InvokeOnly(nil, wasmtest.Unreachable), Limits: abi.Limits{Memory: 1 << 20}})
		_, err := p.Call(tb.Context(), with(Action("any", nil), abi.Limits{Memory: 1 << 20}))
		WantFault(tb, err, abi.Internal, "unreachable")
	}},
	{"limit/output", func(tb testing.TB, s *session) {
		faults(tb, s.program, with(Action("big", 1000), abi.Limits{Output: 1000}), abi.LimitExceeded, "a result of 1029 bytes, its limit is 1000")
	}},
	{"limit/output, a smaller result after the refusal", func(tb testing.TB, s *session) {
		c := with(Action("big", 1000), abi.Limits{Output: 1000})
		c.Envelope.Attempt = 2
		if got := Output[int64](tb, s.program, c); got != e2big {
			tb.Errorf("the large result got %d, want %d", got, e2big)
		}
	}},
	{"limit/host calls", func(tb testing.TB, s *session) {
		got := Output[map[int64]int](tb, s.program, with(Action("callflood", 50), abi.Limits{HostCalls: 30}))
		equal(tb, "answers", got, map[int64]int{0: 30, enospc: 20})
		got = Output[map[int64]int](tb, s.program, Action("callflood", 2000))
		equal(tb, "answers, of a thousand by default", got, map[int64]int{0: 1000, enospc: 1000})
	}},
	{"limit/HTTP calls", func(tb testing.TB, s *session) {
		c := with(Action("httpflood", 60), abi.Limits{HTTPCalls: 5})
		c.HTTP = answer(200)
		equal(tb, "answers", Output[map[int64]int](tb, s.program, c), map[int64]int{0: 5, enospc: 55})
	}},
	{"limit/request body", func(tb testing.TB, s *session) {
		for size, want := range map[int]int64{1000: 0, 1001: e2big, 200_000: e2big} {
			c := with(Action("body", size), abi.Limits{RequestBody: 1000})
			c.HTTP = answer(200)
			if got := Output[int64](tb, s.program, c); got != want {
				tb.Errorf("request body of %d bytes: got %d, want %d", size, got, want)
			}
		}
	}},
	{"limit/log", func(tb testing.TB, s *session) {
		for operation, lines := range map[string][2]int{
			"logflood":   {10, 490},    // lines of 1000 bytes, of 500
			"printflood": {101, 9_899}, // lines of 99 bytes, of 10,000
		} {
			logFlood(tb, s, operation, lines[0], lines[1])
		}
	}},
	{"limit/log record over the quota", func(tb testing.TB, s *session) {
		c := with(Action("log", map[string]any{"level": "info", "message": "m"}), abi.Limits{Log: 10})
		if got := Output[int64](tb, s.program, c); got != e2big {
			tb.Errorf("got %d, want E2BIG", got)
		}
	}},
}

// logFlood sees that of a flood the first lines arrive, and one record that says how many did not.
func logFlood(tb testing.TB, s *session, operation string, kept, dropped int) {
	tb.Helper()
	var logs recorder
	c := with(Action(operation, nil), abi.Limits{Log: 10_000})
	c.Log = logs.log
	Output[any](tb, s.program, c)
	if len(logs.records) != kept+1 {
		tb.Fatalf("%s: %d records, want %d and one on the rest", operation, len(logs.records), kept)
	}
	last := logs.records[kept]
	if last.Level != abi.LevelWarn || fmt.Sprint(last.Attrs["dropped"]) != fmt.Sprint(dropped) {
		tb.Errorf("%s: last record %+v, want %d dropped", operation, last, dropped)
	}
}

// growsToTheLimit has memory.grow up to the limit and beyond, and the verdict on a guest that traps for want
// of memory.
func growsToTheLimit(tb testing.TB, s *session) {
	grow := func(pages uint32) wasmtest.Code { return i64(i32s(pages) + wasmtest.MemoryGrow) }
	size := i64(wasmtest.MemorySize)
	p := s.load(tb, guest.Module{Code: newProbe().module(size, grow(15), size, grow(1), size, grow(1<<16), grow(0))})
	for range 2 {
		got := Output[[]int64](tb, p, with(Action("any", nil), abi.Limits{Memory: 1 << 20}))
		equal(tb, "sizes and answers", got, []int64{1, 1, 16, -1, 16, -1, 16})
	}
	g := wasmtest.NewGuest()
	hog := g.InvokeOnly(nil, wasmtest.Loop(i32s(1), wasmtest.MemoryGrow, i32s(1<<32-1), wasmtest.I32Ne, wasmtest.BrIf(0))+wasmtest.Unreachable)
	_, err := s.load(tb, guest.Module{Code: hog}).Call(tb.Context(), with(Action("any", nil), abi.Limits{Memory: 1 << 20}))
	WantFault(tb, err, abi.LimitExceeded, "memory", "1048576")
}

const shortWall = 300 * time.Millisecond

// within fails the test if a call that had to end after limit took a second longer.
func within(tb testing.TB, start time.Time, limit time.Duration) {
	tb.Helper()
	if took := time.Since(start); took > limit+time.Second {
		tb.Errorf("stopped after %v, want %v", took, limit)
	}
}
