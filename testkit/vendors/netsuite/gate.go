package netsuite

import "sync"

// gate counts the requests that run, for concurrency governance.
type gate struct {
	limit int // negative means none

	mu      sync.Mutex
	running int           // guarded by mu
	peak    int           // guarded by mu
	blocked int           // guarded by mu
	held    chan struct{} // guarded by mu; nil unless requests are held, closed to let them go
}

// enter counts a request in and reports whether it is within the limit, and what it has to wait for, if not nil.
func (g *gate) enter() (held <-chan struct{}, free bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running++
	g.peak = max(g.peak, g.running)
	if g.limit >= 0 && g.running > g.limit {
		g.blocked++
		return nil, false
	}
	return g.held, true
}

// leave counts a request out.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
}

// Hold keeps every request that comes from now on running until release is called, once: so that a test can
// count how many there are at a time. While a hold lasts, another is the same hold.
func (s *Server) Hold() (release func()) {
	g := &s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = make(chan struct{})
	}
	held := g.held
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.held == held {
			g.held = nil
			close(held)
		}
	})
}

// Running returns how many requests there are at this moment. Those of the token endpoint never count.
func (s *Server) Running() int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.running
}

// Peak returns the most requests that there were at one time, refused ones included.
func (s *Server) Peak() int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.peak
}

// Blocked returns how many requests were refused for being too many at a time.
func (s *Server) Blocked() int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.blocked
}
