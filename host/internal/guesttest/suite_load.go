package guesttest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

var loadChecks = slices.Concat(refusals(), []check{
	{"load/the caller's bytes are its own", func(tb testing.TB, s *session) {
		code := newProbe().module(wasmtest.I64Const(7))
		p := s.load(tb, guest.Module{Code: code})
		clear(code)
		equal(tb, "output", Output[[]int64](tb, p, Action("any", nil)), []int64{7})
	}},
	{"load/does not change the module", func(tb testing.TB, s *session) {
		code := newProbe().module(wasmtest.I64Const(7))
		before := bytes.Clone(code)
		s.load(tb, guest.Module{Code: code})
		if !bytes.Equal(code, before) {
			tb.Error("the caller's bytes were written to")
		}
	}},
	{"load/the same module many times at once", func(tb testing.TB, s *session) {
		code := newProbe().module(wasmtest.I64Const(70))
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				p, err := s.engine.Load(tb.Context(), guest.Module{Code: code})
				if err != nil {
					tb.Error(err)
					return
				}
				defer p.Close(context.Background())
				if outcome, err := p.Call(tb.Context(), Action("any", nil)); err != nil || string(outcome.Result.Output) != "[70]" {
					tb.Errorf("got %s, %v", outcome.Result.Output, err)
				}
			})
		}
		wg.Wait()
	}},
	{"load/programs share nothing", func(tb testing.TB, s *session) {
		one, two := s.load(tb, guest.Module{Code: newProbe().module(wasmtest.I64Const(1))}), s.load(tb, guest.Module{Code: newProbe().module(wasmtest.I64Const(2))})
		equal(tb, "output", Output[[]int64](tb, one, Action("any", nil)), []int64{1})
		if err := one.Close(tb.Context()); err != nil {
			tb.Error(err)
		}
		equal(tb, "output", Output[[]int64](tb, two, Action("any", nil)), []int64{2})
	}},
	{"load/cancelled", func(tb testing.TB, s *session) {
		ctx, cancel := context.WithCancel(tb.Context())
		cancel()
		if p, err := s.engine.Load(ctx, guest.Module{Code: newProbe().module(wasmtest.I64Const(77))}); err == nil {
			p.Close(context.Background())
			tb.Error("loaded, though nobody waited for it")
		}
	}},
	{"load/types in another order", func(tb testing.TB, s *session) {
		// Signatures are the same for what they are, not for where they stand.
		g := wasmtest.NewGuest()
		g.Types = append([]wasm.Signature{wasmtest.Type("", "l"), wasmtest.Type("df", "")}, g.Types...)
		if !Output[bool](tb, s.load(tb, guest.Module{Code: g.Invoke(nil, "")}), Action("any", nil)) {
			tb.Error("got another result")
		}
	}},
	{"load/names of the module do not clash", func(tb testing.TB, s *session) {
		g := wasmtest.NewGuest()
		g.Customs = []wasmtest.Code{wasmtest.Custom("name", "\x00"+wasmtest.Sized(wasmtest.Sized(abi.ModuleSys)))}
		code := g.Invoke(nil, "")
		one, two := s.load(tb, guest.Module{Code: code}), s.load(tb, guest.Module{Code: code})
		for _, p := range []guest.Program{one, two, one} {
			Output[bool](tb, p, Action("any", nil))
		}
	}},
})

// refusals has one module of each kind that is refused, with the kind.
func refusals() (all []check) {
	build := func(change func(*wasmtest.Guest)) []byte {
		g := wasmtest.NewGuest()
		change(g)
		return g.Invoke(nil, "")
	}
	for _, tt := range []struct {
		name string
		code []byte
		kind error
	}{
		{"nothing", nil, wasm.ErrNotWasm},
		{"text", []byte("(module)"), wasm.ErrNotWasm},
		{"a component", []byte("\x00asm\x0d\x00\x01\x00"), wasm.ErrComponent},
		{"a truncated module", build(func(*wasmtest.Guest) {})[:60], wasm.ErrMalformed},
		{"a start function", build(func(g *wasmtest.Guest) { g.Start = []uint32{g.Func(wasmtest.Type("", ""), nil, "")} }), wasm.ErrUnsupported},
		{"a large memory", build(func(g *wasmtest.Guest) { g.Memories[0].Min = 1 << 16 }), wasm.ErrLimit},
		{"a command", build(func(g *wasmtest.Guest) {
			g.Export("_start", wasm.KindFunction, g.Func(wasmtest.Type("", ""), nil, ""))
		}), wasm.ErrABI},
		{"an unknown import", wasmtest.NewGuest(wasmtest.Import{Module: "env", Name: "system", Type: wasmtest.Type("i", "i")}).Invoke(nil, ""), wasm.ErrABI},
		{"a lying import", wasmtest.NewGuest(wasmtest.Import{Module: abi.ModuleLog, Name: abi.FuncCall, Type: wasmtest.Type("i", "i")}).Invoke(nil, ""), wasm.ErrABI},
	} {
		all = append(all, check{"load/refuses " + tt.name, func(tb testing.TB, s *session) {
			p, err := s.engine.Load(tb.Context(), guest.Module{Code: tt.code})
			if err == nil {
				p.Close(context.Background())
				tb.Fatal("loaded")
			}
			var e *wasm.Error
			if !errors.As(err, &e) || !errors.Is(err, tt.kind) {
				tb.Errorf("got %v, want a *wasm.Error that matches %q", err, tt.kind)
			}
			wellBehaved(tb, s.program)
		}})
	}
	return all
}

var warmUpChecks = []check{
	{"warm-up/at most once, and the same for every call", func(tb testing.TB, s *session) {
		p := s.load(tb, guest.Module{Code: Guest(tb), WarmUp: []abi.Envelope{Action("count", nil).Envelope}})
		first := Output[int](tb, p, Action("count", nil))
		if first != 1 && first != 2 {
			tb.Errorf("the first call is the %dth of its instance, want the first, or the second after the warm-up", first)
		}
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				outcome, err := p.Call(tb.Context(), Action("count", nil))
				if err != nil || decode[int](tb, outcome.Result.Output) != first {
					tb.Errorf("got %s, %v; want %d as in the first call", outcome.Result.Output, err, first)
				}
			})
		}
		wg.Wait()
	}},
	{"warm-up/HTTP is answered with an empty object", func(tb testing.TB, s *session) {
		p := s.load(tb, guest.Module{Code: Guest(tb), WarmUp: []abi.Envelope{Action("warm", nil).Envelope}})
		switch seen := Output[[]string](tb, p, Action("warmth", nil)); {
		case len(seen) == 0: // not warmed up
		case len(seen) > 1:
			tb.Errorf("warmed up %d times, want once", len(seen))
		default:
			resp, err := abi.DecodeResponse([]byte(seen[0]))
			if err != nil || resp.Status != 200 || strings.TrimSpace(string(resp.Body)) != "{}" {
				tb.Errorf("the warm-up saw %q (%v), want status 200 and {}", seen[0], err)
			}
		}
	}},
	{"warm-up/a guest that fails it starts unwarmed", func(tb testing.TB, s *session) {
		for _, end := range []string{"trap", "spin", "panic", "exit", "silent", "hog", "seven", "deadlock"} {
			p := s.load(tb, guest.Module{Code: Guest(tb), Limits: abi.Limits{Wall: shortWall, Memory: 32 << 20},
				WarmUp: []abi.Envelope{Action("count", nil).Envelope, Action(end, nil).Envelope}})
			for range 2 {
				wellBehaved(tb, p)
			}
		}
	}},
	{"warm-up/a guest's own fault is no failure", func(tb testing.TB, s *session) {
		p := s.load(tb, guest.Module{Code: Guest(tb), WarmUp: []abi.Envelope{Action("fault", nil).Envelope, Action("no such operation", nil).Envelope}})
		wellBehaved(tb, p)
	}},
}
