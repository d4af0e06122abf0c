package main

import (
	"context"
	"errors"

	"patchbay/abi"
	"patchbay/host/bench/work"
	"patchbay/host/internal/guest"
)

// openPatchbay runs a guest of the folder guest on one of Patchbay's engines.
func openPatchbay(open newEngine, name string, warmUp ...abi.Envelope) func(context.Context, *guests) (*runner, error) {
	return func(ctx context.Context, g *guests) (*runner, error) {
		code, err := g.code(ctx, name)
		if err != nil {
			return nil, err
		}
		l, err := load(ctx, open, engineConfig{cacheDir: g.cacheDir(), concurrency: 2}, module(code, warmUp...))
		if err != nil {
			return nil, err
		}
		r := &runner{work: l.work}
		if echoes(name) {
			r.echo, r.call = l.echo, l.mark
		}
		r.onClose(l.Close)
		return r, nil
	}
}

// loaded is a guest on an engine of its own.
type loaded struct {
	guest.Program
	engine guest.Engine
}

func load(ctx context.Context, open newEngine, config engineConfig, m guest.Module) (*loaded, error) {
	engine, err := open(ctx, config)
	if err != nil {
		return nil, err
	}
	program, err := engine.Load(ctx, m)
	if err != nil {
		return nil, errors.Join(err, engine.Close(ctx))
	}
	return &loaded{program, engine}, nil
}

// module asks for the warm-up that package host asks for, a sample of the operation's input, twice; and then for more.
// An engine answers the requests of these calls with {}.
func module(code []byte, more ...abi.Envelope) guest.Module {
	sample := envelope("work", work.Input(0))
	return guest.Module{Code: code, WarmUp: append([]abi.Envelope{sample, sample}, more...)}
}

// primed is a warm-up call in which the guest reads a response such as the vendor's.
var primed = envelope("prime", []byte("null"))

func (l *loaded) Close() error {
	ctx := context.Background()
	return errors.Join(l.Program.Close(ctx), l.engine.Close(ctx))
}

func (l *loaded) work(input []byte) ([]byte, error) {
	return l.call(guest.Call{Envelope: envelope("work", input), HTTP: workVendor})
}

func workVendor(_ context.Context, req abi.Request) abi.Response { return replyToWork(req) }

func (l *loaded) echo(payload []byte) ([]byte, error) {
	e := echoing{payload: payload}
	_, err := l.call(guest.Call{
		Envelope: envelope("echo", []byte("null")),
		HTTP:     func(_ context.Context, req abi.Request) abi.Response { return e.http(req) },
	})
	return e.back, err
}

func (l *loaded) mark() error {
	_, err := l.call(guest.Call{Envelope: envelope("mark", []byte("null"))})
	return err
}

func (l *loaded) call(c guest.Call) ([]byte, error) {
	outcome, err := l.Call(context.Background(), c)
	if err == nil && outcome.Result.Fault != nil {
		err = outcome.Result.Fault
	}
	return outcome.Result.Output, err
}
