package wasmtest

import "patchbay/wasm"

// order is that in which sections must stand. Data count precedes code, whose memory.init it is for.
var order = []byte{IDType, IDImport, IDFunction, IDTable, IDMemory, IDGlobal, IDExport, IDStart, IDElement,
	IDDataCount, IDCode, IDData, IDCustom}

// Bytes encodes the module. Sections without entries are left out.
func (m *Module) Bytes() []byte {
	parts := []Code{Header}
	for _, id := range order {
		if raw, ok := m.raw[id]; ok {
			parts = append(parts, raw)
		} else {
			parts = append(parts, m.section(id))
		}
	}
	return []byte(Join(parts...))
}

func (m *Module) section(id byte) Code {
	switch id {
	case IDStart:
		if len(m.Start) == 0 {
			return ""
		}
		return Section(id, Uleb(uint64(m.Start[0])))
	case IDDataCount:
		if !m.Count {
			return ""
		}
		return Section(id, Uleb(uint64(len(m.Data))))
	case IDCustom:
		return Join(m.Customs...)
	}
	entries := m.entries(id)
	if len(entries) == 0 {
		return ""
	}
	return Section(id, Vector(entries...))
}

func (m *Module) entries(id byte) []Code {
	switch id {
	case IDType:
		return encode(m.Types, encodeType)
	case IDImport:
		return encode(m.Imports, m.encodeImport)
	case IDFunction:
		return encode(m.Funcs, func(f Func) Code { return Uleb(uint64(m.Type(f.Type))) })
	case IDTable:
		return encode(m.Tables, encodeTable)
	case IDMemory:
		return encode(m.Memories, func(x Memory) Code { return bounds(x.Min, x.Max) })
	case IDGlobal:
		return encode(m.Globals, encodeGlobal)
	case IDExport:
		return encode(m.Exports, encodeExport)
	case IDElement:
		return m.Elements
	case IDCode:
		return encode(m.Funcs, encodeFunc)
	}
	return m.Data
}

func encode[T any](values []T, one func(T) Code) []Code {
	entries := make([]Code, len(values))
	for i, v := range values {
		entries[i] = one(v)
	}
	return entries
}

func encodeType(t wasm.Signature) Code { return "\x60" + typeVector(t.Params) + typeVector(t.Results) }

func typeVector(types []wasm.ValueType) Code {
	b := make([]byte, len(types))
	for i, t := range types {
		b[i] = byte(t)
	}
	return Sized(Code(b))
}

func (m *Module) encodeImport(i Import) Code {
	return Sized(Code(i.Module)) + Sized(Code(i.Name)) + kind(wasm.KindFunction) + Uleb(uint64(m.Type(i.Type)))
}

func encodeTable(t Table) Code { return Code([]byte{byte(t.Type)}) + bounds(t.Min, t.Max) }

func bounds(min uint32, max []uint32) Code {
	if len(max) == 0 {
		return "\x00" + Uleb(uint64(min))
	}
	return "\x01" + Uleb(uint64(min)) + Uleb(uint64(max[0]))
}

func encodeGlobal(g Global) Code {
	mutable := byte(0)
	if g.Mutable {
		mutable = 1
	}
	return Code([]byte{byte(g.Type), mutable}) + g.Init + End
}

func encodeExport(e Export) Code { return Sized(Code(e.Name)) + kind(e.Kind) + Uleb(uint64(e.Index)) }

func kind(k wasm.Kind) Code { return Code([]byte{byte(k)}) }

func encodeFunc(f Func) Code {
	if f.raw != "" {
		return f.raw
	}
	groups := encode(f.Locals, func(l Locals) Code { return Uleb(uint64(l.N)) + Code([]byte{byte(l.Type)}) })
	return Sized(Join(Vector(groups...), f.Body, End))
}

// Active encodes an element segment that puts functions into table 0 from a constant offset on.
func Active(offset int32, functions ...uint32) Code {
	return "\x00" + I32Const(offset) + End + indices(functions)
}

// Passive encodes an element segment of functions for table.init.
func Passive(functions ...uint32) Code { return "\x01\x00" + indices(functions) }

// Declared encodes an element segment whose functions ref.func may name.
func Declared(functions ...uint32) Code { return "\x03\x00" + indices(functions) }

func indices(functions []uint32) Code {
	return Vector(encode(functions, func(f uint32) Code { return Uleb(uint64(f)) })...)
}

// ActiveData encodes a data segment for memory 0 from a constant offset on.
func ActiveData(offset int32, data Code) Code { return "\x00" + I32Const(offset) + End + Sized(data) }

// PassiveData encodes a data segment for memory.init.
func PassiveData(data Code) Code { return "\x01" + Sized(data) }

// Custom encodes a custom section.
func Custom(name, contents Code) Code { return Section(IDCustom, Sized(name)+contents) }

// Names encodes the custom section that names functions, from index 0 on.
func Names(names ...Code) Code {
	entries := make([]Code, len(names))
	for i, n := range names {
		entries[i] = Uleb(uint64(i)) + Sized(n)
	}
	return Custom("name", "\x01"+Sized(Vector(entries...)))
}
