package wasm

import (
	"slices"
	"strings"

	"patchbay/abi"
)

// Module is what [Scan] has learned about a module. It keeps no reference to the module's bytes.
type Module struct {
	Imports []Import
	Exports []Export
	Memory  *Memory  // nil if the module has none
	Custom  []string // names of the custom sections, in the file's order

	Size      int // bytes of the file
	Types     int // function types
	Functions int // functions that the module defines; imported ones come before them
	Tables    int // imported and defined
	Globals   int // imported and defined
	Body      int // bytes of the largest function body
	Locals    int // most locals of one function
	Nesting   int // deepest nesting of blocks in one function
	Targets   int // of the largest br_table, without its default
	Joins     int // most of one function; see the package comment
}

// Import is one thing that a module asks its host for.
type Import struct {
	Module, Name string
	Kind         Kind
	Type         Signature // of a function
	Offset       int       // byte of the file at which the entry begins
}

// Export is one thing that a module offers its host.
type Export struct {
	Name   string
	Kind   Kind
	Index  uint32    // within the index space of its kind
	Type   Signature // of a function
	Offset int       // byte of the file at which the entry begins
}

// Memory is a module's linear memory, in pages of [PageSize] bytes.
type Memory struct {
	Min uint32 // at start
	Max uint32 // as declared; 65536, all that 32 bits can address, if it is not
}

// Kind says what sort of thing an import or an export is. Its values are those of the binary format.
type Kind byte

// Kinds of imports and exports.
const (
	KindFunction Kind = iota
	KindTable
	KindMemory
	KindGlobal
)

// String returns "function", "table", "memory" or "global".
func (k Kind) String() string {
	if k > KindGlobal {
		return "unknown kind"
	}
	return [...]string{"function", "table", "memory", "global"}[k]
}

// ValueType is the type of a parameter, a result, a local or a global, as the binary format encodes it.
type ValueType byte

// Value types of WebAssembly 2.0.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// String returns the type's name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return "unknown type"
}

func (t ValueType) known() bool { return t >= V128 && t <= I32 || t.reference() }

func (t ValueType) reference() bool { return t == FuncRef || t == ExternRef }

// Signature is the type of a function.
type Signature struct {
	Params, Results []ValueType
}

// Equal reports whether s and t are the same type.
func (s Signature) Equal(t Signature) bool {
	return slices.Equal(s.Params, t.Params) && slices.Equal(s.Results, t.Results)
}

// String returns the signature as in "(i32, i32) -> (i64)".
func (s Signature) String() string { return list(s.Params) + " -> " + list(s.Results) }

func list(types []ValueType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// Export returns the export with this name, or nil.
func (m *Module) Export(name string) *Export {
	i := slices.IndexFunc(m.Exports, func(e Export) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Exports[i]
}

// Capabilities returns the capability modules that m imports, each once and sorted: all that it can do
// beyond computing. Of wasi_snapshot_preview1 nothing needs anyone's leave, so it is not among them.
func (m *Module) Capabilities() []string {
	var names []string
	for _, i := range m.Imports {
		if strings.HasPrefix(i.Module, capabilityPrefix) {
			names = append(names, i.Module)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const capabilityPrefix = "patchbay."

// IsReactor reports whether m is a library that waits to be called, and not a command with a _start.
func (m *Module) IsReactor() bool { return m.Export(exportStart) == nil }

// HasInitialize reports whether m wants its _initialize called before anything else.
func (m *Module) HasInitialize() bool { return m.Export(abi.ExportInitialize) != nil }
