package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
	"patchbay/wasm"
)

// capability is a module of host functions as package abi has them: call and take.
type capability struct {
	name       string
	operations map[int32]operation
	granted    func(*call) bool
	free       bool // its calls are not counted
}

// operation is what one op of a capability does.
type operation struct {
	ready func(*call) abi.Errno                                                          // whether it may be used now; nil for always
	max   func(abi.Limits) int64                                                         // bytes of a request
	over  func(c *call, size int)                                                        // notes a request beyond max; may be nil
	serve func(ctx context.Context, c *call, request []byte) (reply []byte, _ abi.Errno) // owns request
}

// requestHead is what the head of an HTTP request, its method, URL and headers, may take beside the body.
const requestHead = 64 << 10

func capabilities() []capability {
	always := func(*call) bool { return true }
	return []capability{
		{name: abi.ModuleSys, granted: always, free: true, operations: map[int32]operation{
			abi.OpEnvelope: {max: func(abi.Limits) int64 { return 0 }, serve: serveEnvelope},
			abi.OpResult:   {ready: resultAwaited, max: func(l abi.Limits) int64 { return l.Output }, over: overOutput, serve: serveResult},
		}},
		{name: abi.ModuleHTTP, granted: func(c *call) bool { return c.http != nil }, operations: map[int32]operation{
			abi.OpSend: {max: func(l abi.Limits) int64 { return l.RequestBody + requestHead }, serve: serveSend},
		}},
		{name: abi.ModuleLog, granted: always, operations: map[int32]operation{
			abi.OpWrite: {max: func(l abi.Limits) int64 { return l.Log }, serve: serveWrite},
		}},
	}
}

// linkHost makes the modules that guests import from. It uses functions over the raw stack: those found by
// reflection cost thirty times as much.
func linkHost(ctx context.Context, r wazero.Runtime) error {
	for _, c := range capabilities() {
		functions := map[string]api.GoModuleFunc{abi.FuncCall: c.call, abi.FuncTake: c.take}
		if err := link(ctx, r, c.name, functions); err != nil {
			return err
		}
	}
	return errors.Join(link(ctx, r, abi.ModuleWASI, wasiFunctions()), linkMeter(ctx, r))
}

// link makes one module, with the signatures that wasm.Check holds guests to.
func link(ctx context.Context, r wazero.Runtime, name string, functions map[string]api.GoModuleFunc) error {
	builder := r.NewHostModuleBuilder(name)
	for function, signature := range wasm.HostFunctions(name) {
		f, ok := functions[function]
		if !ok {
			return fmt.Errorf("%s.%s has no implementation", name, function)
		}
		builder.NewFunctionBuilder().
			WithGoModuleFunction(f, valueTypes(signature.Params), valueTypes(signature.Results)).
			Export(function)
	}
	_, err := builder.Instantiate(ctx)
	return err
}

func valueTypes(types []wasm.ValueType) []api.ValueType {
	out := make([]api.ValueType, len(types))
	for i, t := range types {
		out[i] = api.ValueType(t) // both are the binary format's
	}
	return out
}

// call is the host function call(op, ptr, len) -> length of the reply or negated errno.
func (m capability) call(ctx context.Context, guest api.Module, stack []uint64) {
	c := enter(ctx)
	c.pay(fuelCall, 1)
	op, ptr, size := api.DecodeI32(stack[0]), api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	reply, errno := m.answer(ctx, c, guest.Memory(), op, ptr, size)
	enter(ctx) // a host function may have used up the time
	c.held[m.name] = reply
	stack[0] = uint64(len(reply))
	if errno != 0 {
		stack[0] = api.EncodeI64(-int64(errno))
	}
}

// answer checks a request in the order from whether it may be made at all to what it says.
func (m capability) answer(ctx context.Context, c *call, memory api.Memory, op int32, ptr, size uint32) ([]byte, abi.Errno) {
	if errno := m.usable(c); errno != 0 {
		return nil, errno
	}
	operation, ok := m.operations[op]
	if !ok {
		return nil, abi.ENOSYS
	}
	if !m.free {
		if c.hostCalls >= c.limits.HostCalls {
			return nil, abi.ENOSPC
		}
		c.hostCalls++
	}
	if int64(size) > operation.max(c.limits) {
		if operation.over != nil {
			operation.over(c, int(size))
		}
		return nil, abi.E2BIG
	}
	if operation.ready != nil {
		if errno := operation.ready(c); errno != 0 {
			return nil, errno
		}
	}
	view, ok := memory.Read(ptr, size)
	if !ok {
		return nil, abi.EFAULT
	}
	c.pay(fuelRead, len(view))
	return operation.serve(ctx, c, bytes.Clone(view)) // a copy: the view is the guest's memory
}

func (m capability) usable(c *call) abi.Errno {
	switch {
	case !c.begun:
		return abi.EINVAL
	case !m.granted(c):
		return abi.EPERM
	}
	return 0
}

// take is the host function take(ptr, cap, off) -> bytes copied or negated errno.
func (m capability) take(ctx context.Context, guest api.Module, stack []uint64) {
	c := enter(ctx)
	c.pay(fuelCall, 1)
	ptr, size, off := api.DecodeU32(stack[0]), api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	n, errno := m.copyHeld(c, guest.Memory(), ptr, size, off)
	stack[0] = api.EncodeI32(int32(n))
	if errno != 0 {
		stack[0] = api.EncodeI32(-int32(errno))
	}
}

func (m capability) copyHeld(c *call, memory api.Memory, ptr, size, off uint32) (int, abi.Errno) {
	if errno := m.usable(c); errno != 0 {
		return 0, errno
	}
	view, ok := memory.Read(ptr, size)
	if !ok {
		return 0, abi.EFAULT
	}
	held := c.held[m.name]
	if uint64(off) > uint64(len(held)) {
		return 0, abi.EINVAL
	}
	c.pay(fuelCopy, min(len(view), len(held)-int(off)))
	return copy(view, held[off:]), 0
}
