package wasm

// This file decides where a function body charges how much.
//
// A region is a function body without its loops, or a loop's body without the loops within. Each is charged when it
// is entered, which for a loop is each time it begins anew, with the cost of the longest path through it. That is
// sound: between two charges of a region control moves only forwards in it, along one of its paths, and what an
// inner loop executes meanwhile the inner loop pays. It is also tight for what Go's compiler writes, one loop around
// a br_table with a case for each basic block, of which a turn executes few.
//
// The pass keeps the cost of the longest path to where it stands. Blocks keep the longest of those that branch to
// their end. A branch out of a loop continues the outer region's path, which had its cost when the loop began.
//
// A plain function, see summary, is paid for by whoever calls it. Those that call each other in a circle are not
// plain, so that recursion is charged.

// meter is the state of one function body.
type meter struct {
	regions []region
	stack   []meterFrame
	edits   []edit
	cost    int64 // of the longest path to here in the present region; unreachable if there is none
	at      int   // present region
	in      instruction
}

const unreachable = -1

type region struct {
	cost  int64 // of its longest path so far
	outer int   // the region around
	open  int64 // cost at which its inner loop that is open began
}

type meterFrame struct {
	op     opcode
	region int   // that its end belongs to
	best   int64 // longest path among branches to its end
	entry  int64 // of an if: cost where it began
}

// edit is a change to a body: at a byte of the file, drop some bytes and put something in their place.
type edit struct {
	at, drop int
	kind     editKind
	value    int64 // of editCharge the region; of editFunction an index; of editSize the shift to the right
}

type editKind byte

const (
	editCharge   editKind = iota // the cost of a region
	editFunction                 // the index of a function
	editSize                     // the number on top of the stack, shifted
)

// run reads the instructions of a body from r up to the end of it.
func (m *meter) run(r *rewriter) {
	m.regions = append(m.regions[:0], region{outer: -1})
	m.edits, m.stack = m.edits[:0], append(m.stack[:0], meterFrame{best: unreachable})
	m.cost, m.at = 0, 0
	m.charge(r.pos)
	for len(m.stack) > 0 && r.err == nil {
		r.instruction(&m.in)
		m.step(r, &m.in)
	}
}

// charge notes that the present region begins at a byte.
func (m *meter) charge(at int) {
	m.edits = append(m.edits, edit{at: at, kind: editCharge, value: int64(m.at)})
}

// pay adds to the longest path.
func (m *meter) pay(cost int64) {
	if m.cost != unreachable {
		m.cost += cost
		m.regions[m.at].cost = max(m.regions[m.at].cost, m.cost)
	}
}

func (m *meter) step(r *rewriter, in *instruction) {
	switch in.op {
	case opNop:
	case opBlock:
		m.stack = append(m.stack, meterFrame{op: opBlock, region: m.at, best: unreachable})
	case opIf:
		m.pay(1)
		m.stack = append(m.stack, meterFrame{op: opIf, region: m.at, best: unreachable, entry: m.cost})
	case opLoop:
		m.loop(r.pos)
	case opElse:
		m.otherwise()
	case opEnd:
		m.end()
	case opBr, opBrIf, opBrTable, opReturn, opUnreachable:
		m.branch(in)
	case opCall:
		m.call(r, in)
	case opCallIndirect:
		m.pay(1 + int64(r.dearest))
	case opRefFunc:
		m.pay(1)
		m.function(r, in)
	default:
		m.pay(1)
		m.bulk(in)
		r.noteObstacle(in.op)
	}
}

func (m *meter) loop(at int) {
	m.stack = append(m.stack, meterFrame{op: opLoop, region: m.at})
	m.regions[m.at].open = m.cost
	m.regions = append(m.regions, region{outer: m.at})
	m.at = len(m.regions) - 1
	if m.cost != unreachable {
		m.cost = 0
	}
	m.charge(at)
}

func (m *meter) otherwise() {
	top := &m.stack[len(m.stack)-1]
	top.op = opElse
	top.best = max(top.best, m.cost)
	m.cost = top.entry
}

func (m *meter) end() {
	top := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	switch top.op {
	case opLoop:
		m.at = top.region
		if m.cost != unreachable {
			m.cost = m.regions[m.at].open
		}
	case opIf:
		m.cost = max(m.cost, top.best, top.entry)
	default:
		m.cost = max(m.cost, top.best)
	}
}

func (m *meter) branch(in *instruction) {
	m.pay(1)
	switch in.op {
	case opBr, opBrIf:
		m.reach(in.index)
	case opBrTable:
		for _, label := range in.targets {
			m.reach(label)
		}
	}
	if in.op != opBrIf {
		m.cost = unreachable
	}
}

// reach notes a branch to a label.
func (m *meter) reach(label uint32) {
	f := &m.stack[len(m.stack)-1-int(label)]
	if f.op == opLoop || m.cost == unreachable {
		return // the loop charges anew
	}
	cost := m.cost
	if f.region != m.at {
		cost = m.regions[f.region].open
	}
	f.best = max(f.best, cost)
}

// call charges plain functions here, since they do not charge themselves.
func (m *meter) call(r *rewriter, in *instruction) {
	cost := int64(1)
	if in.index >= uint32(r.imported) {
		cost += int64(r.plain[in.index-uint32(r.imported)])
	}
	m.pay(cost)
	m.function(r, in)
}

func (m *meter) function(r *rewriter, in *instruction) {
	if in.index >= uint32(r.imported) {
		m.edits = append(m.edits, edit{at: in.indexAt, drop: r.pos - in.indexAt, kind: editFunction, value: int64(in.index) + 1})
	}
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
