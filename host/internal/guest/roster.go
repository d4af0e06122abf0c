package guest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// Roster has the programs of an engine that are open. The zero value has none. It may be used from several
// goroutines.
type Roster[P interface {
	comparable
	Program
}] struct {
	mu     sync.Mutex // guards what follows
	open   map[P]bool
	closed bool
}

// Add adds a program. Once the roster is closed it returns [ErrClosed].
func (r *Roster[P]) Add(p P) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if r.open == nil {
		r.open = map[P]bool{}
	}
	r.open[p] = true
	return nil
}

// Remove forgets a program, which does so itself when it has been closed.
func (r *Roster[P]) Remove(p P) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, p)
}

// All returns the programs, in no order.
func (r *Roster[P]) All() []P {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.open))
}

// Close closes every program, see [Program.Close], and joins their errors; Add fails from now on.
func (r *Roster[P]) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	var errs []error
	for _, p := range r.All() {
		errs = append(errs, p.Close(ctx))
	}
	return errors.Join(errs...)
}
