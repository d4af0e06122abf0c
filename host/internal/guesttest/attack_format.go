package guesttest

import (
	"fmt"
	"iter"

	"patchbay/abi"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// small is an honest guest with something in every section.
func small() []byte {
	g := wasmtest.NewGuest(allOf("random_get", "proc_exit")...)
	f := g.Func(wasmtest.Type("ii", "i"), []wasmtest.Locals{{N: 2, Type: wasm.I64}}, wasmtest.LocalGet(0)+wasmtest.LocalGet(1)+wasmtest.I32Add)
	g.Global(wasm.I32, wasmtest.I32Const(3))
	g.Table(2, 4)
	g.Elements = []wasmtest.Code{wasmtest.Active(0, f), wasmtest.Passive(f)}
	g.Data = append(g.Data, wasmtest.PassiveData("passive"))
	g.Count = true
	g.Customs = []wasmtest.Code{wasmtest.Names("call", "take"), wasmtest.Custom("producers", "x")}
	g.Initialize(nil, wasmtest.Nop)
	return g.Invoke(nil, wasmtest.Block(wasmtest.LocalGet(0)+wasmtest.BrIf(0))+i32s(1, 2)+wasmtest.Call(f)+wasmtest.Drop)
}

func raw(data wasmtest.Code) func() []byte { return func() []byte { return []byte(data) } }

// formatAttacks are files that are no core module, or a broken one.
func formatAttacks() []Attack {
	const class = "format"
	section := func(encoded wasmtest.Code) func() []byte {
		return but(func(g *wasmtest.Guest) { g.Customs = append(g.Customs, encoded) })
	}
	return []Attack{
		refused(class, "nothing", raw("")),
		refused(class, "text", raw("(module)")),
		refused(class, "a component", raw("\x00asm\x0d\x00\x01\x00")),
		refused(class, "version 2", raw("\x00asm\x02\x00\x00\x00")),
		refused(class, "an ELF file", raw("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00")),
		refused(class, "an empty module", raw(wasmtest.Header)),
		refused(class, "an unknown section", section(wasmtest.Section(14, ""))),
		refused(class, "section 255", section(wasmtest.Section(255, ""))),
		refused(class, "a section twice", section(wasmtest.Section(wasmtest.IDType, "\x00"))),
		refused(class, "sections out of order", section(wasmtest.Section(wasmtest.IDGlobal, "\x00"))),
		refused(class, "a section longer than what is in it", section(wasmtest.Section(wasmtest.IDCustom, "\x09x"))),
		refused(class, "a number of six bytes", but(func(g *wasmtest.Guest) {
			g.Raw(wasmtest.IDMemory, wasmtest.Section(wasmtest.IDMemory, "\x80\x80\x80\x80\x80\x00"))
		})),
		refused(class, "a number of 33 bits", but(func(g *wasmtest.Guest) {
			g.Raw(wasmtest.IDMemory, wasmtest.Section(wasmtest.IDMemory, "\x81\x80\x80\x80\x10"))
		})),
		refused(class, "no bodies", but(func(g *wasmtest.Guest) { g.Raw(wasmtest.IDCode, "") })),
		refused(class, "no functions", but(func(g *wasmtest.Guest) { g.Raw(wasmtest.IDFunction, "") })),
		refused(class, "a body without an end", but(func(g *wasmtest.Guest) { g.RawFunc(wasmtest.Type("", ""), wasmtest.Sized("\x00\x01")) })),
		refused(class, "a body that ends early", but(func(g *wasmtest.Guest) { g.RawFunc(wasmtest.Type("", ""), wasmtest.Sized("\x00\x0b\x01\x0b")) })),
		refused(class, "a name section twice", but(func(g *wasmtest.Guest) { g.Customs = []wasmtest.Code{wasmtest.Names("a"), wasmtest.Names("b")} })),
		{Name: class + "/truncated at every byte", Class: class, Modules: truncations(), Want: []Verdict{Refused}},
		{Name: class + "/every byte turned over", Class: class, Modules: mutations(), Want: anything},
	}
}

// truncations cuts an honest guest before each byte up to the code of its last function; a cut between the custom
// sections that follow leaves a guest.
func truncations() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		whole := small()
		g, _ := wasm.Scan(whole)
		for n := range whole {
			cut := whole[:n]
			if m, err := wasm.Scan(cut); err == nil && wasm.Check(m) == nil && len(m.Custom) < len(g.Custom) && m.Functions == g.Functions {
				continue // nothing is missing but custom sections
			}
			if !yield(cut) {
				return
			}
		}
	}
}

// mutations turns over one byte each of an honest guest. Most results are refused; others are guests that do
// something else.
func mutations() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		whole := small()
		step := 7
		if full() {
			step = 1
		}
		for n := 8; n < len(whole); n += step {
			changed := append([]byte(nil), whole...)
			changed[n] ^= 0xff
			if !yield(changed) {
				return
			}
		}
	}
}

// featureAttacks use what came after WebAssembly 2.0: less tried code of the runtime, some of it known to be
// broken.
func featureAttacks() []Attack {
	const class = "feature"
	void := wasmtest.Type("", "")
	section := func(id byte, contents wasmtest.Code) func() []byte {
		return but(func(g *wasmtest.Guest) { g.Raw(id, wasmtest.Section(id, contents)) })
	}
	body := func(code wasmtest.Code) func() []byte {
		return but(func(g *wasmtest.Guest) { g.Table(1); g.Func(void, nil, code) })
	}
	all := []Attack{
		refused(class, "shared memory", section(wasmtest.IDMemory, "\x01\x03\x01\x02")),
		refused(class, "64-bit memory", section(wasmtest.IDMemory, "\x01\x04\x01")),
		refused(class, "64-bit shared memory", section(wasmtest.IDMemory, "\x01\x07\x01\x02")),
		refused(class, "custom page size", section(wasmtest.IDMemory, "\x01\x08\x01\x00")),
		refused(class, "two memories", section(wasmtest.IDMemory, "\x02\x00\x01\x00\x01")),
		refused(class, "a tag section", but(func(g *wasmtest.Guest) { g.Raw(wasmtest.IDMemory, "\x05\x03\x01\x00\x01\x0d\x03\x01\x00\x00") })),
		refused(class, "a start function", but(func(g *wasmtest.Guest) { g.Start = []uint32{g.Func(void, nil, "")} })),
		refused(class, "a start function that loops", but(func(g *wasmtest.Guest) { g.Start = []uint32{g.Func(void, nil, forever())} })),
		refused(class, "a struct type", section(wasmtest.IDType, "\x01\x5f\x00")),
		refused(class, "an array type", section(wasmtest.IDType, "\x01\x5e\x7f\x00")),
		refused(class, "a recursive type group", section(wasmtest.IDType, "\x01\x4e\x01\x60\x00\x00")),
		refused(class, "typed function references", but(func(g *wasmtest.Guest) { g.Func(void, []wasmtest.Locals{{N: 1, Type: 0x64}}, "") })),
		refused(class, "exception references", but(func(g *wasmtest.Guest) { g.Func(void, []wasmtest.Locals{{N: 1, Type: 0x69}}, "") })),
		refused(class, "an extended constant", but(func(g *wasmtest.Guest) { g.Global(wasm.I32, i32s(1, 2)+wasmtest.I32Add) })),
		refused(class, "a table with an initial value", section(wasmtest.IDTable, "\x01\x40\x00\x70\x00\x01\xd0\x70\x0b")),
		refused(class, "a 64-bit table", section(wasmtest.IDTable, "\x01\x70\x04\x01")),
		refused(class, "load from memory 1", body(i32s(0)+"\x28\x42\x01\x00"+wasmtest.Drop)),
	}
	for name, code := range map[string]wasmtest.Code{
		"try": "\x06\x40\x0b", "throw": "\x08\x00", "throw_ref": wasmtest.RefNull(0x69) + "\x0a", "try_table": "\x1f\x40\x00\x0b",
		"return_call": "\x12\x00", "return_call_indirect": i32s(0) + "\x13\x00\x00", "call_ref": "\x14\x00", "return_call_ref": "\x15\x00",
		"ref.as_non_null": wasmtest.RefNull(wasm.FuncRef) + "\xd4\x1a", "br_on_null": "\xd5\x00", "struct.new": "\xfb\x00\x00",
		"i31": i32s(0) + "\xfb\x1c\x1a", "memory.discard": i32s(0, 0) + "\xfc\x12\x00", "memory.atomic.notify": i32s(0, 0) + "\xfe\x00\x02\x00\x1a",
		"memory.atomic.wait32": i32s(0, 0) + wasmtest.I64Const(-1) + "\xfe\x01\x02\x00\x1a", "atomic.fence": "\xfe\x03\x00",
		"i32.atomic.rmw.add": i32s(0, 1) + "\xfe\x1e\x02\x00\x1a", "relaxed swizzle": "\xfd\x80\x02", "i64.add128": "\xfc\x13",
	} {
		all = append(all, refused(class, name, body(code)))
	}
	return append(all, Attack{Name: class + "/every unknown opcode", Class: class, Modules: unknownOpcodes(), Want: []Verdict{Refused}})
}

// unknownOpcodes has a module for each opcode that WebAssembly 2.0 does not have (core specification 5.4).
func unknownOpcodes() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var codes []wasmtest.Code
		for op := range 256 {
			known := op <= 5 || op >= 0x0b && op <= 0x11 || op >= 0x1a && op <= 0x1c || op >= 0x20 && op <= 0x26 ||
				op >= 0x28 && op <= 0xc4 || op >= 0xd0 && op <= 0xd2 || op == 0xfc || op == 0xfd
			if !known {
				codes = append(codes, wasmtest.Code([]byte{byte(op)}))
			}
		}
		for op := uint64(18); op < 300; op += 3 {
			codes = append(codes, "\xfc"+wasmtest.Uleb(op), "\xfd"+wasmtest.Uleb(op+238))
		}
		codes = append(codes, "\xfc"+wasmtest.Uleb(wasmtest.MaxU32), "\xfd"+wasmtest.Uleb(wasmtest.MaxU32))
		for _, c := range codes {
			if !yield(but(func(g *wasmtest.Guest) { g.Func(wasmtest.Type("", ""), nil, c+"\x00\x00\x00") })()) {
				return
			}
		}
	}
}

// privateAttacks are raw modules that know how modules are hardened.
func privateAttacks() []Attack {
	const class = "private"
	all := []Attack{
		refused(class, "reads a global past its own", but(func(g *wasmtest.Guest) {
			g.Global(wasm.I64, wasmtest.I64Const(0))
			g.Func(wasmtest.Type("", "l"), nil, wasmtest.GlobalGet(1))
		})),
		refused(class, "fills up a global past its own", but(func(g *wasmtest.Guest) {
			g.Func(wasmtest.Type("", ""), nil, wasmtest.I64Const(1<<62)+wasmtest.GlobalSet(0))
		})),
		refused(class, "exports a global past its own", but(func(g *wasmtest.Guest) { g.Export("fuel", wasm.KindGlobal, 0) })),
		refused(class, "calls the meter as its own import", func() []byte {
			return wasmtest.NewGuest(wasmtest.Import{Module: wasm.MeterModule, Name: wasm.MeterTick}).Invoke(nil, wasmtest.Call(2))
		}),
		refused(class, "imports a memory", importing("memory", "\x02\x00\x01")),
		refused(class, "imports a table", importing("table", "\x01\x70\x00\x01")),
		refused(class, "imports a global", importing("global", "\x03\x7e\x01")),
	}
	for _, name := range []string{wasm.FuelGlobal, wasm.PrivatePrefix + "global.0", wasm.PrivatePrefix, wasm.PrivatePrefix + "x"} {
		all = append(all, refused(class, fmt.Sprintf("exports %q", name), but(func(g *wasmtest.Guest) {
			g.Export(name, wasm.KindGlobal, g.Global(wasm.I64, wasmtest.I64Const(1<<62)))
		})))
	}
	return all
}

// importing is a guest that imports something else than a function.
func importing(name, description wasmtest.Code) func() []byte {
	sys := wasmtest.Sized(wasmtest.Code(abi.ModuleSys))
	return but(func(g *wasmtest.Guest) {
		g.Raw(wasmtest.IDImport, wasmtest.Section(wasmtest.IDImport, wasmtest.Vector(
			sys+wasmtest.Sized(abi.FuncCall)+"\x00\x00", sys+wasmtest.Sized(abi.FuncTake)+"\x00\x01", sys+wasmtest.Sized(name)+description)))
	})
}
