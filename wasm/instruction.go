package wasm

// instruction is one instruction as [reader.instruction] decodes it.
type instruction struct {
	at       int // its first byte
	op       opcode
	operands operands
	index    uint32    // the first operand that is a number without sign
	indexAt  int       // where that stands
	second   uint32    // the second one
	targets  []uint32  // of br_table, the default last; the next br_table overwrites them
	block    blockKind // of block, loop and if
}

// blockKind is the type of a block: a type's index, one result, or nothing at all.
type blockKind struct {
	indexed bool
	index   uint32
	results int // if not indexed
}

// instruction decodes the next one. Whether what its operands name exists is for the caller to see.
func (r *reader) instruction(in *instruction) {
	in.at = r.pos
	first := r.byte("instruction")
	in.op, in.operands = opcode(first), plainOperands[first]
	switch first {
	case prefixNumeric:
		r.prefixed(in, first, numericOperands)
	case prefixVector:
		r.prefixed(in, first, vectorOperands)
	}
	if in.operands == argUnknown && r.err == nil {
		r.fail(in.at, ErrUnsupported, fixFeature, "opcode %#x%s", in.op, later(first))
		return
	}
	in.indexAt = r.pos
	r.readOperands(in)
}

func (r *reader) prefixed(in *instruction, prefix byte, table []operands) {
	code := r.uint32("opcode")
	if uint64(code) >= uint64(len(table)) {
		r.fail(in.at, ErrUnsupported, fixFeature, "opcode %#x %d%s", prefix, code, later(prefix))
		return
	}
	in.op, in.operands = opcode(prefix)<<8|opcode(code), table[code]
}

func (r *reader) readOperands(in *instruction) {
	switch in.operands {
	case argBlockType:
		in.block = r.blockType()
	case argLabel, argFunction, argLocal, argGlobal, argTable, argData, argElement:
		in.index = r.uint32("index")
	case argLabels:
		r.labels(in)
	case argTypeAndTable, argElementAndTable, argTwoTables:
		in.index, in.second = r.uint32("index"), r.uint32("index of the table")
	case argDataAndMemory:
		in.index = r.uint32("index of the data segment")
		r.zero("memory")
	case argTwoMemories:
		r.zero("memory")
		r.zero("memory")
	case argMemoryZero:
		r.zero("memory")
	case argAddress, argAddressAndLane:
		r.address()
		if in.operands == argAddressAndLane {
			r.byte("lane")
		}
	case argLane:
		r.byte("lane")
	case argConst32:
		r.signed(32, "constant")
	case argConst64:
		r.signed(64, "constant")
	case argBytes4:
		r.skip(4, "constant")
	case argBytes8:
		r.skip(8, "constant")
	case argBytes16:
		r.skip(16, "constant")
	case argReference:
		r.referenceType()
	case argValueTypes:
		r.valueTypes(MaxResults, "types")
	}
}

// emptyBlock is the type of a block that takes and leaves nothing.
const emptyBlock = 0x40

// blockType reads a block's type: as one negative byte nothing or one result, else an index of 33 bits with sign.
func (r *reader) blockType() blockKind {
	start := r.pos
	if r.left() > 0 && r.data[r.pos]&0xc0 == 0x40 {
		if r.data[r.pos] == emptyBlock {
			r.pos++
			return blockKind{}
		}
		r.valueType()
		return blockKind{results: 1}
	}
	index := r.signed(33, "type of the block")
	if index < 0 {
		r.malformed(start, "type %d of the block", index)
		return blockKind{}
	}
	return blockKind{indexed: true, index: uint32(index)}
}

func (r *reader) labels(in *instruction) {
	n := r.count(1, MaxTargets, "targets of a br_table")
	in.targets = in.targets[:0]
	for i := 0; i <= n && r.err == nil; i++ {
		in.targets = append(in.targets, r.uint32("label"))
	}
}

// address reads an alignment and an offset. Bit 6 of the alignment says that the index of a memory follows.
func (r *reader) address() {
	start := r.pos
	if align := r.uint32("alignment"); align >= 1<<6 {
		r.fail(start, ErrUnsupported, fixFeature, "alignment %#x, as of a second memory", align)
	} else if align > 4 {
		r.malformed(start, "alignment 2^%d, at most 2^4 exists", align)
	}
	r.uint32("offset")
}

// zero reads the index of a memory, of which there is but one.
func (r *reader) zero(what string) {
	start := r.pos
	if i := r.byte(what); i != 0 {
		r.fail(start, ErrUnsupported, fixFeature, "%s %d, there is only 0", what, i)
	}
}
