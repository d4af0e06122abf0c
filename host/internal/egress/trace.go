package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
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

var errRepeat = errors.New("the request would have been sent twice")

// progress follows a request through its phases. net/http reports them from its own goroutines.
type progress struct {
	at    atomic.Int32
	sent  atomic.Bool // its bytes may be on their way
	http2 atomic.Bool // the connection speaks HTTP/2
	wrote atomic.Bool // its headers were written over HTTP/2
}

func (p *progress) set(to phase)   { p.at.Store(int32(to)) }
func (p *progress) phase() phase   { return phase(p.at.Load()) }
func (p *progress) String() string { return phases[p.phase()] }

// reset makes p ready for another request.
func (p *progress) reset() {
	p.set(admitting)
	p.sent.Store(false)
	p.http2.Store(false)
	p.wrote.Store(false)
}

// watch returns r with p following it. net/http sends some requests a second time by itself: over HTTP/1 safe ones,
// those with an idempotency key and those of which nothing was written; over HTTP/2 all that the server reset in
// certain ways, though it may have acted on them. Those watch stops, unless they are safe or have a key.
func (p *progress) watch(r *http.Request, stop context.CancelCauseFunc) *http.Request {
	p.set(connecting)
	keyed := r.Header.Get("Idempotency-Key") != "" || r.Header.Get("X-Idempotency-Key") != ""
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { // again, when it is a repetition
			switch {
			case p.wrote.Load() && !safe(r.Method) && !keyed:
				stop(errRepeat)
			case !keyed:
				p.sent.Store(false)
			}
		},
		TLSHandshakeStart: func() { p.set(handshaking) },
		GotConn: func(info httptrace.GotConnInfo) {
			p.set(sending)
			p.sent.Store(true)
			p.http2.Store(speaksHTTP2(info.Conn))
		},
		WroteHeaders: func() { p.wrote.Store(p.http2.Load()) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				p.set(waiting)
			}
		},
	}))
}

// speaksHTTP2 reports whether the two sides of a connection agreed on HTTP/2.
func speaksHTTP2(c net.Conn) bool {
	t, ok := c.(*tls.Conn)
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

// safe reports whether a method changes nothing (RFC 9110 section 9.2.1).
func safe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}
