package egress

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"

	"patchbay/abi"
	"patchbay/manifest"
)

// failure turns an error of the network into a fault. It never repeats the error's text: net/http and the
// operating system put URLs, queries, addresses and what a server sent into it.
func (x *exchange) failure(ctx context.Context, host string, err error) *abi.Fault {
	var own *abi.Fault
	if errors.As(err, &own) { // a Transport that replaces the network explains itself
		return own
	}
	if fault := x.overrun(ctx, host, err); fault != nil {
		return fault
	}
	var refused *refusal
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		x.told.Refused = true
		return abi.Faultf(abi.Forbidden, "%s is no address on the public internet: an admin can allow private addresses for this "+
			"origin of the connection", host)
	case errors.As(err, &dns) && dns.IsNotFound:
		return abi.Faultf(abi.Unavailable, "%s does not exist: check the host name in the connection's fields", host)
	case errors.As(err, &dns):
		return abi.Faultf(abi.Unavailable, "%s cannot be looked up: check the name servers of this machine", host)
	case errors.Is(err, errEncoding):
		return abi.Faultf(abi.Unavailable, "%s sent a body in an encoding that was not asked for: only gzip and deflate are read", host)
	case undecodable(err):
		return abi.Faultf(abi.Unavailable, "%s sent a body that is not in the encoding that it names", host)
	case alerted(err):
		return abi.Faultf(abi.Unavailable, "%s ended the TLS connection: it may want a client certificate, or another one than this connection has", host)
	case x.progress.phase() == handshaking:
		return abi.Faultf(abi.Unavailable, "%s: no TLS connection: %s", host, certificateProblem(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return abi.Faultf(abi.Unavailable, "%s refused the connection: check host and port, and whether the service runs", host)
	case x.progress.phase() == connecting:
		return abi.Faultf(abi.Unavailable, "%s cannot be reached: check host and port, and this machine's network", host)
	case wasReset(err):
		return abi.Faultf(abi.Unavailable, "%s reset the request before its response was complete, while %s", host, &x.progress)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return abi.Faultf(abi.Unavailable, "%s closed the connection before its response was complete, while %s", host, &x.progress)
	}
	return abi.Faultf(abi.Unavailable, "%s sent no valid HTTP response, or more than %d KiB of response headers, while %s",
		host, maxHeaderReply>>10, &x.progress)
}

// overrun returns the fault for a bound of time or size, or nil.
func (x *exchange) overrun(ctx context.Context, host string, err error) *abi.Fault {
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return abi.Faultf(abi.LimitExceeded, "response body of %s: larger than the limit of %s", host, manifest.Bytes(x.policy.Limits.ResponseBody))
	case errors.Is(err, errRatio):
		return abi.Faultf(abi.LimitExceeded, "response body of %s: more than %d times its compressed size", host, maxRatio)
	case context.Cause(ctx) == errRepeat:
		return abi.Faultf(abi.Unavailable, "%s reset the request, and may have acted on it: it is not sent again", host)
	case context.Cause(ctx) == errUnasked:
		return abi.Faultf(abi.Unavailable, "%s sent a response before the request: it may belong to another one", host)
	case context.Cause(ctx) == errIdle:
		return abi.Faultf(abi.Timeout, "%s: nothing came for %v while %s", host, idleTimeout, &x.progress)
	case context.Cause(ctx) == errSilent:
		return abi.Faultf(abi.Timeout, "%s: no answer in time while %s", host, &x.progress)
	case errors.Is(ctx.Err(), context.DeadlineExceeded), context.Cause(ctx) == context.DeadlineExceeded:
		return abi.Faultf(abi.Timeout, "%s: the call's time was up while %s", host, &x.progress)
	case errors.Is(ctx.Err(), context.Canceled):
		return abi.Faultf(abi.Canceled, "%s: canceled while %s", host, &x.progress)
	case errors.As(err, &timeout) && timeout.Timeout():
		return abi.Faultf(abi.Timeout, "%s: no answer in time while %s", host, &x.progress)
	}
	return nil
}

// streamError is the shape that net/http gives the error of an HTTP/2 stream for errors.As.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string {
	return fmt.Sprintf("stream %d: error code %d", e.StreamID, e.Code)
}

// wasReset reports whether a server reset an HTTP/2 stream. net/http uses three codes for what itself finds wrong.
func wasReset(err error) bool {
	const protocol, flowControl, streamClosed = 1, 3, 5 // RFC 9113 section 7
	var e streamError
	return errors.As(err, &e) && !slices.Contains([]uint32{protocol, flowControl, streamClosed}, e.Code)
}

// alerted reports whether the server ended the TLS connection with an alert. Over TLS 1.3 it says no to a client
// certificate only after the client's handshake.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func undecodable(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrChecksum) || errors.Is(err, zlib.ErrDictionary)
}

func certificateProblem(err error) string {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &name):
		return "its certificate is for another name; check the host"
	case errors.As(err, &authority):
		return "its certificate is signed by an authority that this machine does not know"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet; check this machine's clock"
	case errors.As(err, &invalid):
		return "its certificate is not valid for a server"
	case errors.As(err, &record):
		return "it does not speak TLS on this port"
	}
	return "the handshake failed; TLS 1.2 or later is needed"
}
