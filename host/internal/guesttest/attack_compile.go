package guesttest

import (
	"fmt"
	"slices"

	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// shape is code of a kind that makes compilers slow, in n pieces over so many locals.
type shape struct {
	name   string
	n      int // what is too much
	fit    int // what the limits of package wasm allow
	locals uint32
	code   func(n int, locals uint32) wasmtest.Code
}

// pieces joins what one returns for 0 to n-1.
func pieces(n int, one func(i int) wasmtest.Code) wasmtest.Code {
	parts := make([]wasmtest.Code, n)
	for i := range parts {
		parts[i] = one(i)
	}
	return wasmtest.Join(parts...)
}

func setLocal(i int, locals uint32) wasmtest.Code {
	return i32s(1) + wasmtest.LocalSet(uint32(i)%locals)
}

// nest puts n openings before as many ends.
func nest(n int, open wasmtest.Code) wasmtest.Code {
	return wasmtest.Repeat(n, open) + wasmtest.Repeat(n, wasmtest.End)
}

var shapes = []shape{
	{"ifs", 5000, 1400, 1000, func(n int, locals uint32) wasmtest.Code {
		return pieces(n, func(i int) wasmtest.Code { return wasmtest.LocalGet(0) + wasmtest.If(setLocal(i, locals)) })
	}},
	{"loops", 5000, 1400, 1000, func(n int, locals uint32) wasmtest.Code {
		return pieces(n, func(i int) wasmtest.Code {
			return wasmtest.Loop(setLocal(i, locals), wasmtest.LocalGet(0), wasmtest.BrIf(0))
		})
	}},
	{"blocks", 5000, 1400, 1000, func(n int, locals uint32) wasmtest.Code {
		return pieces(n, func(i int) wasmtest.Code {
			return wasmtest.Block(setLocal(i, locals), wasmtest.LocalGet(0), wasmtest.BrIf(0))
		})
	}},
	{"nested loops", 4000, 1400, 1000, func(n int, locals uint32) wasmtest.Code {
		return pieces(n, func(i int) wasmtest.Code { return "\x03\x40" + setLocal(i, locals) }) + wasmtest.LocalGet(0) + wasmtest.BrIf(0) + wasmtest.Repeat(n, wasmtest.End)
	}},
	{"nested ifs", 4000, 1400, 1000, func(n int, locals uint32) wasmtest.Code {
		return pieces(n, func(i int) wasmtest.Code { return wasmtest.LocalGet(0) + "\x04\x40" + setLocal(i, locals) }) + wasmtest.Repeat(n, wasmtest.End)
	}},
	{"straight-line additions", 1_000_000, 80_000, 1, func(n int, _ uint32) wasmtest.Code {
		return i32s(0) + wasmtest.Repeat(n, i32s(1)+wasmtest.I32Add) + wasmtest.Drop
	}},
	{"values alive at once", 200_000, 50_000, 1, func(n int, _ uint32) wasmtest.Code {
		return wasmtest.Repeat(n, wasmtest.LocalGet(0)+wasmtest.I32Eqz) + wasmtest.Repeat(n-1, wasmtest.I32Add) + wasmtest.Drop
	}},
	{"nested blocks", 100_000, 4000, 1, func(n int, _ uint32) wasmtest.Code { return nest(n, "\x02\x40") }},
	{"deeply nested loops", 100_000, 4000, 1, func(n int, _ uint32) wasmtest.Code { return nest(n, "\x03\x40") }},
	{"deeply nested ifs", 40_000, 4000, 1, func(n int, _ uint32) wasmtest.Code { return nest(n, wasmtest.LocalGet(0)+"\x04\x40") }},
	{"targets of one br_table", 250_000, 8000, 1, func(n int, _ uint32) wasmtest.Code {
		return wasmtest.Block(i32s(0) + "\x0e" + wasmtest.Uleb(uint64(n)) + wasmtest.Repeat(n+1, "\x00"))
	}},
	{"br_tables of 1,000 targets", 200, 16, 1, func(n int, _ uint32) wasmtest.Code {
		table := "\x0e" + wasmtest.Uleb(1000) + wasmtest.Repeat(1001, "\x00")
		return wasmtest.Repeat(n, wasmtest.Block(i32s(0)+table))
	}},
	{"br_ifs out of a deep nest", 100_000, 40_000, 1, func(n int, _ uint32) wasmtest.Code {
		return wasmtest.Repeat(1000, "\x02\x40") + pieces(n, func(i int) wasmtest.Code { return wasmtest.LocalGet(0) + wasmtest.BrIf(uint32(i%1000)) }) +
			wasmtest.Repeat(1000, wasmtest.End)
	}},
	{"calls", 150_000, 80_000, 1, func(n int, _ uint32) wasmtest.Code { return wasmtest.Repeat(n, wasmtest.Call(2)) }},
	{"selects", 100_000, 30_000, 1, func(n int, _ uint32) wasmtest.Code {
		return i32s(0) + wasmtest.Repeat(n, wasmtest.LocalGet(0)+wasmtest.LocalGet(0)+wasmtest.Select) + wasmtest.Drop
	}},
	{"loads and stores", 50_000, 20_000, 1, func(n int, _ uint32) wasmtest.Code {
		return wasmtest.Repeat(n, wasmtest.LocalGet(0)+wasmtest.LocalGet(0)+wasmtest.I32Load(0)+wasmtest.I32Store(4))
	}},
	{"vector instructions", 50_000, 30_000, 1, func(n int, _ uint32) wasmtest.Code {
		const splat, add = "\xfd\x11", "\xfd\xae\x01" // i32x4
		return wasmtest.LocalGet(0) + splat + wasmtest.Repeat(n, wasmtest.LocalGet(0)+splat+add) + wasmtest.Drop
	}},
	// wazero looks for loops in a time that grows with their square, and makes a loop of each bulk operation.
	{"empty loops", 90_000, 10_000, 1, func(n int, _ uint32) wasmtest.Code { return wasmtest.Repeat(n, wasmtest.Loop()) }},
	{"bulk operations", 60_000, 20_000, 1, func(n int, _ uint32) wasmtest.Code { return wasmtest.Repeat(n, i32s(0, 0, 1)+wasmtest.MemoryFill) }},
}

// compileAttacks are modules that take compilers a long time, or much memory: too large of each shape, which are
// refused, and as large as may be, which have to be compiled in bounds.
func compileAttacks() (all []Attack) {
	const class = "compile"
	for _, s := range shapes {
		build := func(n, functions int, locals uint32) func() []byte {
			return func() []byte {
				g := wasmtest.NewGuest()
				g.Func(wasmtest.Type("", ""), nil, "") // function 2
				body := s.code(n, locals)
				for range functions {
					g.Func(wasmtest.Type("", ""), []wasmtest.Locals{{N: locals, Type: wasm.I32}}, body)
				}
				return g.Invoke(nil, "")
			}
		}
		whole := letIn(class, "as much as fits, "+s.name, anything, build(s.fit, 12, s.locals))
		whole.Full = true
		all = append(all, refused(class, fmt.Sprintf("%d %s", s.n, s.name), build(s.n, 1, s.locals)),
			letIn(class, fmt.Sprintf("%d %s", s.fit, s.name), anything, build(s.fit, 1, s.locals)), whole)
	}
	return append(all,
		refused(class, "10,000 functions of 50,000 locals", manyLocals(10_000, 50_000)),
		refused(class, "2,000 functions of 1,000 locals", manyLocals(2000, 1000)),
		letIn(class, "900 functions of 1,000 locals", anything, manyLocals(900, 1000)),
		letIn(class, "calls with 100 parameters and 30 results", anything, func() []byte {
			g := wasmtest.NewGuest()
			wide := wasm.Signature{Params: slices.Repeat([]wasm.ValueType{wasm.I32}, 100), Results: slices.Repeat([]wasm.ValueType{wasm.I32}, 30)}
			f := g.Func(wide, nil, wasmtest.Repeat(30, i32s(1)))
			g.Func(wasmtest.Type("", ""), nil, wasmtest.Repeat(600, wasmtest.Repeat(100, i32s(1))+wasmtest.Call(f)+wasmtest.Repeat(30, wasmtest.Drop)))
			return g.Invoke(nil, "")
		}),
	)
}

func manyLocals(functions int, locals uint32) func() []byte {
	return but(func(g *wasmtest.Guest) {
		for range functions {
			g.Func(wasmtest.Type("", ""), []wasmtest.Locals{{N: locals, Type: wasm.I64}}, "")
		}
	})
}
