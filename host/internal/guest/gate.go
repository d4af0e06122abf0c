package guest

import (
	"context"
	"fmt"
	"sync"

	"patchbay/abi"
)

// Gate lets so many calls of a program run at a time, and none once it is closed. It may be used from several
// goroutines.
type Gate struct {
	slots   chan struct{} // one for each call that runs
	closing chan struct{} // closed when no call may begin any more
	empty   chan struct{} // closed when, after that, no call runs

	mu      sync.Mutex // guards what follows
	closed  bool
	running int
}

// NewGate returns a gate for n calls at a time.
func NewGate(n int) *Gate {
	return &Gate{slots: make(chan struct{}, n), closing: make(chan struct{}), empty: make(chan struct{})}
}

// Enter waits for a slot, as long as ctx allows. A call that gets one has to [Gate.Leave]; the others end with
// the fault, which names the limit that was reached.
func (g *Gate) Enter(ctx context.Context, limits abi.Limits) *abi.Fault {
	if ctx.Err() != nil { // where there is a slot as well, select would choose
		return StopFault(ctx, limits)
	}
	select {
	case g.slots <- struct{}{}:
	case <-g.closing:
		return ClosedFault()
	case <-ctx.Done():
		return StopFault(ctx, limits)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed { // select has chosen
		<-g.slots
		return ClosedFault()
	}
	g.running++
	return nil
}

// Leave gives a call's slot back and returns how many others run.
func (g *Gate) Leave() (running int) {
	<-g.slots
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.closed && g.running == 0 {
		close(g.empty)
	}
	return g.running
}

// Running returns how many calls run.
func (g *Gate) Running() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running
}

// Closed reports whether Close was called.
func (g *Gate) Closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close lets no call in any more and waits for those that run. If ctx is done before they are, it returns ctx's
// error and may be called again. Closing twice is fine.
func (g *Gate) Close(ctx context.Context) error {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.closing)
		if g.running == 0 {
			close(g.empty)
		}
	}
	g.mu.Unlock()
	select {
	case <-g.empty:
		return nil
	default: // a context that is done as well must not win
	}
	select {
	case <-g.empty:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close program: calls still run: %w", ctx.Err())
	}
}
