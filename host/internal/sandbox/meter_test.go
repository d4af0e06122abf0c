package sandbox

import (
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

// fuelGlobal is a global without a module.
type fuelGlobal struct {
	api.MutableGlobal
	v uint64
}

func (g *fuelGlobal) Get() uint64  { return g.v }
func (g *fuelGlobal) Set(v uint64) { g.v = v }

// TestMeter charges at random and looks whether the sum is what was charged, until the limit is reached.
func TestMeter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 4*slice).Draw(t, "limit")
		g := &fuelGlobal{}
		m := newMeter(limit)
		m.attach(g)
		charged := int64(0)
		for range rapid.IntRange(0, 20).Draw(t, "charges") {
			n := rapid.Int64Range(0, 2*slice).Draw(t, "charge")
			charged += n
			g.v -= uint64(n)
			if int64(g.v) >= 0 {
				continue
			}
			if ok := m.refill(); ok != (charged <= limit) {
				t.Fatalf("refill after %d of %d: %t", charged, limit, ok)
			} else if !ok {
				break
			}
		}
		if got, want := m.used(), min(charged, limit); got != want {
			t.Errorf("used %d, want %d", got, want)
		}
		if int64(g.v) > slice {
			t.Errorf("%d units were handed out at a time", int64(g.v))
		}
	})
}

// TestMeter_HostFunctions has guests that let the host work for them without an end. They run out of fuel, long before
// their time is over.
func TestMeter_HostFunctions(t *testing.T) {
	t.Parallel()
	const size = 60_000
	function := func(name string) wasmtest.Import { return wasmtest.Import{Module: abi.ModuleWASI, Name: name} }
	tests := map[string]struct {
		imports []wasmtest.Import
		turn    wasmtest.Code
	}{
		"random_get": {[]wasmtest.Import{function("random_get")},
			wasmtest.I32Const(0) + wasmtest.I32Const(size) + wasmtest.Call(2) + wasmtest.Drop},
		"fd_write": {[]wasmtest.Import{function("fd_write")}, // one vector, of size bytes at 0
			wasmtest.I32Const(1004) + wasmtest.I32Const(size) + wasmtest.I32Store(0) +
				wasmtest.I32Const(1) + wasmtest.I32Const(1000) + wasmtest.I32Const(1) + wasmtest.I32Const(1012) + wasmtest.Call(2) + wasmtest.Drop},
		"log": {[]wasmtest.Import{{Module: abi.ModuleLog, Name: abi.FuncCall}},
			wasmtest.I32Const(int32(abi.OpWrite)) + wasmtest.I32Const(0) + wasmtest.I32Const(size) + wasmtest.Call(2) + wasmtest.Drop},
		"envelope": {nil,
			wasmtest.I32Const(int32(abi.OpEnvelope)) + wasmtest.I32Const(0) + wasmtest.I32Const(0) + wasmtest.Call(0) + wasmtest.Drop},
	}
	for name, tt := range tests {
		module := wasmtest.NewGuest(tt.imports...).InvokeOnly(nil, wasmtest.Loop(tt.turn, wasmtest.Br(0))+wasmtest.Unreachable)
		p := load(t, newEngine(t, Config{Cache: cache}), guest.Module{Code: module})
		c := anyCall
		c.Limits = abi.Limits{Fuel: 20_000_000, Wall: 20 * time.Second, HostCalls: 1 << 30, Log: 1 << 40}
		wantFault(t, p, c, abi.LimitExceeded, "used up its fuel")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}
