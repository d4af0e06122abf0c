package wasm

import (
	"fmt"
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
