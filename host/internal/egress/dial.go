package egress

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	connectTimeout   = 5 * time.Second
	tlsTimeout       = 5 * time.Second
	firstByteTimeout = 30 * time.Second
	maxAddresses     = 8        // of one name, that are tried
	maxHeaderReply   = 64 << 10 // bytes of response headers
	streamWindow     = 1 << 20  // bytes of one response that a server may send ahead over HTTP/2
	connWindow       = 2 << 20  // and of all responses of a connection
)

// Resolver looks names up. *[net.Resolver] is one.
type Resolver interface {
	// LookupNetIP returns the host's addresses. network is "ip"; a host with a last dot is fully qualified.
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// refusal is a host that has no address which may be dialled.
type refusal struct{ host string }

func (r *refusal) Error() string { return fmt.Sprintf("%s has no address that may be dialled", r.host) }

// dialer connects to addresses that its guard allows.
type dialer struct {
	resolver Resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	guard    guard
	private  bool
}

func newDialer(cfg Config, private bool) *dialer {
	d := &dialer{resolver: cfg.Resolver, dial: cfg.Dial, guard: newGuard(private), private: private}
	if d.resolver == nil {
		// The C library's resolver would read 127.1 and 0x7f000001 as addresses.
		d.resolver = &net.Resolver{PreferGo: true}
	}
	if d.dial == nil {
		d.dial = d.guard.dialer().DialContext
	}
	return d
}

// transport returns the real network, without a proxy. Its HTTP/2 is over TLS only; a connection that has fallen
// silent is tested with a ping, or every request on it would wait in vain.
func (d *dialer) transport(roots *x509.CertPool, cert *tls.Certificate) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		DialContext: d.DialContext,
		Protocols:   protocols,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     streamWindow,
			MaxReceiveBufferPerConnection: connWindow,
			SendPingTimeout:               idleTimeout,
			PingTimeout:                   connectTimeout,
			WriteByteTimeout:              idleTimeout,
		},
		TLSClientConfig:        tlsConfig(roots, cert),
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  firstByteTimeout,
		MaxResponseHeaderBytes: maxHeaderReply,
		DisableCompression:     true, // decoded here, under a bound
		MaxIdleConnsPerHost:    8,
		MaxIdleConns:           256,
		IdleConnTimeout:        time.Minute,
	}
}

func tlsConfig(roots *x509.CertPool, cert *tls.Certificate) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if cert != nil {
		// Config.Certificates would keep it back from servers that name other authorities, and they would only see no
		// certificate at all.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	return cfg
}

// DialContext connects to one of the host's addresses. Addresses that the guard refuses are passed over.
func (d *dialer) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var allowed []string
	for _, a := range addrs {
		if d.guard.check(a) == nil && len(allowed) < maxAddresses {
			allowed = append(allowed, net.JoinHostPort(a.Unmap().String(), port))
		}
	}
	if len(allowed) == 0 {
		return nil, &refusal{host}
	}
	return d.first(ctx, allowed)
}

func (d *dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if !d.private {
		host += "." // a search domain could make a private name of a public one
	}
	return d.resolver.LookupNetIP(ctx, "ip", host)
}

// first connects to the first address that answers, and divides the time fairly among those that are left.
func (d *dialer) first(ctx context.Context, addresses []string) (net.Conn, error) {
	var firstErr error
	for i, a := range addresses {
		conn, err := d.try(ctx, a, len(addresses)-i)
		if err == nil {
			return &metered{Conn: conn}, nil
		}
		firstErr = cmp.Or(firstErr, err)
	}
	return nil, firstErr
}

func (d *dialer) try(ctx context.Context, address string, left int) (net.Conn, error) {
	deadline, _ := ctx.Deadline() // DialContext has set one
	ctx, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
	defer cancel()
	return d.dial(ctx, "tcp", address)
}
