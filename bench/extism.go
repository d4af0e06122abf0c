package main

import (
	"context"
	"fmt"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"patchbay/host/bench/work"
)

func openExtism(renew bool) func(context.Context, *guests) (*runner, error) {
	return func(ctx context.Context, g *guests) (*runner, error) {
		code, err := g.code(ctx, "extism")
		if err != nil {
			return nil, err
		}
		manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: code}}}
		config := extism.PluginConfig{EnableWasi: true, RuntimeConfig: wazero.NewRuntimeConfigCompiler()}
		compiled, err := extism.NewCompiledPlugin(ctx, manifest, config, []extism.HostFunction{extismExchange()})
		if err != nil {
			return nil, err
		}
		r := &runner{}
		r.onClose(func() error { return compiled.Close(context.Background()) })
		call := extismNew(compiled)
		if !renew {
			plugin, err := extismInstance(compiled)
			if err != nil {
				return nil, err
			}
			r.onClose(func() error { return plugin.Close(context.Background()) })
			call = func(function string, data []byte) ([]byte, error) { return extismCall(plugin, function, data) }
		}
		r.work = func(input []byte) ([]byte, error) { return call("run", input) }
		r.echo = func(payload []byte) ([]byte, error) { return call("echo", payload) }
		return r, nil
	}
}

func extismInstance(c *extism.CompiledPlugin) (*extism.Plugin, error) {
	clocks := wazero.NewModuleConfig().WithSysNanotime().WithSysWalltime()
	return c.Instance(context.Background(), extism.PluginInstanceConfig{ModuleConfig: clocks})
}

func extismNew(c *extism.CompiledPlugin) func(string, []byte) ([]byte, error) {
	return func(function string, data []byte) ([]byte, error) {
		plugin, err := extismInstance(c)
		if err != nil {
			return nil, err
		}
		defer plugin.Close(context.Background())
		return extismCall(plugin, function, data)
	}
}

func extismCall(p *extism.Plugin, function string, data []byte) ([]byte, error) {
	status, output, err := p.Call(function, data)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s returned %d", function, status)
	}
	return output, err
}

// extismExchange is the host's function that answers requests from memory. extism's own http_request would go to
// the network.
func extismExchange() extism.HostFunction {
	reply := work.Reply()
	return extism.NewHostFunctionWithStack("exchange", func(_ context.Context, p *extism.CurrentPlugin, stack []uint64) {
		if _, err := p.ReadBytes(stack[0]); err != nil {
			panic(err) // extism's way to give the guest's caller an error
		}
		offset, err := p.WriteBytes(reply)
		if err != nil {
			panic(err)
		}
		stack[0] = offset
	}, []extism.ValueType{extism.ValueTypePTR}, []extism.ValueType{extism.ValueTypePTR})
}
