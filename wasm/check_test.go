package wasm

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"patchbay/abi"
)

// What a guest exports. The functions are those of guestModule, after n imported ones.
func exportsAfter(n byte) [][]byte {
	return [][]byte{
		exportOf("memory", KindMemory, 0),
		exportOf("_initialize", KindFunction, n),
		exportOf("patchbay_invoke", KindFunction, n+1),
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	call := importOf(abi.ModuleSys, abi.FuncCall, 0, 2)
	tests := []struct {
		name    string
		imports [][]byte
		exports [][]byte // nil: those that a guest needs
		want    []string // parts of the error; none: it is a guest
	}{
		{"guest", [][]byte{call, importOf(abi.ModuleHTTP, abi.FuncTake, 0, 3), importOf(abi.ModuleWASI, "proc_exit", 0, 4)}, nil, nil},
		{"imports twice", [][]byte{call, call}, nil, nil},
		{"without _initialize", nil, [][]byte{exportOf("memory", KindMemory, 0), exportOf("patchbay_invoke", KindFunction, 1)}, nil},

		{"unknown module", [][]byte{importOf("env", "abort", 0, 0)}, nil, []string{`import section, entry 0, byte`, `imports "abort" from "env"`, "undefined symbols"}},
		{"js", [][]byte{importOf("gojs", "x", 0, 0)}, nil, []string{"GOOS=wasip1"}},
		{"old WASI", [][]byte{importOf("wasi_unstable", "fd_write", 0, 0)}, nil, []string{"wasi_snapshot_preview1, which followed it"}},
		{"new WASI", [][]byte{importOf("wasi:cli/stdout@0.2.0", "get-stdout", 0, 0)}, nil, []string{"wasm-tools component unbundle"}},
		{"later capability", [][]byte{importOf("patchbay.sys.v2", "call", 0, 2)}, nil, []string{`"patchbay.sys.v2", which no host offers`, "patchbay.http.v1"}},
		{"unknown function", [][]byte{importOf(abi.ModuleSys, "exec", 0, 2)}, nil, []string{`patchbay.sys.v1 has no function "exec"`, "its functions are call and take"}},
		{"unknown WASI function", [][]byte{importOf(abi.ModuleWASI, "fd_exec", 0, 2)}, nil, []string{"preview 1"}},
		{"signature", [][]byte{importOf(abi.ModuleSys, abi.FuncCall, 0, 3)}, nil, []string{"with the type (i32, i32, i32) -> (i32), it has (i32, i32, i32) -> (i64)"}},
		{"parameters", [][]byte{importOf(abi.ModuleWASI, "random_get", 0, 3)}, nil, []string{"it has (i32, i32) -> (i32)"}},
		{"global", [][]byte{importOf(abi.ModuleSys, abi.FuncCall, 3, 0x7f, 0)}, nil, []string{"as a global, it is a function"}},
		{"several", [][]byte{importOf("a", "b", 0, 0), importOf("c", "d", 0, 0)}, nil, []string{"entry 0", "entry 1"}},

		{"command", nil, [][]byte{exportOf("memory", KindMemory, 0), exportOf("_start", KindFunction, 0)}, []string{"export section, byte", "a command with _start", "-buildmode=c-shared"}},
		{"command and reactor", nil, [][]byte{exportOf("memory", KindMemory, 0), exportOf("patchbay_invoke", KindFunction, 1), exportOf("_start", KindFunction, 0)}, []string{"a command with _start"}},
		{"no memory", nil, [][]byte{exportOf("patchbay_invoke", KindFunction, 1)}, []string{"export section: does not export memory as its memory"}},
		{"memory is a table", nil, [][]byte{exportOf("memory", KindTable, 0), exportOf("patchbay_invoke", KindFunction, 1)}, []string{"as its memory, but as a table"}},
		{"no invoke", nil, [][]byte{exportOf("memory", KindMemory, 0)}, []string{"does not export patchbay_invoke as a function (i32) -> (i32)"}},
		{"type of invoke", nil, [][]byte{exportOf("memory", KindMemory, 0), exportOf("patchbay_invoke", KindFunction, 0)}, []string{"but as a function () -> ()"}},
		{"invoke is a memory", nil, [][]byte{exportOf("memory", KindMemory, 0), exportOf("patchbay_invoke", KindMemory, 0)}, []string{"but as a memory"}},
		{"type of initialize", nil, [][]byte{exportOf("memory", KindMemory, 0), exportOf("patchbay_invoke", KindFunction, 1), exportOf("_initialize", KindFunction, 1)}, []string{"does not export _initialize as a function () -> ()"}},
		{"nothing", nil, [][]byte{}, []string{"does not export memory", "does not export patchbay_invoke"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			exports := tt.exports
			if exports == nil {
				exports = exportsAfter(importedFunctions(tt.imports))
			}
			m, err := Scan(guestModule(tt.imports, exports...))
			if err != nil {
				t.Fatal(err)
			}
			err = Check(m)
			if (err == nil) != (tt.want == nil) || err != nil && !errors.Is(err, ErrABI) {
				t.Fatalf("got %v, want an error: %v", err, tt.want != nil)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %q, want %q in it", err, want)
				}
			}
		})
	}
}

func importedFunctions(imports [][]byte) (n byte) {
	for _, i := range imports {
		if i[len(i)-2] == byte(KindFunction) { // a global ends with type and mutability
			n++
		}
	}
	return n
}

func TestCheck_GoCommand(t *testing.T) {
	t.Parallel()
	m, err := Scan(mustBuild(t, goCommand))
	if err != nil {
		t.Fatal(err)
	}
	if m.IsReactor() {
		t.Error("a command is taken for a reactor")
	}
	// The Go linker leaves patchbay_invoke in a command: it is the _start that is wrong.
	if err := Check(m); !errors.Is(err, ErrABI) || !strings.Contains(err.Error(), "-buildmode=c-shared") {
		t.Errorf("got %v", err)
	}
}

func TestHostFunctions(t *testing.T) {
	t.Parallel()
	if n := len(HostFunctions(abi.ModuleWASI)); n != 46 {
		t.Errorf("%d functions of WASI, the specification has 46", n)
	}
	if got := HostFunctions(abi.ModuleWASI)["path_open"].String(); got != "(i32, i32, i32, i32, i32, i64, i64, i32, i32) -> (i32)" {
		t.Errorf("path_open %s", got)
	}
	if HostFunctions("env") != nil {
		t.Error("env offers functions")
	}
	if !slices.Equal((&Module{}).Capabilities(), nil) {
		t.Error("an empty module has capabilities")
	}
}
