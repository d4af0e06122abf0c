package wasm

import "slices"

// This file reads the sections that declare things: types, imports, functions, tables, memories, globals
// and exports (core specification 5.5.4 to 5.5.10).

const formFunction = 0x60

func (s *scanner) typeSection() {
	n := s.count(3, MaxTypes, "types")
	s.types = make([]uint32, 0, n)
	s.arities = make([]arity, 0, n)
	s.module.Types = n
	s.each(n, func() {
		start := s.pos
		s.types = append(s.types, uint32(start))
		if form := s.byte("form of the type"); s.err == nil && form != formFunction {
			s.fail(start, ErrUnsupported, fixFeature, "a type of form %#x, expected %#x, a function", form, formFunction)
		}
		params := s.valueTypes(MaxParams, "parameters")
		results := s.valueTypes(MaxResults, "results")
		s.arities = append(s.arities, arity{uint8(params), uint8(results)})
	})
}

// signature decodes a function type that typeSection has read. Types are not kept decoded: 10,000 of them
// may stand in 30 KB, and only those of imports and exports are wanted.
func (s *scanner) signature(index uint32) Signature {
	r := reader{data: s.data, pos: int(s.types[index]) + 1, end: len(s.data)}
	read := func() []ValueType {
		b := r.bytes(len(s.data), "types")
		types := make([]ValueType, len(b))
		for i := range b {
			types[i] = ValueType(b[i])
		}
		return types
	}
	return Signature{Params: read(), Results: read()}
}

func (s *scanner) importSection() {
	n := s.count(4, MaxImports, "imports")
	s.module.Imports = make([]Import, 0, n)
	s.each(n, func() {
		i := Import{Offset: s.pos}
		i.Module = s.name("name of the import's module")
		i.Name = s.name("name of the import")
		i.Kind = s.kind()
		switch i.Kind {
		case KindFunction:
			if t := s.index(len(s.types), "type"); s.err == nil {
				i.Type = s.signature(t)
				s.functions = append(s.functions, t)
			}
		case KindTable:
			s.table()
		case KindMemory:
			s.memory()
		case KindGlobal:
			s.globalType()
		}
		s.module.Imports = append(s.module.Imports, i)
	})
	s.imported = len(s.functions)
}

func (s *scanner) kind() Kind {
	start := s.pos
	k := Kind(s.byte("kind"))
	if k > KindGlobal {
		s.malformed(start, "kind %d, expected 0 (function) to 3 (global)", k)
	}
	return k
}

func (s *scanner) functionSection() {
	n := s.count(1, MaxFunctions, "functions")
	s.functions = slices.Grow(s.functions, n)
	s.module.Functions = n
	s.each(n, func() { s.functions = append(s.functions, s.index(len(s.types), "type")) })
}

func (s *scanner) tableSection() {
	s.each(s.count(3, MaxTables, "tables"), s.table)
}

func (s *scanner) table() {
	start := s.pos
	s.module.Tables++
	s.limit(start, uint64(s.module.Tables), MaxTables, "tables")
	s.referenceType()
	min, _ := s.bounds(1<<32-1, "table")
	s.limit(start, uint64(min), MaxTableEntries, "table entries at start")
	s.tables = append(s.tables, min)
}

func (s *scanner) memorySection() {
	s.each(s.count(2, MaxSize, "memories"), s.memory) // memory itself refuses the second
}

func (s *scanner) memory() {
	start := s.pos
	if s.memories++; s.memories > 1 {
		s.fail(start, ErrUnsupported, fixFeature, "a second memory")
	}
	min, max := s.bounds(addressPages, "memory")
	s.limit(start, uint64(min), MaxMemoryPages, "pages of memory at start")
	s.module.Memory = &Memory{Min: min, Max: max}
}

// bounds reads a minimum and, if there is one, a maximum, which is ceiling otherwise.
func (s *scanner) bounds(ceiling uint32, what string) (min, max uint32) {
	start := s.pos
	switch flags := s.byte(what); {
	case flags <= 1:
		min, max = s.uint32(what), ceiling
		if flags == 1 {
			max = s.uint32(what)
		}
	case flags <= 7:
		s.fail(start, ErrUnsupported, fixFeature, "a %s with flags %#x, that is shared or of 64 bits", what, flags)
	default:
		s.malformed(start, "flags %#x of the %s, expected 0 or 1", flags, what)
	}
	if min > max || max > ceiling {
		s.malformed(start, "a %s of %d to %d, expected a range within 0 to %d", what, min, max, ceiling)
	}
	return min, max
}

func (s *scanner) globalSection() {
	s.each(s.count(4, MaxGlobals, "globals"), func() {
		s.globalType()
		s.constant()
	})
}

// globalType is what is declared of a global.
type globalType struct {
	value   ValueType
	mutable bool
}

func (s *scanner) globalType() {
	s.module.Globals++
	t := s.valueType()
	start := s.pos
	mutable := s.byte("mutability of the global")
	if mutable > 1 {
		s.malformed(start, "mutability %d, expected 0 or 1", mutable)
	}
	s.globals = append(s.globals, globalType{t, mutable == 1})
}

func (s *scanner) exportSection() {
	n := s.count(3, MaxExports, "exports")
	s.module.Exports = make([]Export, 0, n)
	seen := make(map[string]bool, n)
	s.each(n, func() {
		e := Export{Offset: s.pos}
		e.Name = s.name("name of the export")
		if seen[e.Name] {
			s.malformed(e.Offset, "a second export %.60q", e.Name)
		}
		seen[e.Name] = true
		e.Kind = s.kind()
		e.Index = s.index(s.space(e.Kind), e.Kind.String())
		if e.Kind == KindFunction && s.err == nil {
			e.Type = s.signature(s.functions[e.Index])
		}
		s.module.Exports = append(s.module.Exports, e)
	})
}

// space returns how many entries the index space of a kind has.
func (s *scanner) space(k Kind) int {
	switch k {
	case KindFunction:
		return len(s.functions)
	case KindTable:
		return s.module.Tables
	case KindMemory:
		return s.memories
	}
	return s.module.Globals
}
