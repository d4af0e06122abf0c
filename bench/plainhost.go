package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
)

// plainHost is the least that a guest of package abi needs of a host, for one call at a time.
type plainHost struct {
	http func(abi.Request) abi.Response

	envelope, response []byte // replies held for the guest
	result             []byte
}

// invoke runs one call and returns its output.
func (h *plainHost) invoke(ctx context.Context, instance api.Module, env abi.Envelope) ([]byte, error) {
	var err error
	if h.envelope, err = json.Marshal(env); err != nil {
		return nil, err
	}
	h.result = nil
	status, err := instance.ExportedFunction(abi.ExportInvoke).Call(ctx, uint64(len(h.envelope)))
	if err != nil {
		return nil, err
	}
	if status[0] != 0 || h.result == nil {
		return nil, fmt.Errorf("the guest returned %d and a result of %d bytes", int32(status[0]), len(h.result))
	}
	result, err := abi.DecodeResult(h.result)
	if err == nil && result.Fault != nil {
		err = result.Fault
	}
	return result.Output, err
}

// link makes the capability modules. Each function gets the guest's bytes at (ptr, size) and a third number.
func (h *plainHost) link(ctx context.Context, r wazero.Runtime) error {
	return errors.Join(
		h.module(ctx, r, abi.ModuleSys, h.sysCall, func() []byte { return h.envelope }),
		h.module(ctx, r, abi.ModuleHTTP, h.httpCall, func() []byte { return h.response }),
		h.module(ctx, r, abi.ModuleLog, func([]byte) int64 { return 0 }, func() []byte { return nil }),
	)
}

func (h *plainHost) module(ctx context.Context, r wazero.Runtime, name string, call func([]byte) int64, held func() []byte) error {
	const i32, i64 = api.ValueTypeI32, api.ValueTypeI64
	b := r.NewHostModuleBuilder(name)
	b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, guest api.Module, stack []uint64) {
		view, ok := guest.Memory().Read(uint32(stack[1]), uint32(stack[2]))
		if !ok {
			stack[0] = api.EncodeI64(-int64(abi.EFAULT))
			return
		}
		stack[0] = api.EncodeI64(call(append([]byte(nil), view...)))
	}), []api.ValueType{i32, i32, i32}, []api.ValueType{i64}).Export(abi.FuncCall)
	b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, guest api.Module, stack []uint64) {
		view, ok := guest.Memory().Read(uint32(stack[0]), uint32(stack[1]))
		reply, off := held(), uint32(stack[2])
		if !ok || int64(off) > int64(len(reply)) {
			stack[0] = api.EncodeI32(-int32(abi.EFAULT))
			return
		}
		stack[0] = api.EncodeI32(int32(copy(view, reply[off:])))
	}), []api.ValueType{i32, i32, i32}, []api.ValueType{i32}).Export(abi.FuncTake)
	_, err := b.Instantiate(ctx)
	return err
}

func (h *plainHost) sysCall(request []byte) int64 {
	h.result = request
	return 0
}

func (h *plainHost) httpCall(request []byte) int64 {
	req, err := abi.DecodeRequest(request)
	if err != nil {
		return -int64(abi.EINVAL)
	}
	resp := h.http(req)
	if h.response, err = resp.Encode(); err != nil {
		return -int64(abi.EINVAL)
	}
	return int64(len(h.response))
}
