package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"patchbay/abi"
)

// net/http tells the standard logger about frames that it does not know, as often as they come. The commands have
// turned that logger off, and so do the tests.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	m.Run()
}

// network is a resolver and a recording dialler. Nothing that it is asked for leaves the process: names are looked
// up in a map, and a dial reaches a loopback server, or a function over a pipe, or is refused.
type network struct {
	names   map[string][][]string       // host to the answers of one lookup after the other; the last one stays
	servers map[string]http.Handler     // "address:port" to what answers there; over TLS on ports 443 and 8443
	http1   bool                        // which speaks HTTP/1.1 only
	raw     map[string]func(c net.Conn) // "address:port" to what speaks there
	wait    sync.WaitGroup

	mu     sync.Mutex // guards the rest
	looked []string
	dialed []string
	conns  []net.Conn // the servers' sides
}

func (n *network) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looked = append(n.looked, host)
	answers := n.names[strings.TrimSuffix(host, ".")]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.names[strings.TrimSuffix(host, ".")] = answers[1:]
	}
	var addrs []netip.Addr
	for _, a := range answers[0] {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, ctx.Err()
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	n.mu.Unlock()
	speak := n.raw[address]
	if h := n.servers[address]; h != nil {
		speak = func(c net.Conn) { serve(c, h, strings.HasSuffix(address, "443"), n.http1) }
	}
	if speak == nil {
		return nil, errors.New("test: nobody at " + address)
	}
	client, server := net.Pipe()
	n.mu.Lock()
	n.conns = append(n.conns, server)
	n.mu.Unlock()
	n.wait.Go(func() {
		defer server.Close()
		speak(server)
	})
	return client, ctx.Err()
}

// serve answers the requests of one connection, over TLS in either version of HTTP, or without.
func serve(c net.Conn, h http.Handler, secure, http1 bool) {
	l := &oneConn{conn: c, closed: make(chan struct{})}
	srv := &http.Server{Handler: h, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			l.Close()
		}
	}}
	if !secure {
		srv.Serve(l)
		return
	}
	srv.TLSConfig = serverTLS()
	if http1 {
		srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	srv.ErrorLog = log.New(io.Discard, "", 0)
	srv.ServeTLS(l, "", "")
}

// oneConn is a listener with one connection.
type oneConn struct {
	conn   net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dials() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.dialed...)
}

// client returns a Client on n, and waits at the end of the test for all that n has started.
func (n *network) client(t *testing.T) *Client {
	t.Helper()
	c := New(Config{Resolver: n, Dial: n.dial, RootCAs: roots()})
	t.Cleanup(func() { n.end(c) })
	return c
}

// end closes c and hangs up on what it has not closed by then, and waits for all that n has started.
func (n *network) end(c *Client) {
	c.Close()
	n.mu.Lock()
	for _, conn := range n.conns {
		conn.Close()
	}
	n.mu.Unlock()
	n.wait.Wait()
}

// public is an address that the guard allows. Nothing in these tests dials it for real.
const public = "93.184.216.34"

// api returns a network on which http and https://api.example.com answers with h.
func api(h http.Handler) *network {
	return &network{
		names:   map[string][][]string{"api.example.com": {{public}}},
		servers: map[string]http.Handler{public + ":80": h},
	}
}

// open grants every method and path under the base URLs.
func open(bases ...string) Policy {
	var p Policy
	for _, b := range bases {
		p.Grants = append(p.Grants, Grant{ID: "api", Base: b, Authenticated: true,
			Methods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}})
	}
	return p
}

// private is open, with the bases allowed to be on loopback.
func private(bases ...string) Policy {
	p := open(bases...)
	p.Private = bases
	return p
}

func get(url string) abi.Request { return abi.Request{Method: "GET", URL: url} }

// reply leaves an exchange's trace aside.
func reply(r abi.Response, _ Trace) abi.Response { return r }

// wantFault fails the test unless r is a fault with the code and all of the words in its message.
func wantFault(t *testing.T, r abi.Response, code abi.Code, words ...string) {
	t.Helper()
	if r.Fault == nil {
		t.Fatalf("got status %d with %d bytes, want a fault %s", r.Status, len(r.Body), code)
	}
	if r.Fault.Code != code {
		t.Errorf("got %v, want code %s", r.Fault, code)
	}
	for _, w := range words {
		if !strings.Contains(r.Fault.Message, w) {
			t.Errorf("fault %q does not say %q", r.Fault.Message, w)
		}
	}
	if r.Status != 0 || r.Body != nil || r.Headers != nil || r.URL != "" {
		t.Errorf("a fault comes with a response: %+v", r)
	}
}

func wantStatus(t *testing.T, r abi.Response, status int) {
	t.Helper()
	if r.Fault != nil {
		t.Fatalf("got %v, want status %d", r.Fault, status)
	}
	if r.Status != status {
		t.Fatalf("got status %d, want %d", r.Status, status)
	}
}

// recorder is a server that remembers the requests it got.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex // guards seen
	seen []seen
}

type seen struct {
	method, uri, body string
	header            http.Header
}

func record(t *testing.T, answer http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(r.wrap(answer))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) wrap(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body bytes.Buffer
		body.ReadFrom(req.Body)
		r.mu.Lock()
		r.seen = append(r.seen, seen{req.Method, req.RequestURI, body.String(), req.Header.Clone()})
		r.mu.Unlock()
		answer(w, req)
	})
}

func (r *recorder) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]seen(nil), r.seen...)
}

func logger(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// hang is a dial that nobody answers.
func (n *network) hang(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	n.mu.Unlock()
	<-ctx.Done()
	return nil, ctx.Err()
}
