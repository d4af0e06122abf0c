package guesttest

import (
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

var usageChecks = []check{
	{"usage/fuel", func(tb testing.TB, s *session) {
		count := func(n int32) int64 {
			loop := i32s(uint32(n)) + wasmtest.LocalSet(1) + wasmtest.Loop(wasmtest.LocalGet(1), i32s(1), wasmtest.I32Sub, wasmtest.LocalTee(1), wasmtest.BrIf(0))
			p := s.load(tb, guest.Module{Code: newProbe().module(do(loop))})
			_, first := used[[]int64](tb, p, Action("any", nil))
			_, second := used[[]int64](tb, p, Action("any", nil))
			equal(tb, "fuel of the same call", second.Fuel, first.Fuel)
			return first.Fuel
		}
		small, large := count(1000), count(101_000)
		if perLoop := float64(large-small) / 100_000; small <= 0 || perLoop < 1 || perLoop > 20 {
			tb.Errorf("%d units for 1,000 rounds of five instructions, %v for each further one, want about 5", small, perLoop)
		}
	}},
	{"usage/fuel is just enough for the same call", func(tb testing.TB, s *session) {
		p := s.load(tb, guest.Module{Code: wasmtest.NewGuest().Invoke(nil, "")})
		_, u := used[bool](tb, p, Action("any", nil))
		if u.PeakMemory != memoryEnd || u.HostCalls != 0 || u.Fuel <= 0 {
			tb.Errorf("usage %+v", u)
		}
		_, again := used[bool](tb, p, with(Action("any", nil), abi.Limits{Fuel: u.Fuel}))
		equal(tb, "fuel", again.Fuel, u.Fuel)
		outcome, err := p.Call(tb.Context(), with(Action("any", nil), abi.Limits{Fuel: u.Fuel - 1}))
		WantFault(tb, err, abi.LimitExceeded, "used up its fuel")
		equal(tb, "fuel of a limit that is one unit less", outcome.Usage.Fuel, u.Fuel-1)
	}},
	{"usage/fuel of a call that runs out", func(tb testing.TB, s *session) {
		outcome, err := s.program.Call(tb.Context(), with(Action("spin", nil), abi.Limits{Fuel: 5_000_000}))
		WantFault(tb, err, abi.LimitExceeded, "fuel")
		if f := outcome.Usage.Fuel; f < 4_900_000 || f > 6_000_000 {
			tb.Errorf("used %d units of a limit of 5,000,000", f)
		}
	}},
	{"usage/memory", func(tb testing.TB, s *session) {
		_, before := used[int](tb, s.program, Action("grow", 1))
		_, after := used[int](tb, s.program, Action("grow", 16<<20))
		if before.PeakMemory <= 0 || after.PeakMemory < 16<<20 || after.PeakMemory > 64<<20 {
			tb.Errorf("a peak of %d bytes, and of %d after 16 MiB more", before.PeakMemory, after.PeakMemory)
		}
		_, again := used[int](tb, s.program, Action("grow", 1))
		equal(tb, "peak of a small call after a large one", again.PeakMemory, before.PeakMemory)
		outcome, err := s.program.Call(tb.Context(), with(Action("hog", nil), abi.Limits{Memory: 32 << 20}))
		WantFault(tb, err, abi.LimitExceeded)
		if m := outcome.Usage.PeakMemory; m < 16<<20 || m > 32<<20 {
			tb.Errorf("a peak of %d bytes at a limit of 32 MiB", m)
		}
	}},
	{"usage/calls", func(tb testing.TB, s *session) {
		c := with(Action("httpflood", 7), abi.Limits{HTTPCalls: 5})
		c.HTTP = answer(200)
		_, u := used[map[int64]int](tb, s.program, c)
		equal(tb, "HTTP calls", u.HTTPCalls, 5)
		_, u = used[map[int64]int](tb, s.program, with(Action("callflood", 50), abi.Limits{HostCalls: 30}))
		equal(tb, "host calls", u.HostCalls, 30)
		equal(tb, "HTTP calls", u.HTTPCalls, 0)
	}},
	{"usage/wall", func(tb testing.TB, s *session) {
		_, u := used[float64](tb, s.program, Action("sleep", 0.05))
		if u.Wall < 50*time.Millisecond || u.Wall > 10*time.Second {
			tb.Errorf("%v for a call that slept 50ms", u.Wall)
		}
		if u.Slept < 50*time.Millisecond || u.Slept > u.Wall {
			tb.Errorf("slept %v of %v, want 50ms at least", u.Slept, u.Wall)
		}
		outcome, err := s.program.Call(tb.Context(), with(Action("sleep", 3600), abi.Limits{Wall: shortWall}))
		WantFault(tb, err, abi.Timeout)
		if w := outcome.Usage.Wall; w < shortWall || w > 10*time.Second {
			tb.Errorf("%v for a call that was stopped after %v", w, shortWall)
		}
		if slept := outcome.Usage.Slept; slept <= 0 || slept > 10*time.Second {
			tb.Errorf("slept %v of a call that was stopped after %v", slept, shortWall)
		}
		_, u = used[any](tb, s.program, Action("echo", 1))
		equal(tb, "sleep of a call that does not", u.Slept, 0)
		world := with(Action("sleep", 1.5), abi.Limits{})
		world.World = &guest.World{Now: time.Unix(1e9, 0), Seed: 1}
		_, u = used[float64](tb, s.program, world)
		equal(tb, "sleep by a clock that stands still", u.Slept, 1500*time.Millisecond)
		world = with(Action("sleep", 3600), abi.Limits{Wall: shortWall})
		world.World = &guest.World{Now: time.Unix(1e9, 0), Seed: 1}
		outcome, err = s.program.Call(tb.Context(), world)
		WantFault(tb, err, abi.Timeout)
		equal(tb, "sleep by a clock that stands still, of a call that is stopped", outcome.Usage.Slept, shortWall)
	}},
}
