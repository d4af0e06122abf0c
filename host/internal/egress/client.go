package egress

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
)

// Config makes a [Client]. The zero value is ready for use.
type Config struct {
	// Transport replaces the network, the address guard and all bounds of time but the call's own. It must honour
	// the request's context. An [abi.Fault] that it returns as an error is passed on. It may say how far a request comes
	// by the hooks of httptrace, as net/http does, from GetConn on; without, it counts as sent. Defaults to the network.
	Transport http.RoundTripper
	// Clock is what exchanges are timed by; with a Transport it then bounds the waits for the first byte and for each
	// later one too, as the network would: one that sleeps by it until the request's context is done has hung. Defaults
	// to the real time.
	Clock clock.Clock
	// Resolver looks names up. Defaults to Go's own resolver, never the C library's.
	Resolver Resolver
	// Dial connects to an address ("tcp", "192.0.2.1:443") that the guard has allowed. Defaults to a [net.Dialer]
	// whose Control looks at the address again.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// RootCAs are the authorities that servers' certificates are verified with: for tests, and for premises with an
	// authority of their own. Defaults to the system's.
	RootCAs *x509.CertPool
	// Logger gets one line for every exchange. Defaults to none.
	Logger *slog.Logger
}

// Client makes guests' requests. It keeps connections open for reuse, so parties that must not share connections
// need a Client each. It may be used concurrently.
type Client struct {
	pool     *pool
	plans    *plans
	replaced bool // by Config.Transport
	clock    clock.Clock
	timed    bool // by a clock of its own, which the transport does not know
	log      *slog.Logger
}

// New returns a Client. Close it.
func New(cfg Config) *Client {
	c := &Client{pool: newPool(cfg), plans: newPlans(), replaced: cfg.Transport != nil, log: cfg.Logger,
		clock: cfg.Clock, timed: cfg.Transport != nil && cfg.Clock != nil}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.clock == nil {
		c.clock = clock.Real{}
	}
	return c
}

// Close closes the connections that no request uses. Requests that are under way go on.
func (c *Client) Close() { c.pool.close() }

// Do makes a guest's request as far as the policy allows it, and returns the response, or a fault in its place.
// It takes no longer than p.Limits.Wall, and ends early with ctx.
func (c *Client) Do(ctx context.Context, req abi.Request, p Policy) (abi.Response, Trace) {
	start := c.clock.Now()
	p.Limits = p.Limits.WithDefaults()
	ctx, stop := context.WithTimeout(ctx, p.Limits.Wall)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if c.timed {
		defer c.clock.AfterFunc(p.Limits.Wall, func() { cancel(context.DeadlineExceeded) }).Stop()
	}
	plan := c.plans.get(&p)
	x := &exchange{client: c, policy: &p, plan: plan, scrub: plan.scrub.Load(), cancel: cancel}
	resp, fault := x.run(ctx, req)
	if fault != nil {
		resp = abi.Response{Fault: fault}
	}
	size := len(resp.Body)
	x.scrub.response(&resp)
	told := x.trace()
	c.record(ctx, told, &resp, size, c.clock.Now().Sub(start))
	return resp, told
}

// record writes the exchange's line: what was asked for, and what became of it; no query, header or body.
func (c *Client) record(ctx context.Context, t Trace, resp *abi.Response, size int, took time.Duration) {
	if !c.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{slog.Duration("dur", took), slog.Int("bytes", size), slog.Int("status", resp.Status)}
	if t.Grant != "" {
		attrs = append(attrs, slog.String("method", t.Method), slog.String("host", t.Host), slog.String("path", t.Path),
			slog.String("grant", t.Grant))
	}
	if resp.Fault != nil {
		attrs = append(attrs, slog.String("err", resp.Fault.Error()))
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "http exchange", attrs...)
}
