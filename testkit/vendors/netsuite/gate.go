package netsuite

import "sync"

// gate counts the requests that run, for concurrency governance.
type gate struct {
	limit int // negative means none

	mu      sync.Mutex
	running int // guarded by mu
	peak    int // guarded by mu
}

// enter counts a request in and reports whether it is within the limit.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running++
	g.peak = max(g.peak, g.running)
	return g.limit < 0 || g.running <= g.limit
}

// leave counts a request out.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
}

// most is the highest count there was.
func (g *gate) most() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.peak
}
