package wasmtest

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/wasm"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSleb(t *testing.T) {
	t.Parallel()
	for v, want := range map[int64]Code{
		0: "\x00", 2: "\x02", -2: "\x7e", 63: "\x3f", 64: "\xc0\x00", -64: "\x40", -65: "\xbf\x7f", 127: "\xff\x00", -128: "\x80\x7f",
		-1 << 31: "\x80\x80\x80\x80\x78", 1<<31 - 1: "\xff\xff\xff\xff\x07", -1 << 63: "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f",
	} {
		if got := Sleb(v); got != want {
			t.Errorf("Sleb(%d) = % x, want % x", v, got, want)
		}
	}
}

func TestUleb(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v")
		if got, n := binary.Uvarint([]byte(Uleb(v))); got != v || n != len(Uleb(v)) {
			t.Errorf("Uleb(%d) reads as %d in %d bytes", v, got, n)
		}
	})
}

// everything has an entry in each section.
func everything() *Module {
	m := New()
	imported := m.Import("env", "log", Type("il", "d"))
	f := m.Func(Type("", ""), []Locals{{2, wasm.I32}, {1, wasm.V128}}, Block(Loop(If())))
	m.Func(Type("i", "i"), nil, IfElse(wasm.I32, I32Const(-1), Call(f)+Unreachable))
	m.Table(2, 5)
	m.Memory(1, 3)
	m.Global(wasm.I64, I64Const(-1<<63))
	m.Export("run", wasm.KindFunction, f)
	m.Export("m", wasm.KindMemory, 0)
	m.Export("g", wasm.KindGlobal, 0)
	m.Elements = []Code{Active(1, f), Passive(f, imported), Declared(f)}
	m.Count = true
	m.Data = []Code{ActiveData(8, "hello"), PassiveData("there")}
	m.Customs = []Code{Custom("producer", "x"), Names("log", "run")}
	return m
}

func TestModule_Bytes(t *testing.T) {
	t.Parallel()
	m, err := wasm.Scan(everything().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Imports[0]; got.Module != "env" || got.Name != "log" || !got.Type.Equal(Type("il", "d")) {
		t.Errorf("import %+v", got)
	}
	if got := m.Export("run"); got == nil || !got.Type.Equal(Type("", "")) || m.Export("g").Kind != wasm.KindGlobal {
		t.Errorf("exports %+v", m.Exports)
	}
	if m.Types != 3 || m.Functions != 2 || m.Tables != 1 || m.Globals != 1 || m.Locals != 3 {
		t.Errorf("counts of %+v", m)
	}
	if diff := cmp.Diff(&wasm.Memory{Min: 1, Max: 3}, m.Memory); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"producer", "name"}, m.Custom); diff != "" {
		t.Error(diff)
	}
}

// TestModule_Refused breaks one thing of a good module each, and sees that it is this one that is found.
func TestModule_Refused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		lie  func(*Module)
		kind error
		want string
	}{
		{"start", func(m *Module) { m.Start = []uint32{1} }, wasm.ErrUnsupported, "a start function"},
		{"number of types", func(m *Module) { m.Raw(IDType, Section(IDType, Lie(1<<28, 0x60))) }, wasm.ErrMalformed, "type section"},
		{"size of a section", func(m *Module) { m.Raw(IDCode, "\x0a"+Uleb(MaxU32)+"\x00") }, wasm.ErrMalformed, "claims 4294967295 bytes"},
		{"section left out", func(m *Module) { m.Raw(IDCode, "") }, wasm.ErrMalformed, "2 functions are declared and 0 have a body"},
		{"locals", func(m *Module) { m.Funcs[0].Locals = []Locals{{1 << 31, wasm.I32}, {1 << 31, wasm.I32}} }, wasm.ErrLimit, "4294967296 locals"},
		{"body", func(m *Module) { m.RawFunc(Type("", ""), Uleb(99)+"\x00") }, wasm.ErrMalformed, "the function body claims 99 bytes"},
		{"export", func(m *Module) { m.Export("x", wasm.KindFunction, 9) }, wasm.ErrMalformed, "function 9 does not exist"},
		{"element", func(m *Module) { m.Elements = append(m.Elements, Active(0, 7)) }, wasm.ErrMalformed, "function 7 does not exist"},
		{"table", func(m *Module) { m.Table(MaxU32) }, wasm.ErrLimit, "4294967295 table entries"},
		{"memory", func(m *Module) { m.Memories[0].Min = 1 << 16; m.Memories[0].Max = nil }, wasm.ErrLimit, "65536 pages"},
		{"global", func(m *Module) { m.Global(wasm.I32, GlobalGet(5)) }, wasm.ErrMalformed, "global 5 does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := everything()
			tt.lie(m)
			_, err := wasm.Scan(m.Bytes())
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestModule_ImportAfterFunc(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("an import changed the index of a function")
		}
	}()
	m := New()
	m.Func(Type("", ""), nil, "")
	m.Import("a", "b", Type("", ""))
}

func TestGuest(t *testing.T) {
	t.Parallel()
	g := NewGuest(Import{Module: abi.ModuleHTTP, Name: abi.FuncCall}, Import{Module: abi.ModuleWASI, Name: "random_get"})
	g.Initialize(nil, Nop)
	m, err := wasm.Scan(g.Invoke(nil, LocalGet(0)+Drop))
	if err != nil {
		t.Fatal(err)
	}
	if err := wasm.Check(m); err != nil {
		t.Error(err)
	}
	if !m.HasInitialize() || len(m.Imports) != 4 || m.Imports[3].Name != "random_get" {
		t.Errorf("got %+v", m)
	}
	if _, err := abi.DecodeResult([]byte(Result)); err != nil {
		t.Error(err)
	}
}

func TestGuest_WrongImport(t *testing.T) {
	t.Parallel()
	m, err := wasm.Scan(NewGuest(Import{abi.ModuleLog, abi.FuncCall, Type("i", "")}).Invoke(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := wasm.Check(m); !errors.Is(err, wasm.ErrABI) || !strings.Contains(err.Error(), "with the type (i32) -> ()") {
		t.Errorf("got %v", err)
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for want, got := range map[Code]Code{
		"\x0e\x02\x00\x01\x02":                 BrTable(0, 1, 2),
		"\x44\x01\x00\x00\x00\x00\x00\xf8\x7f": F64Const(0x7ff8_0000_0000_0001),
		"\x43\x00\x00\x80\x3f":                 F32Const(1),
		"\x03\x40\x0c\x00\x0b":                 Loop(Br(0)),
		"\x01\x01\x01":                         Repeat(3, Nop),
		"\x02\x01\x01":                         Many(2, Nop),
		"\x11\x03\x00":                         CallIndirect(3, 0),
	} {
		if got != want {
			t.Errorf("got % x, want % x", got, want)
		}
	}
}
