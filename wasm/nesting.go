package wasm

// This file follows the blocks of a function body, and counts where ways meet.

// frame is a block that is open.
type frame struct {
	op    opcode
	arity int // values that a branch to it carries
	ways  int // that lead to its end
}

func (b *bodyScanner) open(op opcode, arity int) {
	b.frames = append(b.frames, frame{op: op, arity: arity})
	b.edges++
	b.joins += b.locals + uint64(arity)
	b.module.Nesting = max(b.module.Nesting, len(b.frames)-1)
}

func (b *bodyScanner) enterBlock(in *instruction) {
	b.limit(in.at, uint64(len(b.frames)), MaxNesting, "blocks within each other")
	params, results := 0, in.block.results
	if in.block.indexed {
		b.exists(in.indexAt, in.block.index, len(b.types), "type")
		if b.err != nil {
			return
		}
		t := b.arities[in.block.index]
		params, results = int(t.params), int(t.results)
	}
	b.joins += uint64(params)
	b.chain++
	if in.op == opLoop {
		b.busy = true
		b.chain = 0
		b.edges += edgesPerCharge
		results = params // where a branch to a loop goes
	}
	b.open(in.op, results)
}

func (b *bodyScanner) checkNesting(in *instruction) {
	top := &b.frames[len(b.frames)-1]
	switch {
	case in.op == opEnd:
		b.end(top)
	case in.op == opElse && top.op == opIf:
		top.op = opElse
		b.edges++
		b.joins += b.locals + uint64(top.arity)
		b.fall(top)
	case in.op == opElse:
		b.malformed(in.at, "an else outside of an if")
	case in.op == opReturn:
		b.joins += uint64(b.signature.results)
		b.dead = true
	case in.op == opUnreachable:
		b.dead = true
	}
}

// fall notes whether control reaches a block's end from here, and begins what follows.
func (b *bodyScanner) fall(f *frame) {
	if !b.dead {
		f.ways++
	}
	b.dead = false
}

func (b *bodyScanner) end(f *frame) {
	b.fall(f)
	if f.op == opIf {
		f.ways++ // past it
	}
	b.chain++
	if f.ways > 1 {
		b.chain = 0
	}
	b.frames = b.frames[:len(b.frames)-1]
}

func (b *bodyScanner) branch(in *instruction, label uint32) {
	b.exists(in.indexAt, label, len(b.frames), "label")
	if b.err != nil {
		return
	}
	f := &b.frames[len(b.frames)-1-int(label)]
	if f.op != opLoop {
		f.ways++
	}
	b.edges++
	b.joins += 1 + b.locals*(1+b.chain/chainPerJoin) + uint64(f.arity)
}

func (b *bodyScanner) branchTable(in *instruction) {
	n := len(in.targets) - 1
	b.targets += uint64(n)
	b.limit(in.at, b.targets, MaxTargetsTotal, "targets of the br_tables of one function")
	b.module.Targets = max(b.module.Targets, n)
	for _, label := range in.targets {
		b.branch(in, label)
	}
	b.dead = true
}
