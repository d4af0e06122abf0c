package state

import (
	"context"
	"sync"
)

// link follows whether the client has a connection. NATS calls its three event methods one at a time and in
// order, but a little after the event.
type link struct {
	mu   sync.Mutex    // guards up and lost
	up   chan struct{} // closed while there is a connection
	lost chan struct{} // closed while there is none

	ended chan struct{} // closed once the client has closed for good
}

func newLink() *link {
	l := &link{up: make(chan struct{}), lost: make(chan struct{}), ended: make(chan struct{})}
	close(l.lost)
	return l
}

func (l *link) connected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = make(chan struct{})
	close(l.up)
}

func (l *link) disconnected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.lost: // closing follows on the loss of the connection
		return
	default:
	}
	l.up = make(chan struct{})
	close(l.lost)
}

func (l *link) closed() { close(l.ended) }

// during waits for a connection and runs fn, whose context ends when the connection does: NATS itself leaves
// a request that was under way waiting for an answer that cannot come.
func (l *link) during(ctx context.Context, fn func(context.Context) error) error {
	l.mu.Lock()
	up := l.up
	l.mu.Unlock()
	select {
	case <-up:
	case <-l.ended:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-lost:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := fn(ctx)
	cancel()
	<-watched
	return err
}
