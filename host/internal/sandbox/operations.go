package sandbox

import (
	"context"

	"patchbay/abi"
)

// This file has the operations of the capability modules. Each gets a copy of the guest's request.

func serveEnvelope(_ context.Context, c *call, _ []byte) ([]byte, abi.Errno) { return c.envelope, 0 }

// resultAwaited refuses a second result, before it is looked at.
func resultAwaited(c *call) abi.Errno {
	if c.result != nil {
		return abi.EINVAL
	}
	return 0
}

func serveResult(_ context.Context, c *call, request []byte) ([]byte, abi.Errno) {
	c.result = request
	return nil, 0
}

// overOutput remembers a result that was too large. The guest learns of it and may give a smaller one.
func overOutput(c *call, size int) { c.refused = size }

func serveSend(ctx context.Context, c *call, request []byte) ([]byte, abi.Errno) {
	req, err := abi.DecodeRequest(request)
	switch {
	case err != nil:
		return nil, abi.EINVAL
	case int64(len(req.Body)) > c.limits.RequestBody:
		return nil, abi.E2BIG
	case c.httpCalls >= c.limits.HTTPCalls:
		return nil, abi.ENOSPC
	}
	c.httpCalls++
	resp := c.http(ctx, req)
	reply, err := resp.Encode()
	if err != nil {
		resp = abi.Response{Fault: abi.Faultf(abi.Internal, "the host cannot pass on its response: %v", err)}
		reply, _ = resp.Encode() // of a code and a text, which always encode
	}
	return reply, 0
}

func serveWrite(_ context.Context, c *call, request []byte) ([]byte, abi.Errno) {
	if c.journal.full(len(request)) {
		return nil, 0
	}
	record, err := abi.DecodeLogRecord(request)
	if err != nil {
		return nil, abi.EINVAL
	}
	c.journal.record(record, len(request))
	return nil, 0
}
