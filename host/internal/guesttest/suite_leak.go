package guesttest

import (
	"runtime"
	"sync"
	"testing"

	"patchbay/abi"
)

var leakChecks = []check{
	{"leak/goroutines", func(tb testing.TB, s *session) {
		endEachWay(tb, s)
		before := runtime.NumGoroutine()
		for range 3 {
			endEachWay(tb, s)
		}
		eventually(tb, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	}},
	{"leak/memory", func(tb testing.TB, s *session) {
		calls := func(n int) {
			for range n {
				Output[int](tb, s.program, Action("grow", 1<<20))
			}
		}
		calls(10)
		before := heap()
		calls(50)
		if after := heap(); after > before+4<<20 {
			tb.Errorf("50 calls of megabytes each left %d bytes", after-before)
		}
	}},
}

// endEachWay makes calls, some at a time, that end in each way there is.
func endEachWay(tb testing.TB, s *session) {
	var wg sync.WaitGroup
	for _, operation := range []string{"echo", "spin", "sleep", "hog", "panic", "exit", "silent", "http", "deadlock"} {
		wg.Go(func() {
			c := with(Action(operation, 3600), abi.Limits{Wall: shortWall, Memory: 16 << 20})
			if operation == "http" {
				c = with(anyRequest(waitForEnd), c.Limits)
			}
			s.program.Call(tb.Context(), c)
		})
	}
	wg.Wait()
	wellBehaved(tb, s.program)
}

// heap returns how many bytes of it are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // the first one runs finalizers, the second frees what they held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
