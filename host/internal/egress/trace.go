package egress

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
)

// Trace says what became of an exchange, for those who decide about a repetition or keep a record. It holds no
// secret. Its method, host and path are those of the last request; the guest's own when none was sent.
type Trace struct {
	Grant  string // the ID of the grant that covered it; "" when none did
	Method string
	Host   string // host[:port]; "" when the URL could not be read
	Path   string // escaped, scrubbed, at most 200 bytes
	// Sent reports whether a server may have acted on what was sent: bytes of the last request may have reached it,
	// or those of an earlier one whose method is not safe. It is false when there was no connection.
	Sent       bool
	Hops       int  // redirects that were followed
	Authorized bool // a request carried the credential
	Refused    bool // the host said no: by grants, guard, header rules or the bounds of a request
}

// trace returns what is to be said of x.
func (x *exchange) trace() Trace {
	t := x.told
	if h := x.hop; h != nil {
		t.Grant, t.Method, t.Host, t.Path = h.rule.ID, h.method, h.target.authority(), h.target.path
		t.Sent = t.Sent || x.progress.sent.Load()
	}
	t.Path = x.scrub.text(clip(t.Path, 200))
	return t
}

// phase says how far a request has come, for faults.
type phase int32

const (
	admitting phase = iota
	connecting
	handshaking
	sending
	waiting
	reading
)

var phases = [...]string{
	admitting:   "waiting for its turn",
	connecting:  "connecting",
	handshaking: "the TLS handshake",
	sending:     "sending the request",
	waiting:     "waiting for the first byte of the response",
	reading:     "reading the response's body",
}

var (
	errRepeat  = errors.New("the request would have been sent too often")
	errUnasked = errors.New("the response came before the request")
)

// progress follows a request through its phases. net/http reports them from its own goroutines.
type progress struct {
	at    atomic.Int32
	begun atomic.Bool  // its headers were written
	sent  atomic.Bool  // its bytes may be on their way
	http2 atomic.Bool  // the connection speaks HTTP/2
	wrote atomic.Int32 // how often its headers were written over HTTP/2
	conn  atomic.Pointer[metered]
}

func (p *progress) set(to phase)   { p.at.Store(int32(to)) }
func (p *progress) phase() phase   { return phase(p.at.Load()) }
func (p *progress) String() string { return phases[p.phase()] }

// reset makes p ready for another request.
func (p *progress) reset() {
	p.set(admitting)
	p.sent.Store(false)
	p.http2.Store(false)
	p.begun.Store(false)
	p.wrote.Store(0)
}

// use says which connection the request uses; nil: none any more.
func (p *progress) use(conn *metered) {
	conn.enter()
	p.conn.Swap(conn).leave()
}

// watch returns r with p following it. net/http sends some requests a second time by itself: over HTTP/1 safe ones,
// those with an idempotency key and those of which nothing was written; over HTTP/2 all that the server reset in
// certain ways, though it may have acted on them, and without end. There, watch stops the second of them, and the
// fourth of those that are safe or have a key.
func (p *progress) watch(r *http.Request, stop context.CancelCauseFunc) *http.Request {
	p.set(connecting)
	most := int32(1)
	keyed := r.Header.Get("Idempotency-Key") != "" || r.Header.Get("X-Idempotency-Key") != ""
	if keyed || safe(r.Method) {
		most = 3
	}
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { // again, when it is a repetition
			p.set(connecting)
			p.begun.Store(false)
			switch {
			case p.wrote.Load() >= most:
				stop(errRepeat)
			case !keyed:
				p.sent.Store(false)
			}
		},
		TLSHandshakeStart: func() { p.set(handshaking) },
		GotConn: func(info httptrace.GotConnInfo) {
			p.set(sending)
			p.sent.Store(true)
			conn, http2 := meter(info.Conn)
			p.http2.Store(http2)
			p.use(conn)
			if conn != nil && info.Reused && !http2 {
				conn.drained(r.Context())
			}
		},
		GotFirstResponseByte: func() {
			if !p.begun.Load() && !p.http2.Load() { // which has numbers for its requests
				stop(errUnasked)
			}
		},
		WroteHeaders: func() {
			p.begun.Store(true)
			if p.http2.Load() {
				p.wrote.Add(1)
			}
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				p.set(waiting)
			}
		},
	}))
}

// safe reports whether a method changes nothing (RFC 9110 section 9.2.1).
func safe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}
