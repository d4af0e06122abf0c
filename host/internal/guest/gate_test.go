package guest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

func wantFault(t *testing.T, f *abi.Fault, code abi.Code) {
	t.Helper()
	if f == nil || f.Code != code {
		t.Errorf("got %v, want code %s", f, code)
	}
}

func TestGate_Enter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(2)
		for range 2 {
			if f := g.Enter(t.Context(), abi.Limits{}); f != nil {
				t.Fatal(f)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantFault(t, g.Enter(ctx, abi.Limits{}), abi.Timeout)
		entered := make(chan *abi.Fault)
		go func() { entered <- g.Enter(t.Context(), abi.Limits{}) }()
		synctest.Wait()
		if got := g.Running(); got != 2 {
			t.Errorf("%d calls run, want 2", got)
		}
		if got := g.Leave(); got != 1 {
			t.Errorf("%d others run, want 1", got)
		}
		if f := <-entered; f != nil {
			t.Error(f)
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		g.Leave()
		for range 20 { // a free slot and a done context are both ready
			wantFault(t, g.Enter(canceled, abi.Limits{}), abi.Canceled)
		}
	})
}

func TestGate_Close(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		if f := g.Enter(t.Context(), abi.Limits{}); f != nil || g.Closed() {
			t.Fatalf("got %v, closed %t", f, g.Closed())
		}
		waiting := make(chan *abi.Fault, 1)
		go func() { waiting <- g.Enter(t.Context(), abi.Limits{}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !g.Closed() {
			t.Errorf("got %v, closed %t; want the context's error", err, g.Closed())
		}
		wantFault(t, <-waiting, abi.Unavailable)
		closed := make(chan error, 1)
		go func() { closed <- g.Close(t.Context()) }()
		synctest.Wait()
		if len(closed) != 0 {
			t.Error("closed while a call runs")
		}
		g.Leave()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		for range 20 { // what it waits for and a done context, a free slot and the end are all ready
			if err := g.Close(ctx); err != nil {
				t.Error(err)
			}
			wantFault(t, g.Enter(t.Context(), abi.Limits{}), abi.Unavailable)
		}
		if got := g.Running(); got != 0 {
			t.Errorf("%d calls run", got)
		}
	})
}

func TestGate_CloseUnused(t *testing.T) {
	t.Parallel()
	if err := NewGate(1).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// listed is a program that leaves its roster when it is closed, unless it fails.
type listed struct {
	Program
	roster *Roster[*listed]
	err    error
}

func (l *listed) Close(context.Context) error {
	if l.err == nil {
		l.roster.Remove(l)
	}
	return l.err
}

func TestRoster(t *testing.T) {
	t.Parallel()
	var r Roster[*listed]
	broken := errors.New("broken")
	good, bad := &listed{roster: &r}, &listed{roster: &r, err: broken}
	for _, p := range []*listed{good, bad} {
		if err := r.Add(p); err != nil {
			t.Error(err)
		}
	}
	if got := r.All(); len(got) != 2 {
		t.Errorf("%d programs, want 2", len(got))
	}
	if err := r.Close(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the one that failed", err)
	}
	if got := r.All(); len(got) != 1 || got[0] != bad {
		t.Errorf("%v are left, want the one that failed", got)
	}
	if err := r.Add(good); !errors.Is(err, ErrClosed) {
		t.Errorf("Add after Close: %v", err)
	}
}
