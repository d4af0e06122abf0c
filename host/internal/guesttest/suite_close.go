package guesttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// blocker is an HTTP function that holds calls until it is told to let them go.
type blocker struct {
	inside, peak atomic.Int32
	release      chan struct{}
}

func newBlocker() *blocker { return &blocker{release: make(chan struct{})} }

func (b *blocker) http(ctx context.Context, _ abi.Request) abi.Response {
	n := b.inside.Add(1)
	defer b.inside.Add(-1)
	for peak := b.peak.Load(); n > peak && !b.peak.CompareAndSwap(peak, n); peak = b.peak.Load() {
	}
	select {
	case <-b.release:
	case <-ctx.Done():
	}
	return abi.Response{Status: 204}
}

// holds reports whether n calls are inside, or more.
func (b *blocker) holds(n int32) func() bool { return func() bool { return b.inside.Load() >= n } }

var concurrencyChecks = []check{
	{"concurrency/right answers", func(tb testing.TB, s *session) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				c := Action("echo", fmt.Sprint("input ", i))
				c.Envelope.Call = fmt.Sprint("call ", i)
				outcome, err := s.program.Call(tb.Context(), c)
				if err != nil {
					tb.Errorf("call %d: %v", i, err)
					return
				}
				got := decode[abi.Envelope](tb, outcome.Result.Output)
				if string(got.Input) != string(c.Envelope.Input) || got.Call != c.Envelope.Call {
					tb.Errorf("%s got the output of %s with input %s", c.Envelope.Call, got.Call, got.Input)
				}
			})
		}
		wg.Wait()
	}},
	{"concurrency/bounded", func(tb testing.TB, s *session) {
		b := newBlocker()
		var wg sync.WaitGroup
		for range 3 * Concurrency {
			wg.Go(func() {
				if _, err := s.program.Call(tb.Context(), anyRequest(b.http)); err != nil {
					tb.Error(err)
				}
			})
		}
		eventually(tb, "as many calls run as may", b.holds(Concurrency))
		ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := s.program.Call(ctx, anyRequest(b.http)) // waits for a slot until its time is over
		WantFault(tb, err, abi.Timeout, "caller's deadline")
		close(b.release)
		wg.Wait()
		equal(tb, "calls at a time", b.peak.Load(), int32(Concurrency))
	}},
	{"concurrency/time begins with the slot", func(tb testing.TB, s *session) {
		b := newBlocker()
		var wg sync.WaitGroup
		for range Concurrency {
			wg.Go(func() { s.program.Call(tb.Context(), anyRequest(b.http)) })
		}
		eventually(tb, "as many calls run as may", b.holds(Concurrency))
		time.AfterFunc(2*shortWall, func() { close(b.release) })
		Output[int](tb, s.program, with(Action("count", nil), abi.Limits{Wall: shortWall}))
		wg.Wait()
	}},
	{"concurrency/a failure does not disturb others", func(tb testing.TB, s *session) {
		b := newBlocker()
		held := make(chan error, 1)
		go func() {
			_, err := s.program.Call(tb.Context(), anyRequest(b.http))
			held <- err
		}()
		eventually(tb, "a call runs", b.holds(1))
		for _, operation := range []string{"trap", "panic", "exit"} {
			faults(tb, s.program, Action(operation, nil), abi.Internal)
		}
		faults(tb, s.program, with(Action("spin", nil), abi.Limits{Fuel: 1_000_000}), abi.LimitExceeded)
		close(b.release)
		if err := <-held; err != nil {
			tb.Errorf("the call that ran meanwhile: %v", err)
		}
	}},
}

var closeChecks = []check{
	{"close/program", closesProgram},
	{"close/engine", func(tb testing.TB, s *session) {
		e := s.open(tb)
		p := load(tb, e, guest.Module{Code: newProbe().module(do(""))})
		if err := e.Close(tb.Context()); err != nil {
			tb.Error(err)
		}
		_, err := p.Call(tb.Context(), Action("any", nil))
		WantFault(tb, err, abi.Unavailable)
		if _, err := e.Load(tb.Context(), guest.Module{Code: newProbe().module(do(""))}); err == nil {
			tb.Error("an engine that is closed has loaded a module")
		}
		if err := p.Close(tb.Context()); err != nil {
			tb.Errorf("Close of a program whose engine is closed: %v", err)
		}
	}},
}

// closesProgram closes a program while one of its calls runs and, if slots are taken, others wait.
func closesProgram(tb testing.TB, s *session) {
	p := load(tb, s.open(tb), guest.Module{Code: Guest(tb)})
	b := newBlocker()
	var wg sync.WaitGroup
	for range Concurrency {
		wg.Go(func() {
			if _, err := p.Call(tb.Context(), anyRequest(b.http)); err != nil {
				tb.Errorf("a call that ran before Close: %v", err)
			}
		})
	}
	eventually(tb, "the calls run", b.holds(Concurrency))
	waiting := make(chan error, 1)
	wg.Go(func() {
		_, err := p.Call(tb.Context(), anyRequest(b.http))
		waiting <- err
	})

	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Millisecond)
	defer cancel()
	if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		tb.Errorf("Close while calls run: %v, want the context's error", err)
	}
	WantFault(tb, <-waiting, abi.Unavailable, "closed")
	_, err := p.Call(tb.Context(), anyRequest(b.http))
	WantFault(tb, err, abi.Unavailable, "closed")

	closed := make(chan error, 1)
	wg.Go(func() { closed <- p.Close(tb.Context()) })
	close(b.release)
	if err := <-closed; err != nil {
		tb.Error(err)
	}
	if err := p.Close(tb.Context()); err != nil {
		tb.Errorf("second Close: %v", err)
	}
	wg.Wait()
}
