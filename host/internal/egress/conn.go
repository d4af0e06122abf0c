package egress

import (
	"crypto/tls"
	"errors"
	"net"
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
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.users.Load() > 0 {
		m.idle.Store(0)
	} else if m.idle.Add(int64(n)) > maxIdleRead {
		m.Close()
		return 0, errIdleFlood
	}
	return n, err
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
