package difftest

import (
	"strconv"

	"pgregory.net/rapid"

	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// Locals of every generated function: parameters, variables, and a counter for each of the loops within each other.
const (
	vars32   = 3 // locals 0, 2 and 3 are of type i32
	vars64   = 3 // locals 1, 4 and 5 are of type i64
	counters = 6
	maxLoops = 3
)

// Globals of every generated module.
const (
	global32 = iota
	global64
	budget // calls that may still be made: at zero, functions return at once, so that all of it ends
	work   // calls and turns of loops so far
)

// generator makes functions of the type (i32, i64) -> (i32) that validate and end.
type generator struct {
	*rapid.T
	functions int    // of the module
	plain     bool   // the function at work has neither loops nor calls
	labels    []bool // blocks around, innermost last; true if a branch may go there
	loops     int    // around
}

func (g *generator) n(n int) int { return rapid.IntRange(0, n-1).Draw(g.T, "") }

// generate makes a module and returns the names under which it exports some of its functions. All are in its table.
// It exports its memory and globals, too.
func generate(t *rapid.T) (module []byte, exports []string) {
	g := &generator{T: t, functions: rapid.IntRange(1, 5).Draw(t, "functions")}
	m := wasmtest.New()
	m.Memory(1, 4)
	m.Table(uint32(g.functions))
	m.Global(wasm.I32, wasmtest.I32Const(7))
	m.Global(wasm.I64, wasmtest.I64Const(9))
	m.Global(wasm.I32, wasmtest.I32Const(40))
	m.Global(wasm.I64, wasmtest.I64Const(0))
	m.Count = true
	m.Data = []wasmtest.Code{wasmtest.ActiveData(16, "first"), wasmtest.PassiveData("passive data"), wasmtest.ActiveData(18, "second")}
	var all []uint32
	for i := range g.functions {
		f := m.Func(wasmtest.Type("il", "i"),
			[]wasmtest.Locals{{N: 2, Type: wasm.I32}, {N: 2, Type: wasm.I64}, {N: maxLoops, Type: wasm.I32}}, g.body())
		if !g.plain || g.n(4) == 0 {
			exports = append(exports, "f"+strconv.Itoa(i))
			m.Export(exports[len(exports)-1], wasm.KindFunction, f)
		}
		all = append(all, f)
	}
	m.Elements = []wasmtest.Code{wasmtest.Active(0, all...)}
	m.Export("memory", wasm.KindMemory, 0)
	for i := range uint32(work + 1) {
		m.Export("global"+strconv.Itoa(int(i)), wasm.KindGlobal, i)
	}
	return m.Bytes(), exports
}

func (g *generator) body() wasmtest.Code {
	g.labels, g.loops = nil, 0
	if g.plain = g.n(3) == 0; g.plain {
		return worked + g.statement(1) + g.value32(2)
	}
	guard := wasmtest.GlobalGet(budget) + wasmtest.I32Eqz + wasmtest.If(wasmtest.I32Const(1), wasmtest.Return) +
		wasmtest.GlobalGet(budget) + wasmtest.I32Const(1) + wasmtest.I32Sub + wasmtest.GlobalSet(budget)
	if g.n(3) > 0 {
		return worked + guard + g.statements(3) + g.value32(3)
	}
	// As Go's compiler has it, the body begins with a loop; there is room for work in its first turn.
	return g.loop(func() wasmtest.Code { return guard + g.statements(3) }) + worked + g.value32(3)
}

const worked = wasmtest.Code("\x23\x03\x42\x01\x7c\x24\x03") // adds 1 to the global work

func (g *generator) statements(depth int) (c wasmtest.Code) {
	for range 1 + g.n(4) {
		c += g.statement(depth)
	}
	return c
}

func (g *generator) statement(depth int) wasmtest.Code {
	if depth == 0 {
		return wasmtest.LocalGet(g.var32()) + wasmtest.GlobalSet(global32)
	}
	switch g.n(14) {
	case 0:
		return g.value32(depth) + wasmtest.LocalSet(g.var32())
	case 1:
		return g.value64(depth) + wasmtest.LocalSet(g.var64())
	case 2:
		return g.value64(depth) + wasmtest.GlobalSet(global64)
	case 3:
		return g.address(depth) + g.value32(depth) + wasmtest.I32Store(uint32(g.n(9)))
	case 4:
		return g.address(depth) + g.value64(depth) + wasmtest.I64Store(uint32(g.n(9)))
	case 5:
		return g.bulk(depth)
	case 6:
		return g.value32(depth-1) + wasmtest.If(g.within(true, depth-1))
	case 7:
		return g.value32(depth-1) + "\x04\x40" + g.within(true, depth-1) + wasmtest.Else + g.within(true, depth-1) + wasmtest.End
	case 8:
		return wasmtest.Block(g.within(true, depth-1))
	case 9:
		return g.branch(depth)
	case 10:
		return g.table(depth - 1)
	case 11:
		if g.n(12) == 0 {
			return g.value32(depth-1) + wasmtest.If(wasmtest.Unreachable)
		}
		return g.value32(depth) + wasmtest.Drop
	}
	if g.plain || g.loops == maxLoops {
		return g.value32(depth) + wasmtest.LocalSet(g.var32())
	}
	return g.loop(func() wasmtest.Code { return g.statements(depth - 1) })
}

// within makes statements in a block.
func (g *generator) within(leave bool, depth int) wasmtest.Code {
	g.labels = append(g.labels, leave)
	c := g.statements(depth)
	g.labels = g.labels[:len(g.labels)-1]
	return c
}

// loop makes a loop of at most four turns; its body may also leave it.
func (g *generator) loop(body func() wasmtest.Code) wasmtest.Code {
	counter := uint32(counters + g.loops)
	g.loops++
	// Two blocks: one to leave the loop, one to begin its next turn.
	g.labels = append(g.labels, true, false, true)
	inner := body()
	g.labels = g.labels[:len(g.labels)-3]
	g.loops--
	again := wasmtest.LocalGet(counter) + wasmtest.I32Const(1) + wasmtest.I32Sub + wasmtest.LocalTee(counter) + wasmtest.BrIf(0)
	return wasmtest.I32Const(int32(1+g.n(4))) + wasmtest.LocalSet(counter) +
		wasmtest.Block(wasmtest.Loop(worked, wasmtest.Block(inner), again))
}

func (g *generator) branch(depth int) wasmtest.Code {
	var to []uint32
	for i, may := range g.labels {
		if may {
			to = append(to, uint32(len(g.labels)-1-i))
		}
	}
	if len(to) == 0 {
		return wasmtest.Nop
	}
	label := to[g.n(len(to))]
	if g.n(3) == 0 {
		return wasmtest.Br(label) + g.statement(depth-1) // which nobody executes
	}
	return g.value32(depth-1) + wasmtest.BrIf(label)
}

// table makes a br_table with a case behind each of its blocks.
func (g *generator) table(depth int) wasmtest.Code {
	c := g.value32(depth) + wasmtest.BrTable(uint32(g.n(3)), uint32(g.n(3)), uint32(g.n(3)), uint32(g.n(3)))
	for i := range 3 {
		c = wasmtest.Block(c)
		if i < 2 {
			outer := g.labels
			g.labels = append(outer[:len(outer):len(outer)], make([]bool, 2-i)...)
			c += g.statements(depth)
			g.labels = outer
		}
	}
	return c
}

func (g *generator) bulk(depth int) wasmtest.Code {
	short := g.value32(depth-1) + wasmtest.I32Const(0xff) + wasmtest.I32And
	switch g.n(5) {
	case 0:
		return g.address(depth) + g.value32(depth-1) + short + wasmtest.MemoryFill
	case 1:
		return g.address(depth) + g.address(depth) + short + wasmtest.MemoryCopy
	case 2:
		return g.address(depth) + wasmtest.I32Const(int32(g.n(4))) + wasmtest.I32Const(int32(g.n(9))) + wasmtest.MemoryInit(1)
	case 3:
		return wasmtest.I32Const(int32(g.n(2))) + wasmtest.MemoryGrow + wasmtest.Drop
	}
	if g.n(8) == 0 {
		return wasmtest.DataDrop(1)
	}
	return wasmtest.Nop
}

// address makes one that mostly is within the memory.
func (g *generator) address(depth int) wasmtest.Code {
	if g.n(20) == 0 {
		return g.value32(depth - 1)
	}
	return g.value32(depth-1) + wasmtest.I32Const(0x7fff) + wasmtest.I32And
}

func (g *generator) var32() uint32 { return []uint32{0, 2, 3}[g.n(vars32)] }
func (g *generator) var64() uint32 { return []uint32{1, 4, 5}[g.n(vars64)] }

var binary32 = []wasmtest.Code{wasmtest.I32Add, wasmtest.I32Sub, wasmtest.I32Mul, wasmtest.I32And, wasmtest.I32Or, wasmtest.I32Shl,
	wasmtest.I32Eq, wasmtest.I32LtS, wasmtest.I32LtU}

func (g *generator) value32(depth int) wasmtest.Code {
	if depth <= 0 {
		return []wasmtest.Code{wasmtest.LocalGet(g.var32()), wasmtest.I32Const(int32(g.n(10) - 5)), wasmtest.GlobalGet(global32)}[g.n(3)]
	}
	switch g.n(12) {
	case 0, 1, 2:
		return g.value32(depth-1) + g.value32(depth-1) + binary32[g.n(len(binary32))]
	case 3:
		return g.address(depth) + wasmtest.I32Load(uint32(g.n(9)))
	case 4:
		return g.value64(depth-1) + wasmtest.I32Wrap
	case 5:
		return g.value32(depth-1) + g.value32(depth-1) + wasmtest.I32Const(int32(g.n(9))) + wasmtest.I32Or + wasmtest.I32DivU
	case 6:
		return g.value32(depth-1) + wasmtest.IfElse(wasm.I32, g.value32(depth-1), g.value32(depth-1))
	case 7:
		return g.value32(depth-1) + g.value32(depth-1) + g.value32(depth-1) + wasmtest.Select
	case 8:
		return wasmtest.MemorySize
	}
	return g.call(depth)
}

func (g *generator) call(depth int) wasmtest.Code {
	if g.plain {
		return g.value32(0)
	}
	arguments := g.value32(depth-1) + g.value64(depth-1)
	if g.n(3) > 0 {
		return arguments + wasmtest.Call(uint32(g.n(g.functions)))
	}
	return arguments + g.value32(depth-1) + wasmtest.I32Const(3) + wasmtest.I32And + wasmtest.CallIndirect(0, 0)
}

func (g *generator) value64(depth int) wasmtest.Code {
	if depth <= 0 {
		return []wasmtest.Code{wasmtest.LocalGet(g.var64()), wasmtest.I64Const(int64(g.n(10) - 5)), wasmtest.GlobalGet(global64)}[g.n(3)]
	}
	switch g.n(5) {
	case 0:
		return g.value32(depth-1) + wasmtest.I64Extend
	case 1:
		return g.address(depth) + wasmtest.I64Load(uint32(g.n(9)))
	}
	return g.value64(depth-1) + g.value64(depth-1) + []wasmtest.Code{wasmtest.I64Add, wasmtest.I64Sub, wasmtest.I64Mul}[g.n(3)]
}
