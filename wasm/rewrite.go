package wasm

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// rewriter writes a module that has passed Scan anew. Its reader goes over one section of the raw module at a time.
//
// The import of MeterTick comes after all others, so that indices of functions which the module defines go up by
// one. The fuel global is the last: no instruction of the raw module can name it, since Scan knows no such index.
type rewriter struct {
	*scanner
	result *Hardened
	out    []byte // the module so far
	buf    []byte // contents of the section at work
	body   []byte // the function body at work
	meter  meter

	noted    []opcode // obstacles that the result names
	tickType uint32
	passive  bool  // some data segments stay
	dearest  uint8 // most that a plain function costs, so what one called by its address may cost
}

func newRewriter(s *scanner) *rewriter {
	r := &rewriter{scanner: s, result: &Hardened{}}
	r.out = make([]byte, 0, len(s.data)+len(s.data)/2)
	r.out = append(r.out, magic+coreVersion...)
	return r
}

// fuel is the index of the fuel global in Code.
func (r *rewriter) fuel() uint32 { return uint32(len(r.globals)) }

// tick is the index of the imported tick function in Code.
func (r *rewriter) tick() uint32 { return uint32(r.imported) }

// function returns the index in Code of a function of the raw module.
func (r *rewriter) function(index uint32) uint32 {
	if index >= uint32(r.imported) {
		index++
	}
	return index
}

// admit refuses what Scan lets pass and a hardened module must not have.
func (r *rewriter) admit() error {
	for i, im := range r.module.Imports {
		refuse := func(problem, fix string) error {
			return &Error{Kind: ErrABI, Section: "import", Entry: i, Offset: im.Offset, Problem: problem, Fix: fix}
		}
		if strings.HasPrefix(im.Module, PrivatePrefix) {
			return refuse(fmt.Sprintf("imports from %.60q", im.Module), fixPrivate)
		}
		if im.Kind != KindFunction {
			return refuse(fmt.Sprintf("imports the %s %.60q", im.Kind, im.Name), "define it in the module: guests import functions only")
		}
	}
	for i, e := range r.module.Exports {
		refuse := func(problem, fix string) error {
			return &Error{Kind: ErrABI, Section: "export", Entry: i, Offset: e.Offset, Problem: problem, Fix: fix}
		}
		if strings.HasPrefix(e.Name, PrivatePrefix) {
			return refuse(fmt.Sprintf("exports %.60q", e.Name), fixPrivate)
		}
		if e.Name == exportStart {
			return refuse("a command with _start, expected a reactor", fixBuild)
		}
	}
	return nil
}

const fixPrivate = "names that begin with " + PrivatePrefix + " are the host's own: use another"

func (r *rewriter) rewrite() {
	r.liftData()
	if r.err != nil {
		return
	}
	r.write(1, r.rewriteTypes)
	r.write(2, r.rewriteImports)
	r.copySection(3)
	r.write(4, r.rewriteTables)
	r.write(5, r.rewriteMemory)
	r.write(6, r.rewriteGlobals)
	r.write(7, r.rewriteExports)
	r.write(9, r.rewriteElements)
	if r.passive {
		r.copySection(12)
	}
	r.write(10, r.rewriteCode)
	if r.passive {
		r.write(11, r.rewriteData)
	}
	r.result.Code = r.out
	r.result.names = readNames(r.scanner)
}

// write writes a section with what write puts into buf, unless that is nothing.
func (r *rewriter) write(id byte, write func()) {
	r.seek(id)
	r.buf = r.buf[:0]
	write()
	if len(r.buf) > 0 {
		r.out = append(r.out, id)
		r.out = appendSized(r.out, r.buf)
	}
}

func (r *rewriter) copySection(id byte) {
	r.write(id, func() { r.buf = append(r.buf, r.raw(r.pos, r.end)...) })
}

// seek narrows the reader to the contents of a section; to nothing if the module does not have it.
func (r *rewriter) seek(id byte) {
	r.pos, r.end = r.spans[id].start, r.spans[id].end
	r.section = sections[id].name
}

func (r *rewriter) raw(start, end int) []byte { return r.data[start:end] }

// begin writes the number of entries that a section has with some more and returns how many there are to copy.
func (r *rewriter) begin(more int) int {
	n := 0
	if r.more() {
		n = int(r.uint32("number of entries"))
	}
	if n+more > 0 {
		r.buf = appendUint(r.buf, uint32(n+more))
	}
	return n
}

// rest copies what is left of a section.
func (r *rewriter) rest() { r.buf = append(r.buf, r.raw(r.pos, r.end)...) }

func appendUint(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func appendSized(b, contents []byte) []byte {
	return append(appendUint(b, uint32(len(contents))), contents...)
}

func appendName(b []byte, name string) []byte {
	return append(appendUint(b, uint32(len(name))), name...)
}

// appendSigned writes a signed LEB128 number.
func appendSigned(b []byte, v int64) []byte {
	for v < -64 || v > 63 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}

func (r *rewriter) rewriteTypes() {
	if i := slices.Index(r.arities, arity{}); i >= 0 {
		r.tickType = uint32(i)
		r.rest()
		return
	}
	r.tickType = uint32(len(r.types))
	r.begin(1)
	r.rest()
	r.buf = append(r.buf, formFunction, 0, 0)
}

func (r *rewriter) rewriteImports() {
	r.begin(1)
	r.rest()
	r.buf = appendName(r.buf, MeterModule)
	r.buf = appendName(r.buf, MeterTick)
	r.buf = append(r.buf, byte(KindFunction))
	r.buf = appendUint(r.buf, r.tickType)
}

func (r *rewriter) rewriteTables() {
	for n := r.begin(0); n > 0; n-- {
		r.buf = append(r.buf, byte(r.valueType()))
		low, high := r.bounds(1<<32-1, "table")
		r.writeLimits(low, min(high, low+maxTableGrowth))
	}
}

func (r *rewriter) rewriteMemory() {
	for n := r.begin(0); n > 0; n-- {
		low, high := r.bounds(addressPages, "memory")
		r.result.MinPages, r.result.MaxPages = low, min(high, MaxMemoryPages)
		r.writeLimits(low, r.result.MaxPages+1)
	}
}

func (r *rewriter) writeLimits(low, high uint32) {
	r.buf = append(r.buf, 1)
	r.buf = appendUint(r.buf, low)
	r.buf = appendUint(r.buf, high)
}

func (r *rewriter) rewriteGlobals() {
	for n := r.begin(1); n > 0; n-- {
		r.buf = append(r.buf, r.raw(r.pos, r.pos+2)...)
		r.pos += 2
		r.copyConstant()
	}
	r.buf = append(r.buf, byte(I64), 1, opI64Const, 0, opEnd)
}

// copyConstant copies a constant expression.
func (r *rewriter) copyConstant() {
	start := r.pos
	r.constant()
	if r.data[start] == opRefFunc {
		r.pos = start + 1
		r.buf = append(r.buf, opRefFunc)
		r.copyFunction()
		r.pos++
		r.buf = append(r.buf, opEnd)
		return
	}
	r.buf = append(r.buf, r.raw(start, r.pos)...)
}

// copyFunction copies the index of a function.
func (r *rewriter) copyFunction() {
	r.buf = appendUint(r.buf, r.function(r.uint32("function")))
}

func (r *rewriter) rewriteExports() {
	var mutable []uint32
	for i, g := range r.globals {
		switch {
		case !g.mutable:
		case g.value.reference() || g.value == V128:
			r.obstacle(fmt.Sprintf("global %d is mutable and of type %s", i, g.value))
		default:
			mutable = append(mutable, uint32(i))
		}
	}
	r.begin(len(mutable) + 1)
	for _, e := range r.module.Exports {
		index := e.Index
		if e.Kind == KindFunction {
			index = r.function(index)
		}
		r.export(e.Name, e.Kind, index)
	}
	for _, i := range mutable {
		name := fmt.Sprintf("%s%d", globalPrefix, i)
		r.export(name, KindGlobal, i)
		r.result.Globals = append(r.result.Globals, Global{name, r.globals[i].value})
	}
	r.export(FuelGlobal, KindGlobal, r.fuel())
}

func (r *rewriter) export(name string, kind Kind, index uint32) {
	r.buf = appendName(r.buf, name)
	r.buf = append(r.buf, byte(kind))
	r.buf = appendUint(r.buf, index)
}

func (r *rewriter) rewriteElements() {
	for n := r.begin(0); n > 0; n-- {
		start := r.pos
		flags := r.uint32("flags of the segment")
		active := flags&elementPassive == 0
		if active && flags&elementExplicit != 0 {
			r.uint32("table")
		}
		r.buf = append(r.buf, r.raw(start, r.pos)...)
		if active {
			r.copyConstant()
		}
		if flags&(elementPassive|elementExplicit) != 0 {
			r.buf = append(r.buf, r.byte("type of the elements"))
		}
		r.copyElements(flags)
	}
}

func (r *rewriter) copyElements(flags uint32) {
	n := r.uint32("elements")
	r.buf = appendUint(r.buf, n)
	for ; n > 0; n-- {
		if flags&elementExpressions != 0 {
			r.copyConstant()
		} else {
			r.copyFunction()
		}
	}
}

// liftData lifts the active data segments out of the module. Once an instance has started, an active segment is an
// empty one to memory.init and data.drop, so that Code gets an empty passive one in its place.
func (r *rewriter) liftData() {
	r.seek(11)
	if !r.more() {
		return
	}
	n := int(r.uint32("number of segments"))
	r.entry = 0
	for ; r.entry < n && r.err == nil; r.entry++ {
		if flags := r.segmentFlags(); flags == dataPassive {
			r.passive = true
			r.bytes(MaxSize, "data")
			continue
		}
		r.lift()
	}
	r.entry = -1
	// memory.init and data.drop must find as many segments as before, even if all were active.
	r.passive = r.passive || r.spans[12].end > 0
}

func (r *rewriter) segmentFlags() uint32 {
	flags := r.uint32("flags of the segment")
	if flags == dataExplicit {
		r.uint32("memory")
	}
	return flags
}

func (r *rewriter) lift() {
	start := r.pos
	if r.byte("offset") != opI32Const {
		r.fail(start, ErrUnsupported, fixFeature, "a data segment at an offset that is not an i32.const")
		return
	}
	offset := uint32(r.signed(32, "offset"))
	r.pos++ // the end of the expression
	contents := r.bytes(MaxSize, "data")
	if size := uint64(r.module.Memory.Min) * PageSize; uint64(offset)+uint64(len(contents)) > size {
		r.malformed(start, "%d bytes of data at %d do not fit the memory of %d bytes at start", len(contents), offset, size)
		return
	}
	if len(contents) > 0 {
		r.result.Data = append(r.result.Data, Segment{offset, contents})
	}
}

func (r *rewriter) rewriteData() {
	for n := r.begin(0); n > 0; n-- {
		if r.segmentFlags() != dataPassive {
			r.constant()
			r.bytes(MaxSize, "data")
			r.buf = append(r.buf, dataPassive, 0)
			continue
		}
		r.buf = append(r.buf, dataPassive)
		r.buf = appendSized(r.buf, r.bytes(MaxSize, "data"))
	}
}
