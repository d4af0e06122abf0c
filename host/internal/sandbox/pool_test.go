package sandbox

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// pooled loads a small guest into an engine with the given pool.
func pooled(t *testing.T, cfg PoolConfig) (*Engine, *Program) {
	t.Helper()
	e := newEngine(t, Config{Cache: cache, Concurrency: 20, Pool: cfg})
	p := load(t, e, guest.Module{Code: small()})
	if err := e.pool.empty(p); err != nil { // of the instance that the self-test has made
		t.Fatal(err)
	}
	return e, p
}

// look runs f while the janitor is kept out.
func look(p *Program, f func()) {
	p.pool.mu.Lock()
	defer p.pool.mu.Unlock()
	f()
}

// take takes n instances out.
func take(t *testing.T, p *Program, n int) []*instance {
	t.Helper()
	var taken []*instance
	for range n {
		i, err := p.pool.get(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, i)
	}
	return taken
}

func TestPool_Reuses(t *testing.T) {
	t.Parallel()
	e, p := pooled(t, PoolConfig{})
	first := take(t, p, 2)
	for _, i := range first {
		e.pool.put(p, i)
	}
	second := take(t, p, 2)
	if second[0] != first[1] || second[1] != first[0] {
		t.Error("the last instance in is not the first out")
	}
	for _, i := range second {
		e.pool.discard(i)
	}
	look(p, func() {
		if e.pool.alive != 0 || len(p.idle) != 0 || e.pool.private != 0 {
			t.Errorf("%d alive, %d idle, %d bytes private after the last", e.pool.alive, len(p.idle), e.pool.private)
		}
	})
}

func TestPool_MaxIdle(t *testing.T) {
	t.Parallel()
	e, p := pooled(t, PoolConfig{MaxIdle: 2})
	taken := take(t, p, 3)
	for _, i := range taken {
		e.pool.put(p, i)
	}
	look(p, func() {
		if len(p.idle) != 2 || e.pool.alive != 2 || p.idle[0] != taken[1] {
			t.Errorf("%d idle and %d alive, want the last 2", len(p.idle), e.pool.alive)
		}
	})
}

func TestPool_MaxInstances(t *testing.T) {
	t.Parallel()
	e, p := pooled(t, PoolConfig{MaxInstances: 2})
	taken := take(t, p, 2)
	if _, err := e.pool.get(t.Context(), p); !errors.Is(err, errCrowded) {
		t.Errorf("a third instance of two: %v", err)
	}
	wantFault(t, p, anyCall, abi.Unavailable, "all instances that this host may have are in use")

	e.pool.put(p, taken[0])
	other := load(t, e, guest.Module{Code: guesttest.Guest(t)})
	got := count(t, other)
	look(p, func() {
		if got != 1 || len(p.idle) != 0 {
			t.Errorf("got %d with %d instances of the other program idle, want 1 in place of them", got, len(p.idle))
		}
	})
}

func TestPool_Janitor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, p := pooled(t, PoolConfig{TrimAfter: 5 * time.Second, CloseAfter: time.Minute})
		e.pool.put(p, take(t, p, 1)[0])
		var i *instance
		var function any
		look(p, func() { i, function = p.idle[0], p.idle[0].invoke })
		time.Sleep(5*time.Second - 1)
		synctest.Wait()
		look(p, func() {
			if i.trimmed {
				t.Error("trimmed early")
			}
		})
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		look(p, func() {
			if !i.trimmed || e.pool.private != 0 || i.invoke == function {
				t.Errorf("trimmed %t, %d bytes private after 5 s, or the stack is still there", i.trimmed, e.pool.private)
			}
		})
		answers(t, p) // trimmed, not broken
		time.Sleep(55 * time.Second)
		synctest.Wait()
		look(p, func() {
			if len(p.idle) != 1 || !p.idle[0].trimmed {
				t.Errorf("%d idle, want the one that was used 55 s ago, trimmed", len(p.idle))
			}
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		look(p, func() {
			if len(p.idle) != 0 || e.pool.alive != 0 || e.pool.janitor != nil {
				t.Errorf("%d idle, %d alive after a minute, or the janitor still comes", len(p.idle), e.pool.alive)
			}
		})
	})
}

func TestPool_MaxPrivate(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Cache: cache, Pool: PoolConfig{MaxPrivate: 1}})
	p := load(t, e, guest.Module{Code: guesttest.Guest(t)})
	for range 3 {
		count(t, p)
	}
	look(p, func() {
		if len(p.idle) != 1 || !p.idle[0].trimmed {
			t.Errorf("%d idle with %d bytes of private memory, want one that was trimmed", len(p.idle), e.pool.private)
		}
	})
}
