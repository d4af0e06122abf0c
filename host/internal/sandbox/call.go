package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
)

// call is the host's side of one call: what the guest may still use, and what it has said. Host functions
// find it in their context. Guest and host take turns, so that it needs no lock.
type call struct {
	limits abi.Limits
	http   func(context.Context, abi.Request) abi.Response
	born   time.Time
	*journal

	begun    bool              // _initialize is over and the guest may use its capabilities
	envelope []byte            // of this call
	held     map[string][]byte // reply that the host holds, by capability module
	result   []byte            // nil until the guest hands one over
	refused  int               // bytes of a result that was too large, 0 if there was none

	hostCalls, httpCalls int // so far
}

// callKey is the key of a *call in the context of guest code.
type callKey struct{}

// enter returns the call that a host function works for. If its time is over the guest does not get an
// answer: the panic stops it where it stands. It is the only way that wazero has, which recovers it and
// returns it from the guest function's Call.
func enter(ctx context.Context) *call {
	if ctx.Err() != nil {
		panic(errStopped)
	}
	return ctx.Value(callKey{}).(*call)
}

// run takes one instance from its making to its end.
func (p *Program) run(ctx context.Context, c *call, env abi.Envelope) (result abi.Result, fault *abi.Fault) {
	defer func() {
		// wazero recovers what guests and host functions do; this is about wazero itself.
		if r := recover(); r != nil {
			p.logger.Error("runtime panicked", "err", r, "stack", string(debug.Stack()))
			fault = abi.Faultf(abi.Internal, "the host has a defect, its log says more")
		}
	}()
	if err := env.Validate(); err != nil {
		return result, abi.Faultf(abi.Internal, "the host made a malformed call: %v", err)
	}
	envelope, err := json.Marshal(env)
	if err != nil {
		return result, abi.Faultf(abi.Internal, "the host made a malformed call: %v", err)
	}
	ctx = context.WithValue(ctx, callKey{}, c)
	instance, err := p.instantiate(ctx)
	if err != nil {
		return result, p.fault(ctx, c, nil, err)
	}
	defer instance.Close(context.WithoutCancel(ctx))
	if initialize := instance.ExportedFunction(abi.ExportInitialize); initialize != nil {
		if _, err := initialize.Call(ctx); err != nil {
			return result, p.fault(ctx, c, instance, err)
		}
	}
	c.begin(envelope)
	status, err := instance.ExportedFunction(abi.ExportInvoke).Call(ctx, uint64(len(envelope)))
	if err != nil {
		return result, p.fault(ctx, c, instance, err)
	}
	return c.outcome(api.DecodeI32(status[0]))
}

// begin gives the guest its envelope and its capabilities. It has none before, so that what _initialize
// does is the same for all calls.
func (c *call) begin(envelope []byte) {
	c.begun, c.envelope = true, envelope
	c.held[abi.ModuleSys] = envelope
}

// outcome judges a guest that has returned.
func (c *call) outcome(status int32) (abi.Result, *abi.Fault) {
	c.journal.endLines()
	switch {
	case status != 0:
		return abi.Result{}, c.blame(abi.Internal, fmt.Sprintf("%s returned %d, expected 0", abi.ExportInvoke, status))
	case c.result == nil && c.refused > 0:
		return abi.Result{}, c.blame(abi.LimitExceeded, fmt.Sprintf("a result of %d bytes, its limit is %d: return less, or in pages",
			c.refused, c.limits.Output))
	case c.result == nil:
		return abi.Result{}, c.blame(abi.Internal, fmt.Sprintf("the guest gave no result: it must hand one to %s before it returns", abi.ModuleSys))
	}
	result, err := abi.DecodeResult(c.result)
	if err != nil {
		return abi.Result{}, c.blame(abi.Internal, "the guest gave a malformed "+err.Error())
	}
	return result, nil
}
