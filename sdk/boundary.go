package sdk

import (
	"errors"

	"patchbay/abi"
)

// takeFunc is a capability module's take: it copies the held reply, from its byte off on, into buf.
type takeFunc func(buf []byte, off int) int32

// fetch fills buf with the reply that the host holds, in as many pieces as the host makes of it.
func fetch(take takeFunc, buf []byte) error {
	for off := 0; off < len(buf); {
		n := take(buf[off:], off)
		switch {
		case n < 0:
			return abi.Errno(-n)
		case n == 0 || int(n) > len(buf)-off:
			return Faultf(Internal, "the host's reply of %d bytes: %d at byte %d", len(buf), n, off)
		}
		off += int(n)
	}
	return nil
}

// serve runs one call for patchbay_invoke: it fills envelope, runs c, and hands the result over. It returns
// what patchbay_invoke returns, 0 once the host has a result.
func serve(c *Connector, host Host, envelope []byte, take takeFunc, result func([]byte) int64) int32 {
	data := answer(c, host, envelope, take)
	n := result(data)
	if n == -int64(abi.E2BIG) {
		f := Faultf(LimitExceeded, "the result of %d bytes is larger than the host allows; return less, or pages", len(data))
		n = result(encodeResult(abi.Fail(f)))
	}
	if n < 0 {
		return 1
	}
	return 0
}

// answer is the encoded result of one call, whatever happens.
func answer(c *Connector, host Host, envelope []byte, take takeFunc) []byte {
	if c == nil {
		return encodeResult(abi.Fail(Faultf(Internal, "the guest serves no connector: call sdk.Serve in init")))
	}
	if err := fetch(take, envelope); err != nil {
		return encodeResult(abi.Fail(Faultf(Internal, "read the envelope: %v", err)))
	}
	return c.Invoke(host, envelope)
}

// hostFault says in an author's words what the host's error number means for a request.
func hostFault(err error) *Fault {
	var e abi.Errno
	if !errors.As(err, &e) {
		return abi.AsFault(err)
	}
	switch e {
	case abi.EPERM:
		return Faultf(Forbidden, "the manifest has no http grant, so the guest may not send requests; add one under http")
	case abi.E2BIG:
		return Faultf(LimitExceeded, "the request is larger than the host allows")
	case abi.ENOSPC:
		return Faultf(LimitExceeded, "the call has used up its quota of host calls")
	case abi.ENOSYS:
		return Faultf(Internal, "this host cannot send requests for this version of the SDK; update the host")
	}
	return Faultf(Internal, "send the request: %v", e)
}
