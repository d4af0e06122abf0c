package egress

import (
	"crypto/sha256"
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

const maxTransports = 64 // with a client certificate, that are kept for reuse

// lane names connections that may be shared: made under the same guard, with the same client certificate.
type lane struct {
	private     bool
	certificate [sha256.Size]byte // of its chain; zero: none
}

// pool holds a transport, and so the open connections, for each lane.
type pool struct {
	make func(lane, *tls.Certificate) http.RoundTripper

	mu    sync.Mutex // guards lanes
	lanes map[lane]*pooled
}

type pooled struct {
	http.RoundTripper
	used time.Time
}

func newPool(cfg Config) *pool {
	return &pool{lanes: map[lane]*pooled{}, make: func(l lane, cert *tls.Certificate) http.RoundTripper {
		if cfg.Transport != nil {
			return cfg.Transport
		}
		return newDialer(cfg, l.private).transport(cfg.RootCAs, cert)
	}}
}

// get returns the transport for a hop.
func (p *pool) get(private bool, cert *tls.Certificate) http.RoundTripper {
	l := lane{private: private, certificate: digest(cert)}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.lanes[l]
	if t == nil {
		p.makeRoom()
		t = &pooled{RoundTripper: p.make(l, cert)}
		p.lanes[l] = t
	}
	t.used = time.Now()
	return t.RoundTripper
}

// makeRoom gives up the transport that was not used for the longest time when there are too many.
func (p *pool) makeRoom() {
	if len(p.lanes) < maxTransports {
		return
	}
	var oldest lane
	for l, t := range p.lanes {
		if o := p.lanes[oldest]; o == nil || t.used.Before(o.used) {
			oldest = l
		}
	}
	closeIdle(p.lanes[oldest].RoundTripper)
	delete(p.lanes, oldest)
}

// close closes the connections that no request uses.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.lanes {
		closeIdle(t.RoundTripper)
	}
}

func closeIdle(t http.RoundTripper) {
	if t, ok := t.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

func digest(cert *tls.Certificate) (sum [sha256.Size]byte) {
	if cert == nil {
		return sum
	}
	h := sha256.New()
	for _, der := range cert.Certificate { // DER says its own length
		h.Write(der)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
