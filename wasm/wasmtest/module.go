package wasmtest

import (
	"slices"

	"patchbay/wasm"
)

// Module is a module that is being built. Its fields may be read and changed until Bytes; the methods add to
// them. The zero value is an empty module.
type Module struct {
	Types    []wasm.Signature
	Imports  []Import
	Funcs    []Func
	Tables   []Table
	Memories []Memory
	Globals  []Global
	Exports  []Export
	Start    []uint32 // none, or one function
	Elements []Code   // encoded segments, see [Active], [Passive] and [Declared]
	Data     []Code   // encoded segments, see [ActiveData] and [PassiveData]
	Count    bool     // has a data count section, which memory.init and data.drop need
	Customs  []Code   // encoded custom sections, see [Custom]; they come last

	raw map[byte]Code
}

// Import is an imported function.
type Import struct {
	Module, Name string
	Type         wasm.Signature
}

// Func is a function that the module defines.
type Func struct {
	Type   wasm.Signature
	Locals []Locals
	Body   Code // without the end
	raw    Code // encoded with its size, instead of Locals and Body
}

// Locals is a group of locals of one type.
type Locals struct {
	N    uint32
	Type wasm.ValueType
}

// Table is a table. Without Max it may grow to what 32 bits can count.
type Table struct {
	Type wasm.ValueType
	Min  uint32
	Max  []uint32 // none, or one
}

// Memory is a memory, in pages. Without Max it may grow to 65536.
type Memory struct {
	Min uint32
	Max []uint32 // none, or one
}

// Global is a global. Init is a constant expression without its end.
type Global struct {
	Type    wasm.ValueType
	Mutable bool
	Init    Code
}

// Export makes one thing of the module known by a name.
type Export struct {
	Name  string
	Kind  wasm.Kind
	Index uint32
}

// New returns an empty module.
func New() *Module { return &Module{} }

// Type returns the signature with these parameters and results, one letter each: i, l, f and d are i32, i64,
// f32 and f64, v is v128, r is funcref and x is externref.
func Type(params, results string) wasm.Signature {
	return wasm.Signature{Params: valueTypes(params), Results: valueTypes(results)}
}

var letters = map[rune]wasm.ValueType{'i': wasm.I32, 'l': wasm.I64, 'f': wasm.F32, 'd': wasm.F64, 'v': wasm.V128,
	'r': wasm.FuncRef, 'x': wasm.ExternRef}

func valueTypes(s string) []wasm.ValueType {
	var types []wasm.ValueType
	for _, letter := range s {
		types = append(types, letters[letter])
	}
	return types
}

// Type returns the index of a type, which it adds if it is not there.
func (m *Module) Type(t wasm.Signature) uint32 {
	if i := slices.IndexFunc(m.Types, t.Equal); i >= 0 {
		return uint32(i)
	}
	m.Types = append(m.Types, t)
	return uint32(len(m.Types) - 1)
}

// Import adds an imported function. It panics after the first Func, whose index it would change.
func (m *Module) Import(module, name string, t wasm.Signature) uint32 {
	if len(m.Funcs) > 0 {
		panic("wasmtest: an import after a function")
	}
	m.Type(t)
	m.Imports = append(m.Imports, Import{module, name, t})
	return uint32(len(m.Imports) - 1)
}

// NextFunc returns the index that the next Func will have, for functions that call themselves or a later one.
func (m *Module) NextFunc() uint32 { return uint32(len(m.Imports) + len(m.Funcs)) }

// Func adds a function. Its body has no end.
func (m *Module) Func(t wasm.Signature, locals []Locals, body Code) uint32 {
	m.Type(t)
	m.Funcs = append(m.Funcs, Func{Type: t, Locals: locals, Body: body})
	return m.NextFunc() - 1
}

// RawFunc adds a function whose entry in the code section is encoded as it is, size included.
func (m *Module) RawFunc(t wasm.Signature, encoded Code) uint32 {
	m.Type(t)
	m.Funcs = append(m.Funcs, Func{Type: t, raw: encoded})
	return m.NextFunc() - 1
}

// Table adds a table of functions of at least min entries and, if there is a max, at most so many.
func (m *Module) Table(min uint32, max ...uint32) uint32 {
	m.Tables = append(m.Tables, Table{wasm.FuncRef, min, max})
	return uint32(len(m.Tables) - 1)
}

// Memory adds a memory of at least min pages and, if there is a max, at most so many.
func (m *Module) Memory(min uint32, max ...uint32) uint32 {
	m.Memories = append(m.Memories, Memory{min, max})
	return uint32(len(m.Memories) - 1)
}

// Global adds a mutable global. Its initial value is a constant expression without its end.
func (m *Module) Global(t wasm.ValueType, init Code) uint32 {
	m.Globals = append(m.Globals, Global{t, true, init})
	return uint32(len(m.Globals) - 1)
}

// Export makes one thing of the module known by a name.
func (m *Module) Export(name string, kind wasm.Kind, index uint32) {
	m.Exports = append(m.Exports, Export{name, kind, index})
}

// Raw replaces a section, or adds one in its place, by encoded bytes: id and size are among them, and may lie.
// The empty Code leaves a section out.
func (m *Module) Raw(id byte, encoded Code) {
	if m.raw == nil {
		m.raw = map[byte]Code{}
	}
	m.raw[id] = encoded
}
