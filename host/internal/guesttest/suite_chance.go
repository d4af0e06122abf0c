package guesttest

import (
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

var chanceChecks = []check{
	{"chance/a Go guest", func(tb testing.TB, s *session) { differs(tb, s.program) }},
	{"chance/a warm Go guest", func(tb testing.TB, s *session) {
		differs(tb, s.load(tb, guest.Module{Code: Guest(tb), WarmUp: []abi.Envelope{Action("random", nil).Envelope}}))
	}},
	{"chance/random_get", func(tb testing.TB, s *session) {
		p := newProbe(allOf("random_get")...)
		draw := i32s(512, 8) + wasmtest.Call(6) + wasmtest.Drop + i32s(512) + wasmtest.I64Load(0)
		program := s.load(tb, guest.Module{Code: p.module(draw, draw)})
		seen := map[int64]bool{}
		for range 4 {
			for _, n := range Output[[]int64](tb, program, Action("any", nil)) {
				seen[n] = true
			}
		}
		equal(tb, "different numbers of 8", len(seen), 8)
	}},
	{"clock/real", func(tb testing.TB, s *session) {
		for range 3 {
			before := time.Now().UnixNano()
			got := Output[map[string]int64](tb, s.program, Action("clock", nil))
			if got["real"] < before || got["real"] > time.Now().UnixNano() {
				tb.Errorf("the guest's clock says %d, ours said %d before", got["real"], before)
			}
			if m := time.Duration(got["monotonic"]); m < 0 || m > time.Hour {
				tb.Errorf("%v since the guest was begun", m)
			}
		}
	}},
	{"clock/monotonic", monotonic},
	{"clock/sleeps", func(tb testing.TB, s *session) {
		if got := Output[float64](tb, s.program, Action("sleep", 0.05)); got < 0.05 || got > 10 {
			tb.Errorf("slept %v s, want 0.05", got)
		}
	}},
	{"clock/none other", func(tb testing.TB, s *session) {
		p := newProbe(allOf("clock_time_get", "clock_res_get")...)
		got := numbers(tb, s, nil, p.module(i64(i32s(2)+wasmtest.I64Const(0)+i32s(512)+wasmtest.Call(6)), i64(i32s(2, 512)+wasmtest.Call(7))))
		equal(tb, "answers", got, []int64{wasiInval, wasiInval})
	}},
}

// differs draws random numbers in some calls, from each source of a Go guest: none may come twice.
func differs(tb testing.TB, p guest.Program) {
	tb.Helper()
	const calls = 4
	seen := map[string]map[string]bool{}
	for range calls {
		for source, text := range Output[map[string]string](tb, p, Action("random", nil)) {
			if seen[source] == nil {
				seen[source] = map[string]bool{}
			}
			seen[source][text] = true
		}
	}
	delete(seen, "map") // an order tells nobody anything
	equal(tb, "sources", len(seen), 3)
	for source, texts := range seen {
		if len(texts) != calls {
			tb.Errorf("%s: %d different texts in %d calls", source, len(texts), calls)
		}
	}
}

// monotonic reads the clock in _initialize, which may have run long ago, and twice in each call: it never goes
// back and is never zero, which Go's runtime takes for a clock that stands still.
func monotonic(tb testing.TB, s *session) {
	p := newProbe(allOf("clock_time_get")...)
	read := func(at uint32) wasmtest.Code {
		return i32s(1) + wasmtest.I64Const(0) + i32s(at) + wasmtest.Call(6) + wasmtest.Drop
	}
	get := func(at uint32) wasmtest.Code { return i32s(at) + wasmtest.I64Load(0) }
	p.Initialize(nil, read(512))
	program := s.load(tb, guest.Module{Code: p.module(get(512), do(read(520)), get(520), do(read(528)), get(528))})
	for range 3 {
		got := Output[[]int64](tb, program, Action("any", nil))
		if begun, first, second := got[0], got[2], got[4]; begun <= 0 || first < begun || second < first {
			tb.Errorf("the clock reads %d in _initialize and %d and %d in a call", begun, first, second)
		}
	}
}

// aWorld is what the calls of these checks see of time and chance.
func aWorld(seed uint64) *guest.World {
	return &guest.World{Now: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), Seed: seed}
}

// diary is the output of the operation diary: all that a call can see of time and chance.
type diary struct {
	Numbers              map[string]string
	Before, After, Slept int64
}

func inWorld(c guest.Call, seed uint64) guest.Call {
	c.World = aWorld(seed)
	return c
}

var worldChecks = []check{
	{"world/the same call comes out the same", func(tb testing.TB, s *session) {
		p := s.load(tb, guest.Module{Code: Guest(tb), World: aWorld(1)})
		again := s.load(tb, guest.Module{Code: Guest(tb), World: aWorld(1)})
		first, usage := used[diary](tb, p, inWorld(Action("diary", 0.05), 7))
		differs(tb, p) // calls without a world in between
		for _, program := range []guest.Program{p, p, again} {
			got, u := used[diary](tb, program, inWorld(Action("diary", 0.05), 7))
			equal(tb, "diary", got, first)
			equal(tb, "fuel", u.Fuel, usage.Fuel)
			equal(tb, "memory", u.PeakMemory, usage.PeakMemory)
		}
	}},
	{"world/another seed", func(tb testing.TB, s *session) {
		one, two := Output[diary](tb, s.program, inWorld(Action("diary", 0), 7)), Output[diary](tb, s.program, inWorld(Action("diary", 0), 8))
		for _, source := range []string{"crypto/rand", "math/rand", "math/rand/v2"} {
			if one.Numbers[source] == "" || two.Numbers[source] == one.Numbers[source] {
				tb.Errorf("%s: two seeds give %q and %q", source, one.Numbers[source], two.Numbers[source])
			}
		}
	}},
	{"world/time", func(tb testing.TB, s *session) {
		got := Output[diary](tb, s.program, inWorld(Action("diary", 0.05), 7))
		equal(tb, "the time", got.Before, aWorld(7).Now.UnixNano())
		equal(tb, "the time slept", got.Slept, int64(50*time.Millisecond))
		equal(tb, "the time afterwards", got.After, got.Before+got.Slept)
	}},
	{"world/deadline", func(tb testing.TB, s *session) {
		// A guest can tell what is left by the digit: it must be the same digits.
		c := inWorld(with(Action("echo", nil), abi.Limits{Wall: 20 * time.Second}), 7)
		for range 3 {
			equal(tb, "deadline", Output[abi.Envelope](tb, s.program, c).Deadline, 20.0)
		}
	}},
}
