package guesttest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

var stopChecks = slices.Concat(deadlines(), cancels(), []check{
	{"stop/the caller's deadline is in the envelope", func(tb testing.TB, s *session) {
		ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Second)
		defer cancel()
		outcome, err := s.program.Call(ctx, with(Action("echo", nil), abi.Limits{Wall: 20 * time.Second}))
		if err != nil {
			tb.Fatal(err)
		}
		var got abi.Envelope
		if got = decode[abi.Envelope](tb, outcome.Result.Output); got.Deadline <= 0 || got.Deadline > 10 {
			tb.Errorf("deadline %v s, want at most the caller's 10", got.Deadline)
		}
	}},
	{"stop/cancelled before", func(tb testing.TB, s *session) {
		ctx, cancel := context.WithCancelCause(tb.Context())
		cancel(errors.New("gone"))
		for range 20 { // a free slot and a done context are both ready
			_, err := s.program.Call(ctx, Action("echo", nil))
			WantFault(tb, err, abi.Canceled)
		}
		wellBehaved(tb, s.program)
	}},
	{"stop/in _initialize", func(tb testing.TB, s *session) {
		g := wasmtest.NewGuest()
		g.Initialize(nil, wasmtest.Loop(wasmtest.Br(0)))
		m := guest.Module{Code: g.Invoke(nil, ""), Limits: abi.Limits{Wall: shortWall}}
		start := time.Now()
		p, err := s.engine.Load(tb.Context(), m)
		if err == nil { // an engine may find out at the first call
			defer p.Close(context.Background())
			_, err = p.Call(tb.Context(), with(Action("any", nil), abi.Limits{Wall: shortWall}))
			WantFault(tb, err, abi.Timeout, "wall")
		}
		within(tb, start, 20*time.Second)
		wellBehaved(tb, s.program)
	}},
})

// waitForEnd is an HTTP function that answers when it is too late.
func waitForEnd(ctx context.Context, _ abi.Request) abi.Response {
	<-ctx.Done()
	return abi.Response{Status: 200}
}

// deadlines has guests that outstay their time in each way there is.
func deadlines() (all []check) {
	for _, tt := range []struct {
		name  string
		call  guest.Call
		limit time.Duration // of the caller; 0 is none
		text  string
	}{
		{"wall, loop", Action("spin", nil), 0, "wall limit of 300ms"},
		{"wall, sleep", Action("sleep", 3600), 0, "wall limit of 300ms"},
		{"wall, HTTP", anyRequest(waitForEnd), 0, "wall limit of 300ms"},
		{"caller's deadline, loop", Action("spin", nil), 100 * time.Millisecond, "caller's deadline"},
		{"caller's deadline, sleep", Action("sleep", 3600), 100 * time.Millisecond, "caller's deadline"},
		{"caller's deadline, HTTP", anyRequest(waitForEnd), 100 * time.Millisecond, "caller's deadline"},
	} {
		all = append(all, check{"stop/" + tt.name, func(tb testing.TB, s *session) {
			ctx := tb.Context()
			if tt.limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.limit)
				defer cancel()
			}
			start := time.Now()
			_, err := s.program.Call(ctx, with(tt.call, abi.Limits{Wall: shortWall, Fuel: 1 << 60}))
			WantFault(tb, err, abi.Timeout, tt.text)
			within(tb, start, shortWall)
			wellBehaved(tb, s.program)
		}})
	}
	return all
}

func cancels() (all []check) {
	for _, operation := range []string{"http", "spin", "sleep"} {
		all = append(all, check{"stop/cancel, " + operation, func(tb testing.TB, s *session) {
			ctx, cancel := context.WithCancel(tb.Context())
			defer cancel()
			c := Action(operation, 3600)
			if operation == "http" {
				c = anyRequest(func(ctx context.Context, r abi.Request) abi.Response {
					cancel()
					return waitForEnd(ctx, r)
				})
			} else {
				time.AfterFunc(50*time.Millisecond, cancel)
			}
			start := time.Now()
			c.Limits.Fuel = 1 << 60
			_, err := s.program.Call(ctx, c)
			WantFault(tb, err, abi.Canceled)
			within(tb, start, time.Second)
			wellBehaved(tb, s.program)
		}})
	}
	return all
}
