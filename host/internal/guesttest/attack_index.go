package guesttest

import (
	"slices"

	"patchbay/abi"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// indexAttacks refer to what does not exist.
func indexAttacks() (all []Attack) {
	const class = "index"
	const none = 99
	void := wasmtest.Type("", "")
	for name, code := range map[string]wasmtest.Code{
		"call": wasmtest.Call(none), "call_indirect, type": i32s(0) + wasmtest.CallIndirect(none, 0), "call_indirect, table": i32s(0) + wasmtest.CallIndirect(0, none),
		"local.get": wasmtest.LocalGet(none) + wasmtest.Drop, "local.set": i32s(0) + wasmtest.LocalSet(none), "local.tee": i32s(0) + wasmtest.LocalTee(none) + wasmtest.Drop,
		"local.get of 2^32-1": wasmtest.LocalGet(wasmtest.MaxU32) + wasmtest.Drop,
		"global.get":          wasmtest.GlobalGet(none) + wasmtest.Drop, "global.set": i32s(0) + wasmtest.GlobalSet(none),
		"br": wasmtest.Br(none), "br_if": i32s(0) + wasmtest.BrIf(none), "br_table": i32s(0) + wasmtest.BrTable(0, none), "br of 2^32-1": wasmtest.Br(wasmtest.MaxU32),
		"memory.init": i32s(0, 0, 0) + wasmtest.MemoryInit(none), "data.drop": wasmtest.DataDrop(none),
		"table.get": i32s(0) + wasmtest.TableGet(none) + wasmtest.Drop, "table.set": i32s(0) + wasmtest.RefNull(wasm.FuncRef) + wasmtest.TableSet(none),
		"table.init, segment": i32s(0, 0, 0) + wasmtest.TableInit(none, 0), "table.init, table": i32s(0, 0, 0) + wasmtest.TableInit(0, none),
		"table.copy": i32s(0, 0, 0) + wasmtest.TableCopy(0, none), "table.grow": wasmtest.RefNull(wasm.FuncRef) + i32s(1) + wasmtest.TableGrow(none) + wasmtest.Drop,
		"table.size": wasmtest.TableSize(none) + wasmtest.Drop, "table.fill": i32s(0) + wasmtest.RefNull(wasm.FuncRef) + i32s(0) + wasmtest.TableFill(none),
		"elem.drop": wasmtest.ElemDrop(none), "ref.func": wasmtest.RefFunc(none) + wasmtest.Drop, "type of a block": "\x02" + wasmtest.Uleb(none) + wasmtest.End,
	} {
		all = append(all, refused(class, name, but(func(g *wasmtest.Guest) {
			g.Table(1)
			g.Elements = []wasmtest.Code{wasmtest.Passive(0)}
			g.Count = true
			g.Func(void, nil, code)
		})))
	}
	return append(all,
		refused(class, "export of a function", but(func(g *wasmtest.Guest) { g.Export("x", wasm.KindFunction, none) })),
		refused(class, "export of a memory", but(func(g *wasmtest.Guest) { g.Export("x", wasm.KindMemory, 1) })),
		refused(class, "start", but(func(g *wasmtest.Guest) { g.Start = []uint32{none} })),
		refused(class, "element", but(func(g *wasmtest.Guest) { g.Table(1); g.Elements = []wasmtest.Code{wasmtest.Active(0, none)} })),
		refused(class, "element segment without a table", but(func(g *wasmtest.Guest) { g.Elements = []wasmtest.Code{wasmtest.Active(0, 0)} })),
		refused(class, "global of a global", but(func(g *wasmtest.Guest) { g.Global(wasm.I32, wasmtest.GlobalGet(none)) })),
		refused(class, "type of a function", but(func(g *wasmtest.Guest) { g.Raw(wasmtest.IDFunction, wasmtest.Section(wasmtest.IDFunction, "\x01\x63")) })),
		refused(class, "type of an import", func() []byte {
			g := wasmtest.NewGuest()
			sys := wasmtest.Sized(wasmtest.Code(abi.ModuleSys)) + wasmtest.Sized(abi.FuncCall)
			g.Raw(wasmtest.IDImport, wasmtest.Section(wasmtest.IDImport, wasmtest.Vector(sys+"\x00\x63")))
			return g.Invoke(nil, "")
		}),
		refused(class, "memory.init without a data count", but(func(g *wasmtest.Guest) { g.Func(void, nil, i32s(0, 0, 0)+wasmtest.MemoryInit(0)) })),
		refused(class, "data count that is wrong", but(func(g *wasmtest.Guest) { g.Raw(wasmtest.IDDataCount, wasmtest.Section(wasmtest.IDDataCount, "\x09")) })),
		refused(class, "imports from nowhere", wasmtestImport("env", "system", wasmtest.Type("i", "i"))),
		refused(class, "imports a later capability", wasmtestImport("patchbay.sys.v9", abi.FuncCall, wasmtest.Type("iii", "l"))),
		refused(class, "imports an unknown function", wasmtestImport(abi.ModuleSys, "exec", wasmtest.Type("iii", "l"))),
		refused(class, "imports call with an i64 length", wasmtestImport(abi.ModuleHTTP, abi.FuncCall, wasmtest.Type("ill", "l"))),
		refused(class, "imports take without a result", wasmtestImport(abi.ModuleHTTP, abi.FuncTake, wasmtest.Type("iii", ""))),
		refused(class, "imports fd_write with floats", wasmtestImport(abi.ModuleWASI, "fd_write", wasmtest.Type("ffff", "f"))),
		refused(class, "imports proc_exit with a result", wasmtestImport(abi.ModuleWASI, "proc_exit", wasmtest.Type("i", "i"))),
	)
}

func wasmtestImport(module, name string, t wasm.Signature) func() []byte {
	return func() []byte {
		return wasmtest.NewGuest(wasmtest.Import{Module: module, Name: name, Type: t}).Invoke(nil, "")
	}
}

// typeAttacks are modules in good order that do not validate: their operands are not what instructions take.
// Code compiled from one could do anything.
func typeAttacks() (all []Attack) {
	const class = "type"
	for name, code := range map[string]wasmtest.Code{
		"an empty stack": wasmtest.I32Add + wasmtest.Drop, "i64 for i32": wasmtest.I64Const(1) + wasmtest.I32Eqz + wasmtest.Drop,
		"a float as an address": wasmtest.F64Const(1) + wasmtest.I32Load(0) + wasmtest.Drop, "a value too many": i32s(1),
		"a block that takes from outside": i32s(1) + wasmtest.Block(wasmtest.Drop), "an if without a condition": wasmtest.If(),
		"a reference for a number": wasmtest.RefNull(wasm.FuncRef) + i32s(1) + wasmtest.I32Add + wasmtest.Drop,
		"a number for a reference": i32s(0, 1) + wasmtest.TableSet(0), "an import as too few arguments": i32s(1) + wasmtest.Call(0) + wasmtest.Drop,
		"set of an immutable global": i32s(1) + wasmtest.GlobalSet(0), "ref.func of an undeclared function": wasmtest.RefFunc(0) + wasmtest.Drop,
		"an if with a result and no else": i32s(1) + "\x04\x7f" + i32s(1) + wasmtest.End + wasmtest.Drop,
		"else without if":                 wasmtest.Block(wasmtest.Else), "select of two types": i32s(1) + wasmtest.I64Const(1) + i32s(1) + wasmtest.Select + wasmtest.Drop,
		"br_table to labels of two types":             "\x02\x7f" + wasmtest.Block(i32s(1, 0)+wasmtest.BrTable(0, 1)) + i32s(1) + wasmtest.End + wasmtest.Drop,
		"a function reference from a table of others": i32s(0) + wasmtest.TableGet(1) + wasmtest.Call(0),
		"alignment beyond the access":                 i32s(0) + "\x28\x1f\x00" + wasmtest.Drop,
	} {
		all = append(all, refused(class, name, but(func(g *wasmtest.Guest) {
			g.Table(1)
			g.Tables = append(g.Tables, wasmtest.Table{Type: wasm.ExternRef, Min: 1})
			g.Globals = append(g.Globals, wasmtest.Global{Type: wasm.I32, Init: wasmtest.I32Const(1)})
			g.Func(wasmtest.Type("", ""), nil, code)
		})))
	}
	return append(all,
		refused(class, "a missing result", but(func(g *wasmtest.Guest) { g.Func(wasmtest.Type("", "i"), nil, "") })),
		refused(class, "a global of itself", but(func(g *wasmtest.Guest) { g.Global(wasm.I32, wasmtest.GlobalGet(0)) })),
		refused(class, "a global of another type", but(func(g *wasmtest.Guest) { g.Global(wasm.I64, wasmtest.I32Const(1)) })),
		refused(class, "a data offset that is a float", but(func(g *wasmtest.Guest) { g.Data = append(g.Data, "\x00"+wasmtest.F32Const(1)+"\x0b\x01x") })),
		refused(class, "elements of externref in a table of functions", but(func(g *wasmtest.Guest) {
			g.Table(1)
			g.Elements = []wasmtest.Code{"\x06\x00" + wasmtest.I32Const(0) + wasmtest.End + "\x6f\x01\xd0\x6f\x0b"}
		})),
	)
}

// segmentAttacks are segments that do not fit.
func segmentAttacks() []Attack {
	const class = "segment"
	misfit := append(slices.Clone(trapped), Refused)
	// wazero passes over elements that do not fit, where the specification has a trap. That harms nobody.
	passedOver := append(slices.Clone(misfit), Answers)
	data := func(offset int32, n int) func() []byte {
		return but(func(g *wasmtest.Guest) { g.Data = append(g.Data, wasmtest.ActiveData(offset, wasmtest.Repeat(n, "x"))) })
	}
	elements := func(offset int32, n int) func() []byte {
		return but(func(g *wasmtest.Guest) {
			g.Table(4)
			g.Elements = []wasmtest.Code{wasmtest.Active(offset, make([]uint32, n)...)}
		})
	}
	return []Attack{
		letIn(class, "data at the end of memory", misfit, data(memoryEnd, 1)),
		letIn(class, "data over the end of memory", misfit, data(memoryEnd-4, 8)),
		letIn(class, "data at -1", misfit, data(-1, 8)),
		letIn(class, "data at -2^31", misfit, data(-1<<31, 8)),
		letIn(class, "data larger than memory", misfit, data(0, 1<<20)),
		letIn(class, "elements past the table", passedOver, elements(4, 1)),
		letIn(class, "elements at -1", passedOver, elements(-1, 2)),
		letIn(class, "elements more than the table has", passedOver, elements(0, 50_000)),
		letIn(class, "the same byte 90,000 times", anything, but(func(g *wasmtest.Guest) {
			for range 90_000 {
				g.Data = append(g.Data, wasmtest.ActiveData(9, "x"))
			}
		})),
		letIn(class, "all of memory 200 times", anything, func() []byte {
			g := wasmtest.NewGuest()
			g.Data = nil
			for range 200 {
				g.Data = append(g.Data, wasmtest.ActiveData(0, wasmtest.Repeat(memoryEnd, "x")))
			}
			g.Data = append(g.Data, wasmtest.ActiveData(wasmtest.ResultAt, wasmtest.Result))
			return g.Invoke(nil, "")
		}),
		letIn(class, "a byte at the end of 256 MiB", anything, but(func(g *wasmtest.Guest) {
			g.Memories[0].Min = 4096
			g.Data = append(g.Data, wasmtest.ActiveData(4096*memoryEnd-1, "x"))
		})),
	}
}
