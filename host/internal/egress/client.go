package egress

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"patchbay/abi"
)

// Config makes a [Client]. The zero value is ready for use.
type Config struct {
	// Transport replaces the network, the address guard and all bounds of time but the call's own. It must honour
	// the request's context. An [abi.Fault] that it returns as an error is passed on. Defaults to the network.
	Transport http.RoundTripper
	// Resolver looks names up. Defaults to Go's own resolver, never the C library's.
	Resolver Resolver
	// Dial connects to an address ("tcp", "192.0.2.1:443") that the guard has allowed. Defaults to a [net.Dialer]
	// whose Control looks at the address again.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger gets one line for every exchange. Defaults to none.
	Logger *slog.Logger
}

// Client makes guests' requests. It keeps connections open for reuse, so parties that must not share connections
// need a Client each. It may be used concurrently.
type Client struct {
	public  http.RoundTripper
	private http.RoundTripper // for origins that may have private addresses; never shares a connection with public
	log     *slog.Logger
}

// New returns a Client. Close it.
func New(cfg Config) *Client {
	c := &Client{public: cfg.Transport, private: cfg.Transport, log: cfg.Logger}
	if cfg.Transport == nil {
		c.public = newDialer(cfg, false).transport()
		c.private = newDialer(cfg, true).transport()
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Close closes the connections that no request uses. Requests that are under way go on.
func (c *Client) Close() {
	for _, t := range []http.RoundTripper{c.public, c.private} {
		if t, ok := t.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
}

// Do makes a guest's request as far as the policy allows it, and returns the response, or a fault in its place.
// It takes no longer than p.Limits.Wall, and ends early with ctx.
func (c *Client) Do(ctx context.Context, req abi.Request, p Policy) abi.Response {
	start := time.Now()
	p.Limits = p.Limits.WithDefaults()
	ctx, stop := context.WithTimeout(ctx, p.Limits.Wall)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	x := &exchange{client: c, policy: p, scrub: newScrubber(p.Secrets), cancel: cancel}
	resp, fault := x.run(ctx, req)
	if fault != nil {
		resp = abi.Response{Fault: fault}
	}
	size := len(resp.Body)
	x.scrub.response(&resp)
	x.record(ctx, &resp, size, time.Since(start))
	return resp
}
