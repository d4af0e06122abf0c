package main

import (
	"context"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"patchbay/abi"
	"patchbay/wasm"
)

type wazeroOptions struct {
	context bool // WithCloseOnContextDone, and a deadline for every call
	renew   bool // a new instance for every call
	harden  bool // the module rewritten as Patchbay's engines do
}

// plain runs a guest of package abi on wazero and nothing else: no limits, no isolation. It says the same to the
// guest, and reads what the guest says with the same care, as Patchbay's engines, so that what differs between the
// rows is what the engines add.
type plain struct {
	wazeroOptions
	runtime  wazero.Runtime
	code     wazero.CompiledModule
	hardened *wasm.Hardened // nil unless harden
	instance api.Module     // nil with renew
	host     *plainHost
}

// openWazero runs a guest of the folder guest.
func openWazero(name string, o wazeroOptions) func(context.Context, *guests) (*runner, error) {
	return func(ctx context.Context, g *guests) (*runner, error) {
		code, err := g.code(ctx, name)
		if err != nil {
			return nil, err
		}
		p, err := newPlain(ctx, code, o)
		if err != nil {
			return nil, err
		}
		r := &runner{work: p.work}
		if echoes(name) {
			r.echo = p.echo
		}
		r.onClose(p.Close)
		return r, nil
	}
}

// newPlain compiles the guest. A ctx with an allocator decides where memories are.
func newPlain(ctx context.Context, code []byte, o wazeroOptions) (*plain, error) {
	p := &plain{wazeroOptions: o, host: &plainHost{}}
	p.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(o.context))
	if err := p.prepare(ctx, code); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *plain) Close() error { return p.runtime.Close(context.Background()) }

func (p *plain) prepare(ctx context.Context, code []byte) (err error) {
	if p.harden {
		if p.hardened, err = wasm.Harden(code); err != nil {
			return err
		}
		code = p.hardened.Code
	}
	if err = p.link(ctx); err != nil {
		return err
	}
	if p.code, err = p.runtime.CompileModule(ctx, code); err != nil || p.renew {
		return err
	}
	p.instance, err = p.instantiate(ctx)
	return err
}

func (p *plain) link(ctx context.Context) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, p.runtime); err != nil {
		return err
	}
	if p.harden {
		if err := linkMeter(ctx, p.runtime); err != nil {
			return err
		}
	}
	return p.host.link(ctx, p.runtime)
}

func (p *plain) instantiate(ctx context.Context) (api.Module, error) {
	config := wazero.NewModuleConfig().WithName("").WithSysNanotime().WithSysWalltime()
	if p.harden {
		return startHardened(ctx, p.runtime, p.code, config, p.hardened)
	}
	return p.runtime.InstantiateModule(ctx, p.code, config.WithStartFunctions(abi.ExportInitialize))
}

func (p *plain) work(input []byte) ([]byte, error) {
	p.host.http = replyToWork
	return p.call(envelope("work", input))
}

func (p *plain) echo(payload []byte) ([]byte, error) {
	e := echoing{payload: payload}
	p.host.http = e.http
	_, err := p.call(envelope("echo", []byte("null")))
	return e.back, err
}

func (p *plain) call(env abi.Envelope) ([]byte, error) {
	ctx := context.Background()
	if p.context {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	instance := p.instance
	if p.renew {
		var err error
		if instance, err = p.instantiate(ctx); err != nil {
			return nil, err
		}
		defer instance.Close(ctx)
	}
	if p.harden {
		refuel(instance)
	}
	return p.host.invoke(ctx, instance, env)
}
