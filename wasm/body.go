package wasm

// This file reads the code section (core specification 5.5.13): what an instruction names must exist, and
// blocks must nest. Whether operands have the right types is left to the runtime's validator.

const sectionCode = "code"

// What compilers do that grows faster than a function does, measured with wazero 1.12: they follow chains of basic
// blocks for each local at each branch, and compare basic blocks with all others.
const (
	chainPerJoin   = 16
	edgesPerJoin   = 256
	edgesPerCharge = 8 // that Harden adds
)

// maxPlain is the most instructions of a function that callers pay for: one without loops and calls.
const maxPlain = 48

// arity is how many values a function type takes and gives.
type arity struct{ params, results uint8 }

func (s *scanner) codeSection() {
	s.bodies = s.count(2, MaxFunctions, "function bodies")
	defined := len(s.functions) - s.imported
	if s.err == nil && s.bodies != defined {
		s.malformed(s.pos, "%d functions are declared and %d have a body", defined, s.bodies)
	}
	s.plain = make([]uint8, 0, s.bodies)
	for i := 0; i < s.bodies && s.err == nil; i++ {
		s.entry = s.imported + i
		start := s.pos
		size := s.uint32("size of the function body")
		s.limit(start, uint64(size), MaxBody, "bytes of a function body")
		outer := s.enter(size, "function body")
		b := bodyScanner{scanner: s, signature: s.arities[s.functions[s.entry]]}
		b.scan()
		s.leave(outer, "function body")
		s.module.Body = max(s.module.Body, int(size))
	}
	if s.err == nil {
		s.entry = -1
	}
}

// bodyScanner is the state of one function body. Its sums have 64 bits: two groups of 2^31 locals are none in 32.
type bodyScanner struct {
	*scanner
	signature    arity
	locals       uint64 // with parameters
	joins        uint64
	targets      uint64
	edges        uint64 // of the control flow, so far
	chain        uint64 // basic blocks since two ways met
	dead         bool   // no way leads here
	instructions int
	busy         bool // loops or calls
}

func (b *bodyScanner) scan() {
	start := b.pos
	b.declareLocals()
	b.open(0, int(b.signature.results))
	for len(b.frames) > 0 && b.err == nil {
		b.instruction(&b.in)
		if b.err != nil {
			break
		}
		b.instructions++
		b.check(&b.in)
	}
	b.frames = b.frames[:0]
	b.joins += b.edges * b.edges / edgesPerJoin
	b.module.Joins = max(b.module.Joins, int(b.joins))
	b.scanner.joins += b.joins
	b.limit(start, b.joins, MaxJoins, "joins in one function")
	b.limit(start, b.scanner.joins, MaxJoinsTotal, "joins in all functions")
	b.plain = append(b.plain, 0)
	if !b.busy && b.instructions <= maxPlain {
		b.plain[len(b.plain)-1] = uint8(b.instructions)
	}
}

func (b *bodyScanner) declareLocals() {
	start := b.pos
	for n := b.count(2, MaxLocals, "groups of locals"); n > 0 && b.err == nil; n-- {
		b.locals += uint64(b.uint32("number of locals"))
		b.valueType()
	}
	b.scanner.locals += b.locals
	b.limit(start, b.locals, MaxLocals, "locals of one function")
	b.limit(start, b.scanner.locals, MaxLocalsTotal, "locals of all functions")
	if b.err == nil {
		b.module.Locals = max(b.module.Locals, int(b.locals))
	}
	b.locals += uint64(b.signature.params)
}

// check holds an instruction against the module and the blocks around it.
func (b *bodyScanner) check(in *instruction) {
	if in.op>>8 == prefixNumeric || in.op == opMemoryGrow {
		b.edges += edgesPerCharge
	}
	switch in.operands {
	case argBlockType:
		b.enterBlock(in)
	case argLabel:
		b.branch(in, in.index)
		b.chain++
		b.dead = in.op == opBr
	case argLabels:
		b.branchTable(in)
	case argLocal:
		b.exists(in.indexAt, in.index, int(b.locals), "local")
	case argGlobal:
		b.exists(in.indexAt, in.index, b.module.Globals, "global")
	case argFunction:
		b.exists(in.indexAt, in.index, len(b.functions), "function")
		if b.err == nil && in.op == opCall {
			b.call(b.functions[in.index])
		}
	case argTypeAndTable:
		b.exists(in.indexAt, in.index, len(b.types), "type")
		b.exists(in.indexAt, in.second, b.module.Tables, "table")
		if b.err == nil {
			b.call(in.index)
		}
	case argAddress, argAddressAndLane, argMemoryZero, argTwoMemories:
		b.exists(in.at, 0, b.memories, "memory")
	case argTable, argTwoTables, argData, argDataAndMemory, argElement, argElementAndTable:
		b.checkBulk(in)
	case argNone:
		b.checkNesting(in)
	}
}

func (b *bodyScanner) checkBulk(in *instruction) {
	switch in.operands {
	case argTable, argTwoTables:
		b.exists(in.indexAt, max(in.index, in.second), b.module.Tables, "table")
	case argData, argDataAndMemory:
		b.exists(in.indexAt, in.index, max(b.segments, 0), "data segment that is announced")
		if in.operands == argDataAndMemory {
			b.exists(in.at, 0, b.memories, "memory")
		}
	case argElement, argElementAndTable:
		b.exists(in.indexAt, in.index, b.elementSegments, "element segment")
		if in.operands == argElementAndTable {
			b.exists(in.indexAt, in.second, b.module.Tables, "table")
		}
	}
}

// exists fails unless i is within a space of n entries.
func (b *bodyScanner) exists(offset int, i uint32, n int, what string) {
	if uint64(i) >= uint64(n) {
		b.malformed(offset, "%s %d does not exist, there are %d", what, i, n)
	}
}

func (b *bodyScanner) call(t uint32) {
	b.busy = true
	b.joins += uint64(b.arities[t].params) + uint64(b.arities[t].results)
}
