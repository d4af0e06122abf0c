package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
	"patchbay/wasm"
)

// This file runs what wasm.Harden makes of a guest, as far as that needs a host.

// linkMeter makes the function that a guest calls when it has used up its fuel, which these calls never do.
func linkMeter(ctx context.Context, r wazero.Runtime) error {
	_, err := r.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) {
			panic(errors.New("out of fuel"))
		}), nil, nil).Export(wasm.MeterTick).Instantiate(ctx)
	return err
}

// startHardened makes an instance, puts the data into its memory that hardening took out of the module, and
// initialises it.
func startHardened(ctx context.Context, r wazero.Runtime, code wazero.CompiledModule, config wazero.ModuleConfig, h *wasm.Hardened) (api.Module, error) {
	m, err := r.InstantiateModule(ctx, code, config.WithStartFunctions())
	if err != nil {
		return nil, err
	}
	for _, s := range h.Data {
		if !m.Memory().Write(s.Offset, s.Bytes) {
			return nil, fmt.Errorf("data of %d bytes at %#x does not fit", len(s.Bytes), s.Offset)
		}
	}
	refuel(m)
	if _, err := m.ExportedFunction(abi.ExportInitialize).Call(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// refuel gives an instance what a call may use by default.
func refuel(m api.Module) {
	m.ExportedGlobal(wasm.FuelGlobal).(api.MutableGlobal).Set(uint64(abi.Limits{}.WithDefaults().Fuel))
}
