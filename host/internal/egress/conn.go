package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// maxIdleRead is how much is read of a connection that no request uses: a TLS handshake, and frames of HTTP/2 that
// concern the connection as a whole. net/http would read and answer them without end.
const maxIdleRead = 512 << 10

var errIdleFlood = errors.New("too much came over a connection that no request uses")

// metered is a connection that closes itself when too much comes while no request uses it.
type metered struct {
	net.Conn
	users atomic.Int32
	idle  atomic.Int64 // bytes that were read since the last user left

	mu      sync.Mutex    // guards the rest
	reading bool          // somebody waits for bytes
	closed  bool          // nobody will again
	changed chan struct{} // closed at a change of reading or closed; nil: nobody wants to know
}

func (m *metered) Read(p []byte) (int, error) {
	m.note(&m.reading, true)
	n, err := m.Conn.Read(p)
	m.note(&m.reading, false)
	if m.users.Load() > 0 {
		m.idle.Store(0)
	} else if m.idle.Add(int64(n)) > maxIdleRead {
		m.Close()
		return 0, errIdleFlood
	}
	return n, err
}

// Close closes the connection.
func (m *metered) Close() error {
	m.note(&m.closed, true)
	return m.Conn.Close()
}

func (m *metered) note(what *bool, is bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*what = is
	if is && m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// drained waits until all that came over the connection was consumed: net/http's reader wants more, or has found
// bytes that belong to no response, and closed the connection. Without it, those of a server that sends too many
// are now and then taken for the response to the next request.
func (m *metered) drained(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.reading && !m.closed {
		if m.changed == nil {
			m.changed = make(chan struct{})
		}
		changed := m.changed
		m.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		m.mu.Lock()
		if ctx.Err() != nil {
			return
		}
	}
}

func (m *metered) enter() {
	if m != nil {
		m.users.Add(1)
	}
}

func (m *metered) leave() {
	if m != nil {
		m.users.Add(-1)
	}
}

// meter returns the metered connection below c, or nil when c is none of ours, and whether c speaks HTTP/2.
func meter(c net.Conn) (m *metered, http2 bool) {
	if t, ok := c.(*tls.Conn); ok {
		http2 = t.ConnectionState().NegotiatedProtocol == "h2"
		c = t.NetConn()
	}
	m, _ = c.(*metered)
	return m, http2
}
