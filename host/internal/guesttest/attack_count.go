package guesttest

import (
	"fmt"
	"slices"

	"patchbay/abi"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// countAttacks are files that claim more than there is. A reader that believes a count before it has looked for
// the entries allocates until its process dies.
func countAttacks() (all []Attack) {
	const class = "count"
	sections := []struct {
		name   string
		id     byte
		filler byte
	}{
		{"types", wasmtest.IDType, 0x60}, {"imports", wasmtest.IDImport, 0}, {"functions", wasmtest.IDFunction, 0},
		{"tables", wasmtest.IDTable, 0x70}, {"memories", wasmtest.IDMemory, 0}, {"globals", wasmtest.IDGlobal, 0x7f},
		{"exports", wasmtest.IDExport, 0}, {"element segments", wasmtest.IDElement, 0}, {"bodies", wasmtest.IDCode, 2},
		{"data segments", wasmtest.IDData, 0},
	}
	for _, s := range sections {
		for _, n := range []uint64{1 << 28, wasmtest.MaxU32} {
			all = append(all, refused(class, fmt.Sprintf("%d %s", n, s.name), but(func(g *wasmtest.Guest) {
				g.Raw(s.id, wasmtest.Section(s.id, wasmtest.Lie(n, s.filler)))
			})))
		}
	}
	for _, lie := range innerLies() {
		all = append(all, refused(class, lie.name, but(lie.tell)))
	}
	return all
}

type lie struct {
	name string
	tell func(*wasmtest.Guest)
}

// innerLies are counts within an entry.
func innerLies() []lie {
	many := wasmtest.Uleb(wasmtest.MaxU32)
	section := func(id byte, contents wasmtest.Code) func(*wasmtest.Guest) {
		return func(g *wasmtest.Guest) { g.Raw(id, wasmtest.Section(id, contents)) }
	}
	names := func(subsection wasmtest.Code) func(*wasmtest.Guest) {
		return func(g *wasmtest.Guest) { g.Customs = append(g.Customs, wasmtest.Custom("name", subsection)) }
	}
	locals := func(groups ...wasmtest.Locals) func(*wasmtest.Guest) {
		return func(g *wasmtest.Guest) { g.Func(wasmtest.Type("", ""), groups, "") }
	}
	return []lie{
		{"parameters", section(wasmtest.IDType, "\x01\x60"+wasmtest.Lie(1<<28, 0x7f))},
		{"results", section(wasmtest.IDType, "\x01\x60\x00"+wasmtest.Lie(1<<28, 0x7f))},
		{"length of a module's name", section(wasmtest.IDImport, "\x01"+many+"\x00")},
		{"length of an import's name", section(wasmtest.IDImport, "\x01"+wasmtest.Sized("env")+many+"\x00")},
		{"length of an export's name", section(wasmtest.IDExport, "\x01"+many+"\x00")},
		{"elements of a segment", func(g *wasmtest.Guest) {
			g.Table(1)
			g.Elements = []wasmtest.Code{"\x00" + wasmtest.I32Const(0) + wasmtest.End + many + "\x00"}
		}},
		{"bytes of a segment", func(g *wasmtest.Guest) {
			g.Data = []wasmtest.Code{"\x00" + wasmtest.I32Const(0) + wasmtest.End + many + "\x00"}
		}},
		{"announced data segments", section(wasmtest.IDDataCount, many)},
		{"size of a body", func(g *wasmtest.Guest) { g.RawFunc(wasmtest.Type("", ""), many+"\x00\x0b") }},
		{"size of a section", func(g *wasmtest.Guest) { g.Raw(wasmtest.IDCode, "\x0a"+many+"\x00") }},
		{"size of a custom section", func(g *wasmtest.Guest) { g.Customs = append(g.Customs, "\x00"+many+"\x01x") }},
		{"groups of locals", func(g *wasmtest.Guest) {
			g.RawFunc(wasmtest.Type("", ""), wasmtest.Sized(wasmtest.Lie(wasmtest.MaxU32, 1)+wasmtest.End))
		}},
		{"2^31 locals twice, none in 32 bits", locals(wasmtest.Locals{N: 1 << 31, Type: wasm.I32}, wasmtest.Locals{N: 1 << 31, Type: wasm.I32})},
		{"2^32-1 locals", locals(wasmtest.Locals{N: wasmtest.MaxU32, Type: wasm.I64})},
		{"100 million locals", locals(wasmtest.Locals{N: 100_000_000, Type: wasm.V128})},
		{"50,000 locals", locals(wasmtest.Locals{N: 50_000, Type: wasm.I64})},
		{"targets of br_table", func(g *wasmtest.Guest) {
			g.Func(wasmtest.Type("", ""), nil, wasmtest.I32Const(0)+"\x0e"+many+"\x00\x00")
		}},
		{"named functions", names("\x01\x06" + many + "\x00")},
		{"functions with named locals", names("\x02\x06" + many + "\x00")},
		{"named locals", names("\x02\x08\x01\x00" + many + "\x00")},
		{"length of the module's name", names("\x00\x06" + many + "\x00")},
		{"size of a subsection", names("\x01" + many + "\x00")},
		{"table of 2^27 entries", func(g *wasmtest.Guest) { g.Table(1<<27 - 1) }},
		{"table of 2^32-1 entries", func(g *wasmtest.Guest) { g.Table(wasmtest.MaxU32) }},
		{"four tables of 2^27 entries", func(g *wasmtest.Guest) {
			for range 4 {
				g.Table(1<<27 - 1)
			}
		}},
		{"memory of 4 GiB", func(g *wasmtest.Guest) { g.Memories[0].Min = 1 << 16 }},
		{"memory beyond 4 GiB", func(g *wasmtest.Guest) { g.Memories[0].Min = 1<<16 + 1 }},
		{"memory whose maximum is below its minimum", func(g *wasmtest.Guest) { g.Memories[0] = wasmtest.Memory{Min: 2, Max: []uint32{1}} }},
	}
}

// declareAttacks declare more than any connector needs, all of it there.
func declareAttacks() []Attack {
	const class = "declare"
	void := wasmtest.Type("", "")
	repeat := func(n int, add func(*wasmtest.Guest, int)) func() []byte {
		return but(func(g *wasmtest.Guest) {
			for i := range n {
				add(g, i)
			}
		})
	}
	raw := func(id byte, n int, entry wasmtest.Code) func() []byte {
		return but(func(g *wasmtest.Guest) { g.Raw(id, wasmtest.Section(id, wasmtest.Many(n, entry))) })
	}
	return []Attack{
		refused(class, "a million types", raw(wasmtest.IDType, 1_000_000, "\x60\x00\x00")),
		refused(class, "a type of 10,000 parameters", but(func(g *wasmtest.Guest) {
			g.Types = append(g.Types, wasm.Signature{Params: slices.Repeat([]wasm.ValueType{wasm.I32}, 10_000)})
		})),
		refused(class, "100,000 imports", func() []byte {
			g := wasmtest.NewGuest()
			entry := wasmtest.Sized(wasmtest.Code(abi.ModuleSys)) + wasmtest.Sized(abi.FuncCall) + "\x00\x00"
			g.Raw(wasmtest.IDImport, wasmtest.Section(wasmtest.IDImport, wasmtest.Many(100_000, entry)))
			return g.Invoke(nil, "")
		}),
		refused(class, "200,000 functions", func() []byte {
			g := wasmtest.NewGuest()
			const n = 200_000
			g.Raw(wasmtest.IDFunction, wasmtest.Section(wasmtest.IDFunction, wasmtest.Many(n, "\x00")))
			g.Raw(wasmtest.IDCode, wasmtest.Section(wasmtest.IDCode, wasmtest.Many(n, "\x02\x00\x0b")))
			return g.Invoke(nil, "")
		}),
		refused(class, "200,000 exports", repeat(200_000, func(g *wasmtest.Guest, i int) { g.Export(fmt.Sprint("e", i), wasm.KindMemory, 0) })),
		refused(class, "an export twice", repeat(2, func(g *wasmtest.Guest, _ int) { g.Export("x", wasm.KindMemory, 0) })),
		refused(class, "patchbay_invoke twice", but(func(g *wasmtest.Guest) {
			g.Export(abi.ExportInvoke, wasm.KindFunction, g.Func(wasmtest.Type("i", "i"), nil, wasmtest.I32Const(0)))
		})),
		refused(class, "100,000 globals", raw(wasmtest.IDGlobal, 100_000, "\x7f\x01\x41\x00\x0b")),
		refused(class, "a million tables", raw(wasmtest.IDTable, 1_000_000, "\x70\x00\x01")),
		refused(class, "five tables", repeat(5, func(g *wasmtest.Guest, _ int) { g.Table(1) })),
		refused(class, "a million element segments", but(func(g *wasmtest.Guest) {
			g.Table(1)
			g.Raw(wasmtest.IDElement, wasmtest.Section(wasmtest.IDElement, wasmtest.Many(1_000_000, "\x01\x00\x00")))
		})),
		refused(class, "a million elements", but(func(g *wasmtest.Guest) {
			g.Table(1)
			g.Elements = []wasmtest.Code{"\x01\x00" + wasmtest.Many(1_000_000, "\x00")}
		})),
		refused(class, "a million data segments", raw(wasmtest.IDData, 1_000_000, "\x00\x41\x00\x0b\x01x")),
		refused(class, "1,000 custom sections", repeat(1000, func(g *wasmtest.Guest, _ int) { g.Customs = append(g.Customs, wasmtest.Custom("x", "")) })),
		refused(class, "a custom section of 12 MiB", but(func(g *wasmtest.Guest) {
			g.Customs = append(g.Customs, wasmtest.Custom("x", wasmtest.Repeat(12<<20, "x")))
		})),
		refused(class, "a file of 20 MiB", but(func(g *wasmtest.Guest) { g.Data = append(g.Data, wasmtest.PassiveData(wasmtest.Repeat(20<<20, "x"))) })),
		refused(class, "an export's name of 1 MiB", but(func(g *wasmtest.Guest) { g.Export(string(wasmtest.Repeat(1<<20, "x")), wasm.KindMemory, 0) })),
		refused(class, "an import's name of 1 MiB", func() []byte {
			return wasmtest.NewGuest(wasmtest.Import{Module: string(wasmtest.Repeat(1<<20, "x")), Name: "x", Type: wasmtest.Type("i", "i")}).Invoke(nil, "")
		}),
		refused(class, "a name that is not UTF-8", but(func(g *wasmtest.Guest) { g.Export("\xff\xfe", wasm.KindMemory, 0) })),
		letIn(class, "a function's name of 900 KiB", slices.Concat(answers, trapped), func() []byte {
			g := wasmtest.NewGuest()
			g.Customs = append(g.Customs, wasmtest.Names("a", "b", wasmtest.Repeat(900<<10, "x")))
			return g.InvokeOnly(nil, wasmtest.Unreachable)
		}),
		letIn(class, "names of functions that do not exist", answers, but(func(g *wasmtest.Guest) {
			g.Customs = append(g.Customs, wasmtest.Custom("name", "\x01"+wasmtest.Sized(wasmtest.Vector(wasmtest.Uleb(wasmtest.MaxU32)+wasmtest.Sized("x")))))
		})),
		letIn(class, "1,000 exports of 4 KiB", anything, func() []byte {
			g := wasmtest.NewGuest()
			for i := range 990 {
				g.Export(fmt.Sprintf("%04096d", i), wasm.KindMemory, 0)
			}
			return g.Invoke(nil, "")
		}),
		letIn(class, "40,000 functions", anything, repeat(39_000, func(g *wasmtest.Guest, _ int) { g.Func(void, nil, "") })),
	}
}
