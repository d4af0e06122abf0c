package difftest

import (
	"errors"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

const branchIf = "\x20\x00\x0d\x00" // to the innermost label, if local 0 is not 0

// worst are shapes that cost a compiler much for their size, n times something each.
var worst = []struct {
	name   string
	locals uint32
	most   int // times that Scan lets pass
	code   func(n int) wasmtest.Code
}{
	{"additions", 0, 87379, func(n int) wasmtest.Code { return "\x41\x01" + wasmtest.Repeat(n, "\x41\x01\x6a") + "\x1a" }},
	{"loads", 0, 87379, func(n int) wasmtest.Code { return "\x41\x01" + wasmtest.Repeat(n, "\x28\x02\x00") + "\x1a" }},
	{"calls", 0, 131071, func(n int) wasmtest.Code { return wasmtest.Repeat(n, "\x10\x00") }},
	{"loops", 10, 3173, func(n int) wasmtest.Code { return wasmtest.Repeat(n, "\x03\x40"+branchIf+"\x0b") }},
	{"loops, 999 locals", 999, 1538, func(n int) wasmtest.Code {
		return useLocals(999) + wasmtest.Repeat(n, "\x03\x40"+branchIf+"\x0b")
	}},
	{"ifs, 999 locals", 999, 3942, func(n int) wasmtest.Code {
		return useLocals(999) + wasmtest.Repeat(n, "\x20\x00\x04\x40\x20\x01\x21\x02\x0b")
	}},
	{"loops within each other", 10, 1976, func(n int) wasmtest.Code {
		return wasmtest.Repeat(n, "\x03\x40") + useLocals(10) + wasmtest.Repeat(n, branchIf+"\x0b")
	}},
	{"loops within each other, 300 locals", 300, 445, func(n int) wasmtest.Code {
		return wasmtest.Repeat(n, "\x03\x40") + useLocals(300) + wasmtest.Repeat(n, branchIf+"\x0b")
	}},
	{"blocks within each other", 10, 4096, func(n int) wasmtest.Code {
		return wasmtest.Repeat(n, "\x02\x40") + useLocals(10) + wasmtest.Repeat(n, branchIf+"\x0b")
	}},
	{"branches to one label", 1, 10644, func(n int) wasmtest.Code { return "\x02\x40" + wasmtest.Repeat(n, branchIf) + "\x0b" }},
	{"branches to one label, 100 locals", 100, 1121, func(n int) wasmtest.Code {
		return "\x02\x40" + wasmtest.Repeat(n, branchIf) + "\x0b" + useLocals(100)
	}},
	{"branches to a loop, 999 locals", 999, 349, func(n int) wasmtest.Code {
		return "\x03\x40" + useLocals(999) + wasmtest.Repeat(n, branchIf) + "\x0b"
	}},
	{"a loop around a br_table", 10, 1758, func(n int) wasmtest.Code {
		return "\x03\x40" + wasmtest.Repeat(n, "\x02\x40") + "\x20\x00\x0e" + wasmtest.Uleb(uint64(2*n-1)) + targets(2*n, n) +
			wasmtest.Repeat(n, "\x0b\x20\x01\x21\x02") + branchIf + "\x0b"
	}},
}

func useLocals(n int) (c wasmtest.Code) {
	for i := range uint32(n) {
		c += wasmtest.LocalGet(i) + "\x41\x01\x6a" + wasmtest.LocalSet((i+7)%uint32(n))
	}
	return c
}

func targets(n, blocks int) (c wasmtest.Code) {
	for i := range n {
		c += wasmtest.Uleb(uint64(i % blocks))
	}
	return c
}

func oneFunction(locals uint32, body wasmtest.Code) []byte {
	m := wasmtest.New()
	m.Memory(1)
	var declared []wasmtest.Locals
	if locals > 0 {
		declared = append(declared, wasmtest.Locals{N: locals, Type: wasm.I32})
	}
	m.Export("run", wasm.KindFunction, m.Func(wasmtest.Type("", ""), declared, body))
	return m.Bytes()
}

// TestWorstShapes compiles functions of each shape as large as Scan lets them be, and no larger. Before there were
// limits, some of 100 KB kept the compiler for minutes.
func TestWorstShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for long: skipped with -short")
	}
	for _, w := range worst {
		h, err := wasm.Harden(oneFunction(w.locals, w.code(w.most)))
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			continue
		}
		if _, err := wasm.Scan(oneFunction(w.locals, w.code(w.most+1))); !errors.Is(err, wasm.ErrLimit) {
			t.Errorf("%s: one more: got %v, want a limit", w.name, err)
		}
		start := time.Now()
		r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigCompiler())
		if _, err := r.CompileModule(t.Context(), h.Code); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		took := time.Since(start)
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
		t.Logf("%-36s %6d times, %6d bytes: compiled in %v", w.name, w.most, len(h.Code), took.Round(time.Millisecond))
		if took > 30*time.Second {
			t.Errorf("%s: compiled in %v, want less than 30 seconds", w.name, took)
		}
	}
}
