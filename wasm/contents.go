package wasm

// This file reads the sections with contents but for the code: start, elements and data (core specification
// 5.5.11 to 5.5.16).

// startSection refuses what it finds. A start function runs while the module is instantiated, which is
// before any call and so before any deadline or quota of one.
func (s *scanner) startSection() {
	s.fail(s.pos, ErrUnsupported, "export the function as _initialize instead, as reactors of WASI do", "a start function")
}

// Flags of an element segment (5.5.12). Segments that are not active and do not use indices of functions
// name a type before their elements.
const (
	elementPassive     = 1 << 0 // or declarative, if elementExplicit is set too
	elementExplicit    = 1 << 1 // names its table, or is declarative
	elementExpressions = 1 << 2
)

func (s *scanner) elementSection() {
	s.elementSegments = s.count(2, MaxSegments, "element segments")
	s.each(s.elementSegments, func() {
		start := s.pos
		flags := s.uint32("flags of the segment")
		if flags > elementPassive|elementExplicit|elementExpressions {
			s.malformed(start, "flags %d of the segment, expected 0 to 7", flags)
		}
		first, size := uint64(0), uint64(MaxElements)
		if flags&elementPassive == 0 {
			first, size = s.activeElements(flags)
		}
		if flags&(elementPassive|elementExplicit) != 0 {
			s.elementType(flags)
		}
		if n := s.elementVector(flags); s.err == nil && first+n > size {
			s.malformed(start, "%d elements at %d do not fit the table of %d entries at start", n, first, size)
		}
	})
}

// activeElements returns where in its table a segment's elements go, and how many entries that has at the start.
func (s *scanner) activeElements(flags uint32) (first, size uint64) {
	start, table := s.pos, uint32(0)
	if flags&elementExplicit != 0 {
		table = s.index(s.module.Tables, "table")
	} else if s.module.Tables == 0 {
		s.malformed(start, "a segment for table 0, which does not exist")
	}
	at := s.pos
	s.constant()
	if s.err != nil || s.data[at] != opI32Const {
		return 0, MaxElements // another constant is of a wrong type, or an imported global's
	}
	offset := reader{data: s.data, pos: at + 1, end: s.end}
	return uint64(uint32(offset.signed(32, "offset"))), uint64(s.tables[table])
}

func (s *scanner) elementType(flags uint32) {
	if flags&elementExpressions != 0 {
		s.referenceType()
		return
	}
	start := s.pos
	if kind := s.byte("kind of the elements"); kind != 0 {
		s.malformed(start, "kind %d of the elements, expected 0, functions", kind)
	}
}

func (s *scanner) elementVector(flags uint32) (n uint64) {
	start := s.pos
	n = uint64(s.count(1, MaxElements, "elements"))
	s.elements += n
	s.limit(start, s.elements, MaxElements, "elements in all segments")
	for range n {
		if s.err != nil {
			return n
		}
		if flags&elementExpressions != 0 {
			s.constant()
		} else {
			s.index(len(s.functions), "function")
		}
	}
	return n
}

// constant reads a constant expression: in WebAssembly 2.0 one instruction and an end (3.3.10).
func (s *scanner) constant() {
	start := s.pos
	switch op := s.byte("constant expression"); op {
	case opI32Const:
		s.signed(32, "constant")
	case opI64Const:
		s.signed(64, "constant")
	case opF32Const:
		s.skip(4, "constant")
	case opF64Const:
		s.skip(8, "constant")
	case opGlobalGet:
		s.index(s.module.Globals, "global")
	case opRefNull:
		s.referenceType()
	case opRefFunc:
		s.index(len(s.functions), "function")
	case prefixVector:
		if s.uint32("opcode") != opV128Const&0xff {
			s.malformed(start, "a vector instruction other than v128.const in a constant expression")
		}
		s.skip(16, "constant")
	default:
		s.malformed(start, "opcode %#x begins a constant expression", op)
	}
	start = s.pos
	if end := s.byte("end of the constant expression"); end != opEnd {
		s.fail(start, ErrUnsupported, fixFeature, "a constant expression of more than one instruction")
	}
}

func (s *scanner) dataCountSection() {
	start := s.pos
	n := s.uint32("number of data segments")
	s.limit(start, uint64(n), MaxData, "data segments")
	s.segments = int(n)
}

// Flags of a data segment (5.5.14).
const (
	dataActive = iota
	dataPassive
	dataExplicit // active, and names its memory
)

func (s *scanner) dataSection() {
	s.dataSegments = s.count(2, MaxData, "data segments")
	s.each(s.dataSegments, func() {
		start := s.pos
		flags := s.uint32("flags of the segment")
		switch {
		case flags > dataExplicit:
			s.malformed(start, "flags %d of the segment, expected 0 to 2", flags)
		case flags == dataExplicit:
			s.index(s.memories, "memory")
		case flags == dataActive && s.memories == 0:
			s.malformed(start, "a segment for memory 0, which does not exist")
		}
		if flags != dataPassive {
			s.constant()
		}
		s.bytes(MaxSize, "data")
	})
}
