package wasm

// This file decides where a function body charges how much.
//
// There are charges where a function begins, where each turn of a loop begins, and behind some blocks. Each pays for
// the longest path from it to the next ones. That is sound, whatever the body does: an instruction that is executed
// lies on a path that began at the last charge, no path is without end since loops begin with charges, and what
// callees execute they pay for themselves, but for plain functions, see maxPlain, which callers pay for: an indirect
// call as if it were to the dearest of them.
//
// It is also tight, since charges are put behind blocks where the path that follows is long: a path that ends before
// does not pay for it. Without them a turn of the one loop that Go's compiler makes of a function, around a br_table
// with a case for each basic block, would pay for the longest way through the cases.

// Lengths of the path behind a block from which a charge is put there.
const (
	maxPath = 64 // in general
	maxExit = 4  // if the block is where a loop is left for, whose turns would pay for it
)

// maxPrelude is the longest path from the begin of a body to its first loop that the loop's charge may include.
const maxPrelude = 16

// meter is the state of one function body. It goes over the instructions forwards to note the steps, and over the
// steps backwards, where the path from each label is known before the branches to it are met.
type meter struct {
	edits   []edit
	steps   []step
	labels  []uint32     // of all branches
	blocks  []meterBlock // that are open
	loops   int          // among blocks
	pending int64        // cost of the instructions since the last step
	in      instruction
}

// step is an instruction that ends a straight line or begins one.
type step struct {
	op     opcode // of an end the block's; opEnd for the function's
	end    bool
	exit   bool  // a loop is left for this end
	edit   int   // the charge behind it, of a loop and of an end
	cost   int64 // of it and the straight line before
	first  int   // of the labels that it may branch to
	labels int
}

type meterBlock struct {
	op    opcode
	loops int // around and at it
	exit  bool
	path  int64 // backwards: the longest from its label
	other int64 // backwards: the longest from the begin of an if's else
}

// edit is a change to a body: at a byte of the file, drop some bytes and put something in their place.
type edit struct {
	at, drop int
	kind     editKind
	value    int64
}

type editKind byte

const (
	editCharge   editKind = iota // charges value, if that is not 0
	editFunction                 // value is the index of a function
	editSize                     // charges the number on top of the stack, shifted to the right by value
)

// run reads the instructions of a body from r. Callers pay for a plain one.
func (m *meter) run(r *rewriter, plain bool) {
	m.edits, m.steps, m.labels = m.edits[:0], m.steps[:0], m.labels[:0]
	m.blocks = append(m.blocks[:0], meterBlock{op: opEnd})
	m.loops, m.pending = 0, 0
	m.edits = append(m.edits, edit{at: r.pos})
	for len(m.blocks) > 0 && r.err == nil {
		r.instruction(&m.in)
		m.note(r, &m.in)
	}
	m.settle(plain)
}

func (m *meter) note(r *rewriter, in *instruction) {
	switch in.op {
	case opNop:
	case opBlock, opLoop, opIf:
		m.open(in.op, r.pos)
	case opElse:
		m.step(step{op: opElse})
	case opEnd:
		m.close(r.pos)
	case opBr, opBrIf:
		m.branch(in.op, in.index)
	case opBrTable:
		m.branch(opBrTable, in.targets...)
	case opReturn, opUnreachable:
		m.pending++
		m.step(step{op: in.op})
	case opCall, opRefFunc:
		m.function(r, in)
	case opCallIndirect:
		m.pending += 1 + int64(r.dearest)
	default:
		m.pending++
		m.bulk(in)
		r.noteObstacle(in.op)
	}
}

func (m *meter) step(s step) {
	s.cost, m.pending = m.pending, 0
	m.steps = append(m.steps, s)
}

// chargeAt makes room for a charge and returns its edit.
func (m *meter) chargeAt(at int) int {
	m.edits = append(m.edits, edit{at: at})
	return len(m.edits) - 1
}

func (m *meter) open(op opcode, after int) {
	s := step{op: op}
	if op == opLoop {
		m.loops++
		s.edit = m.chargeAt(after)
	} else if op == opIf {
		m.pending++
	}
	m.step(s)
	m.blocks = append(m.blocks, meterBlock{op: op, loops: m.loops})
}

func (m *meter) close(after int) {
	top := m.blocks[len(m.blocks)-1]
	m.blocks = m.blocks[:len(m.blocks)-1]
	exit := top.exit
	if top.op == opLoop {
		m.loops--
		exit = true
	}
	m.step(step{op: top.op, end: true, exit: exit, edit: m.chargeAt(after)})
}

func (m *meter) branch(op opcode, labels ...uint32) {
	m.pending++
	m.step(step{op: op, first: len(m.labels), labels: len(labels)})
	m.labels = append(m.labels, labels...)
	for _, label := range labels {
		b := &m.blocks[len(m.blocks)-1-int(label)]
		b.exit = b.exit || b.op != opLoop && b.loops < m.loops
	}
}

func (m *meter) function(r *rewriter, in *instruction) {
	m.pending++
	if in.index < uint32(r.imported) {
		return
	}
	if in.op == opCall {
		m.pending += int64(r.plain[in.index-uint32(r.imported)])
	}
	m.edits = append(m.edits, edit{at: in.indexAt, drop: r.pos - in.indexAt, kind: editFunction, value: int64(in.index) + 1})
}

// sizeShift makes units of fuel from bytes: 16 of them are about an instruction's worth of time.
const sizeShift = 4

// bulk charges what takes time by its last operand, before it happens.
func (m *meter) bulk(in *instruction) {
	switch in.op {
	case opMemoryInit, opMemoryCopy, opMemoryFill, opTableInit, opTableCopy, opTableFill:
		m.edits = append(m.edits, edit{at: in.at, kind: editSize, value: sizeShift})
	case opMemoryGrow, opTableGrow:
		m.edits = append(m.edits, edit{at: in.at, kind: editSize})
	}
}

// settle goes over the steps backwards and sets the charges.
func (m *meter) settle(plain bool) {
	path := int64(0) // the longest from here
	for i := len(m.steps) - 1; i >= 0; i-- {
		s := &m.steps[i]
		if s.end {
			path = m.behind(s, path)
		} else {
			path = m.before(s, path)
		}
		path += s.cost
	}
	if plain {
		return
	}
	if first := m.steps[0]; first.op == opLoop && path <= maxPrelude {
		m.edits[first.edit].value += path
		return
	}
	m.edits[0].value = max(1, path)
}

// behind goes into a block through its end and returns the path from there.
func (m *meter) behind(s *step, path int64) int64 {
	if path > maxPath || s.exit && path > maxExit {
		m.edits[s.edit].value = path
		path = 0
	}
	b := meterBlock{op: s.op, path: path}
	if s.op == opLoop {
		b.path = 0 // a branch to it meets its charge
	}
	m.blocks = append(m.blocks, b)
	return path
}

// before returns the path from a step, given the one behind it.
func (m *meter) before(s *step, path int64) int64 {
	top := len(m.blocks) - 1
	switch s.op {
	case opElse:
		b := &m.blocks[top]
		b.op, b.other, path = opElse, path, b.path
	case opIf:
		b := m.blocks[top]
		if b.op == opIf {
			b.other = b.path
		}
		path = max(path, b.other)
		m.blocks = m.blocks[:top]
	case opBlock:
		m.blocks = m.blocks[:top]
	case opLoop:
		m.edits[s.edit].value = max(1, path)
		m.blocks = m.blocks[:top]
		path = 0
	default:
		if s.op != opBrIf {
			path = 0
		}
		for _, label := range m.labels[s.first : s.first+s.labels] {
			path = max(path, m.blocks[top-int(label)].path)
		}
	}
	return path
}
