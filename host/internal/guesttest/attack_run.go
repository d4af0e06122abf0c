package guesttest

import (
	"slices"

	"patchbay/abi"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// loopAttacks never come to an end.
func loopAttacks() []Attack {
	const class = "loop"
	count := wasmtest.LocalGet(i32Local) + i32s(1) + wasmtest.I32Add + wasmtest.LocalSet(i32Local)
	inInitialize := func(locals []wasmtest.Locals, body wasmtest.Code) func() []byte {
		return but(func(g *wasmtest.Guest) { g.Initialize(locals, body) })
	}
	atStart := append(slices.Clone(stopped), Refused)
	return []Attack{
		invoke(class, "empty", stopped, code(forever())),
		invoke(class, "counting", stopped, code(forever(count))),
		invoke(class, "of many instructions", stopped, code(forever(wasmtest.Repeat(20_000, count)))),
		invoke(class, "of many empty loops", stopped, code(forever(wasmtest.Repeat(300, wasmtest.Loop())))),
		invoke(class, "with br_if", stopped, code(wasmtest.Loop(count, i32s(1), wasmtest.BrIf(0)))),
		invoke(class, "with br_table", stopped, code(wasmtest.Loop(wasmtest.Block(i32s(7), wasmtest.BrTable(1, 1, 1))))),
		invoke(class, "from deep inside", stopped, code(wasmtest.Loop(wasmtest.Repeat(200, "\x02\x40"), wasmtest.Br(200), wasmtest.Repeat(200, wasmtest.End)))),
		invoke(class, "nested", stopped, code(forever(wasmtest.Loop(count, wasmtest.LocalGet(i32Local), i32s(1000), wasmtest.I32LtU, wasmtest.BrIf(0))))),
		invoke(class, "behind an if", stopped, code(wasmtest.Loop(wasmtest.LocalGet(0), wasmtest.If(wasmtest.Br(1))))),
		invoke(class, "with loads and stores", stopped, code(forever(i32s(0, 0)+wasmtest.I32Load(0)+wasmtest.I32Store(8)))),
		invoke(class, "with division", stopped, code(forever(wasmtest.I64Const(1<<62)+wasmtest.LocalGet(i64Local)+wasmtest.I64Const(3)+wasmtest.I64Add+wasmtest.I64DivU+wasmtest.LocalSet(i64Local)))),
		invoke(class, "with a block's parameters", stopped, func(g *wasmtest.Guest) wasmtest.Code {
			t := wasmtest.Uleb(uint64(g.Type(wasmtest.Type("i", "i"))))
			return i32s(0) + "\x03" + t + i32s(1) + wasmtest.I32Add + wasmtest.Br(0) + wasmtest.End + wasmtest.Drop
		}),
		invoke(class, "that calls", stopped, func(g *wasmtest.Guest) wasmtest.Code {
			return forever(wasmtest.Call(g.Func(wasmtest.Type("", ""), nil, "")))
		}),
		letIn(class, "in _initialize", atStart, inInitialize(nil, forever())),
		letIn(class, "long, in _initialize", anything, inInitialize([]wasmtest.Locals{{N: 1, Type: wasm.I32}},
			i32s(100_000_000)+wasmtest.LocalSet(0)+wasmtest.Loop(wasmtest.LocalGet(0), i32s(1), wasmtest.I32Sub, wasmtest.LocalTee(0), wasmtest.BrIf(0)))),
	}
}

// recursionAttacks call themselves: without end, or with an end that nobody lives to see. None has a loop, which
// is where runtimes look at the clock.
func recursionAttacks() []Attack {
	const class = "recursion"
	void, one := wasmtest.Type("", ""), wasmtest.Type("l", "l")
	deep := append(slices.Clone(trapped), stopped...)
	withFrame := func(locals uint32, t wasm.ValueType) func(*wasmtest.Guest) wasmtest.Code {
		return func(g *wasmtest.Guest) wasmtest.Code {
			self := g.NextFunc()
			return wasmtest.Call(g.Func(void, []wasmtest.Locals{{N: locals, Type: t}}, wasmtest.Call(self)))
		}
	}
	return []Attack{
		invoke(class, "without end", deep, withFrame(0, wasm.I32)),
		invoke(class, "with 1,000 locals", deep, withFrame(1000, wasm.I64)),
		invoke(class, "with 500 vectors", deep, withFrame(500, wasm.V128)),
		invoke(class, "with 100 parameters", deep, func(g *wasmtest.Guest) wasmtest.Code {
			self, args := g.NextFunc(), wasmtest.Repeat(100, i32s(1))
			return args + wasmtest.Call(g.Func(wasm.Signature{Params: slices.Repeat([]wasm.ValueType{wasm.I32}, 100)}, nil, args+wasmtest.Call(self)))
		}),
		invoke(class, "mutual", deep, func(g *wasmtest.Guest) wasmtest.Code {
			first := g.NextFunc()
			g.Func(void, nil, wasmtest.Call(first+1))
			return wasmtest.Call(g.Func(void, nil, wasmtest.Call(first)))
		}),
		invoke(class, "indirect", deep, func(g *wasmtest.Guest) wasmtest.Code {
			table, again := g.Table(1), i32s(0)+wasmtest.CallIndirect(g.Type(void), 0)
			_ = table
			f := g.Func(void, nil, again)
			g.Elements = []wasmtest.Code{wasmtest.Active(0, f)}
			return again
		}),
		invoke(class, "of patchbay_invoke", deep, func(g *wasmtest.Guest) wasmtest.Code {
			return i32s(1) + wasmtest.Call(g.NextFunc()) + wasmtest.Drop
		}),
		invoke(class, "fib(60)", stopped, func(g *wasmtest.Guest) wasmtest.Code {
			self := g.NextFunc()
			less := func(n int64) wasmtest.Code {
				return wasmtest.LocalGet(0) + wasmtest.I64Const(n) + wasmtest.I64Sub + wasmtest.Call(self)
			}
			fib := wasmtest.LocalGet(0) + wasmtest.I64Const(2) + wasmtest.I64LtS +
				wasmtest.IfElse(wasm.I64, wasmtest.LocalGet(0), less(1)+less(2)+wasmtest.I64Add)
			return wasmtest.I64Const(60) + wasmtest.Call(g.Func(one, nil, fib)) + wasmtest.Drop
		}),
		invoke(class, "Ackermann", deep, func(g *wasmtest.Guest) wasmtest.Code {
			self, m, n := g.NextFunc(), wasmtest.LocalGet(0), wasmtest.LocalGet(1)
			minus := wasmtest.I64Const(1) + wasmtest.I64Sub
			call := wasmtest.Call(self)
			ack := m + wasmtest.I64Eqz + wasmtest.IfElse(wasm.I64, n+wasmtest.I64Const(1)+wasmtest.I64Add,
				n+wasmtest.I64Eqz+wasmtest.IfElse(wasm.I64, m+minus+wasmtest.I64Const(1)+call, m+minus+m+n+minus+call+call))
			return wasmtest.I64Const(4) + wasmtest.I64Const(4) + wasmtest.Call(g.Func(wasmtest.Type("ll", "l"), nil, ack)) + wasmtest.Drop
		}),
		invoke(class, "2^60 calls in straight lines", stopped, tree(60, 2, "")),
		invoke(class, "16^15 calls in straight lines", stopped, tree(15, 16, "")),
		invoke(class, "2^60 calls through a table", stopped, func(g *wasmtest.Guest) wasmtest.Code {
			const depth = 60
			g.Table(depth + 1)
			t, first := g.Type(void), g.NextFunc()
			indices := []uint32{g.Func(void, nil, "")}
			for i := range uint32(depth) {
				indices = append(indices, g.Func(void, nil, wasmtest.Repeat(2, i32s(i)+wasmtest.CallIndirect(t, 0))))
			}
			g.Elements = []wasmtest.Code{wasmtest.Active(0, indices...)}
			return wasmtest.Call(first + depth)
		}),
		letIn(class, "in _initialize", anything, but(func(g *wasmtest.Guest) { g.Initialize(nil, wasmtest.Call(g.NextFunc())) })),
		letIn(class, "fan in _initialize", append(slices.Clone(stopped), Refused), but(func(g *wasmtest.Guest) { g.Initialize(nil, tree(60, 2, "")(g)) })),
	}
}

// tree is a call of a function that calls another width times, and so on depth times; the last runs leaf.
func tree(depth, width int, leaf wasmtest.Code) func(*wasmtest.Guest) wasmtest.Code {
	return func(g *wasmtest.Guest) wasmtest.Code {
		f := g.Func(wasmtest.Type("", ""), nil, leaf)
		for range depth {
			f = g.Func(wasmtest.Type("", ""), nil, wasmtest.Repeat(width, wasmtest.Call(f)))
		}
		return wasmtest.Call(f)
	}
}

const bigMemory = 1000 // pages, below the default limit

// bulkAttacks do much in one instruction, again and again. Each leaves the guest's own data as it was.
func bulkAttacks() []Attack {
	const class = "bulk"
	const from, size = 1 << 16, (bigMemory - 1) << 16
	grow := i32s(bigMemory-2) + wasmtest.MemoryGrow + wasmtest.Drop
	fill := i32s(from, 1, size) + wasmtest.MemoryFill
	copies := i32s(from, from+1, size-1) + wasmtest.MemoryCopy
	back := i32s(from+1, from, size-1) + wasmtest.MemoryCopy
	table := func(op wasmtest.Code) func(*wasmtest.Guest) wasmtest.Code {
		return func(g *wasmtest.Guest) wasmtest.Code {
			g.Table(50_000, 100_000)
			g.Elements = []wasmtest.Code{wasmtest.Passive(make([]uint32, 40_000)...)}
			return forever(op)
		}
	}
	return []Attack{
		invoke(class, "memory.fill in a loop", stopped, code(grow+forever(fill))),
		invoke(class, "memory.fill in a straight line", stopped, code(grow+wasmtest.Repeat(500, fill))),
		invoke(class, "memory.fill in a tree of calls", stopped, func(g *wasmtest.Guest) wasmtest.Code { return grow + tree(30, 2, fill)(g) }),
		invoke(class, "memory.fill in a tree of calls without growth", stopped, tree(40, 2, i32s(from, 1, 1<<16)+wasmtest.MemoryFill)),
		invoke(class, "memory.copy in a loop", stopped, code(grow+forever(copies))),
		invoke(class, "memory.copy to and fro", stopped, code(grow+wasmtest.Repeat(250, copies+back))),
		invoke(class, "memory.fill of nothing", stopped, code(forever(wasmtest.Repeat(100, i32s(0, 0, 0)+wasmtest.MemoryFill)))),
		invoke(class, "memory.fill past the end", trapped, code(i32s(from, 1, 1<<32-1)+wasmtest.MemoryFill)),
		invoke(class, "memory.copy from past the end", trapped, code(i32s(0, 1<<31, 1<<31)+wasmtest.MemoryCopy)),
		invoke(class, "memory.init in a loop", stopped, func(g *wasmtest.Guest) wasmtest.Code {
			g.Count = true
			g.Data = append(g.Data, wasmtest.PassiveData(wasmtest.Repeat(1<<16, "x")))
			return forever(i32s(from, 0, 1<<16) + wasmtest.MemoryInit(1))
		}),
		invoke(class, "table.fill in a loop", stopped, table(i32s(0)+wasmtest.RefNull(wasm.FuncRef)+i32s(50_000)+wasmtest.TableFill(0))),
		invoke(class, "table.copy in a loop", stopped, table(i32s(1, 0, 49_999)+wasmtest.TableCopy(0, 0))),
		invoke(class, "table.init in a loop", stopped, table(i32s(0, 0, 40_000)+wasmtest.TableInit(0, 0))),
		invoke(class, "table.fill past the end", trapped, table(i32s(1)+wasmtest.RefNull(wasm.FuncRef)+i32s(1<<32-1)+wasmtest.TableFill(0))),
		invoke(class, "table.init past the end", trapped, table(i32s(0, 1, 1<<32-1)+wasmtest.TableInit(0, 0))),
	}
}

// memoryAttacks want more memory than they may have. Growing costs fuel by the page, so the most greedy run out.
func memoryAttacks() []Attack {
	const class = "memory"
	grow := func(pages uint32) wasmtest.Code { return i32s(pages) + wasmtest.MemoryGrow }
	failed := i32s(1<<32-1) + wasmtest.I32Eq
	untilFull := func(pages uint32, then wasmtest.Code) wasmtest.Code {
		return wasmtest.Block(forever(grow(pages)+failed+wasmtest.BrIf(1), then))
	}
	touch := wasmtest.MemorySize + i32s(16) + wasmtest.I32Shl + i32s(8) + wasmtest.I32Sub + i32s(1) + wasmtest.I32Store(0)
	return []Attack{
		invoke(class, "page by page", slices.Concat(answers, exhausts), code(untilFull(1, ""))),
		invoke(class, "page by page, all touched", slices.Concat(answers, exhausts), code(untilFull(1, touch))),
		invoke(class, "page by page, then a trap", exhausts, code(untilFull(1, touch), wasmtest.Unreachable)),
		invoke(class, "in large steps", slices.Concat(answers, exhausts), code(untilFull(16, ""))),
		invoke(class, "to 4 GiB at once", slices.Concat(answers, exhausts), code(grow(65534)+wasmtest.Drop)),
		invoke(class, "by 2^32-1 pages", slices.Concat(answers, exhausts), code(grow(1<<32-1)+wasmtest.Drop)),
		invoke(class, "without end", stopped, code(forever(grow(1)+wasmtest.Drop))),
		invoke(class, "by nothing, without end", stopped, code(forever(grow(0)+wasmtest.Drop))),
		invoke(class, "in a tree of calls", stopped, tree(40, 2, grow(1)+wasmtest.Drop)),
		invoke(class, "touched byte by byte", stopped, code(untilFull(16, ""), forever(wasmtest.LocalGet(1), i32s(1), wasmtest.I32Store8(0),
			wasmtest.LocalGet(1)+i32s(4096)+wasmtest.I32Add+i32s(60<<20-1)+wasmtest.I32And+i32s(1<<16)+wasmtest.I32Or+wasmtest.LocalSet(1)))),
		letIn(class, "as much at the start as a module may have", anything, but(func(g *wasmtest.Guest) { g.Memories[0].Min = wasm.MaxMemoryPages })),
		letIn(class, "more at the start than the limit", append(slices.Clone(exhausts), Refused), but(func(g *wasmtest.Guest) { g.Memories[0].Min = 1025 })),
		letIn(class, "in _initialize", anything, but(func(g *wasmtest.Guest) { g.Initialize(nil, untilFull(1, touch)) })),
		letIn(class, "in _initialize, then a trap", append(slices.Clone(exhausts), Refused, Verdict(abi.Internal)), but(func(g *wasmtest.Guest) { g.Initialize(nil, untilFull(1, touch)+wasmtest.Unreachable) })),
		invoke(class, "loads around its end", trapped, code(i32s(memoryEnd*2-3)+wasmtest.I32Load(0)+wasmtest.Drop)),
		invoke(class, "loads with a large offset", trapped, code(i32s(1<<32-1)+wasmtest.I32Load(wasmtest.MaxU32)+wasmtest.Drop)),
		invoke(class, "stores at -1", trapped, code(i32s(1<<32-1, 1)+wasmtest.I32Store8(0))),
	}
}

// tableAttacks have tables grow, which memory limits do not cover, and call what is not in them.
func tableAttacks() []Attack {
	const class = "table"
	null := wasmtest.RefNull(wasm.FuncRef)
	grow := func(n uint32) wasmtest.Code { return null + i32s(n) + wasmtest.TableGrow(0) }
	with := func(body wasmtest.Code, max ...uint32) func(*wasmtest.Guest) wasmtest.Code {
		return func(g *wasmtest.Guest) wasmtest.Code {
			g.Table(2, max...)
			g.Elements = []wasmtest.Code{wasmtest.Active(0, g.Func(wasmtest.Type("l", "l"), nil, wasmtest.LocalGet(0)))}
			g.Type(wasmtest.Type("", ""))
			return body
		}
	}
	call := func(i uint32) func(*wasmtest.Guest) wasmtest.Code {
		return func(g *wasmtest.Guest) wasmtest.Code {
			return with("")(g) + i32s(i) + wasmtest.CallIndirect(g.Type(wasmtest.Type("", "")), 0)
		}
	}
	return []Attack{
		invoke(class, "grows by 2^32-1", slices.Concat(answers, exhausts), with(grow(1<<32-1)+wasmtest.Drop)),
		invoke(class, "grows by 2^31", slices.Concat(answers, exhausts), with(grow(1<<31)+wasmtest.Drop)),
		invoke(class, "grows by 2^28", slices.Concat(answers, exhausts), with(grow(1<<28)+wasmtest.Drop)),
		invoke(class, "grows by a million until it cannot", contained, with(wasmtest.Block(forever(grow(1<<20)+i32s(1<<32-1)+wasmtest.I32Eq+wasmtest.BrIf(1))))),
		invoke(class, "grows by one without end", stopped, with(forever(grow(1)+wasmtest.Drop))),
		invoke(class, "grows in a tree of calls", stopped, func(g *wasmtest.Guest) wasmtest.Code { return with("")(g) + tree(40, 2, grow(100)+wasmtest.Drop)(g) }),
		invoke(class, "declares 2^32-1 as its maximum", slices.Concat(answers, exhausts), with(grow(1<<30)+wasmtest.Drop, wasmtest.MaxU32)),
		letIn(class, "100,000 entries four times", anything, but(func(g *wasmtest.Guest) {
			for range 4 {
				g.Table(100_000)
			}
		})),
		invoke(class, "calls past its end", trapped, call(1<<32-1)),
		invoke(class, "calls an empty entry", trapped, call(1)),
		invoke(class, "calls with the wrong type", trapped, call(0)),
		invoke(class, "stores past its end", trapped, with(i32s(1<<31)+null+wasmtest.TableSet(0))),
	}
}
