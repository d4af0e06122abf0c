package difftest

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"

	"patchbay/wasm"
)

// observation is all that can be seen of a run.
type observation struct {
	Calls   []string // result or trap of each call
	Memory  uint64   // a hash of it
	Pages   uint32
	Globals []uint64
}

const plenty = 1 << 40

// observe calls the functions of a generated module with some arguments. Of a hardened one it returns the fuel used.
func observe(t *rapid.T, config wazero.RuntimeConfig, code []byte, h *wasm.Hardened, exports []string) (o observation, fuel int64) {
	ctx := context.Background()
	if h != nil {
		code = h.Code
		config = config.WithMemoryLimitPages(h.MaxPages) // which is for the host to see to
	}
	r := wazero.NewRuntimeWithConfig(ctx, config)
	defer r.Close(ctx)
	if h != nil {
		tick := api.GoModuleFunc(func(context.Context, api.Module, []uint64) { panic("out of fuel") })
		_, err := r.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().WithGoModuleFunction(tick, nil, nil).
			Export(wasm.MeterTick).Instantiate(ctx)
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := r.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig())
	if err != nil {
		t.Fatalf("%v: % x", err, code)
	}
	if h != nil {
		for _, s := range h.Data {
			m.Memory().Write(s.Offset, s.Bytes)
		}
		fuelOf(m).Set(plenty)
	}
	for _, name := range exports {
		for _, arg := range []uint64{0, 3, 1<<32 - 2} {
			result, err := m.ExportedFunction(name).Call(ctx, arg, arg<<7)
			o.Calls = append(o.Calls, fmt.Sprint(result)+trap(err))
		}
	}
	hash := fnv.New64a()
	memory, _ := m.Memory().Read(0, m.Memory().Size())
	hash.Write(memory)
	o.Memory, o.Pages = hash.Sum64(), m.Memory().Size()/wasm.PageSize
	for i := range work + 1 {
		o.Globals = append(o.Globals, m.ExportedGlobal(fmt.Sprintf("global%d", i)).Get())
	}
	if h != nil {
		fuel = plenty - int64(fuelOf(m).Get())
	}
	return o, fuel
}

// trap returns the first line of an error, without the stack.
func trap(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return " " + line
}

// TestGenerated: a hardened module does what the raw one does. Its fuel is the same on both engines, and pays for all
// that the module counts of its own calls and turns of loops.
func TestGenerated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, exports := generate(t)
		h, err := wasm.Harden(raw)
		if err != nil {
			t.Fatalf("%v: % x", err, raw)
		}
		want, _ := observe(t, wazero.NewRuntimeConfigInterpreter(), raw, nil, exports)
		got, fuel := observe(t, wazero.NewRuntimeConfigCompiler(), nil, h, exports)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("raw on the interpreter, hardened on the compiler:\n%s% x", diff, raw)
		}
		if _, interpreted := observe(t, wazero.NewRuntimeConfigInterpreter(), nil, h, exports); interpreted != fuel {
			t.Fatalf("fuel %d on the compiler, %d on the interpreter: % x", fuel, interpreted, raw)
		}
		// Each of them is four instructions at least, which add 1 to the global.
		if did := int64(got.Globals[work]); fuel < 4*did {
			t.Fatalf("fuel %d for %d calls and turns: % x", fuel, did, raw)
		}
	})
}
