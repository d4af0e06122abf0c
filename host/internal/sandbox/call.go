package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm"
)

// call is the host's side of one call: what the guest may still use, and what it has said. It is the context
// that guest code runs with, so that host functions find it. Guest and host take turns: it needs no lock.
type call struct {
	context.Context
	limits  abi.Limits
	clock   clock
	meter   meter
	http    func(context.Context, abi.Request) abi.Response
	journal *journal
	started time.Time

	instance *instance         // nil until there is one
	begun    bool              // _initialize is over and the guest may use its capabilities
	envelope []byte            // of this call
	held     map[string][]byte // reply that the host holds, by capability module
	result   []byte            // nil until the guest hands one over
	refused  int               // bytes of a result that was too large, 0 if there was none

	hostCalls, httpCalls int // so far
	used                 guest.Usage
}

func newCall(ctx context.Context, limits abi.Limits, clock clock, log func(abi.LogRecord)) *call {
	return &call{
		Context: ctx, limits: limits, clock: clock, meter: newMeter(limits.Fuel), started: time.Now(),
		journal: newJournal(log, limits.Log), held: map[string][]byte{},
	}
}

// enter returns the call that a host function works for. If its time is over the guest does not get an
// answer: the panic stops it where it stands. It is the only way that wazero has, which recovers it and
// returns it from the guest function's Call.
func enter(ctx context.Context) *call {
	c := ctx.(*call) // the runtime hands on the context that it was called with
	if c.Err() != nil {
		panic(errStopped)
	}
	return c
}

// run takes an instance through one call.
func (p *Program) run(c *call, env abi.Envelope) (abi.Result, *abi.Fault) {
	i, fault := p.instance(c)
	if fault != nil {
		return abi.Result{}, fault
	}
	result, fault := p.invoke(c, i, env)
	c.settle()
	if fault != nil || p.snapshot == nil {
		p.pool.discard(i)
		return result, fault
	}
	if c.used.Fuel > deep {
		i.lookUp()
	}
	p.pool.put(p, i)
	return result, nil
}

// deep is the fuel from which on a call may have left a stack behind that is worth to be given back.
const deep = 10_000_000

// instance returns an instance that no other call has touched.
func (p *Program) instance(c *call) (*instance, *abi.Fault) {
	if need := p.memoryAtStart(); int64(need) > c.limits.Memory {
		return nil, abi.Faultf(abi.LimitExceeded, "the guest starts with %d bytes of memory, more than this operation's limit of %d: raise that", need, c.limits.Memory)
	}
	if p.snapshot == nil {
		if err := p.pool.admit(); err != nil {
			return nil, abi.Faultf(abi.Unavailable, "%v", err)
		}
		i, fault := p.fresh(c)
		if fault != nil {
			p.pool.leave()
		}
		return i, fault
	}
	i, err := p.pool.get(c, p)
	if err != nil {
		p.logger.Error("no instance", "err", err)
		return nil, abi.Faultf(abi.Unavailable, "the host could not make an instance of the guest: %v", err)
	}
	return i, nil
}

// memoryAtStart is the size of the guest's memory before a call, in bytes.
func (p *Program) memoryAtStart() int {
	if p.snapshot != nil {
		return p.snapshot.image.Size()
	}
	return int(p.hardened.MinPages) * wasm.PageSize
}

// invoke hands env to the guest and returns what it makes of it.
func (p *Program) invoke(c *call, i *instance, env abi.Envelope) (result abi.Result, fault *abi.Fault) {
	defer func() {
		// wazero recovers what guests and host functions do; this is about wazero itself.
		if r := recover(); r != nil {
			p.logger.Error("runtime panicked", "err", r, "stack", string(debug.Stack()))
			fault = guest.DefectFault()
		}
	}()
	c.enlist(i)
	if end, ok := c.Deadline(); ok {
		env.Deadline = max(0, time.Until(end).Truncate(time.Millisecond).Seconds())
	}
	if c.clock.fixed {
		env.Deadline = c.limits.Wall.Seconds()
	}
	if err := env.Validate(); err != nil {
		return result, guest.MalformedFault(err)
	}
	envelope, err := json.Marshal(env)
	if err != nil {
		return result, guest.MalformedFault(err)
	}
	c.begin(envelope)
	stack := [1]uint64{uint64(len(envelope))}
	if err := i.invoke.CallWithStack(c, stack[:]); err != nil {
		return result, p.fault(c, err)
	}
	return c.outcome(api.DecodeI32(stack[0]))
}

// enlist puts an instance on the call's account. It may be repeated with the same one.
func (c *call) enlist(i *instance) {
	if c.instance == i {
		return
	}
	c.instance = i
	i.memory.SetLimit(int(c.limits.Memory))
	c.meter.attach(i.fuel)
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

// settle notes what the call has used of its instance, before that serves another.
func (c *call) settle() {
	c.used.Fuel, c.used.PeakMemory = c.meter.used(), int64(c.instance.memory.Peak())
}

// usage is what the call has used.
func (c *call) usage() guest.Usage {
	c.used.HTTPCalls, c.used.HostCalls, c.used.Wall, c.used.Slept = c.httpCalls, c.hostCalls, time.Since(c.started), c.clock.asleep
	return c.used
}
