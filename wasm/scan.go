package wasm

// Scan reads a module's structure, see the package comment, and says what is in it. Its error is an
// [*Error] that matches ErrNotWasm, ErrComponent, ErrMalformed, ErrUnsupported or ErrLimit.
//
// Scan may be called from several goroutines with the same bytes; it neither changes nor keeps them.
func Scan(module []byte) (*Module, error) {
	s, err := scan(module)
	if err != nil {
		return nil, err
	}
	return s.module, nil
}

func scan(module []byte) (*scanner, error) {
	if err := checkHeader(module); err != nil {
		return nil, err
	}
	s := &scanner{
		reader:   reader{data: module, pos: headerSize, end: len(module), entry: -1},
		module:   &Module{Size: len(module)},
		segments: -1,
	}
	for s.more() {
		s.scanSection()
	}
	s.finish()
	if s.err != nil {
		return nil, s.err
	}
	return s, nil
}

// scanner is the state of one pass. Later sections refer to entries of earlier ones by index.
type scanner struct {
	reader
	module *Module

	spans   [13]span     // contents of each section but custom ones
	arities []arity      // of each function type
	globals []globalType // imported and defined
	plain   []uint8      // of each function that is defined: its instructions if callers may pay for it, or 0
	names   span         // contents of the section "name" after its name

	frames          []frame     // of the function body, innermost last
	in              instruction // of the function body
	order           int         // place of the last section in the order that sections must have
	types           []uint32    // where each function type begins in the file
	functions       []uint32    // type of each function, imported ones first
	imported        int         // functions that are imported
	tables          []uint32    // entries of each table at the start, imported ones first
	memories        int         // imported and defined
	bodies          int         // entries of the code section
	locals          uint64      // of all functions
	joins           uint64      // of all functions
	elements        uint64      // of all element segments
	elementSegments int
	segments        int    // data segments that the data count section announces; -1 without one
	dataSegments    int    // entries of the data section
	customBytes     uint64 // of all custom sections
	named           bool   // the section "name" has been there
}

// span is a range of the file.
type span struct{ start, end int }

// Sections by their id. 0 is the custom section.
var sections = [13]struct {
	name  string
	order int // data count, id 12, has its place between element and code
	read  func(*scanner)
}{
	0:  {"custom", 0, (*scanner).customSection},
	1:  {"type", 1, (*scanner).typeSection},
	2:  {"import", 2, (*scanner).importSection},
	3:  {"function", 3, (*scanner).functionSection},
	4:  {"table", 4, (*scanner).tableSection},
	5:  {"memory", 5, (*scanner).memorySection},
	6:  {"global", 6, (*scanner).globalSection},
	7:  {"export", 7, (*scanner).exportSection},
	8:  {"start", 8, (*scanner).startSection},
	9:  {"element", 9, (*scanner).elementSection},
	10: {sectionCode, 11, (*scanner).codeSection},
	11: {"data", 12, (*scanner).dataSection},
	12: {"data count", 10, (*scanner).dataCountSection},
}

const (
	idCustom = 0
	idTag    = 13
)

func (s *scanner) scanSection() {
	start := s.pos
	id := s.byte("section id")
	switch {
	case id == idTag:
		s.fail(start, ErrUnsupported, fixFeature, "a tag section, which belongs to exception handling")
		return
	case int(id) >= len(sections):
		s.malformed(start, "section id %d, expected 0 to %d", id, len(sections)-1)
		return
	}
	section := sections[id]
	s.section = section.name
	if id != idCustom {
		if section.order <= s.order {
			s.malformed(start, "it stands twice or after a section that it must precede")
		}
		s.order = section.order
	}
	outer := s.enter(s.uint32("size of the section"), "section")
	if id != idCustom {
		s.spans[id] = span{s.pos, s.end}
	}
	section.read(s)
	s.leave(outer, "section")
	s.section = ""
}

// finish holds against each other what sections say about the same thing.
func (s *scanner) finish() {
	defined := len(s.functions) - s.imported
	if s.bodies != defined {
		s.malformed(s.pos, "%d functions are declared and %d have a body", defined, s.bodies)
	}
	if s.segments >= 0 && s.segments != s.dataSegments {
		s.malformed(s.pos, "%d data segments are announced and %d are there", s.segments, s.dataSegments)
	}
}

// each reads n entries and keeps the index of the present one for errors.
func (s *scanner) each(n int, read func()) {
	for i := 0; i < n && s.err == nil; i++ {
		s.entry = i
		read()
	}
	if s.err == nil {
		s.entry = -1
	}
}

// index reads an index into a space of n entries.
func (s *scanner) index(n int, what string) uint32 {
	start := s.pos
	i := s.uint32(what)
	if s.err == nil && uint64(i) >= uint64(n) {
		s.malformed(start, "%s %d does not exist, there are %d", what, i, n)
		return 0
	}
	return i
}
