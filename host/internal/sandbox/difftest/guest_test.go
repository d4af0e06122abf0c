package difftest

import (
	"context"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"patchbay/host/internal/guesttest"
	"patchbay/wasm"
)

// goGuest returns testdata/guest, compiled once a run.
var goGuest = sync.OnceValues(func() ([]byte, error) {
	return guesttest.Build("patchbay/host/internal/sandbox/difftest/testdata/guest")
})

// startGuest instantiates testdata/guest, hardened if h is not nil, and initializes it.
func startGuest(tb testing.TB, config wazero.RuntimeConfig, raw []byte, h *wasm.Hardened) api.Module {
	tb.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	tb.Cleanup(func() {
		if err := r.Close(ctx); err != nil {
			tb.Error(err)
		}
	})
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	code := raw
	if h != nil {
		code = h.Code
		hostMeter(tb, r, func(api.Module) { tb.Error("out of fuel") })
	}
	m, err := r.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		tb.Fatal(err)
	}
	if h != nil {
		fill(tb, m, h, 1<<60)
	}
	if _, err := m.ExportedFunction("_initialize").Call(ctx); err != nil {
		tb.Fatal(err)
	}
	return m
}

// hostMeter gives a runtime the host's part of metering.
func hostMeter(tb testing.TB, r wazero.Runtime, tick func(api.Module)) {
	tb.Helper()
	_, err := r.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, _ []uint64) { tick(m) }), nil, nil).
		Export(wasm.MeterTick).Instantiate(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
}

// fill writes the data that Harden has lifted out, and sets the fuel.
func fill(tb testing.TB, m api.Module, h *wasm.Hardened, fuel int64) {
	tb.Helper()
	for _, s := range h.Data {
		if !m.Memory().Write(s.Offset, s.Bytes) {
			tb.Fatalf("%d bytes at %d are outside of the memory", len(s.Bytes), s.Offset)
		}
	}
	fuelOf(m).Set(uint64(fuel))
}

func fuelOf(m api.Module) api.MutableGlobal {
	return m.ExportedGlobal(wasm.FuelGlobal).(api.MutableGlobal)
}

// TestGuest: what a Go guest computes, metered or not and on either engine, is the same, and so is its fuel.
func TestGuest(t *testing.T) {
	t.Parallel()
	raw, err := goGuest()
	if err != nil {
		t.Fatal(err)
	}
	h, err := wasm.Harden(raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Obstacles) > 0 || len(h.Data) == 0 || len(h.Globals) == 0 {
		t.Errorf("obstacles %v, %d data segments, %d globals", h.Obstacles, len(h.Data), len(h.Globals))
	}
	plain := startGuest(t, wazero.NewRuntimeConfigCompiler(), raw, nil)
	compiled := startGuest(t, wazero.NewRuntimeConfigCompiler(), raw, h)
	interpreted := startGuest(t, wazero.NewRuntimeConfigInterpreter(), raw, h)
	for _, c := range []struct {
		name string
		arg  uint64
		work int64 // calls or turns of a loop, at least
	}{{"transcode", 1, 40}, {"count", 10_000, 10_000}, {"fibonacci", 12, 233}} {
		want, _ := run(t, plain, c.name, c.arg)
		got, fuel := run(t, compiled, c.name, c.arg)
		again, same := run(t, interpreted, c.name, c.arg)
		if got != want || again != want {
			t.Errorf("%s: raw %d, hardened %d, interpreted %d", c.name, want, got, again)
		}
		if fuel < c.work {
			t.Errorf("%s: fuel %d for %d calls or turns", c.name, fuel, c.work)
		}
		// Go's own scheduler reads the clock, so that runs differ a little; loops and calls of one function do not.
		if c.name != "transcode" && fuel != same {
			t.Errorf("%s: fuel %d on the compiler, %d on the interpreter", c.name, fuel, same)
		}
	}
}

// run calls an export and returns its result and the fuel that it took, if the module is hardened.
func run(t *testing.T, m api.Module, name string, arg uint64) (result uint64, fuel int64) {
	t.Helper()
	read := func() int64 {
		if m.ExportedGlobal(wasm.FuelGlobal) == nil {
			return 0
		}
		return int64(fuelOf(m).Get())
	}
	before := read()
	got, err := m.ExportedFunction(name).Call(t.Context(), arg)
	if err != nil {
		t.Fatal(err)
	}
	return got[0], before - read()
}

// BenchmarkGuest compares the raw and the hardened guest in one run.
func BenchmarkGuest(b *testing.B) {
	raw, err := goGuest()
	if err != nil {
		b.Fatal(err)
	}
	h, err := wasm.Harden(raw)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []struct {
		name string
		arg  uint64
	}{{"transcode", 10}, {"count", 10_000_000}, {"fibonacci", 27}} {
		for _, kind := range []string{"raw", "hardened"} {
			b.Run(f.name+"/"+kind, func(b *testing.B) {
				which := h
				if kind == "raw" {
					which = nil
				}
				m := startGuest(b, wazero.NewRuntimeConfigCompiler(), raw, which)
				call := m.ExportedFunction(f.name)
				before := uint64(0)
				if which != nil {
					before = fuelOf(m).Get()
				}
				for b.Loop() {
					if _, err := call.Call(context.Background(), f.arg); err != nil {
						b.Fatal(err)
					}
				}
				if which != nil {
					b.ReportMetric(float64(before-fuelOf(m).Get())/float64(b.N), "fuel/op")
				}
			})
		}
	}
}
